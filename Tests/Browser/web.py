#!/usr/bin/env python3
"""How fast the site feels on a slow phone: `bin/test web [LOADS] [SCREEN…] [strict]`.

A real Chromium with a phone's window, a processor slowed four times, 1.6 Mbit/s and 150 ms an answer (over CDP), and
nothing in its cache loads each screen several times, as users get it: HTTP/2 and TLS from nginx with deploy/nginx.conf.
What stands in the table is the median. CDP delays answers, not handshakes: those cost what they cost on the loopback.

FCP and LCP are the first and the largest paint after the address was asked for; CLS is the sum of all shifts that nobody
caused; TBT is what tasks took beyond 50 ms each, from the first paint to a second after the last byte; INP is the longest
of the named interactions, from the finger to the picture after it. HTML and assets are bytes on the wire, heads included,
everything that was asked for until a second after the load. Kilobytes are of 1,000.

Sizes and shifts are the same on every machine: a broken budget of theirs fails. Times are not; they are marked, and fail
only with `strict`.
"""

import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/Browser"), str(ROOT / "Tests"), str(ROOT / "Tests/Security")]
import harness  # noqa: E402
from edge import Proxy  # noqa: E402
from playwright.sync_api import TimeoutError as NotThere, sync_playwright  # noqa: E402
from shots import WHO, live  # noqa: E402

ZONE = "Europe/London"
PROCESSOR = 4
BITS_A_SECOND = 1_600_000
MILLISECONDS_AN_ANSWER = 150

# What each may be, what it is measured in, and whether every machine sees the same.
BUDGETS = {
    "FCP": (1000, "ms", False),
    "LCP": (1800, "ms", False),
    "CLS": (0.02, "", True),
    "TBT": (100, "ms", False),
    "HTML": (30_000, "kB", True),
    "assets": (150_000, "kB", True),
    "INP": (100, "ms", False),
}

WATCH = """() => {
  const seen = (window.__seen = { fcp: null, lcp: null, cls: 0, shifts: [], tasks: [], events: [] })
  const watch = (type, take, more = {}) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe(
    { type, buffered: true, ...more })
  watch("paint", (e) => { if (e.name === "first-contentful-paint") seen.fcp = e.startTime })
  watch("largest-contentful-paint", (e) => { seen.lcp = e.startTime
    seen.what = e.element ? e.element.tagName.toLowerCase() + (e.element.className ? "." + e.element.className : "") : e.url })
  watch("layout-shift", (e) => { if (!e.hadRecentInput) { seen.cls += e.value
    seen.shifts.push(e.value.toFixed(4) + " at " + Math.round(e.startTime) + " ms: " + e.sources.map((s) => (s.node ? s.node.className ||
      s.node.nodeName : "?") + " " + [s.previousRect, s.currentRect].map((r) => [r.x, r.y, r.width, r.height].map(Math.round)).join(" to ")).join("; ")) } })
  watch("longtask", (e) => seen.tasks.push([e.startTime, e.duration]))
  watch("event", (e) => { if (e.interactionId) seen.events.push([e.startTime, e.duration, e.name]) }, { durationThreshold: 16 })
}"""


def furnish(site):
    """What demo content has not and a real site has: a portrait of every tutor, and a film with captions."""
    def made(*options):
        return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", *options, "-"], check=True, capture_output=True).stdout

    # Full of edges, as a face before leaves is: larger than most when it is small.
    portrait = made("mandelbrot=size=600x600", "-frames:v", "1", "-c:v", "png", "-f", "image2pipe")
    film = made("testsrc2=size=320x180:rate=10:duration=20", "-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8", "-f", "webm")
    maker = site.signed_in(WHO["tutor"], name="maker")
    maker.goto("/account")
    maker.page.locator("#photo-file").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": portrait})
    maker.press("Save picture").sees("Your picture is saved.")
    maker.goto("/tutor/profile?step=samples")
    maker.fill("Title", "A proof in twenty seconds")
    maker.page.locator("#sample").set_input_files({"name": "proof.webm", "mimeType": "video/webm", "buffer": film})
    maker.press("Upload")
    row = maker.page.locator(".list-row", has_text="A proof in twenty seconds")
    row.locator("summary").click()
    row.locator("input[type=file]").set_input_files(
        {"name": "a.vtt", "mimeType": "text/vtt", "buffer": b"WEBVTT\n\n00:00.500 --> 00:02.000\nLet n be even.\n"})
    row.get_by_role("button", name="Upload captions").click()
    row.get_by_text("Captions in English", exact=True).wait_for()
    maker.context.close()
    site.people.remove(maker)
    # Everybody's own file, so that each is asked for.
    site.sql("""with own as (select t.user_id, gen_random_uuid() as file from tutors t join users u on u.id = t.user_id where u.photo_file_id is null),
                     kept as (insert into files (id, owner_id, purpose, sha256, byte_size, media_type, filename, width, height)
                              select own.file, own.user_id, 'photo', f.sha256, f.byte_size, f.media_type, f.filename, f.width, f.height
                                from own, (select * from files where purpose = 'photo' order by created_at desc limit 1) f),
                     seen as (update tutor_listings l set photo_id = own.file from own where own.user_id = l.tutor_id)
                update users u set photo_file_id = own.file from own where own.user_id = u.id""")


