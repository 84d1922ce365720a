"""The same behind haproxy with the configuration of deploy/: TLS, sockets, nodes that end, die and hang."""

import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import fault_nodes
import fault_stores
from fault_nodes import end, in_lesson, is_complete, is_ready
from harness import until
from journey_room import flows, reads, writes
from town import Load
from ways import state

pytestmark = [
    pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy is not installed"),
    pytest.mark.parametrize("town", [{"front": "haproxy"}], indirect=True),
]


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(town, path, port=None, **headers):
    """Status, headers and body, over TLS with the certificate checked; on another port plainly. Redirections are not followed."""
    trust = ssl.create_default_context(cafile=town.home / "haproxy/certificate.pem")
    opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=trust))
    url = f"http://localhost:{port}{path}" if port else f"https://localhost:{town.tls_port}{path}"
    try:
        with opener.open(urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()}), timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_the_front_speaks_tls_compresses_and_keeps_to_itself_what_is_ours(town):
    status, headers, body = ask(town, "/tutors", accept_encoding="gzip")
    assert status == 200 and headers["content-encoding"] == "gzip" and body[:2] == b"\x1f\x8b"
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert headers.get_all("strict-transport-security") == [headers["strict-transport-security"]]
    status, headers, _ = ask(town, "/tutors", town.plain_port)
    assert status == 301 and headers["location"].startswith("https://localhost")
    for path in ("/metrics", "/metrics?x"):
        assert ask(town, path)[0] == 404
    assert ask(town, "/healthz")[0] == 200
    # HTTP/2 is offered, and what is older than TLS 1.2 refused.
    def handshake(*options):
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{town.tls_port}", *options], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    assert "ALPN protocol: h2" in handshake("-alpn", "h2,http/1.1")
    assert "Cipher is (NONE)" in handshake("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    # Who asks is who connects, whatever they say of themselves: all are counted as one address.
    for turn in range(3):
        ask(town, "/tutors", x_forwarded_for=f"203.0.113.{turn}")
    assert "203.0.113." not in town.log()
    town.say("haproxy: TLS 1.2 and newer, HTTP/2, gzip, one HSTS line, 301 from port 80, /metrics closed, X-Forwarded-For of clients dropped")


def test_two_nodes_behind_haproxy_are_one_room(town):
    fault_nodes.test_two_nodes_are_one_room(town)


def test_a_node_behind_haproxy_killed_in_mid_lesson(town):
    fault_nodes.test_a_node_killed_in_mid_lesson(town)


def test_a_node_behind_haproxy_drains_under_load(town):
    fault_nodes.test_a_node_that_drains_under_load_breaks_no_request(town)


def test_a_node_behind_haproxy_that_hangs_is_left_alone(town):
    booking, tutor, learner = in_lesson(town)
    victim = town.nodes[0]
    with Load(town, people=4) as load:
        until(lambda: len(load.answers) > 10, "some load", 30)
        began = time.monotonic()
        victim.pause()
        try:
            until(lambda: town.standings()[0].startswith("DOWN"), "haproxy to leave it alone", 20)
            found = time.monotonic() - began
            # It still hangs: everybody is served, and both people are in their seats, on the other node.
            writes(tutor, "while it hangs, from the tutor")
            writes(learner, "while it hangs, from the learner")
            reads(learner, "while it hangs, from the tutor")
            reads(tutor, "while it hangs, from the learner")
            before = len(load.answers)
            until(lambda: len(load.answers) > before + 20, "pages while it hangs", 30)
            until(lambda: all(is_ready(person) for person in (tutor, learner)), "both to be there", 30)
            back = time.monotonic() - began
        finally:
            victim.resume()
        until(lambda: town.standings() == ["UP", "UP"], "haproxy to take it in again", 20)
        before = len(load.answers)
        until(lambda: len(load.answers) > before + 10, "more load", 30)
    writes(tutor, "and after")
    reads(learner, "and after")
    count = is_complete(town, booking, tutor, learner, count=3)
    flows(tutor, learner)
    assert "Server nodes/one is DOWN" in town.proxy_log() and "Server nodes/one is UP" in town.proxy_log()
    # What was asked of the node when it stopped is given up, in words; nothing else is.
    assert set(load.statuses()) <= {200, 503}, load.odd()
    given_up = load.statuses().get(503, 0)
    assert given_up <= 4, load.odd()
    assert all("Back in a moment" in text for _, _, status, text in load.answers if status == 503)
    assert state(town, booking) == "in_progress"
    town.say(f"SIGSTOP of a node behind haproxy: left alone after {found:.1f} s, both people served by the other node {back:.1f} s after it stopped; "
             f"{load.statuses()}, slowest {load.slowest():.1f} s; {count} messages complete, seats kept")
    end(town, booking, tutor)


def test_the_database_away_behind_haproxy_keeps_every_line(town):
    fault_stores.test_the_database_restarts_under_load(town)


def test_no_node_at_all_is_told_in_words(town):
    for node in town.nodes:
        node.kill()
    until(lambda: all(one.startswith("DOWN") for one in town.standings()), "haproxy to find nobody", 20)
    status, headers, body = ask(town, "/tutors")
    assert status == 503 and headers["retry-after"] == "10" and b"Back in a moment" in body and headers["content-type"].startswith("text/html")
    assert re.search(rb"Nothing you have saved is lost", body)
    for node in town.nodes:
        node.start()
    until(lambda: ask(town, "/tutors")[0] == 200, "pages again", 20)
    town.say("no node at all behind haproxy: 503, a page in words with Retry-After; pages again when they are back")
