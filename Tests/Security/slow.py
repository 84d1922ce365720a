"""Slow clients against the server itself and through nginx, by slowhttptest in its four modes, while a visitor goes on.

    H  heads that trickle (slowloris)     B  bodies that trickle
    R  heaps of overlapping ranges        X  answers read a few bytes at a time

Prints a table: how the visitor fared meanwhile, beside how it fared before. Ends with 1 when one of the visitor's requests
fails or waits for longer than PATIENCE. SECONDS (15) and CONNECTIONS (1000) may be given in the environment.
"""

import http.client
import os
import ssl
import statistics
import subprocess
import sys
import threading
import time

from edge import Edge, fail_count, table

SECONDS = int(os.environ.get("SECONDS_EACH", "15"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "1000"))
PATIENCE = 5.0

MODES = {
    "H": ["-H", "-i", "2", "-x", "24"],
    "B": ["-B", "-i", "2", "-s", "8192", "-x", "10", "-t", "POST", "-f", "application/x-www-form-urlencoded"],
    "R": ["-R", "-t", "HEAD", "-a", "10", "-b", "3000"],
    "X": ["-X", "-w", "10", "-y", "20", "-n", "2", "-z", "8", "-k", "3"],
}
NAMES = {"H": "slow heads", "B": "slow bodies", "R": "ranges", "X": "slow reading"}


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
            except OSError as error:
                self.faults.append(f"{type(error).__name__}: {error}")
            self.times.append(time.monotonic() - began)
            self.is_over.wait(0.05)

    def stop(self):
        self.is_over.set()
        self.join()


def visit_for(seconds, port, tls):
    visitor = Visitor(port, tls)
    visitor.start()
    time.sleep(seconds)  # A measurement lasts as long as it is told to.
    visitor.stop()
    return visitor


def attack(mode, url, port, tls):
    visitor = Visitor(port, tls)
    visitor.start()
    done = subprocess.run(
        ["slowhttptest", "-c", str(CONNECTIONS), "-r", "300", "-l", str(SECONDS), "-p", "5", "-u", url, *MODES[mode]],
        capture_output=True, text=True, stdin=subprocess.DEVNULL)
    visitor.stop()
    return visitor, done.stdout


def figures(visitor):
    times = sorted(visitor.times)
    return f"{statistics.median(times) * 1000:.0f}", f"{times[int(len(times) * 0.99)] * 1000:.0f}", f"{times[-1] * 1000:.0f}"


def metric(edge, name):
    connection = http.client.HTTPConnection("127.0.0.1", edge.direct, timeout=PATIENCE)
    connection.request("GET", "/metrics", headers={"Host": "localhost"})
    for line in connection.getresponse().read().decode().splitlines():
        if line.startswith(name + " "):
            return int(float(line.split()[-1]))
    return 0


def main():
    rows = []
    with Edge(LOOPS=2) as edge:
        places = [("direct", edge.direct, False, f"http://127.0.0.1:{edge.direct}"), ("nginx", edge.port, True, f"https://localhost:{edge.port}")]
        for place, port, tls, url in places:
            before = visit_for(3, port, tls)
            rows.append((place, "nobody else", len(before.times), *figures(before), "", len(before.faults), not before.faults))
            for mode in MODES:
                cut = metric(edge, "http_cut_slow")
                visitor, said = attack(mode, url + ("/sign-in" if mode == "B" else "/tutors"), port, tls)
                fine = not visitor.faults and max(visitor.times) <= PATIENCE
                rows.append((place, NAMES[mode], len(visitor.times), *figures(visitor), metric(edge, "http_cut_slow") - cut, len(visitor.faults), fine))
                for fault in visitor.faults[:3]:
                    print(f"{place}, {NAMES[mode]}: {fault}")
                if "Cannot" in said or "error" in said.lower() and "0 error" not in said.lower():
                    print("\n".join(line for line in said.splitlines() if "annot" in line)[:500])
        assert edge.process.poll() is None, edge.log.read_text()[-3000:]
    table(["against", "attack", "visits", "p50 ms", "p99 ms", "worst ms", "cut", "faults"], rows)
    faults = fail_count(rows)
    print(f"\n{len(rows) - faults} passed, {faults} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
