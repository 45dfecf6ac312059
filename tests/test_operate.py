"""Backup and maintenance: runs, copies of the store, a restore, and a vacuum."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, process, run_command, store_ads, uuid_of
from cli.terminal import on_terminal as on_terminal_of
from cli.terminal import plain
from navfeed.api import store_lock
from navfeed.model import Contacts, DetailDecision, Reason, RunEnd, TermKind
from navfeed.privacy.erasure import apply_contacts_setting, erase_person
from navfeed.privacy.matcher import term_of
from navfeed.store import ads, erasure
from navfeed.store.query import Reader
from navfeed.store.schema import APPLICATION_ID, VERSION
from navfeed.store.writer import Store
from support.clock import NOW
from support.sql import writing
from support.warm import navfeed_command

PERSON = b"Kari Nordmann"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", *map(ad, range(1, 40)))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copies" / "copy.db"


@pytest.fixture(autouse=True)
def folder(copy: Path) -> None:
    copy.parent.mkdir()


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir())


def titles(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT uuid, content FROM ads"))


# runs


def test_runs_are_listed_newest_first(db: Path) -> None:
    with Store(db) as store:
        for code in (0, 5, 4):
            run = store.begin_run(NOW)
            store.end_run(run, RunEnd(code, "so it \x1b[31mwent", {"new": code, "late": 0}), NOW)
        store.begin_run(NOW + timedelta(hours=1))
    lines = [line.split("\t") for line in answer(db, "runs").splitlines()]
    assert [line[0] for line in lines] == ["4", "3", "2", "1"]
    assert lines[0][1:] == [
        *("2026-11-21 14:00 +01:00", "", "", ""),
        "killed",
    ]
    with store_lock(db):
        assert answer(db, "runs").splitlines()[0].endswith("\trunning")
    with Store(db) as store:
        store.begin_run(NOW + timedelta(hours=2))
    with store_lock(db):
        endings = [line.split("\t")[-1] for line in answer(db, "runs").splitlines()]
    assert endings[:2] == ["running", "killed"]
    assert lines[1][1:] == [
        *("2026-11-21 13:00 +01:00", "0 seconds", "4", "4 new"),
        "so it \ufffd[31mwent",
    ]
    assert answer(db, "runs", "--failed", "--limit", "9").split("\t")[0] == "2"
    record = json.loads(answer(db, "runs", "--format", "json", "--limit", "2"))[1]
    assert record == {
        "run": 4,
        "state": "killed",
        "started_at": "2026-11-21T13:00:00Z",
        "ended_at": None,
        "exit_code": None,
        "outcome": None,
        "counts": {},
    }


def test_no_runs_are_no_lines(db: Path) -> None:
    assert answer(db, "runs") == ""
    assert answer(db, "runs", "--format", "json") == "[]\n"


def test_on_a_terminal_runs_are_a_table(db: Path) -> None:
    with Store(db) as store:
        store.begin_run(NOW)
    leader, follower = pty.openpty()
    done = subprocess.run(
        navfeed_command("runs", "--db", str(db)),
        stdout=follower,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
        check=True,
        timeout=60,
    )
    os.close(follower)
    shown = os.read(leader, 10_000)
    os.close(leader)
    assert done.returncode == 0
    assert b"started" in shown


@pytest.mark.parametrize("columns", [20, 40, 71])
def test_on_a_narrow_terminal_runs_are_a_line_a_fact(db: Path, columns: int) -> None:
    with Store(db) as store:
        run = store.begin_run(NOW)
        store.end_run(run, RunEnd(3, "stopped", {}), NOW)
        store.begin_run(NOW)
    code, drawn, _ = on_terminal_of(columns, "runs", "--db", str(db), NO_COLOR="1")
    lines = [line.rstrip() for line in plain(drawn).splitlines()]
    assert code == 0
    assert {"run 2", "run 1", ""} < {" ".join(line.split()) for line in lines}
    assert any(re.fullmatch(r"exit_c\S*\s+3", line) for line in lines)
    assert max(map(len, lines)) <= columns


# backup


def test_a_backup_is_a_store_and_its_owners_alone(db: Path, copy: Path) -> None:
    before = titles(db)
    old = os.umask(0)
    try:
        result = run_command(db, "backup", str(copy))
    finally:
        os.umask(old)
    assert (result.exit_code, result.stdout) == (0, "")
    assert titles(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert names(copy) == ["copy.db"]
    assert answer(copy, "list", "--limit", "3") == answer(db, "list", "--limit", "3")
    assert answer(copy, "list", "--text", "turnus") == answer(db, "list", "--text", "turnus")
    assert answer(copy, "check") == "ok\n"
    again = run_command(db, "backup", str(copy))
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    assert "wrote" in run_command(db, "backup", str(copy), "--force").stderr
    quiet = run_command(db, "backup", str(copy), "--force", "--quiet")
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_a_backup_while_somebody_writes_is_of_one_moment(db: Path, copy: Path) -> None:
    with writing(db) as connection:
        ads.remove(connection, uuid_of(1), Reason.STOPPED, NOW)
        assert run_command(db, "backup", str(copy)).exit_code == 0
    assert len(titles(copy)) == 39
    assert len(titles(db)) == 38


def test_X3_nothing_of_a_removed_ad_is_in_a_backup(db: Path, copy: Path) -> None:
    """Though its text is still in the store's own files: a reader keeps it from being erased."""
    secret = "hemmeligkanari"
    with Store(db) as store:
        store_ads(store, [ad(99, title=secret, description=f"<p>{secret}</p>")])
    with Store(db) as store, Reader(db, NOW.date()) as reader:
        assert len(list(reader.iter_all_raw())) == 40
        store.commit_details([DetailDecision(uuid_of(99), Reason.STOPPED)], [], NOW)
        held = b"".join(one.read_bytes() for one in db.parent.iterdir() if one.is_file())
        assert secret.encode() in held
        assert run_command(db, "backup", str(copy)).exit_code == 0
    assert secret.encode() not in copy.read_bytes()
    assert secret.encode()[:8] not in copy.read_bytes()
    with Store(copy) as store:
        assert not store.erasure_owed()


