#!/usr/bin/env python3
"""Pictures of every screen, for people to look at: `bin/test shots [FILTER…]`.

Every page of the route table that demo data can fill, as a visitor, a learner, a tutor and an administrator see it, on
a desktop, on a phone, in the dark, from right to left and at 200 %, into one folder with a contact sheet. A page that
nobody can be sent to is named, so that a new one is not forgotten. With DEV=1 in mind: the gallery is among them.
"""

import html
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import uuid

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1])]
import harness  # noqa: E402
from harness import until  # noqa: E402
from journey_embedding import elsewhere  # noqa: E402
from journey_tutor import film  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from ways import PASSWORD, book_and_pay, hold, let_time_pass_until_start, register, to_gateway  # noqa: E402

FOLDER = pathlib.Path(os.environ.get("TUTALINK_PICTURES") or harness.HOME / "pictures")
DRESSES = {
    "desktop": {},
    "phone": {"phone": True},
    "dark": {"dark": True},
    "rtl": {"language": "ar"},
    "large": {"viewport": {"width": 640, "height": 800}, "device_scale_factor": 2},
}
WHO = {"guest": None, "learner": "learner@example.org", "tutor": "tutor@example.org", "admin": "admin@example.org",
       "new-learner": "mina@example.org", "new-tutor": "okonkwo@example.org"}
NEW = {WHO["new-learner"], WHO["new-tutor"]}
# What is no screen: documents, calls, and pages that only pass on.
NOT_A_SCREEN = re.compile(r"^/(api/(?!docs/$)|healthz|readyz|files/|service-worker|manifest|notifications/:)|\.(ics|csv|json|js|css)$|/return$")
MOST_HIGH = 6000
# What can be ended at the foot of a letter (Notices/Topic.swift), by the room that tells of it; near enough for pictures.
TOPICS = {"bookings": "bookings", "reviews": "reviews", "tutors": "searches"}


