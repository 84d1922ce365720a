"""Nodes that die, stop, hang and are replaced, while people are in a lesson."""

import time

import pytest

from harness import until
from journey_room import both_inside, cast, flows, lesson, look, reads, writes
from town import Load
from ways import state

LINE = "(document.querySelector('[data-island~=room]')?.dataset.line === 'open')"


# Messages that the site has not confirmed yet.
UNKEPT = "document.querySelectorAll('.message:not([data-number])').length"


def is_ready(person):
    return look(person, LINE)


def numbers(person):
    return look(person, "[...document.querySelectorAll('.message[data-number]')].map((one) => Number(one.dataset.number))")


def texts(person):
    return look(person, "[...document.querySelectorAll('.message[data-number]')].map((one) => one.innerText)")


def is_complete(town, booking, *people, count=None):
    """Everybody shows every message the database has, in its order, once; and there are `count`, where that is given.

    What a person reads may have come straight from the other browser, before the site has kept it: so the database is asked anew."""
    def kept():
        return [number for (number,) in town.sql(
            "select number from room_messages m join rooms r on r.id = m.room_id where r.booking_id = %s order by number", booking)]

    if count is not None:
        until(lambda: len(kept()) >= count, f"{count} messages to be kept")
    for person in people:
        until(lambda: numbers(person) == kept() and not look(person, UNKEPT), f"{person.name} to have every message")
    found = kept()
    assert found == list(range(1, len(found) + 1)), f"the kept numbers have gaps: {found}"
    assert count is None or len(found) == count, f"{len(found)} messages, not {count}"
    return len(found)


def on_two_nodes(town, *people):
    """The people's sockets are on different nodes: whoever shares a node comes again until it is so."""
    def spread():
        return all((node.figure("http_sockets") or 0) >= 1 for node in town.nodes)

    for attempt in range(12):
        if spread():
            return
        people[attempt % len(people)].page.reload()
        until(lambda: all(is_ready(person) for person in people), "the room's lines")
    raise AssertionError("all sockets are on one node")


def in_lesson(town):
    booking = lesson(town)
    tutor, learner = cast(town)
    for person in (tutor, learner):
        # A node that dies breaks sockets and answers; the browsers say so on their consoles.
        person.allow(r"WebSocket connection|50[234] from")
    both_inside(tutor, learner, booking)
    on_two_nodes(town, tutor, learner)
    return booking, tutor, learner


def end(town, booking, tutor):
    """The lesson is ended by its tutor, and the booking knows."""
    tutor.page.locator("[data-control-leave]").click()
    tutor.page.locator("[data-end-now]").click()
    until(lambda: state(town, booking) == "completed", "the booking to be completed")
    assert town.value("select count(*) from booking_events where booking_id = %s and to_state = 'completed'", booking) == 1


def test_two_nodes_are_one_room(town):
    booking, tutor, learner = in_lesson(town)
    flows(tutor, learner)
    for turn in range(5):
        writes(tutor, f"from the tutor {turn}")
        writes(learner, f"from the learner {turn}")
    reads(learner, "from the tutor 4")
    reads(tutor, "from the learner 4")
    count = is_complete(town, booking, tutor, learner, count=10)
    assert all(node.figure("bus_heard") > 0 and node.figure("bus_lost") == 0 for node in town.nodes)
    town.say(f"two nodes, one room: {count} messages on both sides, in order; nothing lost or repeated between the nodes")
    end(town, booking, tutor)


def test_a_node_killed_in_mid_lesson(town):
    booking, tutor, learner = in_lesson(town)
    writes(tutor, "before")
    reads(learner, "before")
    seats = town.sql(
        "select user_id, admitted_at from room_seats s join rooms r on r.id = s.room_id where r.booking_id = %s order by user_id", booking)
    stays = town.value(
        "select count(*) from room_stays s join rooms r on r.id = s.room_id where r.booking_id = %s", booking)
    # One node of two: one person's line breaks, the other's does not.
    victim = town.nodes[0]
    cut = [person for person in (tutor, learner)]
    for person in cut:
        person.page.evaluate(
            f"() => {{ window.__lost = null; window.__back = null; const look = () => {{ const ready = {LINE};"
            " if (!ready && window.__lost === null) window.__lost = performance.now();"
            " if (ready && window.__lost !== null && window.__back === null) window.__back = performance.now() };"
            " window.__watch = setInterval(look, 10) }")
    victim.kill()
    writes(tutor, "while it is down, from the tutor")
    writes(learner, "while it is down, from the learner")
    until(lambda: all(is_ready(person) for person in cut) and any(look(person, "window.__back") for person in cut), "both to be back", 10)
    took = max(look(person, "window.__back === null ? 0 : window.__back - window.__lost") for person in cut) / 1000
    assert took < 5, f"it took {took:.1f} s to be back"
    reads(learner, "while it is down, from the tutor")
    reads(tutor, "while it is down, from the learner")
    count = is_complete(town, booking, tutor, learner, count=3)
    flows(tutor, learner)
    assert state(town, booking) == "in_progress"
    assert seats == town.sql(
        "select user_id, admitted_at from room_seats s join rooms r on r.id = s.room_id where r.booking_id = %s order by user_id", booking)
    after = town.value("select count(*) from room_stays s join rooms r on r.id = s.room_id where r.booking_id = %s", booking)
    assert after == stays, f"the stay was broken: {stays} intervals before, {after} after"
    victim.start()
    writes(learner, "and after")
    reads(tutor, "and after")
    town.say(f"kill -9 of a node in mid-lesson: back in the same seat after {took:.2f} s, attendance unbroken, {count} messages complete, sound and picture never stopped")
    end(town, booking, tutor)


