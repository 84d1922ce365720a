"""`tutalink doctor`: every part broken once, told in plain words with a cure, and told well when it is."""

import contextlib
import os
import pathlib
import shutil
import ssl
import subprocess
import sys

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from harness import BINARY, Inbox, until
from Peers.ports import free_port

from Peers.turn import Turn


@pytest.fixture
def doctor(house):
    def run(*parts, expect, **settings):
        return house.run(BINARY, "doctor", *parts, expect=expect, **settings)

    return run


# ── Database ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_database_that_is_well(doctor):
    said = doctor("database", expect=0)
    assert "✔ database: PostgreSQL" in said and "Every migration is applied" in said and "agree to within" in said


def test_a_database_that_is_not_there_or_behind_or_ahead(doctor, house, tmp_path):
    said = doctor("database", expect=1, DATABASE_URL="host=127.0.0.1 port=1 dbname=x")
    assert "✘ database: The database does not answer" in said and "→ Start PostgreSQL" in said
    folder = tmp_path / "migrations"
    shutil.copytree(pathlib.Path(__file__).parents[2] / "Database/Migrations", folder)
    (folder / "20991231-2300-later.sql").write_text("select 1")
    said = doctor("database", expect=1, TUTALINK_MIGRATIONS=folder)
    assert "1 migrations are not applied" in said and "tutalink migrate" in said
    for path in list(folder.iterdir())[:3]:
        path.unlink()
    said = doctor("database", expect=1, TUTALINK_MIGRATIONS=folder)
    assert "install the newer program" in said


def test_more_sessions_than_the_database_allows(doctor):
    assert "Raise max_connections" in doctor("database", expect=1, LOOPS=64, CONNECTIONS_PER_LOOP=100)


@pytest.mark.parametrize("move, status, word", [("1 minute", 1, "✘"), ("-1 minute", 1, "✘"), ("1.2 seconds", 0, "!"), ("0.1 seconds", 0, "✔")])
def test_a_clock_that_disagrees_with_the_databases(doctor, house, move, status, word):
    # A function that is found before the system's own tells another time than the machine has.
    house.sql("create schema astray")
    house.sql(f"""create function astray.clock_timestamp() returns timestamptz language sql
                  as $$ select pg_catalog.clock_timestamp() + interval '{move}' $$""")
    house.sql(f'alter database "{house.name}" set search_path = astray, pg_catalog, public')
    said = doctor("database", expect=status)
    if word == "✔":
        assert "agree to within" in said
    else:
        assert f"{word} database: The database's clock" in said and "ms apart" in said and "timedatectl" in said


# ── Mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def mail_server(tmp_path, secure=True, **options):
    """One that asks for a name and a password, and speaks TLS with a certificate of its own."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")

    def judge(server, session, envelope, mechanism, data):
        return AuthResult(handled=False, success=data.login == b"tutalink" and data.password == b"right")

    port = free_port()
    controller = Controller(
        Inbox.__new__(Inbox), hostname="127.0.0.1", port=port, authenticator=judge,
        **({"tls_context": context, "auth_require_tls": True} if secure else {"auth_require_tls": False}) | options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def test_mail_that_works(doctor, tmp_path):
    with mail_server(tmp_path) as port:
        url = f"smtp://tutalink:right@127.0.0.1:{port}?tls=required&ca={tmp_path}/cert.pem"
        said = doctor("mail", expect=0, SMTP_URL=url)
        assert "takes our mail over TLS, and we are signed in" in said and "!" not in said


def test_mail_with_the_wrong_password_certificate_or_port(doctor, tmp_path):
    with mail_server(tmp_path) as port:
        ca = f"ca={tmp_path}/cert.pem"
        said = doctor("mail", expect=1, SMTP_URL=f"smtp://tutalink:wrong@127.0.0.1:{port}?tls=required&{ca}")
        assert "does not let us in" in said and "wrong" not in said
        said = doctor("mail", expect=1, SMTP_URL=f"smtp://tutalink:right@127.0.0.1:{port}?tls=required")
        assert "cannot be spoken with securely" in said
    said = doctor("mail", expect=1, SMTP_URL=f"smtp://127.0.0.1:{free_port()}")
    assert "does not answer" in said and "firewall" in said
    assert "No mail server is set" in doctor("mail", expect=0, SMTP_URL="")
    assert "cannot be read" in doctor("mail", expect=1, SMTP_URL="mail.example.org")


def test_mail_that_offers_no_encryption_where_it_is_required(doctor, tmp_path):
    with mail_server(tmp_path, secure=False) as port:
        said = doctor("mail", expect=1, SMTP_URL=f"smtp://tutalink:right@127.0.0.1:{port}?tls=required")
        assert "cannot be spoken with securely" in said


# ── The relay ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_relay_that_works_by_both_transports(doctor):
    with Turn() as turn:
        said = doctor("relay", expect=0, TURN_URLS=turn.urls, TURN_SECRET=turn.secret, STUN_URLS=f"stun:127.0.0.1:{turn.port}")
        assert said.count("relays for us") == 2 and "tells our outside address" in said


def test_a_relay_with_another_secret_or_nobody_there(doctor):
    with Turn() as turn:
        said = doctor("relay", expect=1, TURN_URLS=turn.urls, TURN_SECRET="another")
        assert said.count("does not know our credentials") == 2 and "static-auth-secret" in said
    said = doctor("relay", expect=1, TURN_URLS=turn.urls, TURN_SECRET=turn.secret)
    assert said.count("does not answer") == 2 and "Start coturn" in said
    assert "TURN_SECRET is not" in doctor("relay", expect=1, TURN_URLS=turn.urls)
    assert "No relay is set" in doctor("relay", expect=0)


# ── Names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def name_server(*records):
    port = free_port()
    process = subprocess.Popen(
        ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}",
         "--pid-file=", "--conf-file=/dev/null", "--local=/test/", *records], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def listens():
            import socket
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        until(listens, "the name server to listen")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


needs_names = pytest.mark.skipif(not shutil.which("dnsmasq"), reason="dnsmasq is not installed")
FROM = {"MAIL_FROM": "TutaLink <hello@school.test>", "DKIM_SELECTOR": "one"}
SPF = "--txt-record=school.test,v=spf1 mx -all"
# Longer than the 255 bytes one string of a record holds.
DKIM = "--txt-record=one._domainkey.school.test," + ",".join(["v=DKIM1; k=rsa; p=" + "A" * 200, "B" * 200])
DMARC = "--txt-record=_dmarc.school.test,v=DMARC1; p=reject"
MX = "--mx-host=school.test,mail.school.test,10"


@needs_names
def test_a_domain_whose_mail_arrives(doctor):
    with name_server(MX, SPF, DKIM, DMARC) as server:
        said = doctor("names", expect=0, NAME_SERVER=server, **FROM)
        assert "receives mail at mail.school.test" in said and said.count("✔") == 4


@needs_names
@pytest.mark.parametrize("missing, word, cure", [
    (MX, "no MX record", "Add an MX record"), (SPF, "no SPF record", "v=spf1"), (DKIM, "no DKIM record", "Publish the public key"),
    (DMARC, "no DMARC record", "v=DMARC1"),
])
def test_a_record_that_is_missing(doctor, missing, word, cure):
    with name_server(*[one for one in (MX, SPF, DKIM, DMARC) if one != missing]) as server:
        said = doctor("names", expect=None, NAME_SERVER=server, **FROM)
        assert word in said and cure in said


@needs_names
def test_records_that_undo_themselves(doctor):
    with name_server(MX, SPF, "--txt-record=school.test,v=spf1 a -all", DKIM, DMARC) as server:
        assert "receivers then ignore all" in doctor("names", expect=1, NAME_SERVER=server, **FROM)
    with name_server(MX, "--txt-record=school.test,v=spf1 +all", DKIM, DMARC) as server:
        assert "lets everybody send" in doctor("names", expect=1, NAME_SERVER=server, **FROM)


def test_a_name_server_that_is_silent(doctor):
    said = doctor("names", expect=1, NAME_SERVER=f"127.0.0.1:{free_port()}", **FROM)
    assert "The name server does not answer" in said


# ── Store, disk, limits, site ────────────────────────────────────────────────────────────────────────────────────────


def test_a_store_that_cannot_be_written(doctor, house):
    assert "takes files and gives them back" in doctor("store", expect=0)
    shutil.rmtree(house.home / "files", ignore_errors=True)
    (house.home / "files").write_text("a file where the folder should be")
    said = doctor("store", expect=1)
    assert "✘ store" in said and "chown" in said


@pytest.mark.parametrize("stand_in, word, cure", [
    ("/dev/null", "is not there", "apt install ffmpeg"), ("/bin/true", "does not read a second of silence", "reinstall"),
])
def test_sound_and_film_are_looked_into_or_it_is_said(doctor, house, stand_in, word, cure):
    assert "looks into sound and film" in doctor("media", expect=0)
    # Something else in its place, for this one run.
    inside = ["unshare", "--mount", "bash", "-c", f"mount --bind {stand_in} /usr/bin/ffprobe && exec {BINARY} doctor media"]
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("only root can put something in the place of a program")
    said = house.run(*inside, expect=1)
    assert "✘ media" in said and word in said and cure in said and "turned away" in said
    assert not list((house.home / "files/incoming").glob("doctor-*"))


def test_a_disk_that_is_nearly_full(doctor, house, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        (small / "secret").write_text("s" * 40)
        said = doctor("disk", expect=1, TUTALINK_HOME=small)
        assert "7 MB are free" in said and "Make room" in said
    finally:
        # Lazily: what the command left to end may still hold it for an instant.
        subprocess.run(["umount", "-l", small], check=True)


def test_too_few_descriptors(house):
    said = house.run("bash", "-c", f"ulimit -n 1024; exec {BINARY} doctor limits", expect=1)
    assert "may open 1024 files" in said and "LimitNOFILE" in said


def test_an_address_that_nobody_answers_or_that_is_open(doctor):
    said = doctor("site", expect=1, SITE_URL=f"http://127.0.0.1:{free_port()}")
    assert "does not answer" in said and "nginx" in said
    said = doctor("site", expect=1, SITE_URL=f"http://tutors.invalid:{free_port()}")
    assert "is not encrypted" in said and "browsers refuse camera" in said


def test_a_part_nobody_knows_is_refused_by_name(doctor):
    assert "“weather”" in doctor("weather", expect=70)
