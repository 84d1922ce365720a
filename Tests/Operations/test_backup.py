"""bin/backup: what it makes is whole or does not exist, opens with the right key only, and comes back as it was."""

import hashlib
import os
import pathlib
import signal
import subprocess
import threading
import time

import psycopg
import pytest
from conftest import ROOT
from harness import until


@pytest.fixture
def kept(house, tmp_path):
    """A house with a key, and a stored file that a row names."""
    said = house.run("bin/backup", "keys", tmp_path / "key")
    house.environment |= {
        "BACKUP_RECIPIENT": next(line for line in said.splitlines() if line.startswith("BACKUP_RECIPIENT=")).split("=")[1],
        "BACKUP_IDENTITY": str(tmp_path / "key"),
        "BACKUP_HOME": str(tmp_path / "store"),
    }
    house.store = tmp_path / "store"
    keep_file(house, b"a photo of somebody")
    return house


def keep_file(house, content):
    name = hashlib.sha256(content).hexdigest()
    folder = house.home / "files" / name[:2] / name[2:4]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    house.sql(
        "insert into files (id, purpose, sha256, byte_size, media_type, filename)"
        " values (gen_random_uuid(), 'document', %s, %s, 'text/plain', 'one.txt')", name, len(content))
    return folder / name


def backups(house):
    return sorted(path.name for path in house.store.iterdir() if path.name[0].isdigit())


def leftovers(house):
    return [path.name for path in house.store.iterdir() if path.name.startswith(".partial")]


def test_a_backup_is_verified_in_a_scratch_cluster_and_restored_into_an_empty_one(kept, tmp_path):
    (kept.home / "keys").write_text("what opens the sealed columns")
    said = kept.run("bin/backup")
    assert "made in" in said
    (name,) = backups(kept)
    said = kept.run("bin/backup", "verify")
    assert f"Backup {name} is whole" in said and "restored and compared in" in said
    assert "ledger:" in said and "1 named by rows, all there; 1 sampled" in said
    assert name in kept.run("bin/backup", "list")

    empty = f"{kept.name}_restored"
    kept.databases.run(f'create database "{empty}"')
    try:
        address = kept.databases.url(empty)
        kept.run("bin/backup", "restore", name, address, tmp_path / "again")
        with psycopg.connect(address) as restored:
            for table in ("users", "bookings", "ledger_transactions", "files"):
                assert restored.execute(f"select count(*) from {table}").fetchone()[0] == kept.sql(f"select count(*) from {table}")[0][0]
        for one in ("secret", "keys"):
            assert (tmp_path / "again" / one).read_bytes() == (kept.home / one).read_bytes()
        # What holds a site already is never written over.
        assert "already" in kept.run("bin/backup", "restore", name, address, tmp_path / "third", expect=1)
        assert "already" in kept.run("bin/backup", "restore", name, address, tmp_path / "again", expect=1)
    finally:
        kept.databases.drop(empty)


def test_nothing_in_a_backup_can_be_read_without_its_key(kept, tmp_path):
    kept.run("bin/backup")
    (name,) = backups(kept)
    address = kept.sql("select email::text from users limit 1")[0][0].encode()
    for part in (kept.store / name).iterdir():
        assert address not in part.read_bytes() and b"a photo" not in part.read_bytes(), part
        assert part.stat().st_mode & 0o077 == 0, "others may read it"
    kept.run("bin/backup", "keys", tmp_path / "other")
    said = kept.run("bin/backup", "verify", expect=1, BACKUP_IDENTITY=tmp_path / "other")
    assert "does not open" in said
    assert "BACKUP_IDENTITY is not set" in kept.run("bin/backup", "verify", expect=1, BACKUP_IDENTITY="")
    assert "BACKUP_RECIPIENT is not set" in kept.run("bin/backup", expect=1, BACKUP_RECIPIENT="")


@pytest.mark.parametrize("part", ["database.age", "files.age", "facts.age"])
def test_a_part_that_is_cut_short_changed_or_gone_is_noticed(kept, part):
    kept.run("bin/backup")
    (name,) = backups(kept)
    path = kept.store / name / part
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(damaged)
        assert "is damaged" in kept.run("bin/backup", "verify", expect=1)
    # Even when the list of parts was made to agree, the seal does not.
    path.write_bytes(whole[: len(whole) - 20])
    manifest = kept.store / name / "manifest"
    manifest.write_text(manifest.read_text().replace(
        hashlib.sha256(whole).hexdigest(), hashlib.sha256(path.read_bytes()).hexdigest()))
    kept.run("bin/backup", "verify", expect=1)
    path.unlink()
    assert "lacks its part" in kept.run("bin/backup", "verify", expect=1)


