"""What axe cannot know: names, roles, landmarks and live regions of the main screens as the accessibility tree has them,
targets of 44 px under a thumb, letters of 400 %, no motion where none is wanted, and colours that the system takes."""

import re

import pytest

from harness import LAY_OUT_ALL
from ways import book_and_pay, let_time_pass_until_start

OPEN = ["/", "/tutors", "/tutors?view=map", "/tutors/amal", "/tutors/amal/reviews", "/tutors/amal/book", "/compare", "/sign-in", "/register",
        "/forgotten-password", "/status", "/terms", "/privacy", "/nowhere"]
LEARNER = ["/dashboard", "/bookings", "/bookings?view=week", "/bookings?view=day", "/wallet", "/account", "/account/security", "/account/notifications", "/notifications",
           "/saved-searches", "/tutors/amal/book?subject=calculus-1&minutes=60"]
TUTOR = ["/dashboard", "/bookings", "/wallet", "/tutor/availability", "/tutor/embedding",
         *(f"/tutor/profile?step={step}" for step in ("about", "subjects", "languages", "credentials", "samples", "finish"))]
ADMIN = ["/admin", "/admin/people", "/admin/verification", "/admin/bookings", "/admin/outbox", "/admin/jobs", "/admin/audit", "/admin/legal", "/admin/legal/privacy/ar", "/admin/embedding"]

# What is touched, and the box a finger has: the control's own, or that of the label or the link's row around it.
SMALL = """(least) => {
  const seen = (e) => e.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true }) && e.getClientRects().length > 0
  const box = (e) => {
    const own = e.getBoundingClientRect()
    const label = e.matches('input') && (e.closest('label') || e.labels?.[0])
    if (!label || !seen(label) || Math.min(own.width, own.height) >= least - 0.5) return own
    const around = label.getBoundingClientRect()
    return around.width * around.height > own.width * own.height ? around : own
  }
  // A link in a sentence, and one whose whole card or row is the target, are as large as they are.
  const inWords = (e) => e.matches('a') && !e.matches('[class*=button], .chip, .slot') &&
    (e.closest('p, li, dd, td, th, h1, h2, h3, label, .banner, .prose, footer') !== null || getComputedStyle(e, '::after').position === 'absolute')
  return [...document.querySelectorAll('main :is(a[href], button, input:not([type=hidden]), select, textarea, summary), header :is(a[href], button, summary), nav a[href]')]
    .filter((e) => seen(e) && !e.disabled && !e.closest('[inert], [aria-hidden=true], .skip-link, svg') && !e.matches('.visually-hidden, .skip-link, [tabindex="-1"]') && !inWords(e))
    .map((e) => [e, box(e)]).filter(([, b]) => b.width > 0 && (b.height < least - 0.5 || b.width < least - 0.5))
    .map(([e, b]) => `<${e.tagName.toLowerCase()} class="${e.className?.baseVal ?? e.className}"> ${(e.textContent || e.name || '').trim().slice(0, 24)} ${Math.round(b.width)} × ${Math.round(b.height)}`)
}"""

# Banner, navigation, main and content information once each at the top, one h1 and no level left out.
OUTLINE = """() => {
  const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter((e) => e.checkVisibility() || e.closest('.visually-hidden')).map((e) => Number(e.tagName[1]))
  return { levels, mains: document.querySelectorAll('main').length, header: document.querySelectorAll('body > header').length,
           footer: document.querySelectorAll('body > footer').length, title: document.title, lang: document.documentElement.lang }
}"""


@pytest.fixture(scope="module")
def lived(shared):
    lena = shared.signed_in("learner@example.org", name="maker")
    ids = {"ahead": book_and_pay(lena, "amal", subject="calculus-1", minutes=60), "soon": book_and_pay(lena, "amal", subject="calculus-1", minutes=60)}
    let_time_pass_until_start(shared, ids["soon"], -6)
    lena.context.close()
    return ids


