"""What anybody may open, in every dress: strict HTML, no axe finding, nothing sideways at 320 px, quiet without script."""

import pytest

PAGES = ["/", "/tutors", "/sign-in", "/register", "/forgotten-password", "/status", "/nowhere"]


@pytest.fixture
def tutor_page(site):
    return "/tutors/" + site.value("select slug from tutors where state = 'verified' order by slug limit 1")


def test_open_pages_are_sound_in_light_and_dark_and_on_a_phone(site, tutor_page):
    dresses = [site.person("light"), site.person("dark", dark=True), site.person("phone", phone=True)]
    for path in [*PAGES, tutor_page]:
        for person in dresses:
            person.goto(path, status=404 if path == "/nowhere" else 200)
            person.is_accessible()
        dresses[0].is_strict()
        dresses[0].fits(320)


def test_open_pages_stand_in_arabic_from_right_to_left(site, tutor_page):
    reader = site.person("reader", language="ar")
    for path in [*PAGES, tutor_page]:
        reader.goto(path, status=404 if path == "/nowhere" else 200)
        assert reader.page.locator("html").get_attribute("dir") == "rtl", path
        reader.is_sound()


def test_open_pages_work_without_script(site, tutor_page):
    reader = site.person("reader", script=False)
    for path in [*PAGES, tutor_page]:
        reader.goto(path, status=404 if path == "/nowhere" else 200)
        assert reader.page.get_by_role("heading", level=1).count() == 1, path
        reader.fits(320)
