"""A site as it stands in earnest, small: two nodes, PostgreSQL, Redis, nginx or haproxy with the configuration of deploy/, a mail server;
and a hand for each way in which one of them goes."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import harness
from harness import BINARY, HOME, ROOT, Site, environment, until
from Peers.ports import free_port


class Cluster:
    """A PostgreSQL of its own, durable as in earnest, which may be stopped and started."""

    def __init__(self):
        self.home = HOME / "faults"
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o711)
        self.start()
        self.url = self._do("url").strip()

    def _do(self, command):
        done = subprocess.run(
            [ROOT / "bin/lib/cluster.sh", command], env={**os.environ, "TUTALINK_HOME": str(self.home)},
            capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"cluster.sh {command}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self):
        self._do("start")

    def stop(self):
        self._do("stop")

    def close(self):
        self._do("destroy")


def databases(cluster):
    os.environ["TUTALINK_TEST_DATABASE"] = cluster.url
    databases = harness.Databases()
    databases.cluster = cluster
    return databases


class Node:
    """One server process."""

    def __init__(self, town, number):
        self.town = town
        self.number = number
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = town.home / f"node-{number}.log"
        self.process = None
        self.extra = {}

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve"], cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=environment(**{**self.town.settings, "PORT": self.port} | self.extra))
        until(self.answers, f"node {self.number} to answer; its log:\n{self.log()[-3000:]}", 30)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"node {self.number} ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        return self.get("/healthz") is not None

    def get(self, path, seconds=2):
        """The body of an answer of 200; None otherwise."""
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(self.url + path, timeout=seconds) as answer:
                return answer.read().decode()
        return None

    def figure(self, name):
        found = re.search(rf"^{name} (\S+)$", self.get("/metrics") or "", re.M)
        return float(found[1]) if found else None

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds=30):
        if self.process is None or self.process.poll() is not None:
            return
        self.resume()
        self.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"node {self.number} did not drain within {seconds} s") from None


class Town(Site):
    """Site's people, mail and database; its server is nginx (or haproxy) with two nodes behind it."""

    def __init__(self, browser, databases, name, **settings):
        self.nodes = []
        self.seen = []
        self.redis = self.proxy = None
        self.front = settings.pop("front", "nginx")
        self.tls_port = free_port()
        self.redis_port = free_port()
        self.with_redis = settings.pop("redis", True)
        if self.with_redis:
            settings["REDIS_URL"] = f"redis://127.0.0.1:{self.redis_port}"
        else:
            settings["SEVERAL_NODES"] = 1
        super().__init__(browser, databases, name, **settings)

    def say(self, text):
        """What was seen, for the report."""
        self.seen.append(text)

    # ── Parts ──

    def start(self):
        try:
            self.start_redis()
            self.nodes = [Node(self, 1), Node(self, 2)]
            for node in self.nodes:
                node.start()
            self.start_proxy()
        except BaseException:
            # Half a town is none: nobody would stop it later.
            self.stop()
            raise

    def start_redis(self):
        if not self.with_redis:
            return
        self.redis = subprocess.Popen(
            ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.home)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: subprocess.run(
            ["redis-cli", "-p", str(self.redis_port), "ping"], capture_output=True, text=True).stdout == "PONG\n", "Redis to answer")

    def kill_redis(self):
        self.redis.kill()
        self.redis.wait()

    def start_proxy(self):
        self.start_haproxy() if self.front == "haproxy" else self.start_nginx()

    def start_haproxy(self):
        """deploy/haproxy.cfg with these nodes, ports and a certificate of its own; and one port more without TLS, for the browsers."""
        folder = self.home / "haproxy"
        folder.mkdir(exist_ok=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", folder / "key", "-out", folder / "certificate.pem"], check=True, capture_output=True)
        (folder / "all.pem").write_text((folder / "certificate.pem").read_text() + (folder / "key").read_text())
        self.plain_port = free_port()
        text = (ROOT / "deploy/haproxy.cfg").read_text()
        for ours, theirs in [
                ("  bind :80\n", f"  bind 127.0.0.1:{self.plain_port}\n  bind 127.0.0.1:{self.port} id 77\n"),
                ("bind :443 ", f"bind 127.0.0.1:{self.tls_port} "), ("/etc/ssl/tutalink/all.pem", str(folder / "all.pem")),
                ("unless { ssl_fc }", "unless { ssl_fc } || { so_id 77 }"), ("/opt/tutalink/deploy", str(ROOT / "deploy")),
                # As many as a machine of tests lets it open.
                ("maxconn 20000", "maxconn 2000"), ("\nglobal\n", f"\nglobal\n  stats socket {folder}/stats mode 600\n"),
                ("server one 127.0.0.1:8080", f"server one 127.0.0.1:{self.nodes[0].port}"),
                ("server two 127.0.0.1:8081", f"server two 127.0.0.1:{self.nodes[1].port}")]:
            assert ours in text, f"deploy/haproxy.cfg is not as the test expects: {ours}"
            text = text.replace(ours, theirs)
        # The browsers of this test speak plainly with the site.
        text = text.replace("set-header X-Forwarded-Proto https", "set-header X-Forwarded-Proto https if { ssl_fc }")
        (folder / "haproxy.cfg").write_text(text)
        with open(folder / "error.log", "ab") as log:
            self.proxy = subprocess.Popen(["haproxy", "-db", "-f", folder / "haproxy.cfg"], stdout=log, stderr=log)
        until(lambda: self.fetch("/healthz")[0] == 200, "haproxy to answer; " + self.proxy_log())
        until(lambda: self.standings() == ["UP", "UP"], "haproxy to find both nodes well")

    def standings(self):
        """What haproxy thinks of each node: UP or DOWN (1/2 and the like while it makes up its mind)."""
        with socket.socket(socket.AF_UNIX) as stats:
            stats.connect(str(self.home / "haproxy/stats"))
            stats.sendall(b"show stat\n")
            said = b"".join(iter(lambda: stats.recv(65_536), b"")).decode()
        rows = [line.split(",") for line in said.splitlines() if line.startswith("nodes,") and ",BACKEND," not in line]
        return [row[17] for row in rows]

    def start_nginx(self):
        folder = self.home / "nginx"
        folder.mkdir(exist_ok=True)
        text = (ROOT / "deploy/nginx.conf").read_text()
        servers = "".join(f"  server 127.0.0.1:{node.port} max_fails=0;\n" for node in self.nodes)
        # The same file, with these nodes, without the certificate, and on a port of its own.
        text = re.sub(r"^ *#? *server 127\.0\.0\.1:.*\n", "", text, flags=re.M).replace("  least_conn;\n", "  least_conn;\n" + servers)
        text = re.sub(r"^server \{\n  listen 80;.*?^\}\n", "", text, flags=re.M | re.S)
        text = re.sub(r"^ *(ssl_\S+|listen \[::\]|add_header Strict).*\n", "", text, flags=re.M)
        text = re.sub(r"listen 443[^;]*;", f"listen 127.0.0.1:{self.port};", text).replace("server_name tutors.example.org;", "server_name localhost;")
        text = text.replace("/opt/tutalink/deploy", str(ROOT / "deploy")).replace("$host;", "$http_host;")
        assert servers in text and f":{self.port};" in text, "deploy/nginx.conf is not as the test expects"
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log warn; worker_processes 2; events {{ worker_connections 4096; }}\n"
            f"http {{ types {{ text/html html; }} log_format way '$upstream_addr $status $request_time $request';\n"
            f"access_log {folder}/access.log way;\n"
            + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + text + "}\n")
        # Workers run as nobody: they must reach what they write.
        for path in (self.home, folder):
            path.chmod(0o755)
        self.proxy = subprocess.Popen(
            ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf"), "-g", "user root;"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.fetch("/healthz")[0] == 200, "nginx to answer; " + self.proxy_log())

    def proxy_log(self):
        path = self.home / self.front / "error.log"
        return path.read_text(errors="replace")[-1500:] if path.exists() else ""

    def fetch(self, path, seconds=15):
        """Status and text through the proxy; (0, reason) when there is no answer at all."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=seconds) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def node_of(self, code, since=0):
        """The node that carries a room's newest socket, by the proxy's figures: the busier of the two."""
        return max(self.nodes, key=lambda node: node.figure("http_sockets") or 0)

    # ── Site's own ──

    def stop(self, seconds=30):
        faults = []
        if self.proxy:
            self.proxy.terminate()
            self.proxy.wait(10)
        for node in self.nodes:
            try:
                node.stop(seconds)
            except AssertionError as fault:
                faults.append(str(fault))
        if self.redis and self.redis.poll() is None:
            self.redis.kill()
            self.redis.wait()
        if faults:
            raise AssertionError("; ".join(faults))

    def log(self):
        return "\n".join(node.log() for node in self.nodes)

    def close(self, failed):
        # Whatever broke, the database must be there for the next.
        self.databases.cluster.start()
        return super().close(failed)


class Load:
    """People who ask for a page again and again, through the proxy; every answer is kept."""

    def __init__(self, town, paths=("/tutors", "/"), people=4):
        self.town = town
        self.paths = paths
        self.answers = []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(people)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join(40)

    def _ask(self):
        turn = 0
        while not self.ended.is_set():
            began = time.monotonic()
            status, text = self.town.fetch(self.paths[turn % len(self.paths)], 35)
            self.answers.append((began, time.monotonic() - began, status, text))
            turn += 1

    def statuses(self):
        found = {}
        for _, _, status, _ in self.answers:
            found[status] = found.get(status, 0) + 1
        return found

    def odd(self, expected=(200,)):
        """What was answered otherwise, for a message."""
        return [(round(began - self.answers[0][0], 2), round(took, 2), status, text[:120])
                for began, took, status, text in self.answers if status not in expected][:8]

    def slowest(self):
        return max(took for _, took, _, _ in self.answers)


@contextlib.contextmanager
def small_disk(folder, kilobytes):
    """The folder lies on a file system of its own that holds so little. Needs root, and a kernel that lets it mount."""
    kept = folder.with_name(folder.name + ".kept")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        import pytest
        pytest.skip(f"no small disk can be made here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        shutil.rmtree(kept, ignore_errors=True)
