"""What every browser journey stands on: a real server on a database of its own, an inbox, and people with browsers.

A journey is a function `test_…` in a file `journey_….py`; pytest hands it what it names:

    def test_a_visitor_reads_the_landing_page(site):
        ada = site.person()                      # a browser context of her own, nobody signed in
        ada.goto("/")
        ada.sees("Find a tutor")
        ada.is_sound()                           # strict HTML, axe without findings, nothing sideways at 320 px

At the end of a journey every page must have been quiet: no script error, no refused inline style, no answer of 500.
"""

import contextlib
import dataclasses
import datetime
import email
import email.policy
import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import html5lib
import psycopg
from aiosmtpd.controller import Controller
from axe_playwright_python.base import AXE_SCRIPT
from Peers.ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TUTALINK_BINARY") or ROOT / ".build/debug/tutalink")
HOME = pathlib.Path(os.environ.get("TUTALINK_HOME") or ROOT / ".tutalink")
SHOTS = HOME / "shots"
CHROMIUM = "/usr/bin/chromium"

# Fake camera and microphone; sharing "the screen" shares the tab's real pixels, and both work at once.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=display-media-type=browser",
    # Unknown to Chromium: by it the browsers of this run are found among the machine's processes.
    f"--journeys-of={os.getpid()}",
]


# What is far below the window is laid out when it comes near (`content-visibility`): whoever measures the whole page says so.
LAY_OUT_ALL = """() => { const all = new CSSStyleSheet(); all.replaceSync("* { content-visibility: visible !important }")
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, all] }"""


# Where bin/test was asked for another hour, servers, database and pages live at it; this process and its browser do not.
AHEAD = datetime.timedelta(seconds=int(os.environ.get("AHEAD", 0)))
CLOCK = {"LD_PRELOAD": os.environ["TEST_CLOCK"], "AHEAD": os.environ["AHEAD"]} if AHEAD else {}
SET_CLOCK = """() => { const Real = Date; globalThis.Date = class Date extends Real {
  constructor(...given) { if (given.length) super(...given); else super(Real.now() + %d) }
  static now() { return Real.now() + %d } } }"""


def now():
    """The hour the site lives at."""
    return datetime.datetime.now(datetime.timezone.utc) + AHEAD


class Chromium:
    """The journeys' one browser. Closing a window may take it for ever (seen once, in a fault's teardown, after all had been
    asked and answered): then it is ended, which ends that wait, and the next journey gets a new one."""

    patience = 60

    def __init__(self, playwright):
        self.playwright = playwright
        self.browser = None

    def new_context(self, **options):
        if not (self.browser and self.browser.is_connected()):
            self.browser = self.playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = self.browser.new_context(**options)
        if AHEAD:
            ahead = AHEAD // datetime.timedelta(milliseconds=1)
            context.add_init_script(f"({SET_CLOCK % (ahead, ahead)})()")
        return context

    def close(self):
        if self.browser:
            close(self.browser)


def close(window):
    """Closes a browser or its context; ends all browsers of this run when that takes too long."""
    def end():
        print("\n(the browser did not close a window, and was ended)")
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if FLAGS[-1].encode() in (process / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)

    watch = threading.Timer(Chromium.patience, end)
    watch.start()
    try:
        with contextlib.suppress(Exception):
            window.close()
    finally:
        watch.cancel()


def until(true, what, seconds=15.0, every=0.05):
    """Waits until `true()` gives something, and gives that; an assertion names what did not come."""
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(every)


