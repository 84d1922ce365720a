"""The booking for everybody: by keyboard alone, with a thumb on a phone, and where no script runs."""

import datetime
import re

from harness import now
from ways import GOOD, PASSWORD, ahead, arrive, becomes, choose, hold, pay_with, slot, slots, to_gateway

FOCUS = """() => {
  const e = document.activeElement
  if (!e || e === document.body) return null
  // A hidden radio shows its focus on its label.
  const around = [e, e.closest('label'), e.closest('label')?.querySelector('span')].filter(Boolean).map((one) => getComputedStyle(one))
  const seen = around.some((style) => style.outlineStyle !== 'none' && style.outlineWidth !== '0px')
  return { text: (e.textContent || '').trim(), label: e.getAttribute('aria-label') || '', name: e.name || '', id: e.id || '', value: e.value || '',
           tag: e.tagName, seen }
}"""


def tab_to(person, fits, what, at_most=120):
    """Presses Tab until the focus is on what fits; every stop must be seen."""
    for _ in range(at_most):
        person.page.keyboard.press("Tab")
        focus = person.page.evaluate(FOCUS)
        if focus is None:
            continue
        assert focus["seen"], f"at {person.page.url} the focus is not to be seen on {focus}"
        if fits(focus):
            return focus
    raise AssertionError(f"{what} is not to be reached by keyboard at {person.page.url}")


def says(pattern, *tags):
    return lambda focus: re.search(pattern, focus["text"] or focus["label"]) and (not tags or focus["tag"] in tags)


def test_a_lesson_is_booked_and_paid_by_keyboard_alone(site):
    lena = site.person("lena")
    keys = lena.page.keyboard
    lena.goto("/tutors/amal/book?subject=calculus-1&minutes=60")
    keys.press("Tab")
    assert "Skip" in lena.page.evaluate(FOCUS)["text"], "the first stop does not lead past the navigation"
    keys.press("Enter")
    tab_to(lena, says("Sign in to book", "BUTTON"), "the way to sign in")
    keys.press("Enter")
    arrive(lena, "/sign-in")
    tab_to(lena, lambda focus: focus["name"] == "login", "the login")
    keys.type("learner@example.org")
    keys.press("Tab")
    tab = lena.page.evaluate(FOCUS)
    assert tab["name"] == "password", f"after the login comes {tab}"
    keys.type(site.cast_password)
    keys.press("Enter")
    arrive(lena, "/tutors/amal/book")

    tab_to(lena, lambda focus: focus["name"] == "starts_at", "the times")
    keys.press("Space")
    for _ in range(3):
        keys.press("ArrowRight")
    chosen = lena.page.locator("input[name=starts_at]:checked").input_value()
    assert lena.page.evaluate(FOCUS)["value"] == chosen
    tab_to(lena, says("Hold this time", "BUTTON"), "the button that holds the time")
    keys.press("Enter")
    booking = arrive(lena, r"/bookings/([0-9a-f-]{36})")[1]
    tab_to(lena, says("^Pay ", "A"), "the way to pay")
    keys.press("Enter")
    arrive(lena, rf"/checkout/{booking}")
    tab_to(lena, says("^Pay ", "BUTTON"), "the button that pays")
    keys.press("Enter")
    arrive(lena, "/simulated-gateway/.+")
    tab_to(lena, lambda focus: focus["name"] == "card", "the cards")
    tab_to(lena, says("^Pay ", "BUTTON"), "the gateway's button")
    keys.press("Enter")
    arrive(lena, rf"/bookings/{booking}")
    becomes(site, booking, "confirmed")


def test_a_lesson_is_found_booked_and_paid_with_a_thumb(site):
    lena = site.signed_in("learner@example.org", phone=True)
    page = lena.page

    def still(person=lena):
        person.fits(390)
        person.is_accessible()

    lena.goto("/tutors?q=calculus")
    still()
    page.locator("summary", has_text="Filters").first.tap()
    page.locator("#f-subject").select_option("calculus-1")
    page.get_by_role("button", name="Show", exact=False).first.tap()
    page.wait_for_url(re.compile("subject=calculus-1"))
    page.get_by_role("link", name="Amal Haddad", exact=True).tap()
    arrive(lena, "/tutors/amal")
    still()
    page.get_by_role("link", name="Book a lesson").first.tap()
    arrive(lena, "/tutors/amal/book")
    wanted = ahead(slots(lena))
    slot(lena, wanted).tap()
    still()
    page.get_by_role("button", name="Hold this time").tap()
    booking = arrive(lena, r"/bookings/([0-9a-f-]{36})")[1]
    still()
    page.get_by_role("link", name=re.compile("^Pay ")).tap()
    arrive(lena, rf"/checkout/{booking}")
    still()
    page.get_by_role("button", name=re.compile("^Pay ")).tap()
    arrive(lena, "/simulated-gateway/.+")
    still()
    page.locator("label.choice", has_text=GOOD).tap()
    page.get_by_role("button", name=re.compile("^Pay ")).tap()
    arrive(lena, rf"/bookings/{booking}")
    becomes(site, booking, "confirmed")
    still()