def everybody(site, lived, **options):
    """(person, their pages): a visitor, a learner, a tutor and an administrator."""
    of_booking = [f"/bookings/{lived['ahead']}", f"/bookings/{lived['ahead']}/cancellation", f"/bookings/{lived['ahead']}/time", f"/lessons/{lived['soon']}/check"]
    yield site.person("guest", **options), OPEN
    yield site.signed_in("learner@example.org", **options), LEARNER + of_booking
    yield site.signed_in("tutor@example.org", **options), TUTOR + of_booking[:3]
    yield site.signed_in("admin@example.org", **options), ADMIN


def each(site, lived, look, **options):
    faults = []
    for person, paths in everybody(site, lived, **options):
        for path in paths:
            person.goto(path, status=404 if path == "/nowhere" else 200)
            person.page.evaluate(LAY_OUT_ALL)
            found = look(person.page)
            if found:
                faults.append(f"{person.name} {path}: " + "; ".join(found[:8]))
        person.context.close()
    assert not faults, f"{len(faults)} pages:\n" + "\n".join(faults)


def test_every_target_has_room_for_a_thumb(shared, lived):
    each(shared, lived, lambda page: page.evaluate(SMALL, 44), phone=True)


def test_letters_of_four_times_the_size_need_no_sideways_scroll(shared, lived):
    """A window of 1280 px at 400 % is one of 320 by 256 CSS px: everything is there, one below the other."""
    def look(page):
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        # Nor may what sticks to an edge take the little height there is.
        stuck = page.evaluate("""() => [...document.querySelectorAll('body *')].filter((e) => ['fixed', 'sticky'].includes(getComputedStyle(e).position) && e.checkVisibility())
          .filter((e) => { const b = e.getBoundingClientRect(); return b.width > 300 && b.height > 128 && b.top < 256 && b.bottom > 0 && getComputedStyle(e).pointerEvents !== 'none' })
          .map((e) => `<${e.tagName.toLowerCase()} class="${e.className}"> holds ${Math.round(e.getBoundingClientRect().height)} px of 256`)""")
        return ([f"{wide} px too wide"] if wide > 0 else []) + stuck

    each(shared, lived, look, viewport={"width": 320, "height": 256}, device_scale_factor=4)


def test_nothing_moves_where_no_motion_is_wanted(shared, lived):
    def look(page):
        return page.evaluate("""() => {
          const long = (text) => text.split(',').some((one) => parseFloat(one) * (one.includes('ms') ? 1 : 1000) > 1)
          const moving = [...document.querySelectorAll('*')].flatMap((e) => [null, '::before', '::after'].map((part) => [e, getComputedStyle(e, part)]))
            .filter(([, s]) => (s.animationName !== 'none' && long(s.animationDuration) && s.animationTimeline !== 'scroll()') || long(s.transitionDuration))
            .map(([e]) => `<${e.tagName.toLowerCase()} class="${e.className?.baseVal ?? e.className}">`)
          return [...new Set(moving)].concat(getComputedStyle(document.documentElement).scrollBehavior === 'smooth' ? ['smooth scrolling'] : []) }""")

    each(shared, lived, look, reduced_motion="reduce")


def test_every_page_stands_where_the_system_takes_the_colours(shared, lived):
    """Buttons, fields and what is chosen keep an edge or a mark; nothing is told by a background alone."""
    def look(page):
        assert page.evaluate("() => matchMedia('(forced-colors: active)').matches")
        return page.evaluate("""() => [...document.querySelectorAll('.button:not(.quiet, .link), .input, .card, .status, .badge, .banner, .chip, .slot:not(.taken), .choice')]
          .filter((e) => e.checkVisibility() && e.getClientRects().length)
          .filter((e) => { const s = getComputedStyle(e); return (s.borderTopStyle === 'none' || parseFloat(s.borderTopWidth) === 0) && s.outlineStyle === 'none' && s.boxShadow === 'none' })
          .map((e) => `<${e.tagName.toLowerCase()} class="${e.className}"> has no edge`)""")

    each(shared, lived, look, forced_colors="active")