# ── Databases ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Databases:
    """A migrated and seeded template, made once a session, and a clone of it for each journey."""

    def __init__(self):
        self.base = os.environ.get("TUTALINK_TEST_DATABASE") or self._start()
        self.template = f"browser_{os.getpid()}"
        self.count = 0
        self._drop_left_over()
        self.run(f'create database "{self.template}"')
        self.seeded = ""
        for step in ("migrate", "seed"):
            done = subprocess.run(
                [BINARY, step], cwd=ROOT, env=environment(DATABASE_URL=self.url(self.template), TUTALINK_HOME=self.home()),
                capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"tutalink {step} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
            self.seeded = done.stdout

    @staticmethod
    def _start():
        return subprocess.run([ROOT / "bin/db", "test-cluster"], capture_output=True, text=True, check=True).stdout.strip()

    def home(self):
        """What seeding writes beside the database (files, the secret), which every clone's server gets a copy of."""
        folder = HOME / "browser" / self.template
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def url(self, name):
        return psycopg.conninfo.make_conninfo(self.base, dbname=name)

    def run(self, sql):
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            return connection.execute(sql)

    def clone(self):
        self.count += 1
        name = f"{self.template}_{self.count}"
        self.run(f'create database "{name}" template "{self.template}"')
        return name

    def drop(self, name):
        self.run(f'drop database if exists "{name}" with (force)')

    def close(self):
        self.drop(self.template)
        subprocess.run(["rm", "-rf", self.home()], check=False)

    def _drop_left_over(self):
        """Databases of sessions that were killed."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for (name,) in connection.execute("select datname from pg_database where datname ~ '^browser_[0-9]+'").fetchall():
                if not pathlib.Path("/proc", name.split("_")[1]).exists():
                    self.drop(name)


def environment(**settings):
    """Settings for a server, and none that the person who runs the tests has of their own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | CLOCK | {name: str(value) for name, value in settings.items() if value is not None}


# ── Mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclasses.dataclass
class Letter:
    sender: str
    to: list
    message: email.message.EmailMessage

    @property
    def subject(self):
        return str(self.message["subject"])

    @property
    def text(self):
        return self.message.get_body(("plain",)).get_content()

    @property
    def html(self):
        body = self.message.get_body(("html",))
        return body.get_content() if body else None

    @property
    def invitation(self):
        """The iCalendar object it carries, as text; None without one."""
        for part in self.message.walk():
            if part.get_content_type() == "text/calendar":
                return part.get_content() if isinstance(part.get_content(), str) else part.get_content().decode()
        return None

    def link(self, containing=""):
        """The first address in the text that has `containing` in it."""
        for found in re.findall(r"https?://[^\s<>\")\]]+", self.text):
            if containing in found:
                return found.rstrip(".,")
        raise AssertionError(f"no link with {containing!r} in “{self.subject}”:\n{self.text}")


class Inbox:
    """A mail server that keeps what it is given. `bounce@…` does not exist; `tempfail@…` is always to be tried later."""

    def __init__(self):
        self.letters = []
        self.changed = threading.Condition()
        self.port = free_port()
        self.server = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True)
        self.server.start()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("bounce@"):
            return "550 5.1.1 no such user"
        if address.startswith("tempfail@"):
            return "451 4.3.0 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self.changed:
            self.letters.append(Letter(envelope.mail_from, list(envelope.rcpt_tos), message))
            self.changed.notify_all()
        return f"250 2.0.0 kept as {len(self.letters)}"

    def wait(self, to, subject="", after=0, seconds=20.0):
        """The newest letter to `to` whose subject has `subject` in it; `after` passes over that many older ones."""
        def fitting():
            return [letter for letter in self.letters if to in letter.to and subject.lower() in letter.subject.lower()]

        with self.changed:
            if not self.changed.wait_for(lambda: len(fitting()) > after, timeout=seconds):
                had = "\n".join(f"  to {', '.join(letter.to)}: {letter.subject}" for letter in self.letters) or "  none"
                raise AssertionError(f"no letter to {to} about {subject!r} within {seconds:g} s; there were:\n{had}")
            return fitting()[-1]

    def count(self, to, subject=""):
        with self.changed:
            return sum(to in letter.to and subject.lower() in letter.subject.lower() for letter in self.letters)

    def close(self):
        self.server.stop()


