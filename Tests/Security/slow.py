"""Slow clients against the server itself and through nginx, by slowhttptest in its four modes, while a visitor goes on.

    H  heads that trickle (slowloris)     B  bodies that trickle
    R  heaps of overlapping ranges        X  answers read a few bytes at a time

Two things must hold. The visitor is untouched: each page comes, none waits longer than PATIENCE. And whoever is slow is cut:
the kernel's own table says for how long the attacked process held each connection, and none outlives the deadline of what
it was slow at (deadlines are absolute: what trickles does not extend them). The attack lasts longer than the deadline, so
a connection that were kept would be seen. One who sends a body too slowly is told so (408), through nginx too.

Prints a table and a sum. CONNECTIONS (1000) may be given in the environment; places and modes as arguments choose some:

    python slow.py nginx B X
"""

import http.client
import os
import ssl
import statistics
import subprocess
import sys
import threading
import time

from edge import Edge, fail_count, statuses, table

CONNECTIONS = int(os.environ.get("CONNECTIONS", "1000"))
# Connections a second that slowhttptest opens.
RATE = 300
# For the visitor, and for whoever is to notice that a deadline has passed on a machine that is busy with the attack.
PATIENCE = 5.0

MODES = {
    "H": ["-H", "-i", "2", "-x", "24"],
    "B": ["-B", "-i", "2", "-s", "8192", "-x", "10", "-t", "POST", "-f", "application/x-www-form-urlencoded"],
    "R": ["-R", "-t", "HEAD", "-a", "10", "-b", "3000"],
    "X": ["-X", "-w", "10", "-y", "20", "-n", "2", "-z", "8", "-k", "3"],
}
NAMES = {"H": "slow heads", "B": "slow bodies", "R": "ranges", "X": "slow reading"}

# Seconds for which a connection may be held. The server's are those of ServerSettings (Sources/Kits/Web/HTTPServer.swift):
# a head has 10, a body 30, an answer 60 and a second more for each 20 kB, the time to the next head 60. nginx, by
# deploy/nginx.conf: a head has 10; a body what the server allows, and 5 to hear the answer; an answer that is not read
# and a connection that asks nothing have 30.
DEADLINES = {
    "direct": {"H": 10, "B": 30, "R": 60, "X": 64},
    "nginx": {"H": 10, "B": 35, "R": 30, "X": 30},
}


