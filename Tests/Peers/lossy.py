"""A datagram's way that can be made bad: what happens to a person whose network loses packets.

Each client gets a socket of its own towards the target, so that the target tells them apart; what is lost is lost in
both directions alike, evenly and without chance: every so-many-th packet.
"""

import selectors
import socket
import threading


class Lossy:
    """`with Lossy(turn.port) as way: sites(TURN_URLS=way.url, …); way.keep = 2; way.keep = 0`."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.url = f"turn:127.0.0.1:{self.port}?transport=udp"
        # Of ten packets so many arrive.
        self.keep = 10
        self.count = 0
        self.clients = {}
        self.ends, self.end = socket.socketpair()
        self.thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.send(b"!")
        self.thread.join(5)

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
                packet, sender = key.fileobj.recvfrom(65536)
                if key.fileobj is self.front and sender not in self.clients:
                    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    back.connect(self.target)
                    self.clients[sender] = back
                    selector.register(back, selectors.EVENT_READ, sender)
                # 7 and 10 have no common part: losses are spread over the ten.
                self.count = (self.count + 7) % 10
                if self.count >= self.keep:
                    continue
                if key.fileobj is self.front:
                    self.clients[sender].send(packet)
                else:
                    self.front.sendto(packet, key.data)
