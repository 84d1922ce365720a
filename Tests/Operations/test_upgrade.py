"""bin/db upgrade --dry-run: what the pending migrations would do, on a copy, with the original untouched."""

import shutil

import pytest
from conftest import ROOT


@pytest.fixture
def migrations(house, tmp_path):
    """The house's folder of migrations, to which a test adds; the script runs in a copy of what it needs."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "bin", tree / "bin")
    shutil.copytree(ROOT / "Database/Migrations", tree / "Database/Migrations")
    for name in ("Package.swift", "Config", "Assets"):
        (tree / name).symlink_to(ROOT / name)
    return tree / "Database/Migrations"


def rehearse(house, migrations, expect=0):
    return house.run(migrations.parents[1] / "bin/db", "upgrade", "--dry-run", expect=expect)


def test_nothing_pending_is_said(house, migrations):
    assert "No migration is pending" in rehearse(house, migrations)


def test_time_locks_and_rows_that_differ_are_told_and_the_database_is_as_it_was(house, migrations):
    (migrations / "20991231-2300-one.sql").write_text(
        "-- A column, and a table.\nalter table users add column nickname text;\n"
        "create table wishes (id int primary key);\ninsert into wishes values (1), (2)")
    (migrations / "20991231-2301-two.sql").write_text(
        "update users set full_name = upper(full_name);\ncreate index users_by_nickname on users (nickname);\n"
        "delete from reviews where stars < 6;")
    reviews = house.sql("select count(*) from reviews")[0][0]
    people = house.sql("select count(*) from users")[0][0]
    before = house.sql("select * from users order by id"), house.sql("select * from schema_migrations order by 1")
    said = rehearse(house, migrations)
    assert "✔ 20991231-2300-one.sql:" in said and "✔ 20991231-2301-two.sql:" in said and " ms" in said
    assert "users is closed meanwhile, to readers too (AccessExclusiveLock)" in said
    assert "users can be read, not written, meanwhile (ShareLock)" in said
    assert "wishes is new, with 2 rows" in said
    assert f"reviews: 0 rows, {reviews} before" in said
    assert f"users: {people} rows, as many as before, and not the same" in said
    assert "wishes has now: id integer" in said
    assert (house.sql("select * from users order by id"), house.sql("select * from schema_migrations order by 1")) == before
    assert not house.sql("select 1 from pg_database where datname like 'tutalink_rehearsal%%'")


def test_a_migration_that_fails_is_told_and_ends_with_a_status(house, migrations):
    (migrations / "20991231-2300-bad.sql").write_text("alter table users add constraint short check (length(username::text) < 2);")
    said = rehearse(house, migrations, expect=1)
    assert "✘ 20991231-2300-bad.sql" in said and "short" in said
    assert not house.sql("select 1 from pg_database where datname like 'tutalink_rehearsal%%'")
