"""The site as an app on somebody's screen, with the network cut: nothing written is lost, nothing old or foreign is shown."""

import shutil

from harness import ROOT, until

KEPT = "() => caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((c) => c.keys())))).then((all) => all.flat().map((r) => new URL(r.url).pathname))"


def settled(person):
    """The worker stands and has kept what it needs."""
    until(lambda: person.page.evaluate("() => navigator.serviceWorker.ready.then((r) => r.active?.state === 'activated')"), "the worker")
    until(lambda: any(path.startswith("/offline/") for path in person.page.evaluate(KEPT)), "the offline page to be kept")
    until(lambda: "/language" in person.page.evaluate(KEPT), "the language to be noted")


def test_the_site_can_be_installed(site):
    guest = site.person(service_workers="allow")
    guest.goto("/")
    manifest = guest.page.locator("link[rel=manifest]").get_attribute("href")
    told = guest.context.request.get(manifest).json()
    assert told["name"] == "TutaLink" and told["display"] == "standalone"
    for icon in told["icons"]:
        answer = guest.context.request.get(icon["src"])
        assert answer.status == 200 and answer.headers["content-type"] == "image/png"
        size = int.from_bytes(answer.body()[16:20], "big")
        assert icon["sizes"] == f"{size}x{size}"
    # What Chromium itself says stands in the way of installing.
    session = guest.context.new_cdp_session(guest.page)
    settled(guest)
    faults = [one["errorId"] for one in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert [one for one in faults if one != "in-incognito"] == []


def test_without_a_network_the_page_says_so_in_the_persons_language_and_comes_back_by_itself(site):
    reader = site.person("reader", service_workers="allow", language="ar")
    reader.goto("/tutors")
    settled(reader)
    reader.allow("503 from")
    reader.context.set_offline(True)
    answer = reader.page.goto("/tutors/amal")
    assert answer.status == 503
    reader.sees("لا يوجد اتصال")
    assert reader.page.locator("html").get_attribute("dir") == "rtl"
    reader.is_accessible().fits(320)
    # Its style, letters and pictures came from the device.
    assert reader.page.evaluate("() => getComputedStyle(document.querySelector('.button.primary')).borderRadius") != "0px"
    reader.context.set_offline(False)
    reader.page.wait_for_function("() => location.pathname === '/tutors/amal' && !!document.querySelector('.site-header')")


def test_a_page_brings_its_style_sheet_until_the_browser_keeps_it(site):
    def dress(person):
        return person.page.evaluate("""() => ({ own: document.querySelectorAll("style").length,
            links: document.querySelectorAll("link[rel=stylesheet]").length,
            round: getComputedStyle(document.querySelector(".button.primary")).borderRadius })""")

    guest = site.person(service_workers="allow")
    guest.goto("/")
    first = dress(guest)
    assert (first["own"], first["links"]) == (1, 0) and first["round"] != "0px"
    settled(guest)
    until(lambda: any(one["name"] == "sheet" for one in guest.context.cookies()), "the site to be told")
    guest.goto("/")
    later = dress(guest)
    assert (later["own"], later["links"]) == (0, 1) and later["round"] == first["round"]
    # Without scripts nobody can tell the site: every page brings it.
    plain = site.person("plain", script=False)
    for _ in range(2):
        plain.goto("/")
        assert plain.page.locator("style").count() == 1


def test_no_page_of_anybody_is_ever_kept(site):
    lena = site.signed_in("learner@example.org", service_workers="allow")
    for path in ("/dashboard", "/bookings", "/wallet", "/account"):
        lena.goto(path)
    settled(lena)
    lena.goto("/dashboard")
    kept = lena.page.evaluate(KEPT)
    assert kept and all(path.startswith(("/assets/", "/offline/")) or path == "/language" for path in kept), kept
    lena.allow("503 from")
    lena.context.set_offline(True)
    lena.page.goto("/dashboard")
    lena.sees("You are offline")
    assert "Lena" not in lena.page.content()
    # An asset named by its content needs no network.
    lena.context.set_offline(False)
    lena.page.locator(".site-header").wait_for()
    style = lena.page.locator("link[rel=stylesheet]").get_attribute("href")
    lena.context.set_offline(True)
    assert lena.page.evaluate("(one) => fetch(one).then((answer) => answer.status)", style) == 200


def test_a_new_version_takes_over_and_no_page_is_old(sites, tmp_path):
    copy = tmp_path / "Assets"
    shutil.copytree(ROOT / "Assets", copy)
    site = sites(DEV=1, TUTALINK_ASSETS=copy)
    guest = site.person(service_workers="allow")
    guest.goto("/")
    settled(guest)

    def shells():
        return [name for name in guest.page.evaluate("() => caches.keys()") if name.startswith("tutalink-shell-")]

    before = shells()
    assert len(before) == 1

    def dressed_in():
        return guest.page.evaluate("""() => document.querySelector("style")?.dataset.sheet
            ?? document.querySelector("link[rel=stylesheet]").getAttribute("href")""")

    sheet = dressed_in()
    with open(copy / "css/90-print.css", "a") as file:
        file.write("\n@layer screens { :root { --edition: second; } }\n")
    # The very next page is the new version's, whatever the worker still thinks.
    guest.goto("/tutors")
    assert dressed_in() != sheet
    assert guest.page.evaluate("() => getComputedStyle(document.documentElement).getPropertyValue('--edition')").strip() == "second"
    # Asked once a look: for a moment both are there.
    until(lambda: (now := shells()) != before and len(now) == 1, "the new version to have taken the place of the old")
    # And the page without a network is made of it.
    guest.allow("503 from")
    guest.context.set_offline(True)
    guest.page.goto("/register")
    guest.sees("You are offline")
    until(lambda: guest.page.evaluate("() => getComputedStyle(document.documentElement).getPropertyValue('--edition')").strip() == "second",
          "the offline page to be dressed in the new sheet")


def test_what_was_written_without_a_network_is_there_again_and_can_be_sent(site):
    lena = site.signed_in("learner@example.org", service_workers="allow")
    lena.goto("/account")
    settled(lena)
    lena.allow("503 from")
    page = lena.page
    field = page.locator("form[data-draft=account] textarea").first
    field.fill("Integrals, before the frost comes")
    lena.context.set_offline(True)
    page.locator("form[data-draft=account] .actions button").first.click()
    lena.sees("You are offline. Your words are kept here")
    assert page.url.endswith("/account")
    # The tab closes; another opens, still without a network.
    other = lena.context.new_page()
    page.close()
    other.goto(site.url + "/dashboard")
    other.get_by_text("Your unsent words are kept here.").wait_for()
    lena.context.set_offline(False)
    other.locator(".site-header").wait_for()
    other.goto(site.url + "/account")
    other.get_by_text("Your draft is back.").wait_for()
    again = other.locator("form[data-draft=account] textarea").first
    assert again.input_value() == "Integrals, before the frost comes"
    other.locator("form[data-draft=account] .actions button").first.click()
    until(lambda: site.value("select learning_goals from users where email = 'learner@example.org'") == "Integrals, before the frost comes", "the words to arrive")
    other.goto(site.url + "/account")
    assert other.get_by_text("Your draft is back.").count() == 0


def test_signing_out_leaves_no_words_behind(site):
    lena = site.signed_in("learner@example.org")
    lena.goto("/account")
    lena.page.locator("form[data-draft=account] textarea").first.fill("Nobody else's business")
    until(lambda: lena.page.evaluate("() => Object.keys(localStorage).some((key) => key.startsWith('draft:'))"), "the draft to be kept")
    lena.goto("/dashboard")
    lena.page.locator(".menu-button").click()
    lena.page.locator(".menu-panel form button").click()
    lena.page.wait_for_url(lambda url: "dashboard" not in url)
    assert lena.page.evaluate("() => Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length") == 0