def test_a_node_that_drains_under_load_breaks_no_request(town):
    booking, tutor, learner = in_lesson(town)
    with Load(town, people=6) as load:
        until(lambda: len(load.answers) > 20, "some load", 30)
        for node in town.nodes:
            node.terminate()
            node.process.wait(30)
            assert node.process.returncode == 0, f"node {node.number} ended with {node.process.returncode}"
            assert "server.stopped" in node.log()
            node.start()
            until(lambda: all(is_ready(person) for person in (tutor, learner)), "both to be back")
        before = len(load.answers)
        until(lambda: len(load.answers) > before + 20, "more load", 30)
    assert not load.odd(), load.odd()
    writes(tutor, "new version")
    reads(learner, "new version")
    is_complete(town, booking, tutor, learner, count=1)
    town.say(f"SIGTERM of each node in turn under load: {len(load.answers)} requests, all answered with 200, slowest {load.slowest():.2f} s; the lesson went on")
    end(town, booking, tutor)


def test_a_node_that_hangs_for_ten_seconds(town):
    booking, tutor, learner = in_lesson(town)
    victim = town.nodes[0]
    with Load(town, people=4) as load:
        until(lambda: len(load.answers) > 10, "some load", 30)
        began = time.monotonic()
        victim.pause()
        try:
            writes(tutor, "into the pause, from the tutor")
            writes(learner, "into the pause, from the learner")
            until(lambda: time.monotonic() - began > 10, "ten seconds to pass", 20)
        finally:
            victim.resume()
        before = len(load.answers)
        until(lambda: len(load.answers) > before + 10, "more load", 30)
    reads(learner, "into the pause, from the tutor")
    reads(tutor, "into the pause, from the learner")
    until(lambda: all(is_ready(person) for person in (tutor, learner)), "both to be there", 30)
    is_complete(town, booking, tutor, learner, count=2)
    flows(tutor, learner)
    assert not load.odd(), load.odd()
    assert state(town, booking) == "in_progress"
    town.say(f"SIGSTOP of a node for 10 s: {len(load.answers)} pages, all answered with 200, slowest {load.slowest():.1f} s; chat complete after it; seats kept")
    end(town, booking, tutor)


def test_schedules_run_once_on_two_nodes(town):
    before = town.value("select coalesce(max(number), 0) from jobs")
    # All due at once, on both nodes.
    town.sql("update schedules set next_at = now() - interval '1 second'")
    until(lambda: town.value("select count(*) from schedules where next_at < now()") == 0, "the nodes to have looked", 40)
    made = dict(town.sql("select name, count(*) from jobs where number > %s and name like 'schedule/%%' group by name", before))
    assert made and all(count == 1 for count in made.values()), f"a turn was taken twice: {made}"
    town.say(f"schedules on two nodes: {len(made)} due at once, each taken once")


def test_effects_happen_once_although_workers_die_at_random(town):
    """Facts told, of which each must count once, while the nodes that work on them are killed with leases in their hands."""
    tutor, learner = town.sql("select id from users where email in ('tutor@example.org', 'learner@example.org') order by email desc")
    count = "select coalesce((select lessons_held from tutors where user_id = %s), 0)"
    before = town.value(count, tutor[0])
    facts = 400
    town.sql("""insert into events (name, payload)
                select 'bookings.lesson-finished', jsonb_build_object('booking', gen_random_uuid(), 'tutor', %s::text, 'learner', %s::text,
                       'subject', (select id from subjects limit 1), 'at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                  from generate_series(1, %s)""", tutor[0], learner[0], facts)
    done = "select count(*) from jobs where name like 'reaction/bookings.lesson-finished/%%' and finished_at is not null"
    kills = 0
    while town.value(done) < facts and kills < 6:
        victim = town.nodes[kills % 2]
        victim.kill()
        kills += 1
        # What it held is leased for a while yet; time is not waited for but moved.
        town.sql("update jobs set leased_until = now() - interval '1 second' where leased_until is not null and lease_owner is not null")
        victim.start()
    until(lambda: town.value("select count(*) from jobs where name like 'reaction/bookings.lesson-finished/%%' and finished_at is null and dead_at is null") == 0
          and town.value("select count(*) from events where dispatched_at is null") == 0, "all to be done", 90)
    assert town.value(count, tutor[0]) == before + facts
    town.say(f"{facts} facts, {kills} workers killed: each counted once")


@pytest.mark.parametrize("town", [{"redis": False}], indirect=True)
def test_two_nodes_without_redis_are_one_room(town):
    booking, tutor, learner = in_lesson(town)
    for turn in range(5):
        writes(tutor, f"from the tutor {turn}")
        writes(learner, f"from the learner {turn}")
    count = is_complete(town, booking, tutor, learner, count=10)
    assert "bus: postgres" in town.nodes[0].get("/healthz")
    town.say(f"two nodes without Redis (SEVERAL_NODES=1): {count} messages on both sides, carried by PostgreSQL")
