"""`bin/test security`: a seeded site behind nginx with TLS (edge.py), and the tools that try to break it.

    schemathesis   every operation of the API, stateful, as guest, learner, tutor and administrator
    wapiti         crawls the pages as guest, as learner and as tutor
    sqlmap         every kind of address with parameters that reach a query
    testssl.sh     the TLS that deploy/nginx.conf sets up
    strict_http, slow, headers   the edge's own programs beside this file

Prints a table and `N passed, N failed`. A trial that its time limit cut is a failure: it has not said that there is
nothing. Logs are in $TUTALINK_HOME/security. A word in argv runs only the trials whose name contains it.
"""

import concurrent.futures
import itertools
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request

import psycopg

from edge import BINARY, ROOT, Edge
from harness import HOME
from headers import fill, routes

HERE = ROOT / "Tests/Security"
JUDGES = ROOT / ".venv-security/bin"
WAPITI = ROOT / ".venv-wapiti/bin"
FOLDER = HOME / "security"
PASSWORD = "learn together 1"
PEOPLE = {"learner": "learner@example.org", "tutor": "tutor@example.org", "admin": "admin@example.org"}
# wapiti tries wrong passwords where a page asks for one again, and an account then rests: it has people of its own.
CRAWLERS = {"learner": "omar@example.org", "tutor": "hiro@example.org"}
ONLY = sys.argv[1] if len(sys.argv) > 1 else ""
# How many examples schemathesis makes up for each operation and phase.
EXAMPLES = 15


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


class Site(Edge):
    """The edge, and who signs in there."""

    def __enter__(self):
        super().__enter__()
        self.url = f"https://localhost:{self.port}"
        self.certificate = self.proxy.folder / "cert.pem"
        self.context = ssl.create_default_context(cafile=self.certificate)
        return self

    def sign_in(self, role, people=PEOPLE):
        """An access token, and the cookie a browser would have."""
        body = json.dumps({"email": people[role], "password": PASSWORD}).encode()
        asked = urllib.request.Request(self.url + "/api/auth/login/", body, {"content-type": "application/json"})
        with urllib.request.urlopen(asked, context=self.context) as answer:
            return json.load(answer)["access"], answer.headers["set-cookie"].split(";")[0]

    def value(self, sql):
        with psycopg.connect(self.databases.url(self.database)) as database:
            return database.execute(sql).fetchone()[0]


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
        "--phases", "coverage,fuzzing", "--include-path", "/api/auth/logout/", "-H", "Authorization: Bearer " + site.sign_in("learner")[0]]
    status, said = run(words, "schemathesis-logout.log", 60)
    return [] if status == 0 else re.findall(r"❌ (ST\d+ .*)", said) or [f"status {status}"]


# What of a page's links is followed, how deep, and how many pages of like parameters are attacked: lists and calendars
# that link to themselves with ever other filters would never end. Every page of the house is begun with anyway.
WAPITI_BOUNDS = ["--scope", "folder", "-d", 1, "--max-links-per-page", 3, "--max-files-per-dir", 4, "--max-parameters", 40]
WAPITI_MODULES = "xss,permanentxss,sql,redirect,crlf,http_headers,cookieflags,csp"


