"""What the site stands on goes: the database, Redis, the disk, the mail server, the clock."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import time

import pytest

import harness
from fault_nodes import end, in_lesson, is_complete, is_ready
from harness import until
from journey_room import reads, writes
from town import Load, small_disk
from ways import register, state


def test_the_database_restarts_under_load(town):
    booking, tutor, learner = in_lesson(town)
    writes(tutor, "before")
    reads(learner, "before")
    cluster = town.databases.cluster
    visitor = town.person("visitor")
    visitor.allow("503|50[24] from")
    with Load(town, people=6) as load:
        until(lambda: len(load.answers) > 20, "some load", 30)
        cluster.stop()
        away = time.monotonic()
        # What degrades is said, in words.
        answer = visitor.page.goto("/tutors")
        assert answer.status == 503 and answer.headers.get("retry-after"), answer.status
        visitor.sees("Back in a moment")
        writes(learner, "written while the database is away")
        assert town.fetch("/healthz")[0] == 200 and town.nodes[0].get("/readyz") is None
        cluster.start()
        gone = time.monotonic() - away
        back = time.monotonic()
        until(lambda: load.answers[-1][0] > back and load.answers[-1][2] == 200, "pages again", 30)
        took = time.monotonic() - back
        before = len(load.answers)
        until(lambda: len(load.answers) > before + 30, "more load", 30)
        after = [answer[2] for answer in load.answers[before:]]
    assert set(load.statuses()) <= {200, 503}, load.statuses()
    assert set(after) == {200}, "it is not well yet: " + str(after)
    for _, _, status, text in load.answers:
        assert status == 200 or "Back in a moment" in text
    until(lambda: all(is_ready(person) for person in (tutor, learner)), "both to be there", 30)
    # It was kept, or the browser says it again when the line is back: either way once.
    reads(tutor, "written while the database is away")
    writes(tutor, "and after")
    reads(learner, "and after")
    is_complete(town, booking, tutor, learner, count=3)
    assert state(town, booking) == "in_progress"
    town.say(f"PostgreSQL restarted under load, away {gone:.1f} s: {load.statuses()}; each 503 a page in words with Retry-After; "
             f"pages again {took:.1f} s after it was back; chat complete; the lesson went on")
    end(town, booking, tutor)


SLOWER = "Messages and who is here take a slower way just now; nothing is lost."


def test_redis_dies_in_mid_lesson(town):
    booking, tutor, learner = in_lesson(town)
    visitor = town.person("visitor")
    visitor.goto("/tutors")
    assert SLOWER not in visitor.page.content()
    for turn in range(3):
        writes(tutor, f"with Redis {turn}")
    reads(learner, "with Redis 2")
    assert "bus: redis" in "".join(node.get("/healthz") for node in town.nodes)
    town.kill_redis()
    for turn in range(3):
        writes(tutor, f"without Redis {turn}")
        writes(learner, f"without it too {turn}")
    reads(learner, "without Redis 2")
    reads(tutor, "without it too 2")
    is_complete(town, booking, tutor, learner, count=9)
    until(lambda: all("bus: postgres" in node.get("/healthz") for node in town.nodes), "both nodes to say so")
    assert all(node.figure("redis_up") == 0 for node in town.nodes)
    # What degrades is said on every page, by each node, and in the page of status once it has looked.
    for node in town.nodes:
        assert SLOWER in node.get("/tutors") and SLOWER in node.get("/")
    visitor.goto("/tutors")
    visitor.sees(SLOWER)
    visitor.is_sound()
    visitor.page.get_by_role("complementary", name="Not well just now").get_by_role("link").click()
    visitor.page.wait_for_url("**/status")
    until(lambda: all('"name":"live","status":"limited"' in node.get("/api/status/") for node in town.nodes), "both nodes to have looked", 40)
    visitor.goto("/status")
    visitor.sees("Most things work; something is late.")
    visitor.sees(SLOWER)
    visitor.is_sound()
    for node in town.nodes:
        assert node.log().count('"redis.down"') == 1, "it is said once"
    town.start_redis()
    until(lambda: all(node.figure("redis_up") == 1 for node in town.nodes), "Redis to be found again", 20)
    writes(tutor, "with Redis again")
    writes(learner, "and so am I")
    reads(learner, "with Redis again")
    reads(tutor, "and so am I")
    count = is_complete(town, booking, tutor, learner, count=11)
    until(lambda: all("bus: redis" in node.get("/healthz") for node in town.nodes), "Redis to carry again", 20)
    for node in town.nodes:
        assert SLOWER not in node.get("/tutors")
    until(lambda: all('"name":"live","status":"well"' in node.get("/api/status/") for node in town.nodes), "both nodes to find it well", 40)
    lost = sum(node.figure("bus_lost") for node in town.nodes)
    assert lost == 0
    assert is_ready(tutor) and is_ready(learner)
    town.say(f"kill -9 of Redis in mid-lesson: PostgreSQL carried on at once, {count} messages complete and in order, 0 lost; said on every page and at /status, once in the log, at /healthz and /metrics; gone from the pages when it was back")
    end(town, booking, tutor)


def picture(path, kilobytes):
    """A PNG of noise, so that it is as large as it says."""
    side = int((kilobytes * 1024 / 3) ** 0.5)
    subprocess.run(
        ["python3", "-c", "import sys,zlib,struct,os\nn=int(sys.argv[1])\n"
         "c=lambda t,d: struct.pack('>I',len(d))+t+d+struct.pack('>I',zlib.crc32(t+d))\n"
         "raw=b''.join(b'\\0'+os.urandom(3*n) for _ in range(n))\n"
         "open(sys.argv[2],'wb').write(b'\\x89PNG\\r\\n\\x1a\\n'+c(b'IHDR',struct.pack('>IIBBBBB',n,n,8,2,0,0,0))+c(b'IDAT',zlib.compress(raw,0))+c(b'IEND',b''))",
         str(side), str(path)], check=True)
    return str(path)


def test_the_disk_of_the_file_store_is_full(town):
    photo = picture(town.home / "photo.png", 300)
    learner = town.signed_in("learner@example.org", name="learner")
    learner.allow("503")
    files = town.home / "files"
    kept = "select count(*) from files"
    before = town.value(kept)

    def upload():
        learner.goto("/account")
        learner.page.locator("input[type=file]").set_input_files(photo)
        with learner.page.expect_navigation() as gone:
            learner.page.locator("form:has(input[type=file]) button:not([type=button])").first.click()
        return gone.value.status

    with contextlib.ExitStack() as disk:
        disk.enter_context(small_disk(files, 256))
        for node in town.nodes:
            # The store's folders, which the mount covered.
            node.stop()
            node.start()
        filler = files / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as out:
            while True:
                out.write(bytes(4096))
        status = upload()
        assert status == 503, f"a full disk answered {status}"
        learner.sees("Back in a moment")
        assert town.value(kept) == before, "a row without its file"
        assert not [path for path in (files / "incoming").glob("*")], "half a file was left"
        # All else goes on.
        assert town.fetch("/tutors")[0] == 200
        learner.goto("/dashboard")
        filler.unlink()
        status = upload()
        assert status == 200, f"with room again it answered {status}"
        assert town.value(kept) > before
    town.say("file store full: the upload is refused with 503 in words, no half file and no row; all other pages answer; with room again the same upload is taken")


def test_the_mail_server_is_away(town):
    port = town.mail.port
    town.mail.server.stop()
    ana = town.person("ana")
    ana.goto("/register")
    ana.fill("Full name", "Ana Late").fill("E-mail address", "ana.late@example.org")
    ana.page.locator("input[name=username]").fill("ana.late")
    ana.page.locator("input[name=password]").fill("brown bread & 9 walnuts")
    ana.page.get_by_label("I accept the terms").check()
    ana.press("Create account").sees("Look into your mail")
    until(lambda: town.value("select count(*) from jobs where name like 'notices.%%' and last_error is not null and finished_at is null") >= 1,
          "a try that failed", 40)
    assert town.value("select count(*) from jobs where dead_at is not null") == 0
    again = harness.Controller(town.mail, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    again.start()
    town.mail.server = again
    # Its next try is seconds off; we need not wait for it.
    town.sql("update jobs set run_at = now() where finished_at is null and name like 'notices.%%'")
    letter = town.mail.wait("ana.late@example.org", seconds=60)
    assert letter.link("/verify")
    until(lambda: town.value("select count(*) from jobs where name like 'notices.%%' and finished_at is null") == 0, "the queue to be empty", 30)
    assert town.mail.count("ana.late@example.org") == 1
    town.say("mail server stopped while somebody registers: the page says to look into the mail, the letter waits and is tried again, and comes once")


def test_the_clock_of_a_node_is_set(town):
    library = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    if library is None:
        pytest.skip("libfaketime is not installed")
    booking, tutor, learner = in_lesson(town)
    stamp = town.home / "clock"
    stamp.write_text("+0")
    node = town.nodes[0]
    node.stop()
    node.extra = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(stamp), "FAKETIME_NO_CACHE": 1, "FAKETIME_DONT_FAKE_MONOTONIC": 1,
                  "DONT_FAKE_MONOTONIC": 1}
    node.start()
    until(lambda: all(is_ready(person) for person in (tutor, learner)), "both to be there")
    for move in ("+3h", "-3h"):
        stamp.write_text(move)
        until(lambda: abs(node.figure("clock_astray_seconds")) > 10_000, f"node 1 to see that its clock is off by {move}", 30)
        writes(tutor, f"at {move}")
        writes(learner, f"at {move} too")
        reads(learner, f"at {move}")
        reads(tutor, f"at {move} too")
        # The sweeps of this node run by the site's time: nobody is let go of, no lesson is ended.
        ran = town.value("select last_at from schedules where name = 'classroom.sweep'")
        town.sql("update schedules set next_at = now() where name = 'classroom.sweep'")
        until(lambda: town.value("select last_at from schedules where name = 'classroom.sweep'") != ran, "a sweep", 40)
        assert town.value("select abs(extract(epoch from last_at - now())) < 60 from schedules where name = 'classroom.sweep'")
        assert state(town, booking) == "in_progress"
        assert is_ready(tutor) and is_ready(learner)
    count = is_complete(town, booking, tutor, learner, count=4)
    assert '"clock.astray"' in node.log()
    off = town.value("select count(*) from room_messages where abs(extract(epoch from at - now())) > 600")
    assert off == 0, "messages bear the wrong time"
    town.say(f"clock of a node set 3 h ahead and 3 h back in mid-lesson: {count} messages with the right times, no seat let go, no lesson ended; said in the log and at /metrics")
    end(town, booking, tutor)
