"""The continuous archive: deploy/pgbackrest as it is shipped, but for its folders, takes a real cluster back to a moment."""

import datetime
import os
import shutil
import subprocess

import psycopg
import pytest
from conftest import ROOT
from harness import environment, until

pytestmark = pytest.mark.skipif(not shutil.which("pgbackrest"), reason="pgbackrest is not installed")


@pytest.fixture
def cluster(tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        os.chmod(folder, 0o755)
    made = Cluster(tmp_path)
    yield made
    made.script("destroy")


class Cluster:
    """A private cluster of its own, as bin/run makes them, whose changes go to an archive."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = environment(TUTALINK_HOME=folder / "home")
        self.script("start")
        self.data = folder / "home/postgres/data"
        self.sockets = self.url.split("host=")[1].split()[0]
        self.repository = folder / "repository"
        self.configuration = folder / "pgbackrest.conf"
        text = (ROOT / "deploy/pgbackrest/pgbackrest.conf").read_text()
        for name, value in {
            "repo1-path": self.repository, "log-path": folder / "log", "lock-path": folder / "lock",
            "pg1-path": self.data, "pg1-socket-path": self.sockets, "repo1-cipher-pass": "only tests know this",
        }.items():
            lines = [line for line in text.splitlines() if line.startswith(name + "=")]
            assert len(lines) == 1, f"{name} is in the shipped file once"
            text = text.replace(lines[0], f"{name}={value}")
        self.configuration.write_text(text)
        for made in ("repository", "log", "lock"):
            (folder / made).mkdir()
            if os.getuid() == 0:
                shutil.chown(folder / made, "postgres", "postgres")
        local = (ROOT / "deploy/pgbackrest/postgresql.conf").read_text().replace(
            "pgbackrest --stanza", f"pgbackrest --config={self.configuration} --stanza")
        (self.data / "local.conf").write_text(local)
        if os.getuid() == 0:
            shutil.chown(self.data / "local.conf", "postgres", "postgres")
        self.script("stop")
        self.script("start")

    @property
    def url(self):
        return self.script("url").strip()

    def script(self, *words):
        done = subprocess.run(
            [ROOT / "bin/lib/cluster.sh", *words], env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pgbackrest(self, *words):
        own = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
        done = subprocess.run(
            [*own, "pgbackrest", f"--config={self.configuration}", "--stanza=tutalink", *words], cwd="/",
            capture_output=True, text=True, errors="replace", timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, statement):
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


def test_a_database_goes_back_to_the_moment_before_a_mistake(cluster):
    cluster.pgbackrest("stanza-create")
    cluster.pgbackrest("check")
    cluster.sql("create table lessons (n int primary key)")
    cluster.sql("insert into lessons select generate_series(1, 1000)")
    cluster.pgbackrest("--type=full", "backup")
    # pgBackRest counts in whole seconds: the moment must lie in one after the backup's end.
    ((ended,),) = cluster.sql("select clock_timestamp()")
    until(lambda: cluster.sql("select clock_timestamp()")[0][0] > ended + datetime.timedelta(seconds=1.1), "the next second")
    # After the backup: only the archive has it.
    cluster.sql("insert into lessons values (1001)")
    ((moment,),) = cluster.sql("select clock_timestamp()::text")
    cluster.sql("delete from lessons")
    cluster.sql("insert into lessons values (-1)")
    cluster.sql("select pg_switch_wal()") if os.getuid() != 0 else subprocess.run(
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "psql", "-h", cluster.sockets, "-U", "postgres",
         "-Xqc", "select pg_switch_wal()", "postgres"], cwd="/", check=True, capture_output=True)
    cluster.script("stop")
    cluster.pgbackrest("--type=time", f"--target={moment}", "--target-action=promote", "restore")
    cluster.script("start")
    until(lambda: not cluster.sql("select pg_is_in_recovery()")[0][0], "the cluster to be its own again")
    assert cluster.sql("select count(*), min(n), max(n) from lessons") == [(1001, 1, 1001)]
    # It takes changes again, and they are archived.
    cluster.sql("insert into lessons values (1002)")
    cluster.pgbackrest("check")


def test_the_archive_cannot_be_read_without_its_key(cluster):
    cluster.pgbackrest("stanza-create")
    cluster.sql("create table secrets (words text)")
    cluster.sql("insert into secrets values ('ada@example.org told us')")
    cluster.pgbackrest("--type=full", "--compress-type=none", "backup")
    for path in cluster.repository.rglob("*"):
        assert not path.is_file() or b"ada@example.org" not in path.read_bytes(), path
    cluster.configuration.write_text(cluster.configuration.read_text().replace("only tests know this", "guessed"))
    with pytest.raises(AssertionError):
        cluster.pgbackrest("verify")
        cluster.pgbackrest("--type=incr", "backup")
