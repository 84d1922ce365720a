"""Every GET route of the house, asked as a guest and as the administrator, says what keeps browsers strict; no address sends
anybody elsewhere; and what nginx adds is there. The routes are those the running types declare (`tutalink map`).
Prints a table of faults and a sum; ends with 1 when there is any.
"""

import gzip
import http.client
import json
import re
import ssl
import subprocess
import sys
import urllib.parse

from edge import BINARY, ROOT, Edge, environment

EVIL = "evil.example"
FILLED = {"slug": "nobody", "form": "register", "name": "a.txt", "provider": "simulated"}
UUID = "01900000-0000-7000-8000-000000000001"


class Browser:
    """Cookies and redirects by hand, so that each answer can be looked at."""

    def __init__(self, edge, proxied=False):
        self.edge, self.proxied, self.cookies = edge, proxied, {}

    def ask(self, method, target, body=None, headers=()):
        if self.proxied:
            connection = http.client.HTTPSConnection("localhost", self.edge.port, context=ssl._create_unverified_context(), timeout=10)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.edge.direct, timeout=10)
        head = {"Host": f"localhost:{self.edge.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} | dict(headers)
        if not self.cookies:
            del head["Cookie"]
        if body is not None:
            head["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(body)
        connection.request(method, target, body, head)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.partition("=")
            self.cookies[name] = value.split(";")[0]
        return answer

    def sign_in(self, login, password, next_page=""):
        page = self.ask("GET", "/sign-in" + ("?next=" + urllib.parse.quote(next_page, safe="") if next_page else ""))
        if page.status == 400:
            return page
        token = re.search(rb'name="_csrf" value="([0-9a-f]+)"', page.content)[1].decode()
        given = re.search(rb'name="next" value="([^"]*)"', page.content)
        form = {"_csrf": token, "login": login, "password": password}
        if given:
            form["next"] = given[1].decode()
        return self.ask("POST", "/sign-in", form)


def routes(edge):
    said = subprocess.run(
        [BINARY, "map"], cwd=ROOT, capture_output=True, text=True, check=True,
        env=environment(DATABASE_URL=edge.databases.url(edge.database), TUTALINK_HOME=edge.home, LOG_LEVEL="error")).stdout
    found = re.findall(r"^\| GET \| `([^`]+)` \|", said, re.M)
    return [route for route in found if not route.startswith("/ws/")]


def fill(template):
    def value(part):
        return FILLED.get(part[1], UUID)
    return re.sub(r":(\w+)", value, template)


def faults_of(answer, secure=True, template=""):
    """What an answer lacks. Pages below /embed/tutors may stand in other sites, as far as somebody named them (here nobody
    has), and the widget's script is loaded by those."""
    framed = template.startswith("/embed/tutors")
    ancestors = "frame-ancestors 'self';" if framed else "frame-ancestors 'none'"
    shared = "cross-origin" if framed or template == "/embed/widget.js" else "same-origin"
    head = {name.lower(): value for name, value in answer.getheaders()}
    kind = head.get("content-type", "")
    policy = head.get("content-security-policy", "")

    def wants(true, words):
        if not true:
            yield words

    yield from wants(head.get("x-content-type-options") == "nosniff", "no nosniff")
    yield from wants(ancestors in policy, "may be framed")
    yield from wants(framed or head.get("x-frame-options") == "DENY", "may be framed by older browsers")
    yield from wants(not framed or "set-cookie" not in head, "a cookie in a frame")
    yield from wants("unsafe" not in policy and "*" not in policy.replace("*.hcaptcha.com", ""), f"policy too wide: {policy}")
    yield from wants("referrer-policy" in head, "no referrer policy")
    yield from wants(head.get("cross-origin-opener-policy") == "same-origin", "no opener policy")
    yield from wants(head.get("cross-origin-resource-policy") == shared, "no resource policy")
    yield from wants("cache-control" in head, "no cache rule")
    yield from wants("x-request-id" in head, "no request id")
    yield from wants(not secure or head.get("strict-transport-security", "").startswith("max-age=63072000"), "no HSTS")
    yield from wants("server" not in head or head["server"] == "nginx", f"tells its server: {head.get('server')}")
    yield from wants("x-powered-by" not in head, "tells its maker")
    if kind.startswith("text/html"):
        connections = policy.split("connect-src ")[-1].split(";")[0].split()
        yield from wants(all(one == "'self'" or re.fullmatch(r"wss?://localhost(:\d+)?", one) for one in connections), f"talks to {connections}")
        for part in ["default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'",
                     "require-trusted-types-for 'script'", "trusted-types tutalink"]:
            yield from wants(part in policy, f"policy without {part}")
        yield from wants("permissions-policy" in head, "no permissions policy")
        # As attributes: a page may show somebody how one is written.
        yield from wants(b' style="' not in answer.content and b' onclick="' not in answer.content, "inline style or script")
    elif answer.status == 200 and not kind.startswith("text/javascript"):
        yield from wants("sandbox" in policy and "default-src 'none'" in policy, f"shown outside a sandbox: {policy}")
    for cookie in answer.headers.get_all("set-cookie") or []:
        for part in ["__Host-", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"]:
            yield from wants(part in cookie, f"cookie without {part.strip('; ')}: {cookie.split('=')[0]}")
        yield from wants("domain=" not in cookie.lower(), "cookie with a domain")
    if location := head.get("location"):
        yield from wants(is_local(location), f"leads to {location}")


def is_local(location):
    """Whether a browser on this site would stay, by the rules of WHATWG URL rather than ours."""
    text = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    return text.startswith("/") and not text.startswith("//")


TRICKS = [
    f"https://{EVIL}/", f"//{EVIL}/", f"/\\{EVIL}", f"\\\\{EVIL}", f"/\t/{EVIL}", f"/\n/{EVIL}", f"https:{EVIL}", "javascript:alert(1)", f"///{EVIL}",
    f" //{EVIL}", f"/%09/{EVIL}", f"http:/\\{EVIL}", f"\x00//{EVIL}", f"@{EVIL}", f".{EVIL}", "data:text/html,x",
]
NAMES = ["next", "return", "return_to", "redirect", "redirect_uri", "url", "to", "back", "continue", "after", "from", "target"]


def main():
    faults, looked = [], 0

    def note(where, found):
        nonlocal looked
        looked += 1
        for words in found:
            faults.append((where, words))

    with Edge() as edge:
        password = re.search(r"^Password\s+(.+)$", edge.databases.seeded, re.M)[1].strip()
        admin_login = re.search(r"\b(\S+@\S+)\b.*(?i:admin)", edge.databases.seeded)
        guest, admin = Browser(edge), Browser(edge)
        login = admin_login[1] if admin_login else "root@example.org"
        signed = admin.sign_in(login, password)
        note("POST /sign-in", faults_of(signed))
        if signed.status != 303:
            faults.append(("POST /sign-in", f"{login} could not sign in: {signed.status}"))
        all_routes = routes(edge)
        for template in all_routes:
            for name, browser in (("guest", guest), ("administrator", admin)):
                answer = browser.ask("GET", fill(template))
                where = f"GET {template} ({name}: {answer.status})"
                note(where, faults_of(answer, template=template))
                if answer.status >= 500:
                    faults.append((where, "broke"))
                if answer.status == 200 and "ratelimit-policy" not in {n.lower() for n, _ in answer.getheaders()} and template != "/healthz":
                    faults.append((where, "has no rate"))
            # Whatever an address might take for a place to go, it stays.
            for trick in TRICKS[:6]:
                query = urllib.parse.urlencode({name: trick for name in NAMES})
                for browser in (guest, admin):
                    answer = browser.ask("GET", fill(template) + "?" + query)
                    location = answer.headers.get("location")
                    note(f"GET {template}?next={trick!r}", [f"leads to {location}"] if location and not is_local(location) else [])
        # Signing in goes where the form says, and the form may say anything.
        for trick in TRICKS:
            visitor = Browser(edge)
            answer = visitor.sign_in(login, password, trick)
            location = answer.headers.get("location") or ""
            note(f"sign-in with next={trick!r}", [] if answer.status == 400 or answer.status == 303 and is_local(location) else [f"{answer.status} {location}"])
            page = visitor.ask("GET", "/account")
            token = re.search(rb'name="_csrf" value="([0-9a-f]+)"', page.content)
            answer = visitor.ask(
                "POST", "/language", {"_csrf": token[1].decode() if token else "", "language": "en", "next": trick, "back": trick},
                [("Referer", trick if trick.isprintable() else "x")])
            location = answer.headers.get("location") or ""
            note(f"language with next={trick!r}", [] if is_local(location or "/") else [location])
        # A missing page and an asset; the rest is what stands outside the routes.
        asset = re.search(rb'"(/assets/css/app\.[0-9a-f]+\.css)"', guest.ask("GET", "/").content)[1].decode()
        for target in ["/nowhere", asset, "/metrics", "/assets/nothing.js"]:
            note(f"GET {target}", faults_of(guest.ask("GET", target)))

        # Through nginx: the same, small, and by the newer protocols.
        through = Browser(edge, proxied=True)
        page = through.ask("GET", "/")
        note("nginx GET /", faults_of(page))
        note("nginx says HSTS once", [] if len(page.headers.get_all("strict-transport-security") or []) == 1 else ["not once"])
        for accepted, coding in (("br, gzip", "br"), ("gzip", "gzip")):
            for target in ("/", asset):
                answer = through.ask("GET", target, headers=[("Accept-Encoding", accepted)])
                coded = answer.headers.get("content-encoding")
                fits = coded == coding or (coding == "br" and coded == "gzip" and not (edge.proxy.folder / "more/nginx-brotli.conf").exists())
                note(f"nginx {accepted} {target}", [] if fits else [f"encoded as {coded}"])
                note(f"nginx {accepted} {target}", [] if "accept-encoding" in (answer.headers.get("vary") or "").lower() else ["does not vary"])
                if coded == "gzip":
                    gzip.decompress(answer.content)
        note("nginx hides /metrics", [] if through.ask("GET", "/metrics").status == 404 else ["shown"])
        moved = http.client.HTTPConnection("127.0.0.1", edge.plain, timeout=10)
        moved.request("GET", "/tutors?q=a", headers={"Host": "localhost"})
        answer = moved.getresponse()
        note("nginx sends http to https", [] if (answer.status, answer.getheader("location")) == (301, "https://localhost/tutors?q=a") else [str(answer.status)])
        for option, good in (("--http2", True), ("--tls-max 1.1 --tlsv1.0", False), ("--tls-max 1.2", True), ("--tlsv1.3", True)):
            done = subprocess.run(
                ["curl", "-sk", *option.split(), "--ciphers", "DEFAULT@SECLEVEL=0", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://localhost:{edge.port}/healthz"],
                capture_output=True, text=True)
            note(f"nginx {option}", [] if (done.stdout.endswith("200")) == good else [done.stdout])
            if option == "--http2":
                note("nginx speaks HTTP/2", [] if done.stdout.startswith("2 ") else [done.stdout])
        # A client's own word on who it is goes no further.
        forged = through.ask("GET", "/healthz", headers=[("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "http")])
        note("nginx with a forged X-Forwarded-For", [] if forged.status == 200 else [str(forged.status)])
        log = [json.loads(line) for line in edge.log.read_text().splitlines() if line.startswith("{")]
        note("the server's log", sorted({line.get("event", "") + " " + str(line.get("what", ""))[:200] for line in log if line["level"] == "error"}))
    for where, words in faults[:60]:
        print(f"✘ {where}: {words}")
    print(f"\n{len(all_routes)} routes; {looked - len({where for where, _ in faults})} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
