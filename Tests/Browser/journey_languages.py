"""English made long and strange: what does not fit, and what was never in a catalogue, is seen without reading Urdu."""

import re

import pytest

# Written so by ICU, by browsers or in the world, in English as in any language; the rest comes from the database.
COMMON = set("""
    am pm gmt utc mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday jan feb mar apr may jun jul
    aug sep oct nov dec january february march april june july august september october november december us usd
    eur gbp tutalink json pdf csv chrome linux english espa ol
""".split())

# Whatever a person reads or hears, but what is somebody's own (initials, code), what languages and zones call themselves, and
# the browser's "2 hours ago".
TEXT = """() => {
  const own = 'script, style, code, pre, option[lang], select[name=locale] option, select:is([name=timezone], [name=zone]) option, .avatar, [data-island=ago], [translate=no], bdi'
  const said = []
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) { const n = walk.currentNode
    if (n.parentElement && !n.parentElement.closest(own) && n.data.trim()) said.push(n.data) }
  for (const e of document.querySelectorAll('[aria-label], [title], [alt], [placeholder], [data-confirm], [data-label]'))
    if (!e.closest(own)) for (const a of ['aria-label', 'title', 'alt', 'placeholder', 'data-confirm', 'data-label'])
      if (e.getAttribute(a)) said.push(e.getAttribute(a))
  return said }"""

GUEST = ["/", "/tutors", "/compare", "/tutors/amal", "/tutors/amal/book", "/sign-in", "/register", "/forgotten-password", "/status", "/terms", "/privacy", "/nowhere"]
LEARNER = ["/dashboard", "/bookings", "/bookings?view=week", "/saved-searches", "/wallet", "/account", "/account/security", "/account/notifications", "/notifications"]
TUTOR = ["/dashboard", "/tutor/availability", *(f"/tutor/profile?step={step}" for step in ("about", "subjects", "languages", "credentials", "samples", "finish"))]
ADMIN = ["/admin", "/admin/people", "/admin/verification", "/admin/bookings", "/admin/outbox", "/admin/jobs", "/admin/legal"]


def words(text):
    return set(re.findall(r"[A-Za-z]{2,}", text))


@pytest.fixture
def stored(sites):
    """A site in the made-up language, and every word that stands in its database."""
    site = sites(DEV=1)
    known = set(COMMON)
    columns = site.sql("""select c.table_name, c.column_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
                          where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type in ('text', 'USER-DEFINED', 'ARRAY', 'jsonb')""")
    for table, column in columns:
        for (value,) in site.sql(f'select distinct "{column}"::text from "{table}" where "{column}" is not null limit 2000'):
            known |= {word.lower() for word in words(value)}
    return site, known


def reads(site, known, language, pages, address=None):
    if address:
        site.sql("update users set language = %s, zone = 'UTC' where email = %s", language, address)
        person = site.signed_in(address, zone="UTC")
    else:
        person = site.person(language=language, zone="UTC")
    faults = []
    for path in pages:
        person.page.goto(path)
        # Islands add words of their own.
        person.page.wait_for_load_state("networkidle")
        assert person.page.locator("html").get_attribute("lang") == language, path
        for said in person.page.evaluate(TEXT):
            plain = {word for word in words(said) if word.lower() not in known}
            if plain:
                faults.append(f"{path}: {said.strip()[:90]!r} has {sorted(plain)}")
        try:
            person.fits(320)
        except AssertionError as fault:
            faults.append(str(fault))
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(dict.fromkeys(faults))


@pytest.mark.parametrize("language", ["en-XA", "en-XB"])
def test_every_word_is_from_a_catalogue_and_the_longest_fits(stored, language):
    site, known = stored
    faults = []
    for pages, address in ((GUEST, None), (LEARNER, "learner@example.org"), (TUTOR, "tutor@example.org"), (ADMIN, "admin@example.org")):
        try:
            reads(site, known, language, pages, address)
        except AssertionError as fault:
            faults.append(str(fault))
    assert not faults, "\n".join(faults)


def test_nobody_is_offered_a_language_that_nobody_speaks(site):
    guest = site.person(language="en-XA")
    guest.goto("/")
    assert guest.page.locator("html").get_attribute("lang") == "en"
    assert guest.page.locator("#lang option").evaluate_all("all => all.map((one) => one.value)") == ["en", "es", "ar", "ur"]
