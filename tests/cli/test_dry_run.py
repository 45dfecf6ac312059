"""`--dry-run` of whatever removes or replaces: it shows what would be done, and changes no byte."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, run_command, uuid_of
from cli.walk import COMMANDS, command_of, having
from navfeed.store.writer import Store

FAR = {"expires": "2999-01-01T00:00:00Z"}
WATCH = '[watch.nurses]\ntext = ["sykepleier"]\nto = ["stdout"]\n'


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A store with two ads, of which one is saved, a copy of it with one ad, and a watch."""
    db = fill(tmp_path / "navfeed.db", *(ad(number, **FAR) for number in (1, 2)))
    fill(tmp_path / "other" / "navfeed.db", ad(1, **FAR))
    run_command(tmp_path / "other" / "navfeed.db", "backup", str(tmp_path / "copy.db"))
    (tmp_path / "watches.toml").write_text(WATCH)
    (tmp_path / "chart.svg").write_text("<svg/>")
    assert run_command(db, "save", uuid_of(1), "--note", "call on Monday").exit_code == 0
    return db


def _digests(folder: Path) -> dict[str, str]:
    """Every file with its content. Reading a store leaves an empty log and its index behind."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.stat().st_size and file.is_file() and not file.name.endswith("-shm")
    }


PLANS = {
    f"save {uuid_of(2)}": "Sykepleier natt (00000002): not marked; would be saved",
    f"save {uuid_of(1)} --undo": (
        "Sykepleier natt (00000001): saved (call on Monday); would be not marked"
    ),
    f"save {uuid_of(1)} --note write": "saved (call on Monday); would be saved (write)",
    f"applied {uuid_of(1)}": "saved (call on Monday); would be applied (call on Monday)",
    f"ignore {uuid_of(2)}": "not marked; would be ignored",
    "watch remove nurses --watches WATCHES": (
        "would remove nurses (--text sykepleier) and its delivery history for stdout"
    ),
    "restore COPY": (
        "would replace STORE (2 active ads, as of 2026-11-21 13:00 +01:00) with COPY "
        "(1 active ad, as of 2026-11-21 13:00 +01:00)"
    ),
    "backup COPY --force": "would replace COPY with a copy of STORE, at most ",
    "backup NEW": "would write NEW with a copy of STORE, at most ",
    "vacuum": "would free at least 0.0 MB of ",
    "watch edit nurses --text kokk --without to --watches WATCHES": (
        "would change filters of nurses: text sykepleier -> text kokk\n"
    ),
    "watch edit nurses --text sykepleier --watches WATCHES": "would change nothing of nurses\n",
    "export --format csv --output NEW": "would write NEW with csv: 2 active ads\n",
    "export --format csv --output COPY": "would replace COPY with csv: 2 active ads\n",
    "export --format xlsx --output COPY --table locations --text kokk": (
        "would replace COPY with xlsx: the locations of 0 active ads\n"
    ),
    "export --format csv --output NEW --table removed": "with csv: what is left of removed ads\n",
    "export --format json --output NEW --split": "would write NEW with json files: 2 active ads\n",
    "stats --output CHART": "would replace CHART with svg: bars of 2 active ads\n",
    "privacy erase Nordmann": "would erase in 2 places of 2 ads, and from future syncs",
}


ELSEWHERE = {
    "sync": "test_scope.py",
    "push": "tests/push",
    "init": "test_init.py",
}
"""Where the dry runs of other commands are tested."""

HARMLESS = {
    *("list", "show", "watch list", "watch show", "watch preview", "quality", "changes", "status"),
    *("verify", "runs", "doctor", "check", "privacy find", "privacy log", "config show"),
    *("config path", "config check", "serve", "mcp", "practice"),
    *("watch add", "watch init"),  # add, and refuse a name that exists
    "watch run",  # delivers; `watch preview` shows what
}
"""Commands that remove and replace nothing. `verify --repair` does what `verify` reports."""


def test_whatever_removes_or_replaces_has_a_dry_run() -> None:
    tested = {command_of(line) for line in PLANS}
    assert having("--dry-run") == tested | ELSEWHERE.keys() == COMMANDS.keys() - HARMLESS


def _placed(text: str, db: Path) -> str:
    names = {
        "STORE": db,
        "COPY": "copy.db",
        "NEW": "new.db",
        "CHART": "chart.svg",
        "OTHER": "other",
        "WATCHES": "watches.toml",
    }
    for name, file in names.items():
        text = text.replace(name, str(db.parent / file))
    return text


@pytest.mark.parametrize("command", PLANS)
def test_a_dry_run_shows_what_would_be_done_and_changes_no_byte(db: Path, command: str) -> None:
    before = _digests(db.parent)
    result = run_command(db, *_placed(command, db).split(), "--dry-run")
    assert (result.exit_code, result.stderr) == (0, "")
    assert _placed(PLANS[command], db) in result.stdout
    assert _digests(db.parent) == before


def test_an_erasure_does_what_its_dry_run_predicted(db: Path) -> None:
    predicted = answer(db, "privacy", "erase", "Nordmann", "--dry-run")
    done = run_command(db, "privacy", "erase", "Nordmann", "--yes").stderr
    assert re.findall(r"in .*", predicted) == re.findall(r"in .*", done) != []


def test_marks_are_predicted_where_there_are_none_yet(tmp_path: Path) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1, **FAR))
    assert "would be saved" in answer(db, "save", uuid_of(1), "--dry-run")
    assert _digests(tmp_path).keys() == {"navfeed.db"}


def test_a_dry_run_refuses_what_the_command_would_refuse(db: Path) -> None:
    for command, code in {
        "watch remove nobody --watches WATCHES": 2,
        "restore NEW": 7,
        "restore WATCHES": 7,
        "backup COPY": 2,
        "watch edit nobody --watches WATCHES": 2,
        "watch edit nurses --to mail: --watches WATCHES": 2,
        "export --format csv": 2,
        "export --format csv --output STORE": 2,
        "export --format csv --output OTHER": 2,
        "export --format csv --split --output OTHER": 2,
        "stats": 2,
        "stats --output STORE": 2,
        "privacy erase x": 2,
        f"save {uuid_of(9)}": 2,
    }.items():
        result = run_command(db, *_placed(command, db).split(), "--dry-run")
        assert (result.exit_code, result.stdout) == (code, ""), command


@pytest.mark.parametrize("command", ["backup NEW", "vacuum", "privacy erase Nordmann"])
def test_without_a_store_a_dry_run_ends_as_the_command_does(db: Path, command: str) -> None:
    words, nowhere = _placed(command, db).split(), db.parent / "nowhere.db"
    for more in ([], ["--dry-run"]):
        result = run_command(nowhere, *words, *more)
        assert (result.exit_code, result.stdout) == (7, "")
        assert f"there is no store at {nowhere} yet" in result.stderr


def test_a_damaged_copy_is_refused(db: Path) -> None:
    copy = db.parent / "copy.db"
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("DELETE FROM ads")  # and not their contacts
    result = run_command(db, "restore", str(copy), "--dry-run")
    assert (result.exit_code, "the copy is damaged" in result.stderr) == (7, True)


def test_a_copy_of_an_older_navfeed_would_be_upgraded(db: Path) -> None:
    copy = db.parent / "copy.db"
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA user_version = 5")
    planned = answer(db, "restore", str(copy), "--dry-run")
    assert planned.endswith(f"with {copy} (of an older navfeed, to be upgraded)\n")


@pytest.mark.parametrize("store", ["absent", "damaged"])
def test_what_a_restore_replaces_need_not_be_readable(db: Path, store: str) -> None:
    copy, target = db.parent / "copy.db", db.parent / "other.db"
    words = {"absent": "which does not exist yet", "damaged": "which cannot be read"}
    if store == "damaged":
        fill(target, ad(1))
        target.write_bytes(target.read_bytes()[:100] + b"\0" * 10_000)
    assert words[store] in answer(target, "restore", str(copy), "--dry-run")


def test_what_a_vacuum_would_free_is_freed(db: Path) -> None:
    with Store(db) as store, closing(sqlite3.connect(db)) as other:
        other.execute("CREATE TABLE ballast AS SELECT zeroblob(3000000) AS bytes")
        other.execute("DROP TABLE ballast")
        other.commit()
        store.purge()
    (free,) = re.findall(r"at least ([\d.]+) MB", answer(db, "vacuum", "--dry-run"))
    before = db.stat().st_size
    assert run_command(db, "vacuum").exit_code == 0
    assert before - db.stat().st_size >= float(free) * 1e6 - 50_000
    assert float(free) >= 2.9