def routes(site):
    """The addresses that are pages, each with the kind of person it is for."""
    said = subprocess.run([harness.BINARY, "map"], cwd=harness.ROOT, env=harness.environment(**site.settings),
                          capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\| GET \| `([^`]+)` \| (\w+) \|", said, re.M)
    return [(template, viewer) for template, viewer in found if not NOT_A_SCREEN.search(template)]


def live(site):
    """Something happens, so that no screen is empty that is full on a real site. Gives what addresses need."""
    lena = site.signed_in(WHO["learner"], name="maker")
    over = site.value(
        "select b.id from bookings b join users u on u.id = b.learner_id where u.email = %s and b.state = 'completed' limit 1", WHO["learner"])
    site.sql("delete from reviews where booking_id = %s", over)
    ids = {"over": str(over)}
    ids["ahead"] = book_and_pay(lena, "amal", subject="calculus-1", minutes=60)
    ids["held"] = hold(lena, "amal", subject="calculus-1", minutes=60)
    to_gateway(lena)
    ids["charge"] = lena.page.url.split("/simulated-gateway/")[1].split("/")[0].split("?")[0]
    ids["soon"] = book_and_pay(lena, "amal", subject="calculus-1", minutes=60)
    let_time_pass_until_start(site, ids["soon"], -6)
    site.sql("update tutors set state = 'submitted' where slug = 'grace'")
    ids["grace"] = str(site.value("select user_id from tutors where slug = 'grace'"))
    ids["payment"] = str(site.value("select id from payments where booking_id = %s and receipt_number is not null", ids["ahead"]))
    # Somebody new of each kind, to whom every list is empty.
    for who, role in (("new-learner", "learner"), ("new-tutor", "tutor")):
        person = site.person(who)
        register(person, "Mina Okonkwo-Villanueva de la Torre", WHO[who], role)
        person.page.context.close()
        site.people.remove(person)
    letter = until(lambda: next((one for one in site.mail.letters if "/unsubscribe/" in one.text), None), "a letter that can be stopped")
    ids["unsubscribe"] = letter.link("/unsubscribe/").rsplit("/", 1)[1]
    ids["mail"] = str(site.value("select id from mails order by created_at limit 1"))
    lena.context.close()
    site.people.remove(lena)
    add_a_film(site)
    return ids


def add_a_film(site):
    """A sample with captions in two languages, one of them with a form that is open."""
    amal = site.signed_in(WHO["tutor"], name="filmer")
    amal.goto("/tutor/profile?step=samples")
    amal.fill("Title", "A proof in two minutes")
    amal.page.locator("#sample").set_input_files({"name": "proof.webm", "mimeType": "video/webm", "buffer": film()})
    amal.press("Upload")
    row = amal.page.locator(".list-row", has_text="A proof in two minutes")
    row.wait_for()
    for language, words in (("English", "Let n be even."), ("Arabic", "لتكن ن عددا زوجيا.")):
        add = row.locator("details", has_text="Add captions")
        if add.get_attribute("open") is None:
            add.locator("summary").click()
        add.locator("select").select_option(label=language)
        add.locator("input[type=file]").set_input_files(
            {"name": "a.vtt", "mimeType": "text/vtt", "buffer": f"WEBVTT\n\n00:00.100 --> 00:01.900\n{words}\n".encode()})
        add.get_by_role("button", name="Upload captions").click()
        row.get_by_text(f"Captions in {language}", exact=True).wait_for()
    amal.context.close()
    site.people.remove(amal)


def take_widget(site, dresses):
    """The script, the frame and the link as another site shows them, in its own letters."""
    tutor = site.signed_in(WHO["tutor"], name="embedder")
    tutor.goto("/tutor/embedding")
    script, frame, link = (one.strip() for one in tutor.page.locator(".embed-code code").all_inner_texts())
    tutor.context.close()
    site.people.remove(tutor)
    taken = []
    for dress in dresses:
        person = site.person("reader", **DRESSES[dress])
        person.allow(r".")
        turn = ' dir="rtl"' if dress == "rtl" else ""
        for name, piece in (("widget", script), ("frame", frame), ("link", link)):
            with elsewhere() as school:
                school.pages["/"] = (f'<!doctype html><html{turn}><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>School</title>'
                                     f'<body style="font-family:serif;margin:2rem"><h1>Riverside School</h1><p>Book one of our tutors.</p>{piece}<p>Office hours 9 to 5.</p>')
                person.page.goto(school.url + "/")
                person.page.wait_for_timeout(1500)
                file = FOLDER / f"elsewhere-{name}.{dress}.png"
                person.page.screenshot(path=str(file), full_page=True)
            taken.append((f"elsewhere-{name}", f"another site: {name}", dress, file.name, []))
        person.context.close()
        site.people.remove(person)
    return taken


def visits(site, ids):
    """(who, path) of all screens, and what is left over."""
    both = ["learner", "tutor"]
    own = {
        "/": [("guest", "/")],
        "/tutors/:slug": [("guest", "/tutors/amal"), ("learner", "/tutors/amal")],
        "/tutors/:slug/book": [("guest", "/tutors/amal/book"), ("learner", "/tutors/amal/book?subject=calculus-1&minutes=60")],
        "/tutors/:slug/reviews": [("guest", "/tutors/amal/reviews")],
        "/dashboard": [(who, "/dashboard") for who in ("learner", "tutor", "new-learner", "new-tutor")],
        "/bookings": [(who, "/bookings" + view) for who in both for view in ("", "?view=week", "?view=day")]
                     + [("learner", "/bookings?when=past"), ("new-learner", "/bookings"), ("new-tutor", "/bookings")],
        "/compare": [("guest", "/compare"), ("guest", "/compare?t=amal&t=hiro&t=noah")],
        "/saved-searches": [("learner", "/saved-searches"), ("learner", "/saved-searches?new=1&subject=calculus-1&price_max=40")],
        "/tutor/availability": [("tutor", "/tutor/availability"), ("new-tutor", "/tutor/availability")],
        "/bookings/:booking": [(who, f"/bookings/{ids[which]}") for which in ("ahead", "held", "over") for who in both if (who, which) != ("tutor", "held")],
        "/bookings/:booking/cancellation": [(who, f"/bookings/{ids['ahead']}/cancellation") for who in both],
        "/bookings/:booking/time": [("learner", f"/bookings/{ids['ahead']}/time")],
        "/checkout/:booking": [("learner", f"/checkout/{ids['held']}")],
        "/payments/:payment/receipt": [("learner", f"/payments/{ids['payment']}/receipt")],
        "/simulated-gateway/:charge": [("learner", f"/simulated-gateway/{ids['charge']}")],
        "/simulated-gateway/:charge/authentication": [],
        "/lessons/:booking/check": [("learner", f"/lessons/{ids['soon']}/check")],
        "/lessons/:booking/room": [(who, f"/lessons/{ids['soon']}/room") for who in both],
        "/lessons/:booking/ended": [("learner", f"/lessons/{ids['over']}/ended")],
        "/lessons/:booking/review": [("learner", f"/lessons/{ids['over']}/review")],
        "/tutor/profile": [("tutor", f"/tutor/profile?step={step}") for step in ("about", "subjects", "languages", "credentials", "samples", "finish")],
        "/wallet": [(who, "/wallet") for who in [*both, "new-learner", "new-tutor"]],
        "/notifications": [(who, "/notifications") for who in [*both, "admin"]],
        "/admin/outbox/:mail": [("admin", f"/admin/outbox/{ids['mail']}")],
        "/admin/legal/:document/:language": [("admin", "/admin/legal/terms/en"), ("admin", "/admin/legal/privacy/ar")],
        "/admin/verification/:tutor": [("admin", f"/admin/verification/{ids['grace']}")],
        "/offline/:language": [("guest", "/offline/en")],
        "/sign-in/code": [],
        "/unsubscribe/:token": [("guest", f"/unsubscribe/{ids['unsubscribe']}")],
        "/embed/tutors/:slug": [("guest", "/embed/tutors/amal")],
        "/verify": [("guest", "/verify?token=nonsense")],
        "/reset-password": [("guest", "/reset-password?token=nonsense")],
        "/tutors": [("guest", "/tutors"), ("guest", "/tutors?q=zzzz"), ("guest", "/tutors?subject=calculus-1&price_max=40&soon=1"), ("guest", "/tutors?view=map")],
    }
    chosen, left = [], []
    for template, viewer in routes(site):
        if template in own:
            chosen += own[template]
        elif ":" in template:
            left.append(template)
        else:
            who = {"Guest": "guest", "Member": "learner", "Tutor": "tutor", "Administrator": "admin"}[viewer]
            chosen.append((who, template))
    return chosen + [("guest", "/nowhere"), ("learner", f"/bookings/{ids['mail']}"), ("learner", "/admin")], left


def take(site, chosen, dresses, ids):
    """One picture each, named by the address, in which ids are told by what they stand for; gives (name, path, dress, file,
    what was strange)."""
    told = {value: name for name, value in ids.items()}
    taken = []
    for dress in dresses:
        people = {}
        for who, path in chosen:
            if who not in people:
                address = WHO[who]
                options = dict(DRESSES[dress])
                if dress == "rtl" and address:
                    # What somebody chose for the account goes before their browser.
                    site.sql("update users set language = 'ar' where email = %s", address)
                people[who] = site.signed_in(address, PASSWORD if address in NEW else None, name=who, **options) if address else site.person(who, **options)
            person = people[who]
            person.allow(r".")
            spoken = path
            for value, word in told.items():
                spoken = spoken.replace(value, word)
            name = f"{who}{re.sub(r'[^A-Za-z0-9]+', '-', re.sub(r'[0-9a-f-]{36}', 'x', spoken)).rstrip('-')}"
            file = FOLDER / f"{name}.{dress}.png"
            answer = person.page.goto(path)
            person.page.wait_for_timeout(250)
            person.page.evaluate(harness.LAY_OUT_ALL)
            height = min(MOST_HIGH, person.page.evaluate("() => document.documentElement.scrollHeight"))
            view = person.page.viewport_size
            wide = person.page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")
            # A window as high as the page: what sticks to an edge of the window is then at the page's.
            if "/room" not in path:
                person.page.set_viewport_size({"width": view["width"], "height": max(height, view["height"])})
            person.page.screenshot(path=str(file))
            person.page.set_viewport_size(view)
            strange = [] if answer.status in (200, 403, 404, 422) else [f"answered {answer.status}"]
            taken.append((name, path, dress, file.name, strange + (["scrolls sideways"] if wide else [])))
        for who, person in people.items():
            if dress == "rtl" and WHO[who]:
                site.sql("update users set language = 'en' where email = %s", WHO[who])
            person.context.close()
            site.people.remove(person)
    return taken


def kinds_of_letters():
    """Every letter that the catalogue has words for, with the values its sentences ask for."""
    english = {}
    for file in sorted((harness.ROOT / "Assets/locales/en").glob("*.json")):
        english |= json.loads(file.read_text())
    kinds = {key.removesuffix(".body"): set() for key in english if key.endswith(".body") and key.removesuffix("body") + "subject" in english}
    for kind, values in kinds.items():
        for part in ("subject", "body", "action"):
            values |= set(re.findall(r"\{(\w+)[,}]", english.get(f"{kind}.{part}", "")))
    return kinds


def write_letters(site):
    """One of each kind to one person, in every language; as rows, since most of what they tell of takes days to happen. What is
    put in stands in the other direction than the letter, which is where letters go wrong."""
    names = {"en": "أمل حدّاد", "es": "Sofía Morales", "ar": "Grace Mensah (London)", "ur": "Grace Mensah (London)"}
    reader = site.value("select id from users where email = %s", WHO["learner"])
    before = len(site.mail.letters)
    kinds, wanted = kinds_of_letters(), []
    shape = dict(site.sql("select kind, params from mails where params <> '{}' order by created_at"))
    moment = next((value for params in shape.values() for name, value in params.items() if name == "at"), None)
    money = next((value for params in shape.values() for name, value in params.items() if name == "amount"), None)
    assert moment and money, "no letter tells a time and an amount"
    for language in names:
        site.sql("update users set language = %s where id = %s", language, reader)
        for kind, values in kinds.items():
            told = {}
            for value in values - {"name", "site"}:
                told[value] = {
                    "at": moment, "before": moment, "proposed": moment, "amount": money, "refund": money,
                    "minutes": {"number": {"_0": 60}}, "stars": {"number": {"_0": 4}}, "count": {"number": {"_0": 2}},
                    "number": {"text": {"_0": "2026-000117"}}, "subject": {"text": {"_0": "Calculus I"}},
                    "reason": {"text": {"_0": "I am ill (flu), sorry!"}}, "search": {"text": {"_0": "Piano, ≤ $40"}},
                    "tutors": {"text": {"_0": "Hiro Tanaka, " + names[language]}},
                }.get(value, {"text": {"_0": names[language]}})
            mail = str(uuid.uuid4())
            site.sql("insert into mails (id, user_id, kind, topic, params, link) values (%s, %s, %s, %s, %s, '/bookings')",
                     mail, reader, kind, TOPICS.get(kind.split(".")[0]), json.dumps(told))
            site.sql("insert into jobs (id, name, payload, max_attempts) values (%s, 'notices.send-mail', %s, 1)", str(uuid.uuid4()), json.dumps({"mail": mail}))
            wanted.append((kind, language, mail))
        until(lambda: site.value("select count(*) from mails where state = 'queued'") == 0, f"the letters in {language}", seconds=60)
    site.sql("update users set language = 'en' where id = %s", reader)
    lost = site.sql("select kind, last_error from mails where state <> 'sent' and id = any(%s::uuid[])", [mail for _, _, mail in wanted])
    assert not lost, f"not sent: {lost}"
    letters = {letter.message["Message-ID"].strip("<>").split("@")[0]: letter for letter in site.mail.letters[before:]}
    return [(kind, language, letters[mail]) for kind, language, mail in wanted]


def take_letters(site, dresses):
    """The HTML of one letter of each kind and language as a phone shows it, in the dark too; the words of all in one file
    a language, `letters.<language>.txt`."""
    taken, said = [], {}
    written = write_letters(site)
    for dark in (False, True) if "dark" in dresses else (False,):
        person = site.person("letters", phone=True, dark=dark)
        for kind, language, letter in written:
            if dark and language not in ("en", "ar"):
                continue
            dress = language + (".dark" if dark else "")
            file = FOLDER / f"letter-{kind.replace('.', '-')}.{dress}.png"
            person.page.set_content(letter.html)
            person.page.screenshot(path=str(file), full_page=True)
            wide = person.page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")
            taken.append((f"letter-{kind}", kind, dress, file.name, ["scrolls sideways"] if wide else []))
            said.setdefault(language, []).append(f"{kind}\n{letter.subject}\n\n{letter.text}")
        person.context.close()
        site.people.remove(person)
    for language, texts in said.items():
        (FOLDER / f"letters.{language}.txt").write_text(("\n" + "\u2500" * 60 + "\n").join(texts))
    return taken


def contact_sheet(taken, left):
    screens = {}
    for name, path, dress, file, strange in taken:
        screens.setdefault((name, path), []).append((dress, file, strange))
    rows = "\n".join(
        f'<section id="{html.escape(name)}"><h2><code>{html.escape(path)}</code> <small>{html.escape(name)}</small></h2><div>'
        + "".join(f'<figure><a href="{file}"><img src="{file}" alt="" loading="lazy"></a><figcaption>{dress}{" · " + ", ".join(strange) if strange else ""}</figcaption></figure>'
                  for dress, file, strange in shots) + "</div></section>" for (name, path), shots in screens.items())
    rest = "".join(f"<li><code>{html.escape(template)}</code></li>" for template in left)
    (FOLDER / "index.html").write_text(f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title><meta name="viewport" content="width=device-width">
<style>body {{ font: 15px system-ui; margin: 2rem; }} section > div {{ display: flex; gap: 1rem; overflow-x: auto; align-items: start; }}
figure {{ margin: 0; flex: none; }} img {{ display: block; height: 22rem; max-width: 30rem; object-fit: cover; object-position: top; border: 1px solid #999; }} h2 {{ font-size: 1rem; }}</style></head>
<body><h1>Contact sheet</h1><p>{len(screens)} screens, {len(taken)} pictures.</p>{"<p>Without a picture:</p><ul>" + rest + "</ul>" if left else ""}
{rows}</body></html>
""")


def main():
    filters = [word for word in sys.argv[1:] if word not in DRESSES]
    dresses = [word for word in sys.argv[1:] if word in DRESSES] or list(DRESSES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    databases = harness.Databases()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=harness.CHROMIUM, args=harness.FLAGS)
        site = harness.Site(browser, databases, "shots", DEV=1, EMBEDDING="any")
        try:
            ids = live(site)
            chosen, left = visits(site, ids)
            if filters:
                chosen = [(who, path) for who, path in chosen if any(word in f"{who} {path}" for word in filters)]
            taken = take(site, chosen, dresses, ids)
            if not filters or "elsewhere" in filters:
                taken += take_widget(site, dresses)
            if not filters or "letters" in filters:
                taken += take_letters(site, dresses)
        finally:
            site.close(failed=False)
            browser.close()
            databases.close()
    if not filters and len(dresses) == len(DRESSES):
        contact_sheet(taken, left)
    strange = [f"{path} ({dress}): {', '.join(what)}" for _, path, dress, _, what in taken if what]
    for line in [*(f"No picture of {template}: say in Tests/Browser/shots.py how it is reached." for template in left), *strange]:
        print(line)
    print(f"{len(taken)} pictures in {FOLDER}, in {time.monotonic() - began:.0f} s; look at {FOLDER / 'index.html'}.")
    sys.exit(1 if strange or (left and not filters) else 0)


if __name__ == "__main__":
    main()
