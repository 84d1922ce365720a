"""A datagram's way that can be made bad: what happens to a person whose network loses packets. It stands before a TURN relay.

Each client gets a socket of its own towards the target, so that the target tells them apart. What is lost is lost without
chance: of every ten packets so many arrive, the losses spread over the ten, each client and direction counted by itself.
"""

import selectors
import socket
import threading


class Lossy:
    """`with Lossy(turn.port) as way: sites(TURN_URLS=way.url, …); way.keep(9)`."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.front.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.port = self.front.getsockname()[1]
        self.url = f"turn:127.0.0.1:{self.port}?transport=udp"
        # Of ten packets so many arrive.
        self.arriving = 10
        self.counts = {}
        # Clients to whom no sound comes through.
        self.deaf = set()
        self.clients = {}
        self.carried = self.lost = 0
        self.ends, self.end = socket.socketpair()
        self.thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.send(b"!")
        self.thread.join(5)

    def keep(self, of_ten):
        """Of every ten packets so many arrive from now on, both ways."""
        self.arriving = of_ten

    def deafen(self):
        """No sound comes through to those who are here now, and all else does; a new way, from another port, is whole."""
        self.deaf = set(self.clients)

    def _arrives(self, who):
        # 7 and 10 have no common part: each run of ten counts every number once.
        self.counts[who] = (self.counts.get(who, 0) + 7) % 10
        arrives = self.counts[who] < self.arriving
        self.carried += arrives
        self.lost += not arrives
        return arrives

    @staticmethod
    def _is_sound(packet):
        """A channel's message (RFC 8656, 12.4) that holds RTP (RFC 3550, 5.1) of Opus under the number Chromium gives it."""
        return len(packet) > 16 and 0x40 <= packet[0] <= 0x4F and packet[4] >> 6 == 2 and packet[5] & 0x7F == 111

    def _carry(self):
        selector = selectors.DefaultSelector()
        selector.register(self.front, selectors.EVENT_READ)
        selector.register(self.ends, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is self.ends:
                    for one in (self.front, self.ends, *self.clients.values()):
                        one.close()
                    selector.close()
                    return
                try:
                    packet, sender = key.fileobj.recvfrom(65_536)
                except ConnectionRefusedError:
                    # The target is not there: its host said so to an earlier packet.
                    continue
                if key.fileobj is not self.front:
                    if self._arrives(("down", key.data)) and not (key.data in self.deaf and self._is_sound(packet)):
                        self.front.sendto(packet, key.data)
                    continue
                if sender not in self.clients:
                    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    back.connect(self.target)
                    self.clients[sender] = back
                    selector.register(back, selectors.EVENT_READ, sender)
                if self._arrives(("up", sender)):
                    self.clients[sender].send(packet)
