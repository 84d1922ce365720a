"""bin/run where something is in its way: each time a sentence that says what, and nothing left running."""

import os
import pathlib
import shutil
import socket
import subprocess

import pytest
from conftest import ROOT
from harness import BINARY, environment
from Peers.ports import free_port


def run(folder, tree=ROOT, **settings):
    given = environment(TUTALINK_HOME=folder, **{"PORT": free_port()} | settings)
    done = subprocess.run(
        [tree / "bin/run"], cwd=tree, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150)
    stopped = subprocess.run([tree / "bin/lib/cluster.sh", "status"], env=given, capture_output=True, text=True)
    assert stopped.returncode == 3, "the database it started is still there: " + stopped.stdout
    assert done.returncode == 1, done.stdout
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    for one in (tmp_path, *tmp_path.parents[:2]):
        os.chmod(one, 0o755)
    return tmp_path


@pytest.fixture
def small(folder):
    """Makes a file system of so many megabytes."""
    made = []

    def make(name, megabytes):
        path = folder / name
        path.mkdir()
        options = f"size={megabytes}m,mode=755"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True).returncode:
            pytest.skip("a small file system can be mounted by root only")
        made.append(path)
        return path

    yield make
    for path in made:
        subprocess.run(["umount", "-l", path], check=True)


def tree_in(path):
    """Enough of the house to run its scripts."""
    shutil.copytree(ROOT / "bin", path / "bin")
    shutil.copytree(ROOT / "Assets/fonts", path / "Assets/fonts")
    for name in ("Package.swift", "Sources", "Config", "Database"):
        (path / name).symlink_to(ROOT / name)
    return path


def test_a_disk_too_small_for_the_database(small):
    said = run(small("home", 64))
    assert "MB are free on the disk of" in said and "the database needs 200 MB" in said


def test_a_disk_too_small_for_a_build_wherever_the_home_is(folder, small):
    said = run(folder / "home", tree_in(small("house", 200)))
    assert "house, and a build needs 3072 MB" in said


def test_a_toolchain_that_is_too_old(folder):
    old = folder / "old"
    old.mkdir()
    (old / "swift").write_text('#!/bin/sh\necho "Swift version 5.9.2 (swift-5.9.2-RELEASE)"\n')
    (old / "swift").chmod(0o755)
    said = run(folder / "home", PATH=f"{old}:{os.environ['PATH']}")
    assert "Swift 6.2 or newer is needed" in said and "is 5.9" in said


def test_a_toolchain_that_does_not_run(folder):
    (folder / "swift").write_text("#!/bin/sh\nexit 1\n")
    (folder / "swift").chmod(0o755)
    said = run(folder / "home", PATH=f"{folder}:{os.environ['PATH']}")
    assert "does not run" in said


def test_a_port_that_is_taken_and_by_whom(folder):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        said = run(folder / "home", PORT=holder.getsockname()[1])
    assert "is taken by" in said and f"process {os.getpid()}" in said


def test_a_database_that_does_not_answer(folder):
    said = run(folder / "home", DATABASE_URL="host=127.0.0.1 port=1 dbname=x")
    assert "does not answer" in said and "unset DATABASE_URL" in said


@pytest.mark.parametrize("filters, wanted", [
    (["a b"], "(a and b)"), (["a or b"], "(a or b)"), (["cancel and refund"], "(cancel and refund)"), (["not a"], "(not a)"),
    (["(a or b) and not c"], "((a or b) and not c)"), (["a", "b c"], "(a) or (b and c)"), (["nothing order"], "(nothing and order)"), ([], ""),
])
def test_a_filter_is_words_or_an_expression(filters, wanted):
    done = subprocess.run(
        ["bash", "-c", '. bin/lib/filters.sh; expression "$@"', "bash", *filters], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == wanted
    # Each part of bin/test that takes an expression takes it so.
    assert (ROOT / "bin/test").read_text().count('words=$(expression "$@")') == 3


def test_a_redis_that_asks_for_tls_is_refused_in_a_sentence(house):
    said = house.run(BINARY, "serve", expect=None, REDIS_URL="rediss://:secret@redis.example.org")
    assert "REDIS_URL asks for TLS (rediss://), which is not spoken" in said and "stunnel" in said and "secret@" not in said
    assert "redis://host:6379 was expected" in house.run(BINARY, "serve", expect=None, REDIS_URL="redis.example.org")
