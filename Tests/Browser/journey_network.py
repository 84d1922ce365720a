"""A lesson on a bad network: the picture that waits while the voice goes on, the sound that must be touched to be heard, and
the one that falls silent although the line holds. Both people come through the relay, and a hand on the way to it."""

import pytest

import harness
from harness import until
from journey_room import both_inside, cast, flows, is_inside, lesson, look, media, reads, room, writes
from Peers.lossy import Lossy
from Peers.turn import Turn

ROOM = "document.querySelector('[data-island~=room]')"
OTHER = "document.querySelector('[data-video-other]')"


@pytest.fixture
def way():
    with Turn() as turn, Lossy(turn.port) as way:
        way.secret = turn.secret
        yield way


def relayed(sites, way):
    return sites(TURN_URLS=way.url, TURN_SECRET=way.secret, RELAY_ONLY=1)


def rung(person):
    return look(person, f"{ROOM}.dataset.rung")


def hears(person, seconds=25):
    """Until more sound came than now."""
    before = media(person)
    until(lambda: (now := media(person)) and now["audio"] > before["audio"] + 1000, f"sound at {person.name}", seconds)


def test_on_a_bad_network_the_voice_goes_on_and_the_picture_comes_back(sites, way):
    site = relayed(sites, way)
    booking = lesson(site)
    tutor, learner = cast(site)
    both_inside(tutor, learner, booking)
    assert media(learner)["route"] == ["relay", "relay"]

    # One packet in ten is lost on each person's way. Step by step less is sent, until only the voice.
    way.keep(9)
    for person in (tutor, learner):
        until(lambda: rung(person) == "audio", f"the voice alone at {person.name}; it is {rung(person)!r}", 60)
        person.page.locator("[data-voice-only]").wait_for(state="visible")
        person.page.locator("[data-network].poor, [data-network].fair, [data-network].lost").wait_for()
    learner.sees("Voice only for now")
    # Nothing but sound is sent, it arrives, and the written word goes on.
    assert look(learner, f"{ROOM}.lessonRoom.link.lines[1].sender.track") is None
    for person in (tutor, learner):
        person.page.locator("[data-tile-other].no-video").wait_for()
        hears(person)
    writes(learner, "I hear you")
    reads(tutor, "I hear you", 1)
    # Each camera still runs: its owner sees it, and it is on at once when there is room again.
    assert look(tutor, f"{ROOM}.lessonRoom.tracks.camera.readyState") == "live"
    learner.is_accessible()

    # A good network again: the picture comes back by itself.
    way.keep(10)
    for person in (tutor, learner):
        until(lambda: rung(person) in ("low", "full"), f"a picture again at {person.name}", 90)
        person.page.locator("[data-voice-only]").wait_for(state="hidden")
    flows(tutor, learner, seconds=60)
    # What was measured is kept with the booking, with the rung it stood on.
    until(lambda: site.value("select count(*) from room_quality q join rooms r on r.id = q.room_id where r.booking_id = %s and q.rung = 'audio'",
                             booking) >= 1, "samples of the bad time", 30)


def test_a_hand_on_the_switch_overrules_the_network(sites, way):
    site = relayed(sites, way)
    booking = lesson(site)
    tutor, learner = cast(site)
    both_inside(tutor, learner, booking)
    way.keep(9)
    until(lambda: rung(learner) == "audio", "the voice alone", 60)
    learner.page.locator("[data-video-anyway]").click()
    learner.page.locator("[data-voice-only]").wait_for(state="hidden")
    # What the other end can take still holds: it asked for the voice alone until its own network is better.
    until(lambda: look(learner, f"{ROOM}.lessonRoom.ladder.rung") == "full", "the learner's own rung")
    tutor.page.locator("[data-video-anyway]").click()
    for person in (tutor, learner):
        until(lambda: rung(person) == "full", f"the picture at {person.name}", 30)
    flows(tutor, learner, seconds=60)


def test_sound_that_the_browser_holds_back_is_a_touch_away(sites, playwright):
    site = sites()
    booking = lesson(site)
    tutor = site.signed_in("tutor@example.org", name="tutor")
    strict = playwright.chromium.launch(
        executable_path=harness.CHROMIUM, args=[*harness.FLAGS, "--autoplay-policy=document-user-activation-required"])
    usual, site.browser = site.browser, strict
    try:
        # On a phone, where what is wrong with the devices and the button share one column.
        learner = site.signed_in("learner@example.org", name="learner", phone=True)
    finally:
        site.browser = usual
    try:
        # A page that has the microphone may play; one that was refused it, and was not touched, may not. It says so once the
        # picture is there: what comes later would play by itself, for by then this driver has touched the page.
        learner.context.add_init_script("""
            if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError') }
            const look = setInterval(() => {
              const video = document.querySelector('[data-video-other]')
              if (!video?.paused || video.readyState < 3 || !document.querySelector('[data-restore]:not([hidden])')) return
              clearInterval(look)
              console.info('a touch is asked for')
            }, 50)""")
        learner.page = learner.context.new_page()
        # Whatever this driver evaluates counts as a touch, and waiting for an element does: so the page itself says when.
        with learner.page.expect_console_message(lambda said: said.text == "a touch is asked for", timeout=40_000):
            learner.page.goto(f"/lessons/{booking}/room")
            room(tutor, booking)
            tutor.page.locator("[data-admit]").click()
            until(lambda: look(tutor, f"{ROOM}.dataset.link") == "connected", "the link")
        restore = learner.page.locator("[data-restore]")
        is_inside(learner)
        assert restore.is_visible()
        assert look(learner, f"{OTHER}.paused"), "it plays, so nothing need be restored"
        learner.is_accessible()
        restore.click()
        restore.wait_for(state="hidden")
        until(lambda: look(learner, f"!{OTHER}.paused && !{OTHER}.muted && {OTHER}.currentTime > 0"), "sound and picture after a touch")
        until(lambda: (found := media(learner)) and found["frames"] > 5 and found["audio"] > 1000, "the tutor's picture and sound")
    finally:
        learner.context.close()
        strict.close()


def test_sound_that_falls_silent_is_brought_back_by_itself(sites, way):
    site = relayed(sites, way)
    booking = lesson(site)
    tutor, learner = cast(site)
    both_inside(tutor, learner, booking)
    name = look(learner, f"{ROOM}.lessonRoom.link.name")
    for person in (tutor, learner):
        look(person, f"{{ window.__taken = 0; {OTHER}.addEventListener('emptied', () => {{ window.__taken += 1 }}) }}")

    # The routes there are carry no sound any more, and everything else: the line itself sees no fault.
    way.deafen()
    before = media(learner)
    until(lambda: look(learner, f"{ROOM}.lessonRoom.silent") > 0, "the silence to be noticed", 20)
    # First the player is given its sound anew, then another route is looked for; on that the sound comes.
    until(lambda: look(learner, "window.__taken") > 0, "the player to be tried", 30)
    until(lambda: (now := media(learner)) and now["audio"] > before["audio"] + 20_000, "sound at the learner's again", 60)
    until(lambda: look(learner, f"{ROOM}.lessonRoom.silent") == 0, "the watch to be at rest", 20)
    for person in (tutor, learner):
        hears(person, 60)
    flows(tutor, learner)
    assert look(learner, f"{ROOM}.lessonRoom.link.name") == name, "the connection is the same: only its route is new"
