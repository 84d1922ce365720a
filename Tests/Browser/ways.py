"""What people do in more than one journey, said once: register, choose a time, pay, wait for an hour that has not come."""

import datetime
import re
import urllib.parse
import zoneinfo

from harness import now, until

PASSWORD = "brown bread & 9 walnuts"

# The simulated gateway's cards, each for one way a payment can go.
GOOD = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
AUTHENTICATED = "4000 0025 0000 3155"
SLOW = "4000 0000 0000 0077"
NEVER = "4000 0000 0000 0135"


def path_of(person):
    return urllib.parse.urlsplit(person.page.url).path


def arrive(person, pattern, seconds=20):
    """Waits until the address's path fits the pattern; gives the match."""
    person.page.wait_for_url(lambda url: re.fullmatch(pattern, urllib.parse.urlsplit(url).path) is not None, timeout=seconds * 1000)
    return re.fullmatch(pattern, path_of(person))


def register(person, name, email, role="learner"):
    """Fills the form, reads the letter, proves the address; ends signed in."""
    site, page = person.site, person.page
    person.goto("/register" + ("?role=tutor" if role == "tutor" else ""))
    page.locator(f"input[name=role][value={role}]").check()
    person.fill("Full name", name)
    person.fill("E-mail address", email)
    page.locator("input[name=username]").fill(email.split("@")[0])
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_label("I accept the terms").check()
    person.press("Create account").sees("Look into your mail")
    person.open(site.mail.wait(email, "Confirm your e-mail address").link("/verify"))
    person.press("Yes, it is mine")
    page.wait_for_url(lambda url: "/verify" not in url)
    return person


def slots(person):
    """The times offered on the booking form, as instants, in order."""
    values = person.page.locator("input[name=starts_at]").evaluate_all("all => all.map((one) => one.value)")
    return [datetime.datetime.fromisoformat(value) for value in values]


def slot(person, start):
    """A time on the form, to be pressed as a hand would: on its words, after the line it stands behind at night."""
    found = person.page.locator(f'label:has(input[name=starts_at][value^="{start.isoformat()[:19]}"])').first
    if found.locator("xpath=ancestor::details[not(@open)]").count():
        found.locator("xpath=ancestor::details/summary").click()
    return found


def choose(person, start):
    slot(person, start).click()


def ahead(offered, hours=30):
    """The first of the times that is at least so far off."""
    return next(one for one in offered if one - now() > datetime.timedelta(hours=hours))


def hold(person, slug, start=None, subject=None, minutes=None):
    """From the booking form to a held time; gives the booking's id. Without `start` the first that is a day off."""
    query = urllib.parse.urlencode({k: v for k, v in {"subject": subject, "minutes": minutes}.items() if v})
    if start:
        query += ("&" if query else "") + "week=" + start.date().isoformat()
    person.goto(f"/tutors/{slug}/book" + (f"?{query}" if query else ""))
    choose(person, start or ahead(slots(person)))
    person.page.get_by_role("button", name=re.compile("Hold this time|Ask for this time|Book this time")).click()
    return arrive(person, r"/bookings/([0-9a-f-]{36})")[1]


def to_gateway(person):
    """From a held booking's page to the gateway's page."""
    person.page.get_by_role("link", name=re.compile(r"^Pay ")).click()
    arrive(person, r"/checkout/[0-9a-f-]{36}")
    person.page.get_by_role("button", name=re.compile(r"^Pay ")).click()
    arrive(person, r"/simulated-gateway/[^/]+")


def pay_with(person, card):
    """On the gateway's page."""
    person.page.locator("label.choice", has_text=card).click()
    person.page.get_by_role("button", name=re.compile(r"^Pay ")).click()


def book_and_pay(person, slug, start=None, subject=None, minutes=None, card=GOOD):
    booking = hold(person, slug, start, subject, minutes)
    to_gateway(person)
    pay_with(person, card)
    arrive(person, rf"/bookings/{booking}")
    return booking


def state(site, booking):
    return site.value("select state from bookings where id = %s", booking)


def becomes(site, booking, wanted, seconds=20):
    until(lambda: state(site, booking) == wanted, f"booking {booking} to be {wanted}", seconds)


def let_time_pass_until_start(site, booking, minutes_in=1):
    """No test waits for tomorrow: the booked lesson is moved so that it began `minutes_in` minutes ago."""
    site.sql(
        """update bookings set (starts_at, ends_at, blocked) =
             (select s, s + (ends_at - starts_at), tstzrange(s, s + (ends_at - starts_at))
                from (select now() - make_interval(mins => %s) s) moved) where id = %s""",
        minutes_in, booking)


def shown_time(text):
    """The first time of day in a text, as the site writes it."""
    found = re.search(r"(\d{1,2}):(\d{2})(?:[\s\u202f\u00a0]*([AP]M))?", text)
    assert found, f"no time in {text!r}"
    hour, minute = int(found[1]), int(found[2])
    if found[3]:
        hour = hour % 12 + (12 if found[3] == "PM" else 0)
    return datetime.time(hour, minute)


def in_zone(instant, zone):
    return instant.astimezone(zoneinfo.ZoneInfo(zone))


def cents(text):
    """`$32.00` → 3200."""
    found = re.search(r"(\d[\d,]*)\.(\d\d)", text) or re.search(r"(\d[\d,]*)()", text)
    return int(found[1].replace(",", "")) * 100 + int(found[2] or 0)