@pytest.mark.parametrize("made", [b"dear grandmother, " * 40, b"short"])
def test_D3_a_backup_takes_no_other_files_place(db: Path, copy: Path, made: bytes) -> None:
    copy.write_bytes(made)
    result = run_command(db, "backup", str(copy))
    assert (result.exit_code, "no store of navfeed's" in result.stderr) == (7, True)
    assert copy.read_bytes() == made


def test_a_backup_over_the_store_itself_is_wrong_use(db: Path) -> None:
    result = run_command(db, "backup", str(db))
    assert (result.exit_code, "itself" in result.stderr) == (2, True)


def test_D3_a_damaged_store_is_not_copied(db: Path, copy: Path) -> None:
    damage(db, after=20)
    result = run_command(db, "backup", str(copy))
    assert (result.exit_code, f"{db} is damaged" in result.stderr) == (7, True)
    assert names(copy) == []


def damage(path: Path, *, after: int = 9) -> None:
    """Every page after so many is lost."""
    data = bytearray(path.read_bytes())
    data[4_096 * after :] = b"\xff" * (len(data) - 4_096 * after)
    path.write_bytes(data)


def test_D1_a_full_disk_leaves_the_backup_of_yesterday(db: Path, copy: Path) -> None:
    """A limit on the size of files stands in for the disk."""
    assert run_command(db, "backup", str(copy)).exit_code == 0
    yesterday = copy.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 * 1_024, limits[1]))
    try:
        result = run_command(db, "backup", str(copy), "--force")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (result.exit_code, "copies" in result.stderr) == (7, True)
    assert (copy.read_bytes(), names(copy)) == (yesterday, ["copy.db"])


