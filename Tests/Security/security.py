"""`bin/test security`: a seeded site behind nginx with TLS, and the tools that try to break it.

    schemathesis   every operation of the API, stateful, as guest, learner, tutor and administrator
    wapiti         crawls the pages as guest and as learner
    sqlmap         every address with parameters that reach a query
    testssl.sh     the TLS that deploy/nginx.conf sets up
    strict_http, slow, headers   the edge's own programs beside this file

Prints a table and `N passed, N failed`. Logs are in $TUTALINK_HOME/security. A word in argv runs only what contains it.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

import psycopg

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOME = pathlib.Path(os.environ.get("TUTALINK_HOME") or ROOT / ".tutalink")
BINARY = os.environ.get("TUTALINK_BINARY") or ROOT / ".build/debug/tutalink"
JUDGES = pathlib.Path(os.environ.get("TUTALINK_SECURITY_VENV") or ROOT / ".venv-security") / "bin"
WAPITI = pathlib.Path(os.environ.get("TUTALINK_WAPITI_VENV") or ROOT / ".venv-wapiti") / "bin"
FOLDER = HOME / "security"
PASSWORD = "learn together 1"
PEOPLE = {"learner": "learner@example.org", "tutor": "tutor@example.org", "admin": "admin@example.org"}
ONLY = sys.argv[1] if len(sys.argv) > 1 else ""
# A run is bounded by these, so that the whole is done in some ten minutes on two cores.
EXAMPLES, SCAN_SECONDS, SQL_SECONDS = 15, 40, 40


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(words, log, seconds, **options):
    """Status (124 when it did not end in time) and what was said."""
    with open(FOLDER / log, "wb") as out:
        try:
            status = subprocess.run(
                [str(word) for word in words], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                timeout=seconds, cwd=FOLDER, **options).returncode
        except subprocess.TimeoutExpired:
            status = 124
    return status, (FOLDER / log).read_text(errors="replace")


class Site:
    """The server and nginx in front of it, as deploy/nginx.conf says, on ports of their own."""

    def __init__(self, base):
        self.base, self.name = base, f"security_{os.getpid()}"
        self.port, self.front, self.plain = free_port(), free_port(), free_port()
        self.url = f"https://localhost:{self.front}"
        self.direct = f"http://127.0.0.1:{self.port}"
        self.started = []
        with psycopg.connect(base, autocommit=True) as database:
            database.execute(f'create database "{self.name}"')
        self.settings = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "DATABASE_URL": psycopg.conninfo.make_conninfo(base, dbname=self.name), "PORT": str(self.port),
            "HOST": "127.0.0.1", "SITE_URL": self.url, "TUTALINK_HOME": str(FOLDER / "home"),
            # The tools ask from one address, as fast as they can.
            "LIMITS_FACTOR": "0",
        }
        for step in ("migrate", "seed"):
            subprocess.run([BINARY, step], cwd=ROOT, env=self.settings, check=True, stdout=subprocess.DEVNULL)
        self.start([BINARY, "serve"], "server.log")
        self.certificate = FOLDER / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", FOLDER / "key.pem", "-out", self.certificate],
            check=True, capture_output=True)
        (FOLDER / "nginx.conf").write_text(self.front_configuration())
        self.start(["nginx", "-p", FOLDER, "-c", FOLDER / "nginx.conf"], "nginx.log")
        context = ssl.create_default_context(cafile=self.certificate)
        for _ in range(200):
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(self.url + "/healthz", timeout=2, context=context).status == 200:
                    break
            time.sleep(0.1)
        else:
            raise SystemExit(f"The site does not answer: see {FOLDER}/server.log and nginx.log.")
        self.context = context

    def front_configuration(self):
        text = (ROOT / "deploy/nginx.conf").read_text()
        text = re.sub(r"server 127\.0\.0\.1:\d+;", f"server 127.0.0.1:{self.port};", text)
        text = re.sub(r"^\s*listen \[::\][^;]*;\n", "", text, flags=re.M)
        text = re.sub(r"listen 80\b", f"listen 127.0.0.1:{self.plain}", text)
        text = re.sub(r"listen 443\b", f"listen 127.0.0.1:{self.front}", text)
        text = re.sub(r"server_name [^;]*;", "server_name localhost;", text)
        text = re.sub(r"ssl_certificate [^;]*;", f"ssl_certificate {self.certificate};", text)
        text = re.sub(r"ssl_certificate_key [^;]*;", f"ssl_certificate_key {FOLDER}/key.pem;", text)
        folders = "".join(f"  {kind}_temp_path {FOLDER}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        return (
            f"{user}daemon off;\npid {FOLDER}/nginx.pid;\nerror_log {FOLDER}/nginx-error.log;\nworker_processes 1;\n"
            f"events {{ worker_connections 2000; }}\nhttp {{\n  access_log off;\n{folders}{text}\n}}\n")

    def start(self, words, log):
        self.started.append(subprocess.Popen(
            [str(word) for word in words], cwd=ROOT, env=self.settings, stdin=subprocess.DEVNULL,
            stdout=open(FOLDER / log, "wb"), stderr=subprocess.STDOUT))

    def sign_in(self, role):
        """An access token, and the cookie a browser would have."""
        body = json.dumps({"email": PEOPLE[role], "password": PASSWORD}).encode()
        asked = urllib.request.Request(self.url + "/api/auth/login/", body, {"content-type": "application/json"})
        with urllib.request.urlopen(asked, context=self.context) as answer:
            return json.load(answer)["access"], answer.headers["set-cookie"].split(";")[0]

    def close(self):
        for process in reversed(self.started):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        with psycopg.connect(self.base, autocommit=True) as database:
            database.execute(f'drop database if exists "{self.name}" with (force)')


# ── What is tried ────────────────────────────────────────────────────────────────────────────────────────────────────


def document(site):
    """The API's description is valid OpenAPI 3.1."""
    with urllib.request.urlopen(site.url + "/api/openapi.json", context=site.context) as answer:
        (FOLDER / "openapi.json").write_bytes(answer.read())
    status, said = run([JUDGES / "openapi-spec-validator", FOLDER / "openapi.json"], "validator.log", 60)
    return [] if status == 0 else [said.strip()[-500:]]


