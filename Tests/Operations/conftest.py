"""What the tests of keeping a site stand on: a private cluster of their own, and the real server. No browser is needed,
but where a page is looked at."""

import os
import pathlib
import subprocess
import sys

import psycopg
import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "Browser")]
import harness  # noqa: E402


@pytest.fixture(scope="session")
def databases():
    databases = harness.Databases()
    yield databases
    databases.close()


class House:
    """A database with the demo content, a home with its files, and a way to run the house's commands on both."""

    def __init__(self, databases, folder):
        self.databases = databases
        self.name = databases.clone()
        self.url = databases.url(self.name)
        self.home = folder / "home"
        subprocess.run(["cp", "-a", databases.home(), self.home], check=True)
        self.environment = harness.environment(
            DATABASE_URL=self.url, TUTALINK_HOME=self.home, TUTALINK_BINARY=harness.BINARY, PORT=harness.free_port())

    def run(self, *command, expect=0, **settings):
        """What it says, on both outputs; its status must be as expected."""
        done = subprocess.run(
            [str(word) for word in command], cwd=ROOT, env=self.environment | {k: str(v) for k, v in settings.items()},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240)
        assert expect is None or done.returncode == expect, f"{command} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def sql(self, statement, *values):
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def house(databases, tmp_path):
    # PostgreSQL of a scratch cluster runs as another user, who must be able to enter.
    for folder in (tmp_path, *tmp_path.parents[:2]):
        os.chmod(folder, 0o755)
    made = House(databases, tmp_path)
    yield made
    databases.drop(made.name)
