"""A calendar by mouse, by keyboard and by finger; each leads to the same lesson."""

import urllib.parse

from harness import until
from ways import arrive, hold, in_zone, path_of


def asked(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def comes_to(person, true):
    """Waits until what is asked of the address fits."""
    person.page.wait_for_url(lambda address: true(asked(address)))


def test_a_lesson_stands_in_the_calendar_and_keys_and_fingers_lead_to_it(site):
    lena = site.signed_in("learner@example.org", zone="Europe/Vienna")
    booking = hold(lena, "amal")
    start = site.value("select starts_at from bookings where id = %s", booking)
    day = in_zone(start, "Europe/Vienna").date()
    lena.goto("/bookings").get_by_role("link", name="Week").click()
    comes_to(lena, lambda query: query.get("view") == "week")
    lena.is_sound()

    # By keyboard: from the heading of the lesson's day down to the lesson, and into it.
    page = lena.goto(f"/bookings?view=week&from={day}")
    heading = page.locator(f'a[data-day="{day}"]')
    page.locator(".cal-keys").wait_for(state="visible")
    heading.focus()
    page.keyboard.press("ArrowDown")
    # A lesson over midnight stands on both its days: here it is sought on the one it begins on.
    event = page.locator(".cal-day", has=heading).locator(f'a[href="/bookings/{booking}"]')
    until(lambda: event.evaluate("(e) => e === document.activeElement"), "the lesson to have the focus")
    page.keyboard.press("ArrowUp")
    until(lambda: heading.evaluate("(e) => e === document.activeElement"), "the day to have the focus")
    # Over the edge lies the next week, and T leads back to now.
    page.locator(".cal-day h3 a").last.focus()
    page.keyboard.press("ArrowRight")
    comes_to(lena, lambda query: query.get("from", "") > str(day))
    page.locator(".cal-keys").wait_for(state="visible")
    page.locator(".cal-day h3 a").first.focus()
    page.keyboard.press("t")
    comes_to(lena, lambda query: "from" not in query)
    # Outside the calendar the letter is a letter.
    page.locator("#site-q").press("t")
    assert page.locator("#site-q").input_value() == "t"

    page = lena.goto(f"/bookings?view=day&from={day}")
    lena.is_sound()
    page.locator(f'a[href="/bookings/{booking}"]').click()
    arrive(lena, f"/bookings/{booking}")

    # On a phone the week is a list of its days, and a swipe turns the page.
    phone = site.signed_in("learner@example.org", phone=True, zone="Europe/Vienna")
    page = phone.goto(f"/bookings?view=week&from={day}")
    phone.is_sound()
    assert page.locator(".cal-hours").is_hidden()
    page.locator(".cal-event").first.wait_for(state="visible")
    page.evaluate("""() => {
      const at = document.querySelector('[data-island="calendar"]')
      const touch = (x) => new Touch({ identifier: 1, target: at, clientX: x, clientY: 300 })
      at.dispatchEvent(new TouchEvent('touchstart', { touches: [touch(300)], changedTouches: [touch(300)] }))
      at.dispatchEvent(new TouchEvent('touchend', { touches: [], changedTouches: [touch(120)] }))
    }""")
    comes_to(phone, lambda query: query.get("from", "") > str(day))
    assert path_of(phone) == "/bookings"


def test_the_calendar_needs_no_javascript(site):
    lena = site.signed_in("learner@example.org", script=False)
    page = lena.goto("/bookings?view=week")
    assert page.locator(".cal-keys").is_hidden()
    page.locator('a[rel="next"]').click()
    lena.sees("No lessons in this week.")
    page.locator("[data-today]").click()
    assert page.locator(".cal-day.today").count() == 1


def test_a_tutor_sees_what_other_hours_would_do_before_saving_them(site):
    lena = site.signed_in("learner@example.org", zone="Europe/Vienna")
    booking = hold(lena, "amal")
    start = in_zone(site.value("select starts_at from bookings where id = %s", booking), "Europe/London")
    weekday = start.isoweekday()
    # An hour of the other half of the day than the lesson's.
    begins, ends = ("05:00", "06:00") if start.hour >= 12 else ("20:00", "21:00")
    amal = site.signed_in("tutor@example.org", zone="Europe/London")
    page = amal.goto("/tutor/availability")
    before = site.sql("select * from availability_hours order by 1, 2, 3")
    # As one types: the hours of the lesson's day become others, and what that would do stands below.
    change = page.locator("#change")
    assert change.is_hidden()
    page.locator(f"#start-{weekday}-0").fill(begins)
    page.locator(f"#end-{weekday}-0").fill(ends)
    change.get_by_text("would then stand outside your hours").wait_for()
    change.get_by_text("What this would change").wait_for()
    assert change.locator(f'a[href="/bookings/{booking}"]').count() == 1
    amal.is_accessible().fits(320)
    assert site.sql("select * from availability_hours order by 1, 2, 3") == before
    page.reload()

    plain = site.signed_in("tutor@example.org", zone="Europe/London", script=False)
    page = plain.goto("/tutor/availability")
    page.locator(f"#start-{weekday}-0").fill(begins)
    page.locator(f"#end-{weekday}-0").fill(ends)
    page.locator("form[data-island~=availability] [data-preview]").click()
    plain.sees("would then stand outside your hours")
    assert page.locator(f"#start-{weekday}-0").input_value() == begins
    assert site.sql("select * from availability_hours order by 1, 2, 3") == before