def test_a_full_disk_leaves_no_backup_and_says_so(kept, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root only")
    try:
        said = kept.run("bin/backup", expect=1, BACKUP_HOME=small)
        assert "full" in said and "no backup was made" in said.lower()
        assert not [path for path in small.iterdir() if path.name != ".lock"]
    finally:
        # Lazily: what the command left to end may still hold it for an instant.
        subprocess.run(["umount", "-l", small], check=True)


def test_an_interrupted_backup_never_counts(kept):
    kept.run("bin/backup")
    first = backups(kept)
    # Held by a table that cannot be read: the dump waits, with parts of the backup on the disk.
    with psycopg.connect(kept.url) as holder:
        holder.execute("lock table users in access exclusive mode")
        process = subprocess.Popen(
            ["bin/backup"], cwd=ROOT, env=kept.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        until(lambda: leftovers(kept), "the backup to begin")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert backups(kept) == first and leftovers(kept)
    assert first[0] in kept.run("bin/backup", "list")
    kept.run("bin/backup")
    # Of one day the newest is kept.
    (second,) = backups(kept)
    assert second > first[0] and not leftovers(kept)


def test_two_backups_at_once_do_not_meet(kept):
    with psycopg.connect(kept.url) as holder:
        holder.execute("lock table users in access exclusive mode")
        process = subprocess.Popen(["bin/backup"], cwd=ROOT, env=kept.environment, stdout=subprocess.PIPE, text=True)
        until(lambda: kept.store.exists() and leftovers(kept), "the first to begin")
        assert "under way" in kept.run("bin/backup", expect=1)
        holder.rollback()
        assert process.wait(60) == 0
    assert len(backups(kept)) == 1


def test_what_is_written_during_a_backup_does_not_make_it_disagree(kept):
    stop = threading.Event()
    written = []

    def write():
        with psycopg.connect(kept.url, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("insert into schema_migrations (name, hash) values (%s, '')", [f"x{len(written)}"])
                connection.execute("insert into events (name, payload) select 'tests.x', '{}' from generate_series(1, 50)")
                keep_file(kept, b"%d" % len(written))
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: len(written) > 3, "the first writes")
        before = len(written)
        kept.run("bin/backup")
        assert len(written) > before, "nothing was written meanwhile"
    finally:
        stop.set()
        writer.join()
    assert "is whole" in kept.run("bin/backup", "verify")


def test_a_broken_ledger_or_a_lost_file_is_told(kept):
    lost = keep_file(kept, b"soon gone")
    lost.unlink()
    kept.run("bin/backup")
    assert "are not in it" in kept.run("bin/backup", "verify", expect=1)
    kept.sql("delete from files where sha256 = %s", lost.name)
    if not kept.sql("select 1 from ledger_transactions limit 1"):
        kept.sql("""select ledger_post(gen_random_uuid(), now(), 'topup', gen_random_uuid(), '{}', array[gen_random_uuid(), gen_random_uuid()],
            array['gateway_clearing', 'platform_fees'], array['', ''], array['', ''], array[500, -500]::bigint[], array['USD', 'USD'])""")
    kept.sql("alter table ledger_transactions disable trigger user")
    kept.sql("update ledger_transactions set memo = '{\"forged\": true}' where seq = (select max(seq) from ledger_transactions)")
    said = kept.run("bin/backup")
    assert "ledger's chain is broken" in said
    assert "chain" in kept.run("bin/backup", "verify", expect=1)


def test_old_backups_are_forgotten_by_day_week_and_month(kept):
    kept.run("bin/backup")
    (newest,) = backups(kept)
    made = kept.store / newest
    # A year of two backups a day, each a copy of the first.
    now = time.time()
    for day in range(1, 365):
        for hour in ("03", "15"):
            name = time.strftime("%Y%m%dT", time.gmtime(now - day * 86_400)) + hour + "0000Z"
            (kept.store / name).mkdir()
            (kept.store / name / "manifest").write_bytes((made / "manifest").read_bytes())
    kept.run("bin/backup", BACKUP_KEEP="7 5 12")
    names = backups(kept)
    days = {name[:8] for name in names}
    assert newest in names or names[-1] > newest
    assert len(days) == len(names), "two of one day are kept"
    last_week = {time.strftime("%Y%m%d", time.gmtime(now - day * 86_400)) for day in range(7)}
    assert last_week <= days
    assert 7 + 3 + 10 <= len(names) <= 7 + 5 + 12
    assert len({name[:6] for name in names}) >= 12
