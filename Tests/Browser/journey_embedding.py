"""Booking pages in pages of other sites, and people who say where they are."""

import contextlib
import http.server
import re
import threading

from ways import GOOD, arrive, pay_with

from harness import strict, until


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another site. Its pages are what the journey puts into `pages`."""

    def do_GET(self):
        body = self.server.pages.get(self.path.partition("?")[0])
        self.send_response(200 if body is not None else 404)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def elsewhere(host="127.0.0.1", **pages):
    """A site on an origin of its own; to a browser 127.0.0.1 is no relative of localhost."""
    server = http.server.ThreadingHTTPServer((host, 0), Elsewhere)
    server.pages = {"/" + name: page_of(body) for name, body in pages.items()}
    server.url = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


WIDGET = ".tutalink + iframe"


def page_of(body):
    return ("<!doctype html><html lang=en><head><meta charset=utf-8><title>A school</title><meta name=viewport content='width=device-width'></head>"
            f"<body><main><h1>Our school</h1>{body}</main></body></html>")


def frame_of(person, path):
    """The frame that shows this address of the site, once it is there."""
    def look():
        # What the browser has told meanwhile is heard while it is asked something.
        person.page.evaluate("0")
        return next((one for one in person.page.frames if one.parent_frame and path in one.url), None)

    return until(look, f"a frame at {path}")


def height(person, selector):
    return person.page.locator(selector).evaluate("one => one.getBoundingClientRect().height")


def overflow(frame):
    return frame.evaluate("() => document.documentElement.scrollHeight - innerHeight")


def pieces(person):
    return person.page.locator(".embed-code code").all_text_contents()


def test_a_tutor_puts_free_times_into_a_site_of_her_own_in_three_ways_and_a_learner_books_there(site):
    with elsewhere() as school, elsewhere() as stranger:
        amal = site.signed_in("tutor@example.org")
        page = amal.goto("/dashboard")
        page.locator("summary.menu-button").click()
        amal.press("On your website")
        arrive(amal, "/tutor/embedding")
        amal.is_sound()
        # What is chosen is shown at once, in the pieces and in the preview.
        page.locator("#accent").evaluate("one => { one.value = '#aa3300'; one.dispatchEvent(new Event('input', { bubbles: true })) }")
        until(lambda: "data-accent=\"aa3300\"" in pieces(amal)[0], "the piece in the chosen colour")
        frame_of(amal, "accent=aa3300")
        assert "accent=%23aa3300" in page.url
        amal.is_sound()
        widget, frame, link = pieces(amal)
        page.get_by_label("How the widget stands there").select_option("dialog")
        until(lambda: "data-as=\"dialog\"" in pieces(amal)[0], "the piece of a dialog")
        dialog = pieces(amal)[0]
        amal.fill("Address of the site", "http://school.example/")
        amal.press("Allow this site").sees("The site must be reached by https")
        amal.is_sound()
        amal.fill("Address of the site", school.url + "/contact")
        amal.press("Allow this site").sees("The site may show it now")
        amal.is_sound()

        school.pages |= {"/widget": page_of(widget), "/frame": page_of(frame), "/link": page_of(link), "/dialog": page_of(dialog)}
        stranger.pages |= {
            "/widget": page_of(widget), "/frame": page_of(frame),
            "/liar": page_of("<script>parent.postMessage({ tutalink: 'height', height: 4444 }, '*')</script>"),
            "/thief": page_of("".join(f"<iframe src='{site.url}{path}'></iframe>" for path in ["/dashboard", "/tutors/amal", "/sign-in", "/tutor/embedding"]))}

        lena = site.signed_in("learner@example.org")
        page = lena.page
        # In the page: as high as what is in it, in the reader's zone, in the school's colour, without a cookie.
        page.goto(school.url + "/widget")
        inner = frame_of(lena, "/embed/tutors/amal")
        until(lambda: height(lena, WIDGET) > 300 and overflow(inner) <= 0, "the frame to be as high as its page")
        assert not page.locator("a.tutalink").is_visible()
        assert "London time" in inner.locator(".slots").inner_text()
        assert inner.evaluate("() => document.cookie") == ""
        assert "Lena" not in inner.content()
        fill = inner.evaluate("() => { const p = document.createElement('p'); p.className = 'button primary'; document.body.append(p); const c = getComputedStyle(p).backgroundColor; p.remove(); return c }")
        assert fill == "rgb(170, 51, 0)", fill
        lena.is_accessible()
        # On a narrow page it grows again.
        before = height(lena, WIDGET)
        page.set_viewport_size({"width": 360, "height": 740})
        until(lambda: overflow(inner) <= 0 and height(lena, WIDGET) > before, "the frame to follow a narrower page")
        page.set_viewport_size({"width": 1280, "height": 800})
        until(lambda: height(lena, WIDGET) == before, "the frame to follow a wider page, and be as high as it was")
        # Whoever says how high it is must be that frame, on this site.
        page.evaluate("""(liar) => { postMessage({ tutalink: 'height', height: 3333 }, '*')
            const one = document.createElement('iframe'); one.src = liar; one.id = 'liar'; document.body.append(one) }""", stranger.url + "/liar")
        frame_of(lena, "/liar").wait_for_load_state()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        assert height(lena, WIDGET) == before
        page.locator("#liar").evaluate("one => one.remove()")

        # By keyboard from the school's page to the checkout, in a window of the site's own.
        inner.locator(".slots-day .slot").nth(8).focus()
        page.keyboard.press("Enter")
        arrive(lena, "/tutors/amal/book")
        assert page.url.startswith(site.url)
        lena.is_sound()
        page.get_by_role("button", name=re.compile("Hold this time|Book this time")).click()
        arrive(lena, r"/bookings/([0-9a-f-]{36})")
        page.get_by_role("link", name=re.compile(r"^Pay ")).click()
        arrive(lena, r"/checkout/[0-9a-f-]{36}")
        page.get_by_role("button", name=re.compile(r"^Pay ")).click()
        arrive(lena, r"/simulated-gateway/[^/]+")
        pay_with(lena, GOOD)
        arrive(lena, r"/bookings/([0-9a-f-]{36})")

        # As a frame, which needs no script around it; as a link, which needs nothing.
        page.goto(school.url + "/frame")
        assert frame_of(lena, "/embed/tutors/amal").locator("h1").inner_text() == "Amal Haddad"
        lena.is_accessible()
        page.goto(school.url + "/link")
        lena.is_accessible()
        lena.press("Book a lesson with Amal Haddad")
        arrive(lena, "/tutors/amal")
        # As a dialog: opened and closed by keyboard, and the focus is where it was.
        page.goto(school.url + "/dialog")
        page.locator("a.tutalink[data-ready]").focus()
        page.keyboard.press("Enter")
        inner = frame_of(lena, "/embed/tutors/amal")
        inner.locator(".slot").first.wait_for()
        lena.is_accessible()
        page.keyboard.press("Escape")
        until(lambda: not page.locator("dialog").evaluate("one => one.open"), "the dialog to close")
        assert page.evaluate("() => document.activeElement.className") == "tutalink"

        # Elsewhere it is not let in: the link stands, and nothing else of the site is let in anywhere.
        mallory = site.person("mallory")
        mallory.allow("frame-ancestors|Refused to frame|Failed to execute 'postMessage'|X-Frame-Options|target origin")
        page = mallory.page
        refused = []
        page.on("console", lambda message: "frame-ancestors" in message.text and refused.append(message.text))
        page.goto(stranger.url + "/widget")
        until(lambda: refused, "the browser to refuse the frame")
        assert page.get_by_role("link", name="Book a lesson with Amal Haddad").is_visible()
        assert height(mallory, WIDGET) <= 2
        refused.clear()
        page.goto(stranger.url + "/thief")
        until(lambda: len(refused) >= 4, "the browser to refuse them all")
        assert not [one.url for one in page.frames if one.parent_frame and one.url.startswith(site.url)]


def test_a_school_shows_its_tutors_of_a_subject_and_an_administrator_says_where(site):
    with elsewhere() as school:
        root = site.signed_in("admin@example.org")
        page = root.goto("/admin/embedding?subject=calculus-1&lang=ar")
        root.is_sound()
        root.fill("Address of the site", school.url)
        root.press("Allow this site").sees("The site may show it now")
        root.goto("/admin/embedding?subject=calculus-1&lang=ar")
        school.pages["/"] = page_of(pieces(root)[0])
        guest = site.person("guest", zone="Asia/Karachi")
        page = guest.page
        page.goto(school.url + "/")
        inner = frame_of(guest, "/embed/tutors?")
        until(lambda: inner.locator("html[dir=rtl]").count(), "the list in Arabic")
        until(lambda: overflow(inner) <= 0 and height(guest, WIDGET) > 150, "the frame to be as high as the list")
        assert inner.evaluate("() => document.querySelector('.tutor-list').offsetWidth > 0.9 * Math.min(innerWidth - 40, 960)")
        inner.get_by_role("link", name="Amal Haddad").click()
        until(lambda: inner.locator(".slot").count(), "her times, in the same frame")
        assert page.url == school.url + "/"
        until(lambda: overflow(inner) <= 0, "the frame to be as high as the times")
        inner.locator("a[target=_self]").click()
        until(lambda: inner.locator(".tutor-card").count(), "the list again")
        # What a reader sees alone is sound too, with and without scripts.
        for script in (True, False):
            alone = site.person(f"alone-{script}", script=script)
            for path in ("/embed/tutors?accent=ffee00", "/embed/tutors/amal?accent=ffee00&theme=dark", "/embed/tutors/amal?lang=ur&radius=0&accent=000000"):
                alone.goto(path)
                alone.is_sound(at_320=script)
        alone.goto("/embed/tutors/nobody", status=404)
        strict(alone.page.content())
        root.goto("/admin/embedding")
        page = root.page
        page.get_by_role("button", name="Remove " + school.url).click()
        root.sees("The site may not show it any more")
        assert site.value("select count(*) from audit_entries where act = 'setting.changed'") == 2


def test_a_tutor_says_where_she_teaches_and_learners_nearby_find_her(site):
    # Not in the seeded four's way: Amal moves from London to Islamabad.
    amal = site.signed_in("tutor@example.org", geolocation={"latitude": 33.684422, "longitude": 73.047882})
    amal.context.grant_permissions(["geolocation"])
    page = amal.goto("/tutor/profile?step=about")
    amal.sees("the square around 51.55, -0.15")
    amal.is_sound()
    page.get_by_role("button", name="Use where I am now").click()
    until(lambda: page.locator("#place").input_value() == "33.65, 73.05", "the square of where she is")
    # The exact place goes nowhere: not into the field, not to the site.
    assert "33.684" not in page.content()
    # By keyboard: one step north is the next square.
    north = page.get_by_label("Degrees north")
    north.focus()
    page.keyboard.press("ArrowUp")
    until(lambda: page.locator("#place").input_value() == "33.75, 73.05", "the square to the north")
    page.keyboard.press("ArrowDown")
    amal.is_sound()
    # By pointer: the middle of the map that looks closer is the chosen place.
    box = page.locator("svg[data-world]").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(lambda: abs(float(page.locator("#place").input_value().split(",")[0]) - 33.65) < 0.3, "a square near the middle")
    amal.fill("Town or coordinates" if page.get_by_label("Town or coordinates").count() else "Coordinates", "33°41′ N 73°3′ E")
    amal.press("Put me on the map").sees("the square around 33.65, 73.05")
    assert site.value("select round(latitude::numeric, 6)::text || ' ' || round(longitude::numeric, 6) from tutors where slug = 'amal'") == "33.650000 73.050000"
    amal.fill("Town or coordinates" if page.get_by_label("Town or coordinates").count() else "Coordinates", "91, 0")
    amal.press("Put me on the map").sees("Degrees north go from -90 to 90")
    amal.is_sound()

    omar = site.person("omar", zone="Asia/Karachi", geolocation={"latitude": 33.7, "longitude": 73.1})
    page = omar.goto("/tutors")
    # Who says no is told what to do instead; who says yes is led to whoever is near.
    page.get_by_role("button", name="Near me").click()
    omar.sees("Your browser does not tell us where you are")
    omar.is_sound()
    omar.context.grant_permissions(["geolocation"])
    page.get_by_role("button", name="Near me").click()
    page.wait_for_url(lambda url: "near=33." in url and "km=25" in url)
    omar.sees("Amal Haddad").sees("km away")
    assert page.locator(".tutor-card").count() == 1
    omar.is_sound()
    page.get_by_label("How far").select_option("10")
    omar.press("Show tutors")
    page.wait_for_url(lambda url: "km=10" in url and "near=33." in url)
    omar.goto("/tutors?view=map")
    omar.is_sound()
    assert page.locator(".tutor-map svg circle").count() >= 3
    # A town works without a script too.
    plain = site.person("plain", script=False)
    plain.goto("/tutors")
    plain.page.get_by_label("Near a place").fill("Lahore")
    plain.press("Show tutors")
    plain.sees("Fatima Zahra Khan")
    assert plain.page.locator(".tutor-card").count() == 1 and "town=Lahore" in plain.page.url
    # The permission to ask is those two pages' alone.
    for path, may in (("/tutors", True), ("/tutors/amal", False), ("/", False)):
        policy = omar.context.request.get(path).headers["permissions-policy"]
        assert ("geolocation=(self)" in policy) == may, path

    amal.goto("/tutor/profile?step=about")
    amal.press("Take me off the map").sees("You are not on the map yet")
    assert site.value("select cell is null from tutor_listings where slug = 'amal' and is_main")

