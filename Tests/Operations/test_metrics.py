"""What a server tells of itself: figures that Prometheus takes, an alert that goes off, logs without anybody's name."""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import ROOT
from harness import BINARY, Inbox, environment, until
from Peers.ports import free_port

needs_prometheus = pytest.mark.skipif(not shutil.which("promtool"), reason="prometheus is not installed")


class Server:
    """The real server on a house's database, with mail. `settings` are its environment."""

    def __init__(self, house, **settings):
        self.house = house
        self.mail = Inbox()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "DATABASE_URL": house.url, "PORT": self.port, "SITE_URL": f"http://localhost:{self.port}",
            "TUTALINK_HOME": house.home, "LIMITS_FACTOR": 50, "SMTP_URL": f"smtp://127.0.0.1:{self.mail.port}",
        } | settings
        self.log_file = house.home / "server.log"
        self.process = None
        self.start()

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([BINARY, "serve"], cwd=ROOT, env=environment(**self.settings), stdout=log, stderr=log)
        until(lambda: self.answers("/healthz"), "the server to answer")

    def answers(self, path):
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def get(self, path, **headers):
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def lines(self, event=None):
        lines = [json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if event is None or line["event"] == event]

    def figure(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics")[1], re.M)
        return float(found[1]) if found else None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.mail.close()


@pytest.fixture
def server(house):
    made = Server(house)
    yield made
    made.stop()


@needs_prometheus
def test_every_figure_is_as_prometheus_wants_it_and_every_kind_is_there(server):
    server.get("/")
    until(lambda: server.figure("watch_last_look_timestamp_seconds"), "the first look")
    text = server.get("/metrics")[1]
    judged = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert judged.returncode == 0 and not judged.stderr, judged.stdout + judged.stderr
    for figure in [
        "http_requests_total{", "http_request_duration_seconds_bucket{", "http_sockets ", "http_connections_cut_total ",
        "database_query_duration_seconds_bucket{", "database_sessions ", "database_pool_waiting ", "loop_busy_seconds_total{",
        "loop_slow_turns_total ", "pool_waiting{", "jobs_done_total ", "jobs_oldest_due_seconds ", "component_up{",
        "mails_oldest_queued_seconds ", "call_loss_ratio ", "call_lessons ",
    ]:
        assert f"\n{figure}" in text, f"{figure} is not told"
    # Labels are few: a page's parts never become one.
    assert len(text.splitlines()) < 4000


@needs_prometheus
def test_the_rules_are_sound_and_every_alert_has_its_page_in_the_runbook():
    rules = ROOT / "deploy/prometheus/rules.yml"
    for command in (["check", "rules", rules], ["test", "rules", ROOT / "deploy/prometheus/rules.test.yml"]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    alerts = re.findall(r"^      - alert: (\w+)", rules.read_text(), re.M)
    tested = set(re.findall(r"alertname: (\w+)", (ROOT / "deploy/prometheus/rules.test.yml").read_text()))
    headings = set(re.findall(r"^### (\w+)$", (ROOT / "docs/runbook.md").read_text(), re.M))
    assert set(alerts) == tested and set(alerts) <= headings, set(alerts) ^ tested | set(alerts) - headings
    for name in alerts:
        assert f"runbook: docs/runbook.md#{name.lower()}" in rules.read_text()
    # No rule asks for a figure that the server does not have.
    sources = "".join(path.read_text() for path in (ROOT / "Sources").rglob("*.swift"))
    for figure in set(re.findall(r"\b([a-z_]+)\{", rules.read_text())) - {"up"}:
        assert re.sub(r"_bucket$", "", figure) in sources, figure


@needs_prometheus
def test_an_alert_goes_off_in_a_real_prometheus_and_ends_when_the_trouble_does(house, tmp_path):
    # Mail that cannot be sent, and has waited since yesterday.
    server = Server(house, METRICS_TOKEN="a token of the tests", SMTP_URL="smtp://127.0.0.1:1")
    port = free_port()
    (tmp_path / "token").write_text("a token of the tests")
    # As shipped, but for places and haste.
    text = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    text = text.replace("15s", "1s").replace('"node-1:8080", "node-2:8080"', f'"127.0.0.1:{server.port}"')
    text = text.replace("/run/secrets/metrics-token", str(tmp_path / "token")).replace("127.0.0.1:9090", f"127.0.0.1:{port}")
    text = text.replace("/etc/prometheus/rules.yml", str(tmp_path / "rules.yml"))
    (tmp_path / "prometheus.yml").write_text(text)
    (tmp_path / "rules.yml").write_text(re.sub(r"for: \d+m", "for: 1s", (ROOT / "deploy/prometheus/rules.yml").read_text()))
    prometheus = subprocess.Popen(
        ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
         f"--web.listen-address=127.0.0.1:{port}"], stdout=open(tmp_path / "log", "wb"), stderr=subprocess.STDOUT)

    def firing():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=5) as answer:
                alerts = json.load(answer)["data"]["alerts"]
        except OSError:
            return None
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def healthy():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets", timeout=5) as answer:
            return all(target["health"] == "up" for target in json.load(answer)["data"]["activeTargets"])

    try:
        until(lambda: firing() is not None and healthy(), "Prometheus to have asked the server", seconds=60)
        assert "MailLate" not in firing()
        house.sql("insert into mails (id, user_id, kind, state, created_at) select gen_random_uuid(), id, 'tests', 'queued',"
                  " now() - interval '1 day' from users limit 1")
        until(lambda: "MailLate" in firing(), "the alert", seconds=60)
        until(lambda: server.figure('component_up{component="mail"}') is None and '"mail","status":"down"' in
              server.get("/api/status/")[1].replace(" ", ""), "people to be told", seconds=40)
        house.sql("delete from mails where kind = 'tests'")
        until(lambda: "MailLate" not in firing(), "the alert to end", seconds=60)
        # And a node that dies.
        server.process.kill()
        server.process.wait()
        until(lambda: "NodeDown" in firing(), "the other alert", seconds=60)
    finally:
        prometheus.terminate()
        prometheus.wait()
        server.stop()