class Visitor(threading.Thread):
    """Opens a page on a connection of its own, again and again, until told to stop."""

    def __init__(self, port, tls):
        super().__init__()
        self.port, self.tls = port, tls
        self.times, self.faults = [], []
        self.is_over = threading.Event()

    def run(self):
        context = ssl._create_unverified_context() if self.tls else None
        while not self.is_over.is_set():
            began = time.monotonic()
            try:
                kind = (lambda *a, **k: http.client.HTTPSConnection(*a, context=context, **k)) if self.tls else http.client.HTTPConnection
                connection = kind("localhost" if self.tls else "127.0.0.1", self.port, timeout=PATIENCE)
                connection.request("GET", "/tutors", headers={"Host": "localhost", "Connection": "close"})
                answer = connection.getresponse()
                answer.read()
                connection.close()
                if answer.status != 200:
                    self.faults.append(f"status {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.faults.append(f"{type(error).__name__}: {error}")
            self.times.append(time.monotonic() - began)
            self.is_over.wait(0.05)

    def stop(self):
        self.is_over.set()
        self.join()


class Ledger(threading.Thread):
    """For how long a process held each of the connections to its port, by the kernel's table (proc(5), /proc/net/tcp)."""

    LISTENING = "0A"

    def __init__(self, port):
        super().__init__()
        self.port = f":{port:04X}"
        self.seen = {}
        self.most = 0
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            self.look()
            self.is_over.wait(0.25)

    def look(self):
        now, held = time.monotonic(), 0
        for line in connections():
            _, local, _, state, _, _, _, _, _, number, *_ = line.split()
            # Without a number nobody holds it any more: the kernel alone is ending it, or has not handed it over yet.
            if not local.endswith(self.port) or state == self.LISTENING or number == "0":
                continue
            held += 1
            self.seen.setdefault(number, [now, now])[1] = now
        self.most = max(self.most, held)

    def stop(self):
        self.is_over.set()
        self.join()

    @property
    def held(self):
        """Seconds, of each."""
        return [last - first for first, last in self.seen.values()]


def connections():
    with open("/proc/net/tcp") as file:
        return file.readlines()[1:]


class Trickler(threading.Thread):
    """Sends a body a byte a second, and hears what becomes of it."""

    def __init__(self, edge, port):
        super().__init__()
        self.edge, self.port = edge, port
        self.told = "nothing"

    def run(self):
        with self.edge.wire(self.port, seconds=1) as wire:
            wire.say(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     b"Content-Length: 8192\r\n\r\nlogin=")
            end = time.monotonic() + 60
            while time.monotonic() < end:
                wire.say(b"a")
                try:
                    heard = wire.socket.recv(65536)
                except TimeoutError:
                    continue
                except OSError as error:
                    self.told = type(error).__name__
                    return
                self.told = str((statuses(heard) or ["the end"])[0])
                return


def visit_for(seconds, port, tls):
    visitor = Visitor(port, tls)
    visitor.start()
    time.sleep(seconds)  # A measurement lasts as long as it is told to.
    visitor.stop()
    return visitor


def attack(mode, url, port, tls, seconds):
    visitor, ledger = Visitor(port, tls), Ledger(port)
    ledger.start()
    visitor.start()
    done = subprocess.run(
        ["slowhttptest", "-c", str(CONNECTIONS), "-r", str(RATE), "-l", str(round(seconds)), "-p", "5", "-u", url, *MODES[mode]],
        capture_output=True, text=True, stdin=subprocess.DEVNULL)
    visitor.stop()
    ledger.stop()
    return visitor, ledger, done.stdout


def figures(visitor):
    times = sorted(visitor.times)
    return f"{statistics.median(times) * 1000:.0f}", f"{times[int(len(times) * 0.99)] * 1000:.0f}", f"{times[-1] * 1000:.0f}"


def metric(edge, name):
    """A figure of the server; one that is not there is a fault of this trial."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.direct, timeout=PATIENCE)
    connection.request("GET", "/metrics", headers={"Host": "localhost"})
    for line in connection.getresponse().read().decode().splitlines():
        if line.startswith(name + " "):
            return int(float(line.split()[-1]))
    raise AssertionError(f"/metrics has no {name}")


def trial(edge, place, port, tls, url, mode):
    """A row of the table, and in words what was wrong."""
    deadline = DEADLINES[place][mode]
    cut = metric(edge, "http_connections_cut_total")
    trickler = Trickler(edge, port) if mode == "B" else None
    if trickler:
        trickler.start()
    # The last connection opens late and has its whole time too.
    seconds = CONNECTIONS / RATE + deadline + 3 * PATIENCE
    visitor, ledger, said = attack(mode, url + ("/sign-in" if mode == "B" else "/tutors"), port, tls, seconds)
    cut = metric(edge, "http_connections_cut_total") - cut
    wrong = visitor.faults[:3]
    if max(visitor.times) > PATIENCE:
        wrong.append(f"the visitor waited {max(visitor.times):.1f} s")
    longest = max(ledger.held, default=0.0)
    if longest > deadline + PATIENCE:
        wrong.append(f"a connection was held for {longest:.0f} s")
    # Ranges are answered at once, and slowhttptest leaves then. Otherwise it must have been an attack, and have lasted; how
    # many connections it opens in its time is the machine's affair, above all with TLS.
    if mode != "R" and (ledger.most < CONNECTIONS / 5 or longest < min(deadline, DEADLINES["direct"][mode]) - PATIENCE):
        wrong.append(f"{ledger.most} connections at once, the longest held for {longest:.0f} s, are no attack: {said[-300:]}")
    # What is slow at nginx alone never reaches the server; bodies do.
    if place == "direct" and mode != "R" or mode == "B":
        late = sum(seconds >= DEADLINES["direct"][mode] for seconds in ledger.held)
        if not cut or cut < late * 0.9:
            wrong.append(f"the server says that it cut {cut}, and {late} were there until their deadline")
    if trickler:
        trickler.join()
        if trickler.told != "408":
            wrong.append(f"who sent a body slowly was told {trickler.told}")
    row = (place, NAMES[mode], len(visitor.times), *figures(visitor), len(ledger.seen), ledger.most, f"{longest:.1f}", deadline, cut)
    return row, wrong


def main():
    rows, faults = [], []
    wanted = set(sys.argv[1:])
    with Edge(LOOPS=2) as edge:
        places = [("direct", edge.direct, False, f"http://127.0.0.1:{edge.direct}"), ("nginx", edge.port, True, f"https://localhost:{edge.port}")]
        for place, port, tls, url in places:
            if {"direct", "nginx"} & wanted and place not in wanted:
                continue
            before = visit_for(3, port, tls)
            rows.append((place, "nobody else", len(before.times), *figures(before), "", "", "", "", "", not before.faults))
            for mode in MODES:
                if set(MODES) & wanted and mode not in wanted:
                    continue
                row, wrong = trial(edge, place, port, tls, url, mode)
                rows.append((*row, not wrong))
                faults += [f"{place}, {NAMES[mode]}: {fault}" for fault in wrong]
        assert edge.process.poll() is None, edge.log.read_text()[-3000:]
    table(["against", "attack", "visits", "p50 ms", "p99 ms", "worst ms", "opened", "at once", "longest s", "allowed s", "cut"], rows)
    for fault in faults:
        print(fault)
    failed = fail_count(rows)
    print(f"\n{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