def test_a_lesson_is_booked_paid_moved_and_cancelled_without_script(site):
    lena = site.signed_in("learner@example.org", script=False)
    booking = hold(lena, "amal", subject="calculus-1", minutes=60)
    to_gateway(lena)
    pay_with(lena, GOOD)
    # The page of the return looks again by itself, by a header.
    arrive(lena, rf"/bookings/{booking}")
    becomes(site, booking, "confirmed")
    lena.goto(f"/bookings/{booking}")
    lena.press("Move to another time")
    arrive(lena, rf"/bookings/{booking}/time")
    wanted = ahead(slots(lena), 60)
    choose(lena, wanted)
    lena.press("Move the lesson").sees("The lesson has its new time.")
    lena.press("Cancel the lesson")
    arrive(lena, rf"/bookings/{booking}/cancellation")
    lena.page.get_by_role("button", name="Cancel the lesson").click()
    lena.sees("The lesson is cancelled")
    becomes(site, booking, "cancelled")


def test_a_newcomer_who_chose_a_time_first_still_has_it_after_registering(site):
    """On a phone, from a tutor's page, without an account: the time is kept through the form and the letter."""
    mina = site.person("mina", phone=True)
    page = mina.page
    mina.goto("/tutors/amal/book?subject=calculus-1&minutes=60")
    wanted = ahead(slots(mina))
    slot(mina, wanted).tap()
    page.get_by_role("button", name="Sign in to book").tap()
    arrive(mina, "/sign-in")
    page.locator("main").get_by_role("link", name="Join").tap()
    arrive(mina, "/register")
    mina.fill("Full name", "Mina Okonkwo").fill("E-mail address", "mina@example.org")
    page.locator("input[name=username]").fill("mina")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_label("I accept the terms").check()
    mina.press("Create account").sees("Look into your mail")
    mina.open(site.mail.wait("mina@example.org", "Confirm your e-mail address").link("/verify"))
    mina.press("Yes, it is mine")
    arrive(mina, "/tutors/amal/book")
    assert page.locator("input[name=starts_at]:checked").input_value().startswith(wanted.isoformat()[:19])
    page.get_by_role("button", name="Hold this time").tap()
    arrive(mina, r"/bookings/([0-9a-f-]{36})")


def test_times_of_the_night_stand_back_and_a_time_that_is_missing_is_asked_for(site):
    """On a phone: the day's times come first; pressing the button without one says what is missing, and goes to one that is there."""
    lena = site.signed_in("learner@example.org", phone=True)
    page = lena.page
    next_week = (now() + datetime.timedelta(days=7)).date().isoformat()
    lena.goto(f"/tutors/amal/book?subject=calculus-1&minutes=60&week={next_week}")
    nights = page.locator("details.slots-night")
    assert nights.count() == 7
    assert page.locator(".slots-day").first.locator(".slot:visible").nth(1).inner_text().split() == ["6:00", "AM"]
    page.get_by_role("button", name="Hold this time").tap()
    lena.sees("Choose a time first.")
    assert page.evaluate("() => document.activeElement.name === 'starts_at' && document.activeElement.checkVisibility()")
    lena.is_accessible()
    # Behind its line a night is as good as a day.
    nights.first.locator("summary").tap()
    nights.first.locator("label").nth(4).tap()
    page.get_by_text("Choose a time first.").wait_for(state="hidden")
    chosen = page.locator("input[name=starts_at]:checked").input_value()
    # Who comes with such a time sees it.
    lena.goto(f"/tutors/amal/book?subject=calculus-1&minutes=60&week={next_week}&starts_at={chosen}")
    assert page.locator("input[name=starts_at]:checked").input_value() == chosen
    page.locator("details.slots-night[open] label:has(:checked)").wait_for()
    page.get_by_role("button", name="Hold this time").tap()
    arrive(lena, r"/bookings/([0-9a-f-]{36})")