def tap(selector, nth=0):
    return lambda page: page.locator(selector).nth(nth).tap()


def type_in(selector, letter="a"):
    def act(page):
        field = page.locator(selector).first
        field.focus()
        page.keyboard.press(letter)
    return act


MENU = ("open the account menu", tap("summary.menu-button"))


def screens(ids):
    """(name, who, path, [(what a person does, how)])."""
    table = ("open a chart's table", tap("figure details.disclosure summary"))
    dress = ("a colour scheme", tap(".theme button", 2))
    return [
        ("checkout", "learner", f"/checkout/{ids['held']}", [MENU, dress]),
        ("landing", "guest", "/", [("type in the search", type_in("#hero-q")), dress]),
        ("search", "guest", "/tutors", [
            ("open the filters", tap("summary:has(+ .drawer-panel)")), ("tick a filter", tap(".drawer-panel label.check", 0)),
            ("type a price", type_in("#f-price", "4"))]),
        ("search, a subject", "learner", "/tutors?subject=calculus-1", [
            ("open the filters", tap("summary:has(+ .drawer-panel)")), ("tick a filter", tap(".drawer-panel label.check", 0))]),
        ("profile", "guest", "/tutors/amal", [dress, ("and another", tap(".theme button", 1))]),
        ("profile, signed in", "learner", "/tutors/amal", [MENU, dress]),
        ("booking", "learner", "/tutors/amal/book?subject=calculus-1&minutes=60", [
            ("choose a time", tap(".slots-times > div > .slot", 0)), ("choose another", tap(".slots-times > div > .slot", 3)),
            ("type a note", type_in("textarea[name=note]"))]),
        ("dashboard, learner", "learner", "/dashboard", [MENU, table]),
        ("dashboard, tutor", "tutor", "/dashboard", [MENU, table]),
        ("dashboard, admin", "admin", "/dashboard", [MENU, dress]),
        ("administration", "admin", "/admin", [MENU, table]),
        ("bookings", "learner", "/bookings", [MENU]),
        ("hours", "tutor", "/tutor/availability", [MENU]),
        ("sign in", "guest", "/sign-in", [
            ("type the address", type_in("input[type=email], input[name=email], input[name=login]")),
            ("type the password", type_in("input[type=password]"))]),
    ]


def enter(site, who, states):
    """A phone that was here before (its zone is known), signed in or not, with nothing in its cache."""
    options = {"storage_state": states[who]} if who in states else {}
    person = site.person(who, zone=ZONE, phone=True, knows_zone=False, service_workers="allow", **options)
    person.allow(".")
    person.context.add_cookies([{"name": "__Host-zone", "value": ZONE, "domain": "localhost", "path": "/", "secure": True}])
    return person


def settle(browser):
    """Until the browser has opened the new window: it loads pages of its own for that (the address bar's list is one), which
    take both cores for most of a second. Who enters an address on a phone has its browser open already."""
    wire = browser.new_browser_cdp_session()
    before = [0.0, 0.0]

    def quiet():
        before.append(sum(one["cpuTime"] for one in wire.send("SystemInfo.getProcessInfo")["processInfo"]))
        # Less than a tenth of one core, over the last two looks.
        return before[-1] - before[-3] < 0.04

    harness.until(quiet, "the browser to be quiet", seconds=30, every=0.2)
    wire.detach()