def schemathesis(role):
    def judge(site):
        words = [
            JUDGES / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run", site.url + "/api/openapi.json",
            "--tls-verify", site.certificate, "--max-examples", EXAMPLES, "--seed", 7, "--generation-database", "none",
            "--no-color", "--continue-on-failure", "--warnings", "off", "--workers", 2]
        if role != "guest":
            # Its own session is what it stands on, and signing out would end it.
            words += ["-H", "Authorization: Bearer " + site.sign_in(role)[0], "--exclude-path", "/api/auth/logout/"]
        status, said = run(words, f"schemathesis-{role}.log", 300)
        if status == 0:
            return []
        return re.findall(r"❌ (ST\d+ .*)", said) or [f"status {status}: {said.strip()[-300:]}"]

    return judge


def signing_out(site):
    words = [
        JUDGES / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run", site.url + "/api/openapi.json",
        "--tls-verify", site.certificate, "--max-examples", 5, "--no-color", "--warnings", "off",
        "--include-path", "/api/auth/logout/", "-H", "Authorization: Bearer " + site.sign_in("learner")[0]]
    status, said = run(words, "schemathesis-logout.log", 60)
    return [] if status == 0 else re.findall(r"❌ (ST\d+ .*)", said) or [f"status {status}"]


def wapiti(role):
    def judge(site):
        report = FOLDER / f"wapiti-{role}.json"
        report.unlink(missing_ok=True)
        words = [
            WAPITI / "wapiti", "-u", site.url + "/", "--flush-session", "--verify-ssl", 0, "--scope", "domain", "--no-bugreport",
            "-m", "xss,permanentxss,sql,file,redirect,crlf,http_headers,cookieflags,csp", "-f", "json", "-o", report,
            "--max-scan-time", SCAN_SECONDS, "--max-attack-time", 12, "--store-session", FOLDER / f"wapiti-{role}",
            "-x", site.url + "/sign-out", "-d", 3]
        if role != "guest":
            words += ["-H", "Cookie: " + site.sign_in(role)[1]]
        status, said = run(words, f"wapiti-{role}.log", SCAN_SECONDS + 180)
        if not report.exists():
            return [f"status {status}: {said.strip()[-300:]}"]
        found = json.loads(report.read_text())
        return [
            f"{kind}: {one['method']} {one['path']} {one.get('parameter') or ''} {one['info'][:120]}"
            for part in ("vulnerabilities", "anomalies") for kind, ones in found[part].items() for one in ones]

    return judge


SQL = [
    ("search page", "/tutors?q=maths&subject=calculus-1&language=en&max=50&sort=rating", None, None),
    ("search", "/api/tutors/?q=maths&course=calculus-1&language=en&level=beginner&mode=online&ordering=rate", None, None),
    ("discover", "/api/accounts/tutors/discover/?subjects=piano&availability=48", None, None),
    ("bookings", "/api/bookings/?status=confirmed&role=learner&cursor=x", None, "learner"),
    ("payments", "/api/payments/history/?cursor=x&page_size=5", None, "learner"),
    ("notices", "/api/notifications/?cursor=x&unread=1", None, "learner"),
    ("people", "/admin/people?q=a&after=x", None, "admin"),
    ("sign-in", "/api/token/", '{"email": "a@example.org", "password": "x"}', None),
    ("reset", "/api/auth/password-reset/confirm/", '{"token": "x", "password": "learn together 9"}', None),
]


