#!/usr/bin/env python3
"""The pictures of the README, taken anew: `bin/test shots readme`. The seeded site, with office hours and a full week."""

import datetime
import pathlib
import sys
import uuid

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1])]
import harness  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from ways import ahead, choose, hold, slots  # noqa: E402

FOLDER = harness.ROOT / "docs" / "pictures"
VIEW = {"viewport": {"width": 1200, "height": 800}, "zone": "Europe/Vienna"}
# (days from next Monday, hour and minute in London, minutes, learner, subject)
WEEK = [(0, "09:00", 60, "omar", "calculus-1"), (0, "14:30", 60, "june", "linear-algebra"),
        (1, "10:00", 90, "learner", "calculus-1"), (2, "09:30", 60, "june", "statistics"),
        (2, "16:00", 60, "omar", "calculus-1"), (3, "11:00", 60, "learner", "linear-algebra"),
        (3, "15:00", 90, "june", "calculus-1"), (4, "09:00", 60, "omar", "statistics"),
        (4, "13:00", 60, "learner", "calculus-1")]


def office_hours(site):
    """Nine to half past twelve and two to six on working days, in half hours: what a tutor's week looks like."""
    site.sql("delete from availability_hours where tutor_id in (select user_id from tutors)")
    for start, end in ((540, 750), (840, 1080)):
        site.sql("insert into availability_hours (tutor_id, weekday, hours) select user_id, day, int4range(%s, %s) from tutors, generate_series(1, 5) day",
                 start, end)
    site.sql("update availability_settings set step = 30, notice = 720")
    # What the search says is reckoned later by a job; nobody waits for it here.
    site.sql("""update tutor_listings set next_free = (date_trunc('week', now() at time zone 'Europe/London') + interval '7 days 9 hours') at time zone 'Europe/London'
                  + make_interval(mins => 30 * (ascii(slug) % 5))""")


def book(site, start, minutes, learner, subject):
    """A lesson as if it had been booked; one that is over was held."""
    booking = str(uuid.uuid4())
    site.sql("""
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                              fee_basis_points, policy, room_code, learner_zone, tutor_zone)
        select %s, l.id, t.id, (select id from subjects where slug = %s), case when s + make_interval(mins => %s) < now() then 'completed' else 'confirmed' end, 'instant', s, s + make_interval(mins => %s),
               tstzrange(s, s + make_interval(mins => %s), '[)'), 0, 'USD', 1800, p.terms, %s, l.zone, t.zone
          from users l, users t, booking_policies p, (select """ + start + """ as s) as at
         where l.email = %s and t.email = 'tutor@example.org' and p.tutor_id is null""",
             booking, subject, minutes, minutes, minutes, "room-" + booking[-12:], learner + "@example.org")
    return booking


def keep(person, name):
    person.page.wait_for_timeout(700)
    person.page.screenshot(path=str(FOLDER / f"{name}.png"))


def meet(site):
    """Two people in the room without their cameras, whose made-up pictures say nothing, and what they wrote."""
    booking = book(site, "now() - interval '12 minutes'", 60, "learner", "calculus-1")
    lena = site.signed_in("learner@example.org", name="lena", **VIEW)
    amal = site.signed_in("tutor@example.org", name="amal", **VIEW)
    lena.goto(f"/lessons/{booking}/room")
    lena.page.locator("[data-door=waiting]").wait_for(state="visible")
    amal.goto(f"/lessons/{booking}/room")
    amal.page.locator("[data-admit]").click()
    for person in (lena, amal):
        person.page.locator("[data-tiles]").wait_for(state="visible")
        person.page.locator("[data-network].good").wait_for()
        person.page.locator("[data-control-camera]").click()
        person.page.locator("[data-control-chat]").click()
    for person, words in ((amal, "Good morning, Lena! Where did you get stuck?"), (lena, "Exercise 4: why does the chain rule multiply?"),
                          (amal, "Think of two gears. If the first turns three times as fast and the second twice as fast as the first, how fast is the second?"),
                          (lena, "Six times. So the rates multiply!"), (amal, "Exactly. Now write it with dy/du and du/dx.")):
        person.page.locator("[data-chat-text]").fill(words)
        person.page.locator("[data-chat-text]").press("Enter")
        person.page.locator(".message", has_text=words[:20]).first.wait_for()
        person.page.wait_for_timeout(250)
    keep(lena, "classroom")


def main():
    databases = harness.Databases()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=harness.CHROMIUM, args=harness.FLAGS)
        site = harness.Site(browser, databases, "showcase")
        try:
            site.stop()
            today = datetime.date.today()
            monday = today + datetime.timedelta(days=7 - today.weekday())
            office_hours(site)
            for day, time, minutes, learner, subject in WEEK:
                book(site, f"(date_trunc('week', now() at time zone 'Europe/London') + interval '{7 + day} days' + interval '{time}') at time zone 'Europe/London'",
                     minutes, learner, subject)
            site.start()
            guest = site.person("guest", **VIEW)
            guest.goto("/")
            keep(guest, "landing")
            guest.goto("/tutors")
            keep(guest, "search")
            lena = site.signed_in("learner@example.org", name="payer", **VIEW)
            lena.goto("/tutors/amal/book?subject=calculus-1&minutes=60&week=" + monday.isoformat())
            choose(lena, ahead(slots(lena), 60))
            lena.page.evaluate("() => scrollTo(0, 186)")
            keep(lena, "booking")
            booking = hold(lena, "amal", subject="calculus-1", minutes=60)
            lena.goto(f"/checkout/{booking}")
            lena.page.evaluate("() => scrollTo(0, 190)")
            keep(lena, "checkout")
            amal = site.signed_in("tutor@example.org", name="planner", **VIEW)
            amal.goto("/bookings?view=week&from=" + monday.isoformat())
            amal.page.evaluate("() => scrollTo(0, 100)")
            keep(amal, "calendar")
            meet(site)
            for person in site.people:
                person.faults.clear()
        finally:
            site.close(failed=False)
            browser.close()
            databases.close()
    print(f"The README's pictures are in {FOLDER}.")


if __name__ == "__main__":
    main()