def test_what_a_killed_backup_left_is_cleared_away_whole(db: Path, copy: Path) -> None:
    part = copy.with_name(".copy.db.abc123.part")
    for kind in ("", "-journal"):
        part.with_name(part.name + kind).write_bytes(b"x")
    copy.with_name(".copy.db.gone.part-journal").write_bytes(b"x")
    other = copy.with_name(".other.db.abc123.part-journal")
    other.write_bytes(b"x")
    assert run_command(db, "backup", str(copy)).exit_code == 0
    assert names(copy) == [other.name, "copy.db"]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of the first schema."""
    path = tmp_path / "old" / "navfeed.db"
    path.parent.mkdir()
    script = Path(__file__).with_name("schema1.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        ((number,),) = connection.execute("PRAGMA user_version")
    return int(number)


def test_D5_a_store_of_an_older_schema_is_backed_up_as_it_is(old: Path, copy: Path) -> None:
    ads = titles(old)
    result = run_command(old, "backup", str(copy))
    assert (result.exit_code, names(copy)) == (0, ["copy.db"]), result.stderr
    assert (version(old), version(copy), titles(copy)) == (1, 1, ads)
    Store(copy).close()
    assert (version(copy), titles(copy)) == (VERSION, ads)


def test_D5_a_backup_of_an_older_schema_is_brought_up_to_date(
    db: Path, old: Path, copy: Path
) -> None:
    ads = titles(old)
    assert run_command(old, "backup", str(copy)).exit_code == 0
    restored(db, copy)
    assert (version(db), titles(db), version(copy)) == (VERSION, ads, 1)
    assert answer(db, "check") == "ok\n"
    assert [name for name in names(db) if "upgrade" in name] == []


def test_D5_what_an_older_store_forgot_is_known_when_it_is_replaced(
    db: Path, old: Path, copy: Path
) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    assert "not known" not in restored(old, copy)
    assert titles(old) == titles(db)


# restore


def restored(db: Path, copy: Path, *words: str) -> str:
    result = run_command(db, "restore", str(copy), "--yes", *words)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def test_D4_a_backup_put_back_is_what_it_was(db: Path, copy: Path) -> None:
    before = titles(db)
    assert run_command(db, "backup", str(copy)).exit_code == 0
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(n), Reason.STOPPED) for n in (1, 2)], [], NOW)
    assert "navfeed sync" in restored(db, copy)
    assert titles(db) == before
    assert db.stat().st_mode & 0o777 == 0o600
    assert [name for name in names(db) if "part" in name or name.endswith(("-wal", "-shm"))] == []
    assert answer(db, "check") == "ok\n"


def test_a_backup_fills_an_empty_place_and_a_damaged_one(db: Path, copy: Path) -> None:
    before = titles(db)
    assert run_command(db, "backup", str(copy)).exit_code == 0
    damage(db)
    assert restored(db, copy)
    assert titles(db) == before
    other = db.with_name("other.db")
    restored(other, copy)
    assert titles(other) == before


def test_a_reader_goes_on_and_the_log_it_holds_is_not_taken_for_the_copys(
    db: Path, copy: Path
) -> None:
    before = titles(db)
    assert run_command(db, "backup", str(copy)).exit_code == 0
    with Reader(db, NOW.date()) as reader:
        assert len(list(reader.iter_all_raw())) == 39
        with Store(db) as store:
            store.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED)], [], NOW)
        assert db.with_name("navfeed.db-wal").stat().st_size
        restored(db, copy)
        assert len(list(reader.iter_all_raw())) == 39
    assert titles(db) == before
    assert answer(db, "check") == "ok\n"


def test_X4_who_was_erased_does_not_come_back_with_a_backup(db: Path, copy: Path) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    assert PERSON in copy.read_bytes()
    forget(db)
    restored(db, copy)
    held = b"".join(one.read_bytes() for one in db.parent.iterdir() if one.is_file())
    assert PERSON not in held
    assert len(titles(db)) == 39
    with Store(db) as store:
        kinds = {mark.kind for mark in store.privacy_policy().marks}
        assert kinds == {TermKind.WORDS, TermKind.HANDLE}
    assert answer(db, "check") == "ok\n"


def forget(db: Path) -> None:
    needle = term_of("Kari Nordmann")
    assert needle is not None
    with Store(db) as store:
        erase_person(store, needle, NOW)


def test_dropped_contacts_do_not_come_back_either(db: Path, copy: Path) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    with Store(db) as store:
        apply_contacts_setting(store, Contacts.DROP, NOW)
    restored(db, copy)
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("SELECT count(*) FROM contacts").fetchone() == (0,)
    assert PERSON not in db.read_bytes()


def test_what_the_copy_forgot_stays_forgotten(db: Path, copy: Path) -> None:
    forget(db)
    assert run_command(db, "backup", str(copy)).exit_code == 0
    restored(db, copy)
    with Store(db) as store:
        kinds = {mark.kind for mark in store.privacy_policy().marks}
        assert kinds == {TermKind.WORDS, TermKind.HANDLE}


def test_erasures_of_another_origin_are_to_be_repeated(db: Path, copy: Path) -> None:
    fill(copy, ad(1))
    forget(copy)
    forget(db)
    assert "repeat the erasures" in restored(db, copy)


def test_a_store_that_cannot_say_what_it_forgot_is_reported(db: Path, copy: Path) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    data = db.read_bytes()
    db.write_bytes(data[:200] + b"\xff" * (len(data) - 200))
    assert "erasures are unknown" in restored(db, copy)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            b"dear grandmother, " * 400,
            "is no copy of a store. Name one that `navfeed backup` wrote",
        ),
        ("CREATE TABLE letters (text)", "another application"),
        (f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 99", "newer navfeed"),
        (None, "no copy at"),
    ],
)
def test_D3_what_is_no_backup_is_not_put_in_place(
    db: Path, copy: Path, make: bytes | str | None, message: str
) -> None:
    before = titles(db)
    if isinstance(make, bytes):
        copy.write_bytes(make)
    elif make is not None:
        with closing(sqlite3.connect(copy)) as connection:
            connection.executescript(make + "; CREATE TABLE IF NOT EXISTS x (y);")
    result = run_command(db, "restore", str(copy), "--yes")
    assert (result.exit_code, message in result.stderr) == (7, True), result.stderr
    assert titles(db) == before
    assert not [name for name in names(db) if "part" in name]


def test_D3_a_copy_with_a_lost_row_is_not_put_in_place(db: Path, copy: Path) -> None:
    before = titles(db)
    assert run_command(db, "backup", str(copy)).exit_code == 0
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DELETE FROM ads WHERE uuid = ?", [uuid_of(1)])  # and not its contacts
        connection.commit()
    result = run_command(db, "restore", str(copy), "--yes")
    assert (result.exit_code, "the copy is damaged" in result.stderr) == (7, True)
    assert titles(db) == before


@pytest.mark.parametrize("version", [None, 99])
def test_D3_a_backup_takes_the_place_of_no_other_file(
    db: Path, copy: Path, version: int | None
) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    if version is None:
        db.write_bytes(b"dear grandmother, " * 40)
    else:
        with closing(sqlite3.connect(db)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = db.read_bytes()
    result = run_command(db, "restore", str(copy), "--yes")
    assert (result.exit_code, "left as it is" in result.stderr) == (7, True)
    assert db.read_bytes() == before


@pytest.mark.parametrize("command", [["vacuum"], ["restore", "COPY", "--yes"]])
def test_C1_upkeep_waits_for_no_sync(db: Path, copy: Path, command: list[str]) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    with store_lock(db):
        assert (
            run_command(db, *(str(copy) if word == "COPY" else word for word in command)).exit_code
            == 75
        )


LEVELS_WITHOUT_END = bytes.fromhex("00000000ff7f0101")


def test_D3_a_backup_of_a_damaged_index_blames_the_store(db: Path, copy: Path) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(
            "UPDATE search_00_data SET block = ? WHERE id = 10", [LEVELS_WITHOUT_END]
        )
        connection.commit()
    result = run_command(db, "backup", str(copy))
    assert (result.exit_code, f"{db} is damaged" in result.stderr) == (7, True)
    assert not copy.exists()


# vacuum and check


def test_a_vacuum_gives_the_room_back_and_leaves_nothing(db: Path) -> None:
    with Store(db) as store:
        gone = [DetailDecision(uuid_of(n), Reason.STOPPED) for n in range(2, 40)]
        store.commit_details(gone, [], NOW)
    before, kept = db.stat().st_size, titles(db)
    result = run_command(db, "vacuum")
    assert (result.exit_code, "compacted" in result.stderr) == (0, True)
    assert db.stat().st_size < before
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert titles(db) == kept
    assert answer(db, "check") == "ok\n"
    with Store(db) as store:
        assert not store.erasure_owed()


def test_C2_a_vacuum_beside_a_reader_reports_what_is_left(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "ERASE_WAIT_MS", 1)
    with Reader(db, NOW.date()) as reader:
        list(reader.iter_all_raw())
        result = run_command(db, "vacuum")
    assert (result.exit_code, "another program is reading" in result.stderr) == (0, True)


def test_without_a_store_there_is_nothing_to_do(tmp_path: Path) -> None:
    for command in (["vacuum"], ["check"], ["backup", str(tmp_path / "x")], ["runs"]):
        result = run_command(tmp_path / "none.db", *command)
        assert (result.exit_code, "navfeed sync" in result.stderr) == (7, True)
    assert names(tmp_path / "x") == ["copies"]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ("DELETE FROM ads WHERE uuid = ?", "belongs to no ad"),
        ("DELETE FROM search_00 WHERE rowid = (SELECT id FROM ads WHERE uuid = ?)", "not know"),
        (
            "DELETE FROM search_00_docsize WHERE id = (SELECT id FROM ads WHERE uuid = ?)",
            "not know",
        ),
        (
            "UPDATE search_00_data SET block = x'010101010101' WHERE id = 1 AND ? <> ''",
            "search_00 has other words",
        ),
        ("UPDATE ads SET id = 1000 WHERE uuid = ?", "not in the store"),
        ("UPDATE title_words SET ads = 9 WHERE ? <> ''", "words of titles"),
        (
            "UPDATE search_00_data SET block = ? WHERE id > 10",
            "index cannot be read (database disk",
        ),
    ],
)
def test_check_reports_each_problem(db: Path, harm: str, message: str) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(harm, [uuid_of(1)])
        connection.commit()
    result = run_command(db, "check")
    assert (result.exit_code, message in result.stdout) == (7, True)
    assert "navfeed restore" in result.stderr


def on_terminal(db: Path, copy: Path, reply: str) -> int:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        navfeed_command("restore", str(copy), "--db", str(db)),
        stdin=follower,
        stderr=subprocess.PIPE,
    ) as requested:
        os.write(leader, reply.encode())
        requested.communicate(timeout=60)
    os.close(follower)
    os.close(leader)
    return requested.returncode


def test_whoever_sits_at_a_terminal_is_asked_to_confirm(db: Path, copy: Path) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED)], [], NOW)
    assert on_terminal(db, copy, "n\n") == 3
    assert len(titles(db)) == 38
    assert on_terminal(db, copy, "\x04") == 3
    assert on_terminal(db, copy, "y\n") == 0
    assert len(titles(db)) == 39


def test_without_a_terminal_no_store_is_replaced_unconfirmed(db: Path, copy: Path) -> None:
    assert run_command(db, "backup", str(copy)).exit_code == 0
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED)], [], NOW)
    ended = process("restore", str(copy), "--db", str(db), stdin=b"")
    assert (ended.returncode, b"--yes" in ended.stderr) == (2, True)
    assert len(titles(db)) == 38


def test_as_processes(db: Path, copy: Path) -> None:
    restore = ["restore", str(copy), "--yes"]
    for words in (["backup", str(copy)], restore, ["vacuum"], ["check"]):
        ended = process(*words, "--db", str(db))
        assert ended.returncode == 0, ended.stderr