def wapiti(role):
    def judge(site):
        report = FOLDER / f"wapiti-{role}.json"
        report.unlink(missing_ok=True)
        pages = [fill(route) for route in routes(site) if not route.startswith(("/api/", "/assets/", "/metrics"))]
        pages.append("/tutors/hiro")
        pages.append("/tutors?q=maths&subject=calculus-1&language=en&max=50&sort=rating")
        words = [
            WAPITI / "wapiti", "-u", site.url + "/", *(word for page in pages for word in ("-s", site.url + page)),
            "--flush-session", "--verify-ssl", 0, *WAPITI_BOUNDS, "--no-bugreport",
            # Reading files by their names is tried once: what the roles add are forms, and no form names a file.
            "-m", WAPITI_MODULES + (",file" if role == "guest" else ""), "-f", "json", "-o", report,
            "--max-scan-time", 300, "--max-attack-time", 200, "--tasks", 8, "--store-session", FOLDER / f"wapiti-{role}",
            "-x", site.url + "/sign-out", "-x", site.url + "/account/sessions*"]
        if role != "guest":
            words += ["-H", "Cookie: " + site.sign_in(role, CRAWLERS)[1]]
        status, said = run(words, f"wapiti-{role}.log", 900)
        if status or not report.exists():
            return [f"status {status}: {said.strip()[-300:]}"]
        found = json.loads(report.read_text())
        # A page that is another's under a second name counts once.
        if found["infos"]["crawled_pages_nbr"] < len(pages) * 0.9:
            return [f"only {found['infos']['crawled_pages_nbr']} of {len(pages)} pages were reached"]
        return re.findall(r".*(?:Max (?:scan|attack) time).*", said) + [
            f"{kind}: {one['method']} {one['path']} {one.get('parameter') or ''} {one['info'][:120]}"
            for part in ("vulnerabilities", "anomalies") for kind, ones in found[part].items() for one in ones]

    return judge


TUTOR = "select id from users where email = 'tutor@example.org'"
# Name, address, body, SQL for what stands at {}, who asks. A * is where an address without parameters is bent. Each must
# answer well before it is bent, or it would be refused before it reaches a query; NEXT asks for the link to the page
# after, whose cursor is made by the server.
NEXT = "next"
SQL = [
    ("search page", "/tutors?q=piano&subject=piano&language=en&max=200&sort=rating", None, None, None),
    ("search", "/api/tutors/?q=piano&subject=piano&language=en&mode=online&ordering=rate&rate_max=200&currency=USD&timezone=UTC"
     "&weekday=1&time_from=08:00&time_to=20:00", None, None, None),
    ("search near a place", "/api/tutors/?near=35.6,139.7&radius_km=50&page_size=5", None, None, None),
    ("search, the next page", "/api/tutors/?page_size=1", None, NEXT, None),
    ("discovery", "/api/accounts/tutors/discover/?subjects=piano&availability=48", None, None, None),
    ("a tutor's id", "/api/users/mentors/{}*/", None, TUTOR, None),
    ("a tutor's free times", "/api/users/mentors/{}/slots/?from=2026-12-01&to=2026-12-08&timezone=UTC", None, TUTOR, None),
    ("bookings, the next page", "/api/bookings/?status=completed&role=learner&page_size=1", None, NEXT, "learner"),
    ("a booking's id", "/api/bookings/{}*/", None,
     "select b.id from bookings b join users u on u.id = b.learner_id where u.email = 'learner@example.org' limit 1", "learner"),
    ("payments", "/api/payments/history/?page_size=5", None, None, "learner"),
    ("notices", "/api/notifications/?page_size=1&unread=1", None, None, "learner"),
    ("people", "/admin/people?q=a", None, None, "admin"),
    ("sign-in", "/api/token/", '{"email": "a@example.org", "password": "x"}', None, None),
    ("reset", "/api/auth/password-reset/confirm/", '{"token": "x", "password": "learn together 9"}', None, None),
]


