"""Logs are for whoever keeps the machine: who asked what and how long it took, by id; nothing a person typed or was told."""

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from harness import until
from test_metrics import Server

ADDRESS = "marguerite.oyelaran@school.example"
NAME = "Marguerite Oyelaran"
USERNAME = "marguerite77"
PASSWORD = "a Pass phrase 4 the logs"
WORDS = ["quantum-kumquat", "zephyr-marmalade"]


class Browser:
    def __init__(self, server):
        self.server = server
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path):
        try:
            with self.opener.open(f"http://localhost:{self.server.port}{path}", timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def post(self, path, form, page=None):
        token = re.search(r'name="_csrf" value="([^"]+)"', self.get(page or path))[1]
        body = urllib.parse.urlencode({"_csrf": token} | form).encode()
        request = urllib.request.Request(
            f"http://localhost:{self.server.port}{path}", body, {"Origin": f"http://localhost:{self.server.port}"})
        try:
            with self.opener.open(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def test_a_whole_visit_leaves_ids_in_the_log_and_nothing_about_the_person(house):
    password = re.search(r"^Password\s+(.+)$", house.databases.seeded, re.M)[1].strip()
    server = Server(house, LOG_LEVEL="debug", SLOW_QUERY_MS=1)
    try:
        ada = Browser(server)
        page = ada.get("/register")
        fields = set(re.findall(r'name="(\w+)"', page))
        form = {
            "email": ADDRESS, "username": USERNAME, "name": NAME, "full_name": NAME, "password": PASSWORD, "accept_terms": "1", "role": "learner",
            "zone": "Europe/London",
        }
        status, said = ada.post("/register", {name: value for name, value in form.items() if name in fields})
        assert status == 200, said[:2000]
        letter = server.mail.wait(ADDRESS)
        link = urllib.parse.urlsplit(letter.link())
        ada.get(f"{link.path}?{link.query}" if link.query else link.path)
        # Wrong, strange and hostile things beside the right ones.
        ada.post("/sign-in", {"login": ADDRESS, "identifier": ADDRESS, "password": "not " + PASSWORD})
        ada.post("/sign-in", {"login": ADDRESS, "identifier": ADDRESS, "password": PASSWORD})
        ada.get("/tutors?q=" + WORDS[0])
        ada.get("/bookings/" + WORDS[1])
        ada.get(f"/api/users/mentors/?search={WORDS[0]}&cursor={WORDS[1]}")
        ada.get("/account")
        # One of the cast, who has confirmed her address.
        ben = Browser(server)
        ben.post("/sign-in", {"login": "learner@example.org", "password": password})
        assert "learner" in ben.get("/account")
        # The database refuses a value by quoting it.
        ada.get(f"/tutors?q=%00{WORDS[0]}&price=9999999999999999999999&page={WORDS[1]}")
        until(lambda: server.figure("watch_last_look_timestamp_seconds"), "the first look")
        server.get("/tutors?q=" + WORDS[0], Authorization="Bearer " + WORDS[1])
        cookies = [cookie.value for cookie in ada.jar if len(cookie.value) > 15]
        assert cookies
    finally:
        server.stop()
    log = server.log_file.read_text()
    token = max(re.findall(r"[A-Za-z0-9_-]{20,}", link.path + "?" + link.query), key=len)
    told = {
        "address": ADDRESS, "name": NAME, "first name": "Marguerite", "username": USERNAME, "password": PASSWORD, "token of the letter": token,
        "other address": "learner@example.org", "other password": password, "search": WORDS[0], "path": WORDS[1],
    } | {f"cookie {number}": value for number, value in enumerate(cookies)}
    for what, value in told.items():
        for form in {value, urllib.parse.quote(value), urllib.parse.quote_plus(value)}:
            assert form.lower() not in log.lower(), f"the log holds the {what}: " + next(
                line for line in log.splitlines() if form.lower() in line.lower())[:500]
    requests = server.lines("http.request")
    assert requests and all(line["id"] and "us" in line and "route" in line and "status" in line for line in requests)
    ids = [str(row[0]) for row in house.sql("select id from users where email = 'learner@example.org'")]
    assert any(line["user"] in ids for line in requests), "nobody who signed in is named by id"
