"""A tutor's way in: register, say everything, set hours, be looked at, be found."""

import io
import math
import struct
import subprocess
import wave
import zlib

from harness import until
from ways import arrive, register

EMAIL = "nils.berg@example.net"
BIOGRAPHY = """I teach **statistics** to people who need it for something else: biologists, nurses, journalists.

- We begin with your own data
- You leave with one picture that says what it should"""


def png(width=320, height=240):
    """A picture with some colours, as a camera would not make it but as any program reads it."""
    rows = b"".join(
        b"\0" + b"".join(bytes((x * 255 // width, y * 255 // height, 120)) for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def wav(seconds=0.5, rate=8000):
    """An A, very softly."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"".join(struct.pack("<h", int(3000 * math.sin(2 * math.pi * 440 * n / rate))) for n in range(int(seconds * rate))))
    return file.getvalue()


def test_a_tutor_registers_is_verified_and_is_found(site):
    nils = site.person("nils", zone="Europe/Berlin")
    page = nils.page
    register(nils, "Nils Berg", EMAIL, role="tutor")
    assert site.value("select zone from users where email = %s", EMAIL) == "Europe/Berlin"

    nils.goto("/account")
    page.locator("#photo-file").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": png()})
    nils.press("Save picture").sees("Your picture is saved.")
    page.wait_for_function("() => { const i = document.querySelector('main img.avatar'); return i.complete && i.naturalWidth > 0 && i.naturalWidth === i.naturalHeight }")
    nils.is_sound()

    profile(nils)
    hours(nils)

    nils.goto("/tutor/profile?step=finish")
    nils.sees("100 % complete").is_sound()
    nils.press("Send my profile to be verified").sees("We are looking at your profile")
    guest = site.person("guest")
    guest.goto("/tutors?q=Nils")
    assert guest.page.get_by_role("link", name="Nils Berg").count() == 0, "somebody is listed who was not verified"

    verified_by_admin(site)
    site.mail.wait(EMAIL, "You are listed")
    nils.goto("/tutor/profile?step=finish")
    nils.sees("You are listed")

    # Found by words and by subject, with the picture, the price and a next free time; the sample can be heard.
    for query in ("q=statistics+people", "subject=statistics&price_max=30"):
        guest.goto("/tutors?" + query)
        card = guest.page.locator(".tutor-card", has_text="Nils Berg")
        card.wait_for()
        assert "$28.50" in card.inner_text()
        guest.page.wait_for_function("() => document.querySelector('.tutor-card img.avatar')?.naturalWidth > 0")
        assert card.locator(".tutor-next").count() == 1, "no next free time on the card"
    guest.page.get_by_role("link", name="Nils Berg", exact=True).click()
    arrive(guest, "/tutors/[^/]+")
    guest.page.locator(".prose strong", has_text="statistics").wait_for()
    assert guest.page.locator("a.slot").count() > 0
    guest.page.wait_for_function("() => { const a = document.querySelector('audio'); return a && a.duration > 0.4 }")
    guest.sees("MSc Statistics").is_sound()


def profile(person):
    page = person.page
    person.goto("/tutor/profile")
    person.fill("Headline", "Statistics for people who need it for something else")
    person.fill("About you and your teaching", BIOGRAPHY)
    person.fill("Teaching experience", "Six years at a school of nursing.")
    person.fill("Years of teaching", "6")
    person.fill("City", "Kiel")
    page.locator("input[name=modes][value=in_person]").check()
    person.is_sound()
    person.press("Save and go on")

    page.get_by_label("Subject", exact=True).select_option(label="Statistics (STAT 110)")
    person.fill("Price an hour", "28.50")
    page.locator("input[name=durations][value='30']").check()
    person.is_sound()
    page.locator("main").get_by_role("button", name="Add", exact=True).click()
    page.locator(".list-row", has_text="Statistics").wait_for()
    person.press("Next step")

    for language, fluency in (("German", "native"), ("English", "fluent")):
        page.locator("select[name=language]").last.wait_for()
        form = page.locator("form[action='/tutor/profile/languages']")
        form.locator("select[name=language]").select_option(label=language)
        form.locator("select[name=fluency]").select_option(label=fluency)
        form.get_by_role("button", name="Add", exact=True).click()
        page.locator(".list-row", has_text=language).wait_for()
    person.is_sound()
    person.press("Next step")

    page.get_by_label("Kind").select_option(label="Degree")
    person.fill("What it is called", "MSc Statistics")
    person.fill("Given by", "Kiel University")
    person.fill("Year", "2016")
    page.locator("#evidence").set_input_files({"name": "diploma.png", "mimeType": "image/png", "buffer": png(200, 280)})
    page.locator("main").get_by_role("button", name="Add", exact=True).click()
    page.locator(".list-row", has_text="MSc Statistics").wait_for()
    person.is_sound()
    person.press("Next step")

    person.fill("Title", "Half a minute of a lesson")
    page.locator("#sample").set_input_files({"name": "lesson.wav", "mimeType": "audio/wav", "buffer": wav()})
    person.press("Upload")
    page.locator(".list-row", has_text="Half a minute of a lesson").wait_for()
    person.is_sound()


def hours(person):
    """Monday by hand, copied to the whole week; no notice, so that somebody may come today."""
    page = person.page
    person.goto("/tutor/availability")
    monday = page.locator("fieldset[data-weekday='1']")
    monday.locator("input[type=time]").nth(0).fill("08:00")
    monday.locator("input[type=time]").nth(1).fill("20:00")
    page.locator("details[data-copy] summary").click()
    for box in page.locator("input[name=copy-to]").all()[1:]:
        box.check(force=True)
    page.locator("button[value=copy]").click()
    page.wait_for_function("() => document.querySelector(\"[name='start-7']\").value === '08:00'")
    page.get_by_label("Book at least this long ahead").select_option("0")
    page.get_by_role("button", name="Save hours", exact=True).last.click()
    person.sees("Your hours are saved")
    person.is_sound()


def verified_by_admin(site):
    rosa = site.signed_in("admin@example.org", name="rosa")
    rosa.goto("/admin")
    rosa.sees("A tutor waits to be verified").press("Look")
    rosa.press("Nils Berg")
    rosa.is_sound()
    evidence = rosa.page.get_by_role("link", name="Evidence")
    answer = rosa.context.request.get(site.url + evidence.get_attribute("href"))
    assert answer.status == 200 and answer.headers["content-type"] == "image/png"
    rosa.press("Evidence is good").press("Verify and list")
    rosa.sees("Nobody is waiting")


def film(seconds=2):
    """A picture that changes, and silence, as a browser records them."""
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"testsrc=size=160x120:rate=5:duration={seconds}", "-f", "lavfi", "-i",
         f"anullsrc=duration={seconds}", "-c:v", "libvpx", "-c:a", "libopus", "-f", "webm", "-"], check=True, capture_output=True).stdout


def test_captions_stand_under_a_tutors_film(site):
    amal = site.signed_in("tutor@example.org", name="amal")
    page = amal.page
    amal.goto("/tutor/profile?step=samples")
    amal.fill("Title", "A proof in two minutes")
    page.locator("#sample").set_input_files({"name": "proof.webm", "mimeType": "video/webm", "buffer": film()})
    amal.press("Upload")
    row = page.locator(".list-row", has_text="A proof in two minutes")
    row.wait_for()
    amal.sees("No captions").is_sound()

    # A file that would be shown wrong is refused with the line; the form is open again.
    add = row.locator("details", has_text="Add captions")
    add.locator("summary").click()
    add.locator("select").select_option(label="English")
    add.locator("input[type=file]").set_input_files(
        {"name": "a.srt", "mimeType": "text/plain", "buffer": b"1\n00:00:01,000 --> 00:00:00,500\nHello"})
    add.get_by_role("button", name="Upload captions").click()
    amal.sees("The time in line 2 cannot be read").is_sound()

    for language, words in (("English", "Hello & <i>welcome</i>"), ("Arabic", "أهلا وسهلا")):
        add = row.locator("details", has_text="Add captions")
        if add.get_attribute("open") is None:
            add.locator("summary").click()
        add.locator("select").select_option(label=language)
        add.locator("input[type=file]").set_input_files({"name": "a.srt", "mimeType": "text/plain", "buffer": (
            f"1\r\n00:00:00,100 --> 00:00:01,500\r\n{words}\r\n").encode()})
        add.get_by_role("button", name="Upload captions").click()
        row.get_by_text(f"Captions in {language}", exact=True).wait_for()
    amal.is_sound()

    # A reader of Arabic sees those first, and the browser has read every word of them.
    site.sql("update users set language = 'ar' where email = 'learner@example.org'")
    for person, language, words in (
            (site.person("guest"), "en", "Hello & <i>welcome</i>"), (site.signed_in("learner@example.org", name="lena"), "ar", "أهلا وسهلا")):
        person.goto("/tutors/amal")
        video = person.page.locator("figure.sample video")
        video.scroll_into_view_if_needed()
        shown = until(lambda: video.evaluate("""(v) => [...v.textTracks].filter((t) => t.mode === "showing" && t.cues?.length)
            .map((t) => [t.kind, t.language, t.cues.length, t.cues[0].startTime, t.cues[0].getCueAsHTML().textContent])[0]"""),
            "the captions to be read")
        assert shown == ["captions", language, 1, 0.1, words.replace("<i>", "").replace("</i>", "")], shown
        assert video.evaluate("(v) => v.textTracks.length") == 2
        person.is_sound()
