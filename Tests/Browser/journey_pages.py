"""Every page of the site, as each kind of person sees it, in light, in dark and from right to left."""

import pytest

from harness import axe
from ways import becomes, book_and_pay, hold, let_time_pass_until_start, to_gateway

WORDLESS = "⟦"  # Stands where a sentence is missing from the catalogue.


def shows(person, paths, strictly=True):
    """Each path: status 200, every word there, accessible in light and dark, strict, nothing sideways at 320 px."""
    faults = []
    page = person.page
    for path in paths:
        try:
            person.goto(path)
            text = page.locator("body").inner_text()
            assert WORDLESS not in text, f"{path} lacks {text[text.index(WORDLESS):][:80]!r}"
            person.is_accessible()
            if strictly:
                person.is_strict()
                in_the_dark(page)
            person.fits(320)
        except AssertionError as fault:
            faults.append(f"{person.name}: {fault}")
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)


def in_the_dark(page):
    """Only colours change; only they are looked at again."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => !document.getAnimations().some((one) => one instanceof CSSTransition)")
    found = axe(page, {"type": "rule", "values": ["color-contrast"]})
    page.emulate_media(color_scheme="light")
    assert not found, f"in the dark at {page.url}: " + "; ".join(node["target"][0] for node in found[0]["nodes"][:6])


def in_every_dress(site, address, paths):
    """In light and in dark, and then in Arabic, chosen on the form at the foot of the page."""
    person = site.signed_in(address)
    person.goto("/dashboard")
    before = person.page.evaluate("() => getComputedStyle(document.body).color")
    person.page.emulate_media(color_scheme="dark")
    person.page.wait_for_function("(was) => getComputedStyle(document.body).color !== was", arg=before)
    person.page.emulate_media(color_scheme="light")
    shows(person, paths)
    person.goto("/dashboard")
    person.page.locator("form.language select").select_option("ar")
    person.page.locator("form.language button").click()
    person.page.locator("html[dir=rtl]").wait_for()
    shows(person, paths, strictly=False)


@pytest.fixture(scope="module")
def lived(shared):
    """A site on which something has happened: a lesson ahead, a request, a hold, one held and reviewed, one cancelled."""
    lena = shared.signed_in("learner@example.org", name="maker")
    ids = {}
    ids["over"] = book_and_pay(lena, "amal", subject="calculus-1", minutes=60)
    becomes(shared, ids["over"], "confirmed")
    let_time_pass_until_start(shared, ids["over"])
    lena.goto(f"/bookings/{ids['over']}")
    ids["payment"] = shared.value("select id from payments where booking_id = %s and receipt_number is not null", ids["over"])
    ids["ahead"] = book_and_pay(lena, "amal", subject="linear-algebra", minutes=60)
    ids["called_off"] = book_and_pay(lena, "amal", subject="statistics", minutes=60)
    lena.goto(f"/bookings/{ids['called_off']}/cancellation")
    lena.page.get_by_role("button", name="Cancel the lesson").click()
    ids["asked"] = hold(lena, "noah", subject="intro-programming", minutes=60)
    ids["held"] = hold(lena, "amal", subject="calculus-1", minutes=60)
    to_gateway(lena)
    ids["charge"] = lena.page.url.rsplit("/", 1)[1]
    return ids


def test_what_a_learner_sees_is_sound(shared, lived):
    in_every_dress(shared, "learner@example.org", [
        "/dashboard", "/bookings", "/bookings?when=past", "/wallet", "/account", "/account/security", "/account/notifications", "/notifications",
        "/tutors/amal/book", "/tutors/amal/book?subject=statistics&week=2027-01-04",
        f"/bookings/{lived['ahead']}", f"/bookings/{lived['ahead']}/cancellation", f"/bookings/{lived['ahead']}/time",
        f"/bookings/{lived['called_off']}", f"/bookings/{lived['asked']}", f"/bookings/{lived['held']}", f"/checkout/{lived['held']}",
        f"/simulated-gateway/{lived['charge']}", f"/payments/{lived['payment']}/receipt", f"/bookings/{lived['over']}",
        f"/lessons/{lived['over']}/check",
    ])


def test_what_a_tutor_sees_is_sound(shared, lived):
    request = shared.signed_in("noah@example.org", name="noah")
    shows(request, ["/dashboard", f"/bookings/{lived['asked']}", "/bookings?as=tutor"])
    in_every_dress(shared, "tutor@example.org", [
        "/dashboard", "/bookings", "/wallet", "/account", "/notifications", "/tutors/amal", "/tutor/availability",
        "/tutor/availability?date=2027-01-04&time=03:00&minutes=60",
        *(f"/tutor/profile?step={step}" for step in ("about", "subjects", "languages", "credentials", "samples", "finish")),
        f"/bookings/{lived['ahead']}", f"/bookings/{lived['ahead']}/time", f"/bookings/{lived['ahead']}/cancellation",
    ])


def test_what_the_administrator_sees_is_sound(shared, lived):
    shared.sql("update tutors set state = 'submitted' where slug = 'grace'")
    grace = shared.value("select user_id from tutors where slug = 'grace'")
    mail = shared.value("select id from mails order by created_at limit 1")
    in_every_dress(shared, "admin@example.org", [
        "/admin", "/admin/people", "/admin/verification", f"/admin/verification/{grace}", "/admin/bookings", "/admin/outbox",
        f"/admin/outbox/{mail}", "/admin/jobs", "/admin/audit", "/account/security", "/account/notifications", "/dashboard",
    ])


def test_after_the_lesson_the_pages_are_sound(site):
    lena = site.signed_in("learner@example.org")
    booking = str(site.value(
        "select b.id from bookings b join users u on u.id = b.learner_id where u.email = 'learner@example.org' and b.state = 'completed' limit 1"))
    shows(lena, [f"/bookings/{booking}", f"/lessons/{booking}/ended"])
    site.sql("delete from reviews where booking_id = %s", booking)
    shows(lena, [f"/lessons/{booking}/review", "/dashboard"])


def test_what_a_visitor_reads_in_a_hurry_is_sound(site):
    """Answers to mistakes: each says what is wrong, at its field, and is as sound as the page that was meant."""
    guest = site.person()
    page = guest.page
    guest.goto("/register")
    page.evaluate("() => { for (const f of document.forms) f.noValidate = true; document.querySelector('form.card').removeAttribute('data-island') }")
    page.evaluate("() => document.querySelector('form.card').submit()")
    page.locator(".form-errors").wait_for()
    guest.is_accessible().fits(320)
    guest.goto("/sign-in")
    guest.fill("E-mail address or username", "nobody@example.org")
    page.locator("input[type=password]").fill("no such password 1")
    page.locator("main form .actions button").click()
    guest.sees("The login or the password is not right.").is_accessible().fits(320)
    for path, status in (("/verify?token=nonsense", 422), ("/tutors/nobody", 404), ("/bookings/01a1fa50-1848-727c-8306-ea850f997fa6", 404)):
        answer = page.goto(path)
        assert answer.status in (status, 200), f"{path} answered {answer.status}"
        guest.is_accessible().fits(320)
