"""The rooms for builders: every component in every dress is as sound as the pages made of them."""

import pytest


@pytest.fixture
def workshop(sites):
    return sites(DEV=1)


def test_every_component_is_sound_in_every_dress(workshop):
    guest = workshop.person()
    for dress in ("", "?theme=dark", "?language=ar", "?theme=dark&language=ur", "?size=200", "?language=en-XA", "?language=en-XB"):
        guest.goto("/gallery" + dress)
        guest.page.locator(".specimen .countdown").first.wait_for()
        assert "⟦" not in guest.page.locator("body").inner_text()
        # Letters of twice the size on a screen of half the width are a zoom of 400 %.
        guest.is_accessible().fits(640 if "200" in dress else 320)
    guest.goto("/gallery")
    guest.is_strict()
    # The features' own views hang among the components.
    for piece in (".cal .cal-event", ".tutor-map circle", ".receipt", "svg.qr", "[role=combobox]", ".room .tile", ".chat-log .message", "meter", ".drawer", "input[type=time]"):
        assert guest.page.locator(".specimen " + piece).count(), f"nothing in the gallery is {piece}"
    phone = workshop.person("phone", phone=True)
    phone.goto("/gallery?language=ar")
    phone.is_accessible().fits(320)


def test_components_stand_in_forced_colours(workshop):
    """Where the system takes the colours, what said something by colour still says it: an edge, a shape, a word."""
    person = workshop.person(forced_colors="active")
    person.goto("/gallery")
    page = person.page
    assert page.evaluate("() => matchMedia('(forced-colors: active)').matches")
    edged = page.evaluate("""() => ['.button.primary', '.button', '.input', '.badge', '.status', '.banner', '.card', '.slot', '.chip', '.choice', '.check > input']
      .filter((one) => { const e = document.querySelector('.specimen ' + one)
        const s = e && getComputedStyle(e); return !s || s.borderTopStyle === 'none' || parseFloat(s.borderTopWidth) === 0 })""")
    assert not edged, f"without an edge in forced colours: {edged}"
    chosen = page.evaluate("""() => { const of = (s) => getComputedStyle(document.querySelector('.specimen ' + s)).backgroundColor
      return [of('.slot:has(:checked)') !== of('.slot:not(:has(:checked))'), of('.check > input:checked') !== of('.check > input:not(:checked)')] }""")
    assert chosen == [True, True], "what is chosen looks like what is not"


def test_a_translator_sees_every_sentence_and_where_it_stands(workshop):
    guest = workshop.person()
    guest.goto("/gallery/sentences?family=home")
    guest.sees("home.lessonWith").sees("{subject}").sees("DashboardPage.swift")
    guest.is_sound()


def test_people_are_shown_no_workshop(site):
    guest = site.person()
    guest.goto("/gallery", status=404)
    guest.goto("/gallery/sentences", status=404)
