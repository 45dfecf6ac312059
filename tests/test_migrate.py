"""A store of an older schema is brought up to date, in one transaction, and loses nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from navfeed.errors import StoreError
from navfeed.model import DetailDecision, Reason
from navfeed.store import migrate
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.schema import VERSION
from navfeed.store.writer import Store

TODAY = date(2026, 7, 3)
NOW = datetime(2026, 7, 3, 12, tzinfo=UTC)
ADS = [f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 2, 3)]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "navfeed.db"
    script = Path(__file__).with_name("schema1.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def schema(path: Path) -> dict[object, object]:
    """Every table's columns in their order, and every index's, by name."""
    named = rows(path, "SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    return {
        name: rows(path, f"SELECT name, type, pk FROM pragma_table_info('{name}')")
        if kind == "table"
        else rows(path, f"SELECT name FROM pragma_index_info('{name}')")
        for name, kind in named
    }


def test_what_was_stored_is_there_and_the_day_is_read(old: Path, tmp_path: Path) -> None:
    kept = "SELECT id, uuid, title, application_due, last_day, description, content FROM ads"
    tables = ("locations", "occupations", "categories", "contacts", "milestones")
    before = [rows(old, kept), *(rows(old, f"SELECT * FROM {table}") for table in tables)]
    Store(old).close()

    after = [rows(old, kept), *(rows(old, f"SELECT * FROM {table}") for table in tables)]
    assert after == before
    assert all(before)
    assert rows(old, "SELECT due_date FROM ads ORDER BY id") == [("2026-08-21",), (None,), (None,)]
    assert rows(old, "PRAGMA user_version") == [(VERSION,)]
    assert rows(old, "PRAGMA foreign_key_check") == []
    assert rows(old, "PRAGMA integrity_check") == [("ok",)]
    with Reader(old, TODAY) as reader:
        assert reader.count(Filters(text=("kjøkken",))) == 1
        assert reader.find(ADS[0])[1].due_date == date(2026, 8, 21)

    new = tmp_path / "new.db"
    Store(new).close()
    assert schema(old) == schema(new)


def test_what_leaves_later_is_erased_and_takes_its_rows_with_it(old: Path) -> None:
    with Store(old) as store:
        assert store.erasure_owed()
        store.commit_details([DetailDecision(ADS[0], Reason.STOPPED)], [], NOW)
        assert store.erase()
        for word in ("Nordmann", "Kokk", "Kjøkken", "Vertshuset", "kjøkken", "5120"):
            assert word.encode() not in old.read_bytes(), word
    assert rows(old, "SELECT count(*) FROM contacts") == [(0,)]
    assert rows(old, "SELECT count(*) FROM ads") == [(2,)]


def test_a_migration_that_is_cut_off_has_not_begun(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema(old)
    monkeypatch.setattr(migrate, "_INDEXES_OF_2", "CREATE INDEX ads_by_due ON nothing (x)")
    with pytest.raises(StoreError):
        Store(old)
    assert schema(old) == before
    assert rows(old, "PRAGMA user_version") == [(1,)]
    assert rows(old, "SELECT count(*) FROM contacts") == [(1,)]
    monkeypatch.undo()
    Store(old).close()
    assert rows(old, "SELECT count(*) FROM ads WHERE due_date = '2026-08-21'") == [(1,)]


def test_who_only_reads_changes_nothing_and_is_told(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(StoreError, match=r"older navfeed \(schema 1.*Run `navfeed sync` once"):
        Reader(old, TODAY)
    assert old.read_bytes() == before
