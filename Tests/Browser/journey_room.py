"""The live room in two real browsers with fake cameras and microphones: from the device check to the end of the lesson.

What flows is read from the browsers' own statistics: frames decoded and bytes received, on either side.
"""

import json
import uuid

import pytest

from harness import until
from Peers.firefox import Firefox, is_there
from Peers.turn import Turn
from Peers.wire import Wire

ROOM = "document.querySelector('[data-island~=room]')"
STATISTICS = f"""async () => {{
  const pc = {ROOM}?.lessonRoom?.link?.pc
  if (!pc) return null
  const found = {{ state: pc.connectionState, audio: 0, video: 0, frames: 0, screen: 0, route: null }}
  const lines = pc.getTransceivers().map((line) => line.mid)
  const stats = await pc.getStats(), known = {{}}
  stats.forEach((one) => {{ known[one.id] = one }})
  stats.forEach((one) => {{
    if (one.type === 'inbound-rtp') {{
      if (one.kind === 'audio') found.audio += one.bytesReceived
      else if (one.mid === lines[2]) found.screen += one.framesDecoded ?? 0
      else {{ found.video += one.bytesReceived; found.frames += one.framesDecoded ?? 0 }}
    }}
    if (one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded')
      found.route = [known[one.localCandidateId]?.candidateType, known[one.remoteCandidateId]?.candidateType]
  }})
  return found
}}"""


def lesson(site, minutes_ago=2):
    """A free lesson of the cast's tutor and learner that started a little while ago; its booking."""
    booking = str(uuid.uuid4())
    site.sql("""
        insert into bookings (id, learner_id, tutor_id, subject_id, state, mode, starts_at, ends_at, blocked, price_amount, currency,
                              fee_basis_points, policy, room_code, learner_zone, tutor_zone)
        select %s, l.id, t.id, (select id from subjects order by slug limit 1), 'confirmed', 'instant', start, start + interval '1 hour',
               tstzrange(start, start + interval '1 hour', '[)'), 0, 'USD', 1800, p.terms, %s, l.zone, t.zone
          from users l, users t, booking_policies p, (select now() - make_interval(mins => %s) as start) as s
         where l.email = 'learner@example.org' and t.email = 'tutor@example.org' and p.tutor_id is null""",
        booking, "room-" + booking[-12:], minutes_ago)
    return booking


def look(person, expression):
    """A value of the page. Playwright's own waiting evaluates text in the page, which the page's policy rightly refuses."""
    return person.page.evaluate(expression)


def media(person):
    return look(person, STATISTICS)


def flows(*people, seconds=25):
    """Until each of them gets more frames and more sound than now."""
    for person in people:
        before = until(lambda: (found := media(person)) and found["state"] == "connected" and found, f"{person.name}'s link", seconds)
        until(lambda: (now := media(person)) and now["frames"] > before["frames"] + 5 and now["audio"] > before["audio"] + 1000,
              f"picture and sound at {person.name}", seconds)
        until(lambda: look(person, "document.querySelector('[data-video-other]').videoWidth") > 0, f"a picture to see at {person.name}")


def room(person, booking):
    person.goto(f"/lessons/{booking}/room")
    return person


def is_inside(person):
    person.page.locator("[data-tiles]").wait_for(state="visible")


def both_inside(tutor, learner, booking):
    room(learner, booking)
    learner.page.locator("[data-door=waiting]").wait_for(state="visible")
    room(tutor, booking)
    tutor.page.locator("[data-admit]").click()
    is_inside(learner)
    flows(tutor, learner)


def writes(person, text):
    if person.page.locator("[data-chat]").is_hidden():
        person.page.locator("[data-control-chat]").click()
    person.page.locator("[data-chat-text]").fill(text)
    person.page.locator("[data-chat-text]").press("Enter")


def reads(person, text, number=None):
    kept = "" if number is None else f'[data-number="{number}"]'
    person.page.locator(f".message{kept}", has_text=text).first.wait_for(state="attached")


def cast(site):
    """Tutor and learner, signed in, each with a browser of their own."""
    return site.signed_in("tutor@example.org", name="tutor"), site.signed_in("learner@example.org", name="learner", phone=True)