def load(site, screen, states, is_again=False):
    """One load and its interactions: what was seen."""
    name, who, path, interactions = screen
    person = enter(site, who, states)
    page = person.page
    settle(site.browser)
    wire = person.context.new_cdp_session(page)
    asked = {}
    wire.on("Network.requestWillBeSent", lambda e: asked.setdefault(e["requestId"], {"url": e["request"]["url"], "type": e.get("type"), "bytes": 0}))
    wire.on("Network.responseReceived", lambda e: asked.setdefault(e["requestId"], {"url": e["response"]["url"], "type": e.get("type"), "bytes": 0})
            .update(protocol=e["response"].get("protocol"), coding=e["response"]["headers"].get("content-encoding", "")))
    # A film's beginning is asked for and never finished.
    wire.on("Network.dataReceived", lambda e: asked.get(e["requestId"], {"bytes": 0}).update(
        bytes=asked.get(e["requestId"], {"bytes": 0})["bytes"] + e["encodedDataLength"]))
    wire.on("Network.loadingFinished", lambda e: asked.get(e["requestId"], {}).update(bytes=e["encodedDataLength"]))
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": MILLISECONDS_AN_ANSWER, "downloadThroughput": BITS_A_SECOND / 8, "uploadThroughput": BITS_A_SECOND / 8})
    wire.send("Emulation.setCPUThrottlingRate", {"rate": PROCESSOR})
    page.add_init_script(f"({WATCH})()")
    try:
        answer = page.goto(path, wait_until="load", timeout=30_000)
    except NotThere:
        if is_again:
            raise
        # About once in a hundred loads Chromium's own throttle forgets what it holds back: everything has come by the wire,
        # and the page gets it the moment the throttle is lifted. Such a load is done anew.
        person.context.close()
        site.people.remove(person)
        return load(site, screen, states, is_again=True)
    assert answer.status == 200, f"{path} answered {answer.status}"
    page.wait_for_load_state("networkidle", timeout=60_000)
    page.wait_for_timeout(1000)
    seen = page.evaluate("() => window.__seen")
    asked_by_load = list(asked.values())
    document = next(one for one in asked_by_load if one["type"] == "Document")
    assets = [one for one in asked_by_load if one is not document and one["url"].startswith(site.url) and one["type"] != "WebSocket"]
    took = {}
    for what, act in interactions:
        page.evaluate("() => { window.__seen.events = [] }")
        try:
            act(page)
        except NotThere as error:
            raise AssertionError(f"{name}: {what}: {error}") from None
        # Events come to observers after their picture; a second is far longer than any that passes.
        page.wait_for_timeout(600)
        events = page.evaluate("() => window.__seen.events")
        # What is quicker than 16 ms is not told of.
        took[what] = max((duration for _, duration, _ in events), default=16)
    person.context.close()
    site.people.remove(person)
    return {
        "FCP": seen["fcp"], "LCP": seen["lcp"], "CLS": seen["cls"],
        "TBT": sum(max(0, duration - 50) for start, duration in seen["tasks"] if start + duration > seen["fcp"]),
        "HTML": document["bytes"], "assets": sum(one["bytes"] for one in assets), "INP": max(took.values()),
        "interactions": took, "what": seen.get("what"), "shifts": seen["shifts"],
        "requests": [(one["url"].removeprefix(site.url), one["bytes"], one.get("protocol"), one.get("coding")) for one in asked_by_load],
    }


def median(loads):
    """Of each figure; the interactions' each by itself, and INP the longest of those."""
    middle = {name: statistics.median(one[name] for one in loads) for name in BUDGETS}
    middle["interactions"] = {what: statistics.median(one["interactions"][what] for one in loads) for what in loads[0]["interactions"]}
    middle["INP"] = max(middle["interactions"].values())
    return middle


def written(name, value):
    _, unit, _ = BUDGETS[name]
    if unit == "kB":
        return f"{value / 1000:.1f}"
    return f"{value:.3f}" if unit == "" else f"{value:.0f}"


