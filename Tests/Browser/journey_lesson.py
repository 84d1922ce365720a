"""The main job: find a tutor, book a free time, pay, meet, review; and every cent is where it belongs."""

import datetime
import re

from harness import until
from ways import arrive, becomes, book_and_pay, in_zone, let_time_pass_until_start, register, shown_time

ZONE = "America/New_York"  # The tutor's is Europe/London: five hours apart, nearly always.
LEARNER = "ida.north@example.net"


def test_a_learner_finds_books_pays_meets_and_reviews(site):
    ida = site.person("ida", zone=ZONE, knows_zone=False)
    ida.goto("/")
    html = ida.page.locator("html")
    until(lambda: html.get_attribute("data-zone") == ZONE, "the page in the visitor's own zone")
    ida.page.locator("#hero-q").fill("calculus")
    ida.page.locator(".hero-search button").click()
    arrive(ida, "/tutors")
    ida.page.get_by_role("link", name="Amal Haddad", exact=True).click()
    arrive(ida, "/tutors/amal")
    sees_times_in_own_zone(ida)

    register(ida, "Ida North", LEARNER)
    assert site.value("select zone from users where email = %s", LEARNER) == ZONE

    booking = book_and_pay(ida, "amal", subject="calculus-1", minutes=60)
    becomes(site, booking, "confirmed")
    ida.sees("The room opens at")
    letter = site.mail.wait(LEARNER, "")
    assert letter
    invitation = next((one.invitation for one in site.mail.letters if LEARNER in one.to and one.invitation), None)
    assert invitation and "METHOD:REQUEST" in invitation, "no invitation came with the confirmation"

    let_time_pass_until_start(site, booking)
    amal = site.signed_in("tutor@example.org", name="amal", zone="Europe/London")
    meet(ida, amal, booking)

    # The lesson ends for both; the learner is led to the review.
    amal.page.locator("[data-control-leave]").click()
    amal.page.locator("[data-end-now]").click()
    for person in (amal, ida):
        arrive(person, rf"/lessons/{booking}/ended")
    becomes(site, booking, "completed")
    ida.sees("I bring the integral from last week")
    ida.page.get_by_role("link", name=re.compile("review", re.I)).first.click()
    arrive(ida, rf"/lessons/{booking}/review")
    ida.page.locator("label[for=stars-5]").click()
    ida.fill("Your words", "She drew it, and there it was.")
    ida.press("Publish")
    ida.page.wait_for_url(re.compile("/tutors/amal|/bookings|/dashboard"))
    guest = site.person("guest")
    guest.goto("/tutors/amal")
    guest.sees("She drew it, and there it was.")
    guest.sees("Ida")
    assert "North" not in guest.page.content(), "a review shows its author's family name"

    money_is_where_it_belongs(site, ida, amal)


def sees_times_in_own_zone(person):
    """Each time shown stands for its instant in the reader's zone, and the zone is named."""
    links = person.page.locator("a.slot[href*=starts_at]").evaluate_all(
        "all => all.map((one) => [new URL(one.href).searchParams.get('starts_at'), one.textContent])")
    assert links, "the tutor's page shows no times"
    for instant, text in links:
        local = in_zone(datetime.datetime.fromisoformat(instant), ZONE)
        assert shown_time(text) == local.time().replace(tzinfo=None), f"{instant} is shown as {text}"
    assert re.search(r"New York|Eastern|EST|EDT|GMT-[45]", person.page.locator("main").inner_text()), "no zone is named"


def meet(learner, tutor, booking):
    """Both go through the device check; the learner knocks and is let in; one message arrives."""
    for person in (tutor, learner):
        person.goto(f"/bookings/{booking}")
        person.press("Enter the room")
        arrive(person, rf"/lessons/{booking}/check")
        person.page.locator("[data-microphone-state][data-state=ok], [data-microphone-state]:not([data-state=asking])").wait_for()
        person.page.get_by_role("link", name="Enter the room").or_(person.page.locator(f'a[href$="/lessons/{booking}/room"]')).first.click()
        arrive(person, rf"/lessons/{booking}/room")
    learner.page.locator('[data-island=room][data-phase="waiting"]').wait_for()
    tutor.page.locator("[data-admit]").click()
    for person in (tutor, learner):
        person.page.locator('[data-island=room][data-phase="inside"]').wait_for(timeout=30_000)
        playing(person)
    learner.page.locator("[data-control-chat]").click()
    learner.page.locator("[data-chat-text]").fill("I bring the integral from last week")
    learner.page.keyboard.press("Enter")
    tutor.page.locator("[data-chat-log]", has_text="I bring the integral from last week").wait_for(state="attached")


def playing(person):
    """Pictures of the other side move."""
    person.page.wait_for_function(
        "() => { const v = document.querySelector('[data-video-other]'); return v && v.videoWidth > 0 && v.currentTime > 0 }",
        timeout=30_000)


def money_is_where_it_belongs(site, learner, tutor):
    learner.goto("/wallet")
    learner.page.get_by_role("link", name="Receipt").first.click()
    arrive(learner, r"/payments/[0-9a-f-]{36}/receipt")
    learner.sees("Calculus I").sees("$32").is_sound()

    # The site keeps 18 % of $32.00.
    tutor.goto("/wallet")
    tutor.sees("$26.24")
    tutor.page.get_by_text("Explain this balance").click()
    tutor.sees(re.compile(r"Calculus I lesson of .*\$32.*\$5\.76"))

    admin = site.signed_in("admin@example.org")
    admin.goto("/admin")
    admin.sees("The books hold")