def test_figures_are_told_to_this_machine_or_to_whoever_has_the_token(house):
    server = Server(house, METRICS_TOKEN="a token of the tests")
    try:
        assert server.get("/metrics")[0] == 404
        assert server.get("/metrics", Authorization="Bearer guessed")[0] == 404
        assert server.get("/metrics", Authorization="Bearer a token of the tests")[0] == 200
    finally:
        server.stop()


def test_a_slow_statement_is_logged_with_its_plan(house):
    server = Server(house, SLOW_QUERY_MS=1)
    try:
        def plan():
            server.get("/tutors?q=algebra")
            return server.lines("database.slow_plan")
        line = until(plan, "a slow statement's plan")[0]
        assert "cost=" in line["plan"] and line["statement"]
    finally:
        server.stop()


def test_the_status_page_tells_a_dead_database_and_its_return(server):
    until(lambda: server.figure("watch_last_look_timestamp_seconds"), "the first look")
    status, text = server.get("/status")
    assert status == 200 and "Everything works." in text
    name = server.house.name
    run = server.house.databases.run
    run(f'alter database "{name}" with allow_connections false')
    try:
        run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        until(lambda: "Nothing can be booked or changed" in server.get("/status")[1], "the page to tell", seconds=60)
        assert server.get("/status")[0] == 200
    finally:
        run(f'alter database "{name}" with allow_connections true')
    until(lambda: "Everything works." in server.get("/status")[1], "the page to tell of its return", seconds=60)
    changes = [(line["component"], line["condition"]) for line in server.lines("component.changed")]
    assert ("database", "down") in changes and ("database", "well") in changes
