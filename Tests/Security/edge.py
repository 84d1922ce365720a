"""The site as strangers meet it: a server on a fresh database, and nginx in front with the configuration that is shipped.

    with Edge() as edge:
        edge.direct        # the server's own port
        edge.port          # nginx, TLS (and edge.plain without)
        edge.wire()        # a raw connection to either: edge.wire(edge.direct), edge.wire() for nginx
"""

import contextlib
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/Browser"), str(ROOT / "Tests")]

from harness import BINARY, Databases, environment, until  # noqa: E402, F401
from Peers.ports import free_port  # noqa: E402


class Proxy:
    """nginx with deploy/nginx.conf: only ports, names of files and the certificate are put in."""

    def __init__(self, upstream):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edge-nginx-"))
        # nginx's workers are nobody when it is started by root, and lay long bodies into a folder in here.
        self.folder.chmod(0o711)
        self.port, self.plain = free_port(), free_port()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"],
            check=True, capture_output=True)
        self.log = self.folder / "error.log"
        (self.folder / "site.conf").write_text(self.put_in((ROOT / "deploy/nginx.conf").read_text(), upstream))
        # nginx is built with its modules beside its configuration; the one for brotli may be missing.
        brotli = pathlib.Path("/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so")
        (self.folder / "more").mkdir()
        if brotli.exists():
            shutil.copy(ROOT / "deploy/nginx-brotli.conf", self.folder / "more")
        (self.folder / "nginx.conf").write_text(f"""
{f"load_module {brotli};" if brotli.exists() else ""}
worker_processes 1;
worker_rlimit_nofile 19000;
pid {self.folder}/pid;
error_log {self.log} warn;
daemon off;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  include /etc/nginx/mime.types;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/f;
  uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  include {self.folder}/site.conf;
}}
""")
        tried = subprocess.run(["nginx", "-t", "-c", self.folder / "nginx.conf"], capture_output=True, text=True)
        assert tried.returncode == 0, tried.stderr
        self.process = subprocess.Popen(
            ["nginx", "-c", self.folder / "nginx.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.answers(), f"nginx to answer: {self.log.read_text()}")

    def put_in(self, text, upstream):
        """The shipped text with this machine's places. Each must be there: otherwise the tests would prove another file."""
        for old, new in [
            (r"server 127\.0\.0\.1:8080[^;]*;", f"server 127.0.0.1:{upstream};"),
            (r"listen 80;", f"listen 127.0.0.1:{self.plain};"),
            (r"listen \[::\]:80;\n", "\n"),
            (r"listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            (r"listen \[::\]:443 ssl http2;\n", "\n"),
            (r"/etc/ssl/tutalink/fullchain\.pem", f"{self.folder}/cert.pem"),
            (r"/etc/ssl/tutalink/privkey\.pem", f"{self.folder}/key.pem"),
            (r"/etc/nginx/tutalink/\*\.conf", f"{self.folder}/more/*.conf"),
            (r"server_name tutors\.example\.org;", "server_name localhost;"),
        ]:
            text, count = re.subn(old, new, text)
            assert count, f"deploy/nginx.conf has no {old}"
        return text

    def answers(self):
        assert self.process.poll() is None, f"nginx ended: {self.log.read_text()}"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True

    def close(self):
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Wire:
    """A connection that says exactly what it is told."""

    def __init__(self, port, tls=False, seconds=5):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def say(self, data):
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def hear(self):
        """Everything until the other side ends or is silent."""
        heard = b""
        with contextlib.suppress(OSError):
            while chunk := self.socket.recv(65536):
                heard += chunk
        return heard

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Edge:
    def __init__(self, **settings):
        self.settings = settings
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            databases = Databases()
            stack.callback(databases.close)
            self.database = databases.clone()
            stack.callback(databases.drop, self.database)
            self.databases = databases
            self.direct = free_port()
            self.proxy = Proxy(self.direct)
            stack.callback(self.proxy.close)
            self.port, self.plain = self.proxy.port, self.proxy.plain
            self.home = tempfile.mkdtemp(prefix="edge-home-")
            stack.callback(shutil.rmtree, self.home, True)
            self.log = pathlib.Path(self.home) / "server.log"
            self.process = subprocess.Popen(
                [BINARY, "serve"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=open(self.log, "ab"), stderr=subprocess.STDOUT,
                env=environment(**({
                    "DATABASE_URL": databases.url(self.database), "PORT": self.direct, "TUTALINK_HOME": self.home,
                    "SITE_URL": f"https://localhost:{self.port}", "LIMITS_FACTOR": 100_000, "LOG_LEVEL": "warning",
                    "CAPTCHA": "off",
                } | self.settings)))
            stack.callback(self._stop)
            until(self._answers, "the server to answer")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _answers(self):
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.direct}/healthz", timeout=2) as answer:
                return answer.status == 200

    def _stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the server did not drain within 20 s") from None

    def wire(self, port=None, seconds=5):
        port = port or self.port
        return Wire(port, tls=port == self.port, seconds=seconds)


def statuses(heard):
    """The status of every answer in a stream of them."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", heard)]


def fail_count(rows):
    return sum(not ok for *_, ok in rows)


def table(heads, rows):
    """Rows whose last value is whether they hold."""
    cells = [[str(value) for value in row[:-1]] + ["✔" if row[-1] else "✘"] for row in rows]
    widths = [max(len(line[at]) for line in [heads + [""]] + cells) for at in range(len(heads) + 1)]
    print("  ".join(head.ljust(width) for head, width in zip(heads + [""], widths)).rstrip())
    for line in cells:
        print("  ".join(value.ljust(width) for value, width in zip(line, widths)).rstrip())