def main():
    words = sys.argv[1:]
    is_strict = "strict" in words
    is_telling = "tell" in words
    words = [word for word in words if word not in ("strict", "tell")]
    count = int(words.pop(0)) if words and re.fullmatch(r"[1-9]\d?", words[0]) else 3
    databases = harness.Databases()
    proxy = None
    with sync_playwright() as playwright:
        # The certificate is the tests' own.
        browser = playwright.chromium.launch(
            executable_path=harness.CHROMIUM, args=[*harness.FLAGS, "--ignore-certificate-errors"])
        site = harness.Site(browser, databases, "web", LOG_LEVEL="warning")
        try:
            ids = live(site)
            furnish(site)
            proxy = Proxy(site.port)
            site.url = f"https://localhost:{proxy.port}"
            site.settings["SITE_URL"] = site.url
            site.restart()
            chosen = [screen for screen in screens(ids) if not words or any(word in screen[0] for word in words)]
            assert chosen, f"there is no screen {' '.join(words)}: " + "; ".join(screen[0] for screen in screens(ids))
            states = {}
            for who in {screen[1] for screen in chosen} - {"guest"}:
                person = site.signed_in(WHO[who], name=who)
                states[who] = person.context.storage_state()
                person.context.close()
                site.people.remove(person)
            # Compressed forms of assets are made in the background after the start.
            harness.until(lambda: compressed(site), "the assets to be compressed", seconds=60)
            began = os.getloadavg()[0]
            loads = {screen[0]: [load(site, screen, states) for _ in range(count)] for screen in chosen}
            ended = os.getloadavg()[0]
        finally:
            if proxy:
                proxy.close()
            site.close(failed=False)
            browser.close()
            databases.close()
    plain = {one[2] for runs in loads.values() for run in runs for one in run["requests"]} - {"h2", "data", "blob", None}
    assert not plain, f"not everything came over HTTP/2: {plain}"
    print(f"Median of {count} loads each, {PROCESSOR}× CPU, {BITS_A_SECOND / 1e6:g} Mbit/s, {MILLISECONDS_AN_ANSWER} ms, "
          f"390 × 844, cold cache, HTTP/2 and TLS from nginx; the machine's load was {began:.1f} to {ended:.1f}.\n")
    heads = ["screen", *(f"{name} {unit}".strip() for name, (_, unit, _) in BUDGETS.items()), "requests"]
    rows, broken, slow, told = [], [], [], []
    for name, runs in loads.items():
        middle = median(runs)
        cells = [name]
        for figure, (most, unit, is_same) in BUDGETS.items():
            is_over = middle[figure] >= most
            cells.append(written(figure, middle[figure]) + (" missed" if is_over else ""))
            if is_over:
                (broken if is_same else slow).append(f"{name}: {figure} is {written(figure, middle[figure])} {unit}, must be under {written(figure, most)}")
        cells.append(str(len(runs[0]["requests"])))
        rows.append(cells)
        told.append(f"  {name}: " + "; ".join(f"{what} {ms:.0f} ms" for what, ms in middle["interactions"].items()))
    rows.append(["budget", *(f"< {written(name, most)}" for name, (most, _, _) in BUDGETS.items()), ""])
    for row in [heads, ["---"] * len(heads), *rows]:
        print("| " + " | ".join(row) + " |")
    print("\nInteractions, each to the picture after it:", *told, sep="\n")
    if is_telling:
        for name, runs in loads.items():
            last = runs[-1]
            print(f"\n{name}: largest is {last['what']}; shifted:", *last["shifts"], sep="\n    ")
            for url, size, _, coding in last["requests"]:
                print(f"  {size:7d} {coding:5s} {url}")
    results = harness.HOME / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "web.json").write_text(json.dumps(loads, indent=1))
    for line in slow:
        print(f"missed: {line}")
    for line in broken:
        print(f"✘ {line}")
    sys.exit(1 if broken or (is_strict and slow) else 0)


def compressed(site):
    """Whether the style sheet comes as brotli by now."""
    page = http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)
    page.request("GET", "/sign-in", headers={"Host": site.url.removeprefix("https://")})
    sheet = re.search(r"/assets/css/app\.[0-9a-f]+\.css", page.getresponse().read().decode())[0]
    page.request("GET", sheet, headers={"Accept-Encoding": "br"})
    answer = page.getresponse()
    answer.read()
    return answer.getheader("content-encoding") == "br"


if __name__ == "__main__":
    main()