def test_headings_and_landmarks_make_an_outline_of_every_page(shared, lived):
    titles = {}

    def look(page):
        found = page.evaluate(OUTLINE)
        faults = []
        levels = found["levels"]
        if levels.count(1) != 1:
            faults.append(f"{levels.count(1)} first headings")
        if any(after > before + 1 for before, after in zip(levels, levels[1:])):
            faults.append(f"a level is left out: {levels}")
        if (found["mains"], found["header"], found["footer"]) != (1, 1, 1):
            faults.append(f"landmarks: {found}")
        titles.setdefault(found["title"], set()).add(page.evaluate("() => location.pathname.replace(/[0-9a-f-]{36}/, ':id')"))
        return faults

    each(shared, lived, look)


def tree(locator):
    return locator.aria_snapshot()


def test_the_five_main_screens_say_what_they_are(shared, lived):
    """Search, profile, checkout, dashboard and calendar, as somebody hears them."""
    guest = shared.person()
    guest.goto("/tutors")
    said = tree(guest.page.locator("body"))
    for line in ['link "Skip to content"', "banner:", 'navigation "Main"', "main:", 'heading "Find a tutor" [level=1]', 'navigation "How to look at them"',
                 'status:', 'heading "6 tutors" [level=2]', 'combobox "Sort by"', 'heading "Amal Haddad', 'link "See times of Amal Haddad"',
                 'checkbox "Choose Amal Haddad to compare"', 'group "Languages"', "contentinfo:"]:
        assert line in said, f"{line} is not in:\n{said}"
    guest.goto("/tutors/amal")
    said = tree(guest.page.locator("main"))
    for line in ['heading "Amal Haddad', "[level=1]", 'img "4.7 of 5 stars"', 'heading "Free times" [level=2]', 'heading "Reviews" [level=2]', 'link "Book a lesson"']:
        assert line in said, f"{line} is not in:\n{said}"
    times = guest.page.locator("main a.slot").first.get_attribute("aria-label")
    assert re.search(r"Book .*\d", times), times

    lena = shared.signed_in("learner@example.org")
    lena.goto("/tutors/amal/book?subject=calculus-1&minutes=60")
    said = tree(lena.page.locator("main"))
    for line in ['combobox "Subject"', 'combobox "Length"', 'heading "Choose a time" [level=2]', 'radio "', 'textbox "What would you like to work on?', 'button "Hold this time"',
                 'heading "Your lesson" [level=2]']:
        assert line in said, f"{line} is not in:\n{said}"
    lena.goto("/dashboard")
    said = tree(lena.page.locator("main"))
    for line in ['heading "Hello, Lena" [level=1]', "status", 'heading "Calculus I with Amal Haddad" [level=2]', 'link "Enter the room"', "figure"]:
        assert line in said, f"{line} is not in:\n{said}"
    charts = lena.page.locator("main figure.chart")
    for at in range(charts.count()):
        said = tree(charts.nth(at))
        assert "The figures as a table" in said or "Nothing in this time" in said, f"a chart without its table:\n{said}"
    lena.goto("/bookings?view=week")
    said = tree(lena.page.locator("main"))
    for line in ['navigation "', 'link "Week"', "region ", 'heading "', "[level=3]", "list:", 'link "']:
        assert line in said, f"{line} is not in:\n{said}"
    amal = shared.signed_in("tutor@example.org")
    amal.goto("/tutor/availability")
    said = tree(amal.page.locator("main"))
    for line in ['group "Monday"', 'textbox "Monday, from"', 'button "Save hours"', 'button "Preview"', 'table']:
        assert line in said, f"{line} is not in:\n{said}"


def test_the_room_says_what_it_is(shared, lived):
    lena = shared.signed_in("learner@example.org")
    lena.goto(f"/lessons/{lived['soon']}/room")
    lena.page.get_by_role("heading", name="You are at the door").wait_for()
    said = tree(lena.page.locator("body"))
    for line in ["main", "[level=1]", "timer", "status", "log", 'heading "You are at the door" [level=2]']:
        assert line in said, f"{line} is not in:\n{said}"
    live = lena.page.evaluate("() => [...document.querySelectorAll('[aria-live], [role=status], [role=log], [role=timer]')].length")
    assert live >= 4