def test_two_people_meet_talk_share_and_end(site):
    booking = lesson(site)
    tutor, learner = cast(site)

    # The device check hears and sees, and leads to the door.
    learner.goto(f"/lessons/{booking}/check")
    learner.page.locator("[data-camera-state][data-state=works]").wait_for()
    learner.page.locator("[data-microphone-state][data-state=works]").wait_for()
    learner.page.get_by_text("Heard you through").wait_for()
    learner.page.get_by_role("link", name="Go to the room").click()
    learner.page.locator("[data-waiting-alone]").wait_for(state="visible")

    # The tutor comes, the learner is told; the tutor's title calls.
    room(tutor, booking)
    learner.page.locator("[data-waiting-told]").wait_for(state="visible")
    tutor.page.locator("[data-knock]").wait_for()
    until(lambda: "knocking" in tutor.page.title(), "a title that calls")
    tutor.page.locator("[data-admit]").click()
    is_inside(learner)
    flows(tutor, learner)
    tutor.page.locator("[data-network].good").wait_for()
    assert site.value("select state from bookings where id = %s", booking) == "in_progress"

    # The written word.
    writes(tutor, "Hello <b>Lena</b>\nhttps://example.org/page, see there")
    reads(learner, "Hello <b>Lena</b>", 1)
    assert learner.page.locator(".message a").first.get_attribute("href") == "https://example.org/page"
    writes(learner, "I see it")
    reads(tutor, "I see it", 2)
    learner.page.locator("[data-close-chat]").click()
    tutor.page.locator("[data-close-chat]").click()

    # The screen, by its key.
    tutor.page.keyboard.press("s")
    learner.page.locator("[data-tile-screen]").wait_for(state="visible")
    until(lambda: media(learner)["screen"] > 5, "frames of the shared screen")
    tutor.page.keyboard.press("s")
    learner.page.locator("[data-tile-screen]").wait_for(state="hidden")

    # Microphone and camera off and on.
    tutor.page.keyboard.press("m")
    learner.page.locator("[data-other-muted]").wait_for(state="visible")
    tutor.page.keyboard.press("v")
    learner.page.locator("[data-tile-other].no-video").wait_for()
    tutor.page.keyboard.press("m")
    tutor.page.keyboard.press("v")
    learner.page.locator("[data-other-muted]").wait_for(state="hidden")
    flows(learner)

    # What a browser measured is kept with the booking.
    until(lambda: site.value("select count(*) from room_quality q join rooms r on r.id = q.room_id where r.booking_id = %s", booking) >= 2,
          "samples of the link", 30)

    # The end.
    tutor.page.locator("[data-control-leave]").click()
    tutor.page.locator("[data-end-now]").click()
    learner.page.wait_for_url("**/ended")
    tutor.page.wait_for_url("**/ended")
    learner.page.get_by_role("link", name="Write a review").wait_for()
    learner.sees("I see it")
    tutor.page.get_by_role("link", name="To your dashboard").wait_for()
    learner.is_sound()
    assert site.value("select state from bookings where id = %s", booking) == "completed"
    seconds = [row[0] for row in site.sql("select seconds from attendance where booking_id = %s", booking)]
    assert len(seconds) == 2 and min(seconds) > 3
    assert site.sql("select count(*) from room_stays where left_at is null")[0][0] == 0


