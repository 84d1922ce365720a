"""A wire to a server that can be cut and mended: what happens to a person whose network goes away.

Everything through it is copied as it is. While it is cut, open connections are reset and new ones are refused.
"""

import contextlib
import selectors
import socket
import struct
import threading


class Wire:
    """`with Wire(site.port) as wire: person = site.person(base_url=wire.url); wire.cut(); wire.mend()`."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.pairs = {}
        self.commands = []
        self.is_cut = False
        self.wake_read, self.wake_write = socket.socketpair()
        self.thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self._do("end")
        self.thread.join(5)

    def cut(self):
        self._do("cut")

    def mend(self):
        self._do("mend")

    def _do(self, command):
        done = threading.Event()
        self.commands.append((command, done))
        self.wake_write.send(b"!")
        done.wait(5)

    def _carry(self):
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wake_read, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.wake_read:
                    self.wake_read.recv(64)
                    while self.commands:
                        command, done = self.commands.pop(0)
                        self.is_cut = command != "mend"
                        if self.is_cut:
                            for one in list(self.pairs):
                                self._reset(one)
                        done.set()
                        if command == "end":
                            self.listener.close()
                            self.selector.close()
                            return
                elif key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj in self.pairs:
                    self._copy(key.fileobj)

    def _accept(self):
        near, _ = self.listener.accept()
        far = socket.socket()
        if self.is_cut or far.connect_ex(("127.0.0.1", self.target)) != 0:
            self.pairs[near] = far
            self._reset(near)
            return
        for one, other in ((near, far), (far, near)):
            self.pairs[one] = other
            self.selector.register(one, selectors.EVENT_READ)

    def _copy(self, one):
        try:
            bytes_ = one.recv(65536)
            if bytes_:
                self.pairs[one].sendall(bytes_)
                return
        except OSError:
            pass
        self._reset(one, politely=True)

    def _reset(self, one, politely=False):
        for end in (one, self.pairs.pop(one, None)):
            if end is None:
                continue
            self.pairs.pop(end, None)
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(end)
            if not politely:
                # Lingering for no time closes with a reset, as a network that is gone does in the end.
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()
