"""Ports of the loopback that nobody else is given meanwhile.

A port the system picks (bind to 0) and that is closed again may be picked again before the one who asked for it listens:
by a server that binds to 0 itself, or for an outgoing connection. These come from below the system's own range
(ip_local_port_range starts at 32768), never twice from one process, each process from a place of its own.
"""

import itertools
import random
import socket
import threading

FIRST, COUNT = 20_000, 12_000

_next = itertools.count(random.SystemRandom().randrange(COUNT))
_turn = threading.Lock()


def free_port():
    while True:
        with _turn:
            port = FIRST + next(_next) % COUNT
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue
