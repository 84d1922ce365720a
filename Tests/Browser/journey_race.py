"""Two hands reach for one hour: one gets it, the other is shown three near it."""

import re

from ways import ahead, arrive, choose, path_of, slots


def test_of_two_learners_one_gets_the_hour_and_the_other_three_near_it(site):
    lena, omar = site.signed_in("learner@example.org"), site.signed_in("omar@example.org")
    for distance in (30, 54):
        wanted = race(site, lena, omar, distance)
        loser = omar if path_of(lena).startswith("/bookings/") else lena
        loser.sees("Somebody else has just taken that time.")
        near = loser.page.locator(".choices input[name=starts_at]")
        assert near.count() == 3, f"{near.count()} near times are offered"
        offered = slots(loser)
        assert wanted not in offered, "the lost hour is offered again"
        assert all(abs((one - wanted).total_seconds()) <= 2 * 3600 for one in offered[:3]), f"{offered[:3]} are not near {wanted}"
        loser.is_accessible()
        loser.fits(320)
        loser.page.locator(".choices label.choice").first.click()
        loser.press(re.compile("Hold this time"))
        arrive(loser, "/bookings/[0-9a-f-]{36}")
        assert site.value("select count(*) from bookings where starts_at = %s and state = 'held'", wanted) == 1


def race(site, one, other, distance):
    """Both press at the same instant; each ends somewhere."""
    wanted = None
    for person in (one, other):
        person.goto("/tutors/amal/book?subject=calculus-1&minutes=60")
        wanted = wanted or ahead(slots(person), distance)
        choose(person, wanted)
    for person in (one, other):
        person.page.evaluate("""() => {
          const button = document.querySelector('#booking .actions button')
          document.body.dataset.old = '1'
          setTimeout(() => button.click(), 1500 - Date.now() % 1000)
        }""")
    for person in (one, other):
        person.page.wait_for_function("() => !document.body.dataset.old")
        person.page.wait_for_load_state()
    winners = [person for person in (one, other) if path_of(person).startswith("/bookings/")]
    assert len(winners) == 1, f"{len(winners)} of two got the hour"
    return wanted