def test_what_breaks_comes_back_with_nothing_lost(site):
    booking = lesson(site)
    tutor = site.signed_in("tutor@example.org", name="tutor")
    for person in (tutor,):
        person.allow("WebSocket|Failed to fetch")
    with Wire(site.port) as wire:
        learner = site.signed_in("learner@example.org", name="learner", base_url=wire.url)
        learner.allow("WebSocket|Failed to fetch|ERR_CONNECTION")
        both_inside(tutor, learner, booking)
        name = look(learner, f"{ROOM}.lessonRoom.link.name")
        tiles = learner.page.locator("[data-tiles]")
        place = tiles.bounding_box()

        # The learner's line to the server is cut: the lesson goes on, what is written waits, nothing is said twice.
        wire.cut()
        until(lambda: look(learner, f"{ROOM}.dataset.line") in ("lost", "connecting"), "the learner to notice")
        learner.page.locator("[data-note]").wait_for(state="visible")
        assert tiles.bounding_box() == place, "a note lies over the pictures and moves none"
        writes(learner, "said while away")
        writes(tutor, "meanwhile")
        reads(tutor, "meanwhile", 1)
        flows(tutor, learner)
        wire.mend()
        reads(learner, "meanwhile", 1)
        reads(learner, "said while away", 2)
        reads(tutor, "said while away", 2)
        assert learner.page.locator(".message").count() == 2
        assert look(learner, f"{ROOM}.lessonRoom.link.name") == name, "the link itself was never touched"

        # The media path dies under both: a new one is found.
        look(learner, f"{ROOM}.lessonRoom.link.pc.close()")
        flows(tutor, learner, seconds=60)

        # A reload: the same seat, the same log, and picture again.
        learner.page.reload()
        is_inside(learner)
        reads(learner, "said while away", 2)
        flows(tutor, learner)

        # The server restarts under them.
        site.restart()
        for person in (tutor, learner):
            until(lambda: look(person, f"{ROOM}.dataset.line") == "open", f"{person.name}'s line")
        writes(tutor, "after the restart")
        reads(learner, "after the restart", 3)
        flows(tutor, learner)
    stays = site.sql("select user_id from room_stays s join rooms r on r.id = s.room_id where r.booking_id = %s", booking)
    assert len(stays) == 2, "one stay each: nobody was away for long"


def test_a_second_tab_takes_the_seat(site):
    booking = lesson(site)
    tutor, learner = cast(site)
    both_inside(tutor, learner, booking)
    first = learner.page
    learner.page = learner.context.new_page()
    room(learner, booking)
    flows(tutor, learner)
    first.locator("[data-door=elsewhere]").wait_for(state="visible")
    first.locator("[data-use-here]").click()
    learner.page.locator("[data-door=elsewhere]").wait_for(state="visible")


def test_a_lesson_through_the_relay_alone(sites):
    with Turn() as turn:
        site = sites(TURN_URLS=turn.urls, TURN_SECRET=turn.secret, RELAY_ONLY=1)
        booking = lesson(site)
        tutor, learner = cast(site)
        both_inside(tutor, learner, booking)
        for person in (tutor, learner):
            assert media(person)["route"] == ["relay", "relay"]


@pytest.mark.parametrize("name, words", [
    ("NotAllowedError", "may not use the camera"), ("NotFoundError", "No camera was found"),
    ("NotReadableError", "Another program is using the camera"), ("OverconstrainedError", "does not fit"),
])
def test_every_device_trouble_has_its_cause_and_its_fix_and_keeps_nobody_out(site, name, words):
    booking = lesson(site)
    tutor = site.signed_in("tutor@example.org", name="tutor")
    learner = site.signed_in("learner@example.org", name="learner")
    # No real device can be made to fail in each of these ways; the browser's own answer is what the page gets.
    learner.context.add_init_script(
        f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('no', {json.dumps(name)}) }}")
    learner.goto(f"/lessons/{booking}/check")
    state = learner.page.locator("[data-camera-state]")
    state.get_by_text(words).wait_for()
    assert len(state.locator("[data-fix]").inner_text()) > 20
    state.locator("[data-again]").wait_for(state="visible")
    learner.is_accessible()
    learner.page.get_by_role("link", name="Go to the room").click()
    learner.page.locator("[data-door=waiting]").wait_for(state="visible")
    room(tutor, booking)
    tutor.page.locator("[data-admit]").click()
    is_inside(learner)
    # Without camera and microphone: sees, hears and writes.
    until(lambda: (found := media(learner)) and found["frames"] > 5 and found["audio"] > 1000, "the tutor's picture and sound")
    writes(learner, "I hear you")
    reads(tutor, "I hear you", 1)


COVERED = """() => {
  const box = (one) => one.getBoundingClientRect()
  const line = box(document.querySelector('[data-site]'))
  const meets = (one) => one.width > 0 && one.left < line.right && line.left < one.right && one.top < line.bottom && line.top < one.bottom
  return [...document.querySelectorAll('.controls button, [data-tiles], .room-top > a, [data-network]')].filter((one) => meets(box(one))).map((one) => one.className)
}"""