def sqlmap(name, address, body, sought, role):
    def judge(site):
        head = {}
        if role:
            token, cookie = site.sign_in(role)
            head = {"Cookie": cookie} if address.startswith("/admin") else {"Authorization": "Bearer " + token}

        def ask(address):
            with urllib.request.urlopen(urllib.request.Request(site.url + address, headers=head), context=site.context) as answer:
                return answer.read()

        target = address.replace("{}", str(site.value(sought))) if sought and sought != NEXT else address
        if sought == NEXT:
            target = json.loads(ask(address))["next"].removeprefix(site.url)
        if not body:
            ask(target.replace("*", ""))
        words = [
            JUDGES / "sqlmap", "-u", site.url + target, "--batch", "--level", 1, "--risk", 2, "--technique", "BEUST",
            "--dbms", "PostgreSQL", "--flush-session", "--output-dir", FOLDER / "sqlmap" / name.replace(" ", "-"),
            "--threads", 1, "--timeout", 10, "--time-sec", 3, "--ignore-code", "*", "--disable-coloring", "--skip-waf"]
        if body:
            # Named, because sqlmap leaves out what is called a token by itself.
            words += ["--data", body, "--headers", "Content-Type: application/json", "-p", ",".join(json.loads(body))]
        for field, value in head.items():
            words += ["--headers", f"{field}: {value}"]
        status, said = run(words, f"sqlmap-{re.sub(r'[^a-z]+', '-', name)}.log", 300)
        found = re.findall(r"(?:Parameter: .*|.* is vulnerable.*)", said)
        tested = set(re.findall(r"parameter '([^']+)' does not seem to be injectable", said))
        wanted = set(re.findall(r"[?&](\w+)=", target)) | set(json.loads(body or "{}")) | ({"#1*"} if "*" in target else set())
        missed = {name for name in wanted if not any(name in one for one in tested)}
        if status == 124 or missed and not found:
            return [f"status {status}, not tested to the end: {', '.join(sorted(missed))}: {said.strip()[-300:]}"]
        return found

    return judge


def tls(site):
    report = FOLDER / "testssl.json"
    report.unlink(missing_ok=True)
    status, said = run(
        ["testssl", "--quiet", "--color", 0, "--fast", "-p", "-s", "-S", "-h", "--jsonfile", report,
         f"localhost:{site.port}"], "testssl.log", 240)
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
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=900).returncode
        return [] if status == 0 else [f"status {status}: {(FOLDER / f'{name}.log').read_text()[-400:]}"]

    return judge


def quiet(site):
    """Whatever was tried: no answer of 500, nothing that the server took for its own mistake."""
    assert site.process.poll() is None, site.log.read_text()[-2000:]
    log = site.log.read_text(errors="replace")
    (FOLDER / "server.log").write_text(log)
    faults = {re.sub(r'"(at|id|request)":"[^"]*",?', "", line) for line in log.splitlines() if '"level":"error"' in line or "Fatal error" in line}
    return sorted(faults)[:20]


def main():
    subprocess.run(["rm", "-rf", FOLDER], check=True)
    FOLDER.mkdir(parents=True)
    trials = [("openapi: the document is valid", document)]
    trials += [(f"schemathesis as {role}", schemathesis(role)) for role in ("guest", *PEOPLE)]
    trials += [("schemathesis signs out", signing_out)]
    trials += [(f"wapiti as {role}", wapiti(role)) for role in ("guest", "learner", "tutor")]
    trials += [(f"sqlmap: {row[0]}", sqlmap(*row)) for row in SQL]
    trials += [("testssl: deploy/nginx.conf", tls)]
    trials += [(f"the edge: {name}", edge(name)) for name in ("strict_http", "headers")]
    # By themselves: what one visitor feels is measured; and whatever was tried, at the very end.
    last = [("the edge: slow", edge("slow")), ("the server took nothing for its own mistake", quiet)]
    passed = failed = 0
    began = time.monotonic()

    def timed(trial):
        name, judge = trial
        began = time.monotonic()
        try:
            found = judge(site)
        except Exception as error:  # noqa: BLE001: a trial that could not be made is a fault beside the others.
            found = [f"{type(error).__name__}: {error}"]
        return name, found, time.monotonic() - began

    def wanted(trials):
        return [trial for trial in trials if ONLY in trial[0] or trial[1] is quiet]

    with Site() as site, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, found, took in itertools.chain(
                as_they_end(pool, timed, wanted(trials)), map(timed, wanted(last))):
            print(f"{'✘' if found else '✔'} {name:<48} {took:5.0f} s", flush=True)
            for line in found:
                print("    " + line)
            passed, failed = passed + (not found), failed + bool(found)
    print(f"(logs: {FOLDER})\nIn {time.monotonic() - began:.0f} s:\n{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


def as_they_end(pool, work, trials):
    """Two at a time, which is what two cores bear; the results as they come."""
    for done in concurrent.futures.as_completed([pool.submit(work, trial) for trial in trials]):
        yield done.result()


if __name__ == "__main__":
    main()
