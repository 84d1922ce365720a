"""One version takes the port over from another, while somebody asks as fast as wrk can: nobody is refused, nothing is cut."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from harness import BINARY, HOME, ROOT, environment

# Puts the sockets where systemd does, and becomes the server (sd_listen_fds(3)).
BECOME = """
import fcntl, os, sys
given = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 50) for fd in sys.argv[2].split(",")]
for at, fd in enumerate(given): os.dup2(fd, 3 + at, inheritable=True)
os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"] = str(len(given)), str(os.getpid())
os.execv(sys.argv[1], [sys.argv[1], "serve"])
"""


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed (bin/setup --bench)")
@pytest.mark.parametrize("way", ["overlapping", "one after the other"])
def test_a_version_takes_the_port_over_under_load(databases, way):
    home = HOME / "faults-port"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(databases.home(), home)
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    held.listen(4096)
    port = held.getsockname()[1]
    name = databases.clone()
    running = []

    def start():
        path = str(home / f"notify-{len(running)}")
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(path)
        told.settimeout(60)
        with open(home / "log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", BECOME, str(BINARY), str(held.fileno())], cwd=ROOT, stdout=log, stderr=log,
                pass_fds=[held.fileno()], env=environment(
                    DATABASE_URL=databases.url(name), PORT=port, TUTALINK_HOME=home, NOTIFY_SOCKET=path, LIMITS_FACTOR=0,
                    LOG_LEVEL="warning"))
        assert told.recv(100) == b"READY=1"
        running.append((process, told))
        return running[-1]

    def end(process, told):
        process.send_signal(signal.SIGTERM)
        assert told.recv(100) == b"STOPPING=1"
        assert process.wait(40) == 0

    try:
        current = start()
        wrk = subprocess.Popen(
            ["wrk", "-t2", "-c64", "-d12s", "--timeout", "10s", f"http://127.0.0.1:{port}/tutors"], stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        changes = 0
        while wrk.poll() is None and changes < 3:
            if way == "overlapping":
                following = start()
                end(*current)
            else:
                end(*current)
                following = start()
            current = following
            changes += 1
        said = wrk.communicate()[0]
        assert "Socket errors" not in said and "Non-2xx" not in said, said
        requests = int(re.search(r"(\d+) requests in", said)[1])
        print(f"\n    the port handed on {changes} times, {way}, under wrk: {requests} pages with the database asked for each, none refused, cut or failed")
        assert changes >= 2 and requests > 100
    finally:
        for process, told in running:
            if process.poll() is None:
                process.kill()
                process.wait()
            told.close()
        held.close()
        databases.drop(name)
        shutil.rmtree(home, ignore_errors=True)