# ── The site ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Site:
    """One server on one database. `settings` go to it as its environment (`site(TURN_URLS=…)` in a journey)."""

    def __init__(self, browser, databases, name, **settings):
        self.browser = browser
        self.databases = databases
        self.name = name
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.mail = Inbox()
        self.database = databases.clone()
        self.home = HOME / "browser" / self.database
        subprocess.run(["rm", "-rf", self.home], check=True)
        subprocess.run(["cp", "-a", databases.home(), self.home], check=True)
        self.log_file = self.home / "server.log"
        self.settings = {
            "DATABASE_URL": databases.url(self.database),
            "PORT": self.port,
            "SITE_URL": self.url,
            "TUTALINK_HOME": self.home,
            # All people of a journey share one address, which a limit by address would take for one.
            "LIMITS_FACTOR": 50,
            "CAPTCHA": "off",
            "SMTP_URL": f"smtp://127.0.0.1:{self.mail.port}",
        } | settings
        self.people = []
        self.process = None
        self.start()

    def start(self):
        """Returns when it answers. The log goes on where it was."""
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve"], cwd=ROOT, env=environment(**self.settings), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)
        until(self._answers, f"the server to answer; its log:\n{self.log()[-3000:]}")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with status {self.process.returncode}; its log:\n{self.log()[-3000:]}")
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return answer.status == 200

    def stop(self, seconds=20):
        """Asks it to drain; a server that does not is a fault."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"the server did not drain within {seconds} s") from None

    def kill(self):
        """As a crash does: nothing is finished."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def sql(self, query, *values):
        """Rows of a statement on the journey's database, which commits: to look, and to age what time would age."""
        with psycopg.connect(self.settings["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query, *values):
        """The first column of the only row."""
        rows = self.sql(query, *values)
        assert len(rows) == 1, f"{len(rows)} rows, not one: {query}"
        return rows[0][0]

    def person(self, name="guest", *, zone="Europe/London", language="en-GB", phone=False, dark=False, script=True, knows_zone=True, **options):
        """A person with a browser of their own: cookies shared with nobody."""
        # What a worker keeps would stand between a journey and the server; the journey about it asks for one.
        options.setdefault("service_workers", "block")
        options.setdefault("viewport", {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800})
        if phone:
            options |= {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
        context = self.browser.new_context(
            base_url=options.pop("base_url", self.url), timezone_id=zone, locale=language, java_script_enabled=script,
            color_scheme="dark" if dark else "light", permissions=["camera", "microphone"], **options)
        context.set_default_timeout(15_000)
        if knows_zone:
            # As on every visit but the first, whose page is loaded again once the site has heard of the zone.
            context.add_cookies([{"name": "zone", "value": zone, "url": self.url}])
        person = Person(self, name, context, script)
        self.people.append(person)
        return person

    def signed_in(self, address, password=None, name=None, **options):
        """A person who has signed in on the form; without `password` one of the cast, with the cast's."""
        person = self.person(name or address.split("@")[0], **options)
        person.sign_in(address, password or self.cast_password)
        return person

    @functools.cached_property
    def cast_password(self):
        """What `tutalink seed` says the cast signs in with."""
        found = re.search(r"^Password\s+(.+)$", self.databases.seeded, re.M)
        assert found, f"tutalink seed names no password:\n{self.databases.seeded}"
        return found[1].strip()

    def close(self, failed):
        faults = []
        if failed:
            self.keep_shots()
        for person in self.people:
            faults += person.faults
            close(person.context)
        try:
            self.stop()
        except AssertionError as fault:
            faults.append(str(fault))
        self.mail.close()
        log = self.log()
        faults += [f"the server logged: {line}" for line in log.splitlines() if "SUMMARY: " in line or "Fatal error" in line]
        self.databases.drop(self.database)
        if failed or faults:
            SHOTS.mkdir(parents=True, exist_ok=True)
            (SHOTS / f"{self.name}.log").write_text(log)
            print(f"\nserver log: {SHOTS / self.name}.log; its end:\n{log[-3000:]}")
        subprocess.run(["rm", "-rf", self.home], check=False)
        return faults

    def keep_shots(self):
        SHOTS.mkdir(parents=True, exist_ok=True)
        for person in self.people:
            for number, page in enumerate(person.context.pages):
                stem = SHOTS / f"{self.name}-{person.name}-{number}"
                with contextlib.suppress(Exception):
                    page.screenshot(path=f"{stem}.png", full_page=True, timeout=5_000)
                    pathlib.Path(f"{stem}.html").write_text(page.content())
                    print(f"\n{person.name} was at {page.url}: {stem}.png")


# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Person:
    """Somebody with a browser. `.page` is Playwright's page; the rest is what journeys say often."""

    def __init__(self, site, name, context, script=True):
        self.site = site
        self.name = name
        self.context = context
        self.script = script
        self.faults = []
        self.allowed = []
        context.on("page", self._watch)
        self.page = context.new_page()

    def _watch(self, page):
        def fault(text):
            if not any(re.search(pattern, text) for pattern in self.allowed):
                self.faults.append(f"{self.name} at {page.url}: {text}")

        page.on("pageerror", lambda error: fault(f"script error: {error}"))
        # What an answer of 4xx says on the console is part of many journeys; 5xx is caught below.
        page.on("console", lambda message: message.type == "error" and "Failed to load resource" not in message.text
                and fault(f"console: {message.text}"))
        page.on("response", lambda answer: answer.status >= 500 and answer.url.startswith(self.site.url)
                and fault(f"{answer.status} from {answer.request.method} {answer.url}"))

    def allow(self, pattern):
        """Faults that this journey causes on purpose, such as a socket cut off: a regular expression on their text."""
        self.allowed.append(pattern)

    def goto(self, path, status=200):
        answer = self.page.goto(path)
        assert answer is None or answer.status == status, f"{path} answered {answer.status}, not {status}"
        return self.page

    def open(self, link):
        """Follows a link out of a letter, whatever host it names."""
        parts = urllib.parse.urlsplit(link)
        return self.goto(parts.path + (f"?{parts.query}" if parts.query else ""))

    def sign_in(self, address, password):
        self.goto("/sign-in")
        form = self.page.locator("form:has(input[type=password])").first
        form.locator("input:is([type=email], [type=text], :not([type]))").first.fill(address)
        form.locator("input[type=password]").fill(password)
        form.locator("button[type=submit], button:not([type])").first.click()
        self.page.wait_for_url(lambda url: urllib.parse.urlsplit(url).path != "/sign-in")
        return self

    def fill(self, label, value):
        self.page.get_by_label(label, exact=False).first.fill(value)
        return self

    def press(self, name):
        """A button or link, by what a person reads on it."""
        target = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first
        target.click()
        return self

    def sees(self, text, seconds=15):
        self.page.get_by_text(text).first.wait_for(state="visible", timeout=seconds * 1000)
        return self

    def is_sound(self, at_320=True):
        """The page as it stands: strict HTML, no axe finding (WCAG 2.2 AA), nothing that scrolls sideways at 320 px."""
        self.is_strict()
        self.is_accessible()
        if at_320:
            self.fits(320)
        return self

    def is_strict(self, path=None):
        """What the server sent for this address (asked for again, with this person's cookies) parses without an error."""
        answer = self.context.request.get(path or self.page.url)
        assert "text/html" in answer.headers.get("content-type", ""), f"{answer.url} is no page"
        strict(answer.text(), answer.url)
        return self

    def is_accessible(self):
        if not self.script:
            return self
        # Taller than the page, also where parts of it grow with the window: what a bar at the lower edge covers for now can
        # be scrolled to, and is no small target.
        before = self.page.viewport_size
        if before["width"] < 768:
            self.page.set_viewport_size({"width": before["width"], "height": max(
                before["height"], self.page.evaluate("() => document.documentElement.scrollHeight") + 1000)})
        # Colours on their way from one to another are neither; nor is what fades in, such as a dialog.
        self.page.wait_for_function("""() => !document.getAnimations().some((one) => one.playState === "running" &&
            (one instanceof CSSTransition || one.effect.getComputedTiming().endTime !== Infinity))""")
        try:
            found = axe(self.page, {"type": "tag", "values": [
                "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
        finally:
            self.page.set_viewport_size(before)
        assert not found, f"axe at {self.page.url}:\n" + "\n".join(
            f"  {one['id']} ({one['impact']}): {one['help']}\n" + "\n".join(
                f"    {node['target'][0]}: {node['html'][:160]}" for node in one["nodes"][:4]) for one in found)
        return self

    def fits(self, width):
        """Nothing makes the page scroll sideways at that width; the widest culprits are named."""
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": width, "height": before["height"]})
        self.page.evaluate(LAY_OUT_ALL)
        try:
            wide = self.page.evaluate("""() => {
              const root = document.documentElement, edge = root.clientWidth
              if (root.scrollWidth <= edge) return []
              const clipped = (e) => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
                if (getComputedStyle(p).overflowX !== 'visible') return true; return false }
              return [...document.body.querySelectorAll('*')]
                .filter((e) => { const r = e.getBoundingClientRect(); return (r.right > edge + 1 || r.left < -1) && !clipped(e) })
                .map((e) => `<${e.tagName.toLowerCase()} class="${e.className}"> ${Math.round(e.getBoundingClientRect().right)} px`)
                .slice(-6).concat(`page: ${root.scrollWidth} px`) }""")
            assert not wide, f"{self.page.url} scrolls sideways at {width} px: " + "; ".join(wide)
        finally:
            self.page.set_viewport_size(before)
        return self

    def shot(self, name, full=False):
        """A picture for people, into shots/."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=full)
        return self


def axe(page, rules):
    """What axe finds against these rules on the page as it stands. Only that is carried over: what it does not mind is nearly
    all it has to say, and its own half a megabyte is given to a document once."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return json.loads(page.evaluate("""async (runOnly) => {
      const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] })
      return JSON.stringify(violations) }""", rules))


def strict(text, address="page"):
    """HTML as the standard has it: every parse error is one too many."""
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(text)
    lines = text.splitlines()
    faults = [
        f"  line {where[0]}: {kind} {values or ''}\n    {lines[where[0] - 1].strip()[:160] if 0 < where[0] <= len(lines) else ''}"
        for where, kind, values in parser.errors]
    assert not faults, f"{address} is not strict HTML:\n" + "\n".join(faults[:10])