def sqlmap(address, body, role):
    def judge(site):
        name = re.sub(r"\W+", "-", address)[:40]
        words = [
            JUDGES / "sqlmap", "-u", site.url + address, "--batch", "--level", 2, "--risk", 1, "--technique", "BEU",
            "--dbms", "PostgreSQL", "--flush-session", "--output-dir", FOLDER / "sqlmap", "--threads", 2, "--timeout", 10,
            "--ignore-code", "*", "--disable-coloring", "--skip-waf"]
        if body:
            words += ["--data", body, "--headers", "Content-Type: application/json"]
        if role:
            words += ["--cookie", site.sign_in(role)[1]] if address.startswith("/admin") else [
                "--headers", "Authorization: Bearer " + site.sign_in(role)[0]]
        status, said = run(words, f"sqlmap{name}.log", SQL_SECONDS)
        found = re.findall(r"(?:Parameter: .*|.* is vulnerable.*)", said)
        if not re.search(r"testing (?:if|for)|all tested parameters", said):
            return [f"status {status}, nothing was tried: {said.strip()[-300:]}"]
        return found

    return judge


def tls(site):
    report = FOLDER / "testssl.json"
    report.unlink(missing_ok=True)
    status, said = run(
        ["testssl", "--quiet", "--color", 0, "--fast", "-p", "-s", "-S", "-h", "--jsonfile", report,
         f"localhost:{site.front}"], "testssl.log", 240)
    if not report.exists():
        return [f"status {status}: {said.strip()[-300:]}"]
    # The certificate is made for this run: nobody vouches for it, and nobody would revoke it.
    own = re.compile(r"cert_(trust|chain|crl|ocsp|revocation|caa|notAfter|extlife|expiration|valid)|OCSP|DNS_CAA|cert_mustStaple|CAA", re.I)
    return [
        f"{one['id']}: {one['finding']}" for one in json.loads(report.read_text())
        if one["severity"] in ("MEDIUM", "HIGH", "CRITICAL") and not own.search(one["id"])]


def edge(name):
    """Programs beside this one that start a server and nginx of their own."""
    def judge(site):
        environment = os.environ | {"TUTALINK_BINARY": str(BINARY)}
        with open(FOLDER / f"{name}.log", "wb") as log:
            status = subprocess.run(
                [ROOT / ".venv/bin/python", HERE / f"{name}.py"], cwd=HERE, env=environment, stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=300).returncode
        return [] if status == 0 else [f"status {status}: {(FOLDER / f'{name}.log').read_text()[-400:]}"]

    return judge


def quiet(site):
    """Whatever was tried: no answer of 500, nothing that the server took for its own mistake."""
    log = (FOLDER / "server.log").read_text(errors="replace")
    faults = {re.sub(r'"(at|id)":"[^"]*",?', "", line) for line in log.splitlines() if '"http.failed"' in line or "Fatal error" in line}
    return sorted(faults)[:20]


def main():
    subprocess.run(["rm", "-rf", FOLDER], check=True)
    FOLDER.mkdir(parents=True)
    (FOLDER / "home").mkdir()
    site = Site(os.environ["TUTALINK_TEST_DATABASE"])
    trials = [("openapi: the document is valid", document)]
    trials += [(f"schemathesis as {role}", schemathesis(role)) for role in ("guest", *PEOPLE)]
    trials += [("schemathesis signs out", signing_out)]
    trials += [(f"wapiti as {role}", wapiti(role)) for role in ("guest", "learner")]
    trials += [(f"sqlmap: {name}", sqlmap(address, body, role)) for name, address, body, role in SQL]
    trials += [("testssl: deploy/nginx.conf", tls)]
    trials += [(f"the edge: {name}", edge(name)) for name in ("strict_http", "slow", "headers")]
    trials += [("the server took nothing for its own mistake", quiet)]
    passed = failed = 0
    try:
        for name, trial in trials:
            if ONLY not in name and trial is not quiet:
                continue
            began = time.monotonic()
            found = trial(site)
            print(f"{'✘' if found else '✔'} {name:<48} {time.monotonic() - began:5.0f} s", flush=True)
            for line in found:
                print("    " + line)
            passed, failed = passed + (not found), failed + bool(found)
    finally:
        site.close()
    print(f"(logs: {FOLDER})\n{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