def test_what_troubles_the_site_is_said_in_an_open_room_and_covers_nothing(site):
    booking = lesson(site)
    tutor, learner = cast(site)
    both_inside(tutor, learner, booking)
    said = [person.page.locator("[data-site]") for person in (tutor, learner)]
    assert [line.text_content() for line in said] == ["", ""]
    # A letter that has waited for ten minutes: the site sees it by itself, and the open pages hear of it.
    site.sql("""insert into mails (id, user_id, kind, created_at)
                select gen_random_uuid(), id, 'tests.late', now() - interval '10 minutes' from users limit 1""")
    for person, line in zip((tutor, learner), said):
        until(lambda: "Letters are sent late" in line.text_content(), f"what troubles the site, at {person.name}", 40)
        assert line.get_attribute("role") == "status" and line.is_visible()
        assert look(person, COVERED) == []
        person.is_accessible()
        person.shot("room-troubles")
    learner.fits(320)
    # The way to more leads elsewhere, and the lesson goes on here.
    assert learner.page.locator("[data-site] a").get_attribute("target") == "_blank"
    flows(tutor, learner)
    site.sql("delete from mails where kind = 'tests.late'")
    for person, line in zip((tutor, learner), said):
        until(lambda: line.text_content() == "", f"quiet again, at {person.name}", 40)


def test_the_room_is_sound_and_says_what_it_needs(site):
    booking = lesson(site)
    tutor, learner = cast(site)
    learner.goto(f"/lessons/{booking}/check")
    learner.page.locator("[data-camera-state][data-state=works]").wait_for()
    learner.is_sound()
    room(learner, booking)
    learner.page.locator("[data-door=waiting]").wait_for(state="visible")
    learner.is_sound()
    room(tutor, booking)
    tutor.page.locator("[data-knock]").wait_for()
    tutor.is_sound()
    tutor.page.locator("[data-deny]").click()
    learner.page.locator("[data-door=denied]").wait_for(state="visible")
    learner.is_sound()
    tutor.page.locator("[data-knock]").wait_for(state="detached")
    # Knocking again is refused for some seconds, and said so.
    again = learner.page.locator("[data-knock-again]")
    until(lambda: tutor.page.locator("[data-admit]").count() or (again.is_visible() and again.click()), "another knock", every=1)
    tutor.page.locator("[data-admit]").click()
    flows(tutor, learner)
    tutor.page.locator("[data-control-chat]").click()
    learner.is_sound()
    tutor.is_sound()

    stranger = site.signed_in("omar@example.org", name="stranger")
    stranger.goto(f"/lessons/{booking}/room", status=404)
    plain = site.signed_in("learner@example.org", name="plain", script=False)
    plain.goto(f"/lessons/{booking}/room")
    # Text engines pass over noscript; people without script do not.
    assert plain.page.locator("noscript strong").inner_text() == "The room needs JavaScript"
    assert plain.page.locator("[data-door=starting]").is_hidden()


@pytest.mark.skipif(not is_there(), reason="bin/setup --firefox brings the second engine")
def test_one_end_is_firefox(site):
    booking = lesson(site)
    tutor = site.signed_in("tutor@example.org", name="tutor")
    with Firefox(site.url) as learner:
        learner.goto("/sign-in")
        learner.fill("input:is([type=email], [type=text], :not([type])) >> nth=0", "learner@example.org")
        learner.fill("input[type=password]", site.cast_password)
        learner.press("input[type=password]", "Enter")
        until(lambda: "/sign-in" not in learner.address(), "Firefox to be signed in")
        learner.wait_for_load_state("load")
        # This driver takes the end of a first load for another navigation; the page itself says when it is there.
        learner.evaluate(f"void location.assign('/lessons/{booking}/room')")
        learner.wait_for_selector("[data-door=waiting]", state="visible")
        room(tutor, booking)
        tutor.page.locator("[data-admit]").click()
        flows(tutor)
        before = until(lambda: (found := learner.evaluate(STATISTICS)) and found["frames"] > 0 and found, "frames at Firefox", 30)
        until(lambda: (now := learner.evaluate(STATISTICS))["frames"] > before["frames"] + 5 and now["audio"] > before["audio"],
              "picture and sound at Firefox")
