"""A TURN relay: the distribution's coturn, on the loopback, with the secret that credentials are made from."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from Peers.ports import free_port

CONFIGURATION = """\
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={port}
min-port={low}
max-port={high}
fingerprint
use-auth-secret
static-auth-secret={secret}
realm=tutalink.test
no-tls
no-dtls
no-cli
allow-loopback-peers
no-multicast-peers
log-file=stdout
simple-log
verbose
pidfile={folder}/pid
userdb={folder}/users
"""


class Turn:
    """`with Turn() as turn: sites(TURN_URLS=turn.urls, TURN_SECRET=turn.secret)`."""

    secret = "a secret that only tests know"

    def __init__(self):
        self.port = free_port()
        self.urls = f"turn:127.0.0.1:{self.port}?transport=udp,turn:127.0.0.1:{self.port}?transport=tcp"

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="turn-"))
        low = 49_200
        (self.folder / "turn.conf").write_text(CONFIGURATION.format(
            port=self.port, low=low, high=low + 400, secret=self.secret, folder=self.folder))
        self.log_file = self.folder / "log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                ["turnserver", "-c", self.folder / "turn.conf"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            assert self.process.poll() is None and time.monotonic() < end, f"coturn does not start:\n{self.log()}"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
