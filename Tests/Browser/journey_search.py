"""What people do with a search: put tutors beside each other, keep a question, look at a map."""

from ways import arrive

from harness import until


def test_a_visitor_compares_tutors_and_a_learner_keeps_a_search(site):
    guest = site.person("guest", script=False)
    page = guest.goto("/tutors")
    guest.is_strict()
    boxes = page.locator(".compare-choice input")
    for n in range(2):
        boxes.nth(n).check()
    slugs = [boxes.nth(n).get_attribute("value") for n in range(2)]
    guest.press("Compare the chosen")
    arrive(guest, "/compare")
    assert page.url.endswith(f"/compare?t={slugs[0]}&t={slugs[1]}")

    lena = site.signed_in("learner@example.org")
    page = lena.goto(f"/compare?t={slugs[0]}&t={slugs[1]}")
    lena.is_sound()
    page.get_by_role("link", name="Take").first.click()
    lena.goto("/tutors?language=en&sort=price")
    lena.is_sound()
    lena.press("Save this search")
    arrive(lena, "/saved-searches")
    lena.fill("Name", "English, cheap first")
    page.get_by_label("Write to me when new tutors match").check()
    lena.is_sound()
    lena.press("Save search").sees("Your search is saved")
    lena.is_sound()

    # Somebody new who fits: one letter, which leads to the list.
    site.sql("update saved_searches set mail_since = now() - interval '10 days'")
    site.sql("update tutors set verified_at = now() - interval '30 days'")
    site.sql("update tutors set verified_at = now() - interval '1 hour' where slug = %s", slugs[0])
    site.sql("insert into jobs (id, name, payload) select gen_random_uuid(), 'tutors.look', json_build_object('search', id) from saved_searches")
    lena.allow("WebSocket connection")
    site.restart()
    letter = site.mail.wait("learner@example.org", "for “English, cheap first”")
    assert letter.message["List-Unsubscribe"] == f"<{letter.link('/unsubscribe/')}>"
    lena.open(letter.link("/tutors?"))
    page.locator(".tutor-card").first.wait_for()
    lena.goto("/saved-searches")
    lena.press("No more letters")
    until(lambda: site.value("select mail_since is null from saved_searches"), "the letters to be off")
    page.get_by_role("button", name="Delete “English, cheap first”").click()
    lena.sees("The search is deleted")


def test_the_map_leads_to_the_tutors_of_a_place(site):
    site.sql("update tutor_listings set latitude = 48.2, longitude = 16.4, cell = floor((48.2 + 90) * 10)::int * 3600 + floor((16.4 + 180) * 10)::int, city = 'Vienna' where is_main and slug < 'h'")
    guest = site.person("guest")
    page = guest.goto("/tutors?view=map")
    guest.is_sound()
    page.wait_for_function("() => document.querySelector('.map-land').getBBox().width > 100")  # Land has come, from a file of its own.
    page.locator(".tutor-map svg a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "near=" in url)
    assert page.locator(".tutor-card").count() == site.value("select count(*) from tutor_listings where is_main and slug < 'h'")
    guest.is_sound()
