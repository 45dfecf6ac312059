"""Read commands never write, never wait for a sync, and show one moment of the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, place, process, store_ads, uuid_of
from navfeed.model import By, DetailDecision, FeedCursor, Reason
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Sort
from navfeed.store.writer import Store
from support.clock import NOW

QUESTIONS = (
    ["list"],
    ["list", "--text", "sykepleiere", "--snippets", "--municipality", "BERGNE"],
    ["list", "--format", "json", "--due", "[today,*)"],
    ["show", uuid_of(1)],
    ["export", "--format", "csv"],
    ["stats"],
    ["stats", "--format", "json", "--text", "natt"],
    ["status"],
)
"""Every command that reads."""

FAR = {"expires": "2999-01-01T00:00:00Z", "applicationDue": "2998-12-31"}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1, **FAR), ad(2, **FAR))


@pytest.fixture
def writing(db: Path) -> Iterator[sqlite3.Connection]:
    """Another program in the middle of a write, nothing of it committed."""
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM ads WHERE uuid = ?", [uuid_of(2)])
        connection.execute("UPDATE ads SET title = 'half done'")
        yield connection
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_a_running_write_is_neither_waited_for_nor_seen(
    db: Path, writing: sqlite3.Connection, question: list[str]
) -> None:
    assert writing.in_transaction  # and stays so while we ask: who waited for it would never end
    ended = process(*question, "--db", str(db))
    assert (ended.returncode, b"half done" in ended.stdout) == (0, False)
    if "BERGNE" not in question:
        assert ended.stdout


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_nothing_is_written(db: Path, question: list[str]) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = db.read_bytes()
    assert process(*question, "--db", str(db)).returncode == 0
    assert db.read_bytes() == before
    log = db.with_name(db.name + "-wal")
    assert not log.exists() or log.stat().st_size == 0


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_even_a_file_that_nobody_may_write_is_read(db: Path, question: list[str]) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.chmod(0o400)
    db.parent.chmod(0o500)
    try:
        answer(db, *question)
    finally:
        db.parent.chmod(0o700)


def test_every_answer_of_a_reader_is_about_one_moment(db: Path) -> None:
    filters = Filters(text=("sykepleiere",))
    with Reader(db, NOW.date()) as reader:
        before = _everything(reader, filters)
        with Store(db) as store:
            stopped = [DetailDecision(uuid_of(2), Reason.STOPPED)]
            store.commit_details(stopped, [], NOW)
            store_ads(store, [ad(3, title="Sykepleierne", workLocations=[place("ÅS")], **FAR)])
            store.end_walk(FeedCursor(), [])
            store.caught_up(NOW)
        assert _everything(reader, filters) == before
    with Reader(db, NOW.date()) as reader:
        assert _everything(reader, filters) != before


def _everything(reader: Reader, filters: Filters) -> list[object]:
    return [
        list(reader.rows(["uuid", "title"], filters, Sort.RELEVANCE)),
        list(reader.iter_raw(Filters())),
        reader.snippets(filters)(uuid_of(1)),
        reader.values("municipal"),
        reader.tally(By.MUNICIPAL, filters),
        reader.flow(),
        reader.count(filters),
        reader.has_value("municipal", "ås"),
    ]
