"""Readers that serve one request after the other: opened seldom, closed in time, never behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from cli.support import ad, fill, store_ads, uuid_of
from navfeed.errors import ConfigError, StoreError
from navfeed.model import By
from navfeed.serve.options import Limits
from navfeed.serve.readers import Readers
from navfeed.store.connect import is_shared
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.writer import Store
from serve.conftest import Serve
from serve.support import serving
from support.clock import NOW

TODAY = NOW.date()
ALL = Filters()
NONE = Filters(text=("nowhere",))


class Counting(Reader):
    """Notes which readers are opened and which are closed."""

    opened: Queue[Reader] = Queue()
    closed: Queue[Reader] = Queue()

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.opened.put(self)

    def close(self) -> None:
        super().close()
        self.closed.put(self)


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    monkeypatch.setattr(Counting, "opened", Queue())
    monkeypatch.setattr(Counting, "closed", Queue())
    monkeypatch.setattr("navfeed.serve.readers.Reader", Counting)
    return Counting


@pytest.fixture
def db(tmp_path: Path) -> Path:
    fill(tmp_path / "ads.db", ad(1))
    return tmp_path / "ads.db"


def ids(readers: Readers) -> list[str]:
    with readers.reader(TODAY) as reader:
        return [ad for ad, _ in reader.ads()]


def test_requests_in_a_row_open_the_store_once(serve: Serve, counting: type[Counting]) -> None:
    service = serve(ad(1), limits=Limits(kept_open=60))
    for path in ("/", "/api/ads", "/feed.atom", "/healthz", "/public-feed/api/v1/ads"):
        assert service.get(path).status == 200
    assert counting.opened.qsize() <= 2  # one for what the service counts by itself as it starts
    assert counting.closed.empty()


def test_it_is_closed_once_requests_end(serve: Serve, counting: type[Counting]) -> None:
    service = serve(ad(1), limits=Limits(kept_open=0))
    service.get("/")
    service.get("/")
    for _ in range(counting.opened.qsize()):
        assert counting.closed.get(timeout=30)


def test_it_is_closed_when_the_service_ends(tmp_path: Path, counting: type[Counting]) -> None:
    limits = Limits(kept_open=60)
    with serving(tmp_path / "ads.db", [ad(1)], {"limits": limits}) as service:
        service.get("/")
    assert counting.closed.qsize() == counting.opened.qsize()


def test_one_in_use_when_the_service_ends_is_closed_after_it(
    db: Path, counting: type[Counting]
) -> None:
    readers = Readers(db)
    with readers.reader(TODAY):
        readers.close()
        assert counting.closed.empty()
    assert counting.closed.qsize() == 1


def test_each_reads_the_store_as_it_is_by_then(db: Path, counting: type[Counting]) -> None:
    readers = Readers(db)
    assert [ids(readers), ids(readers)] == [[uuid_of(1)], [uuid_of(1)]]
    assert counting.opened.qsize() == 1
    with Store(db) as store:
        store_ads(store, [ad(2)])
    assert ids(readers) == [uuid_of(1), uuid_of(2)]
    assert counting.closed.qsize() == 1  # with all that it remembered
    readers.close()


def test_each_reads_as_of_its_day(tmp_path: Path) -> None:
    fill(tmp_path / "ads.db", ad(1, expires="2026-12-01T00:00:00+01:00"))
    readers = Readers(tmp_path / "ads.db")
    for day, active in ((date(2026, 12, 2), 0), (TODAY, 1)):
        with readers.reader(day) as reader:
            assert (reader.today, reader.count(ALL)) == (day, active)
    readers.close()


def test_one_is_closed_after_many_queries(
    db: Path, counting: type[Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navfeed.serve.readers.MOST_QUERIES", 2)
    readers = Readers(db)
    assert [ids(readers) for _ in range(4)] == [[uuid_of(1)]] * 4
    assert counting.closed.qsize() == 2


def test_a_store_that_was_put_in_its_place_is_seen_at_once(
    tmp_path: Path, db: Path, counting: type[Counting]
) -> None:
    readers = Readers(db)
    assert ids(readers) == [uuid_of(1)]
    fill(tmp_path / "other.db", ad(2))
    (tmp_path / "other.db").replace(db)
    assert ids(readers) == [uuid_of(2)]
    assert counting.closed.qsize() == 1  # or the old file would stay on the disk
    readers.close()


def test_a_store_that_is_gone_is_gone(db: Path) -> None:
    readers = Readers(db)
    ids(readers)
    db.rename(db.with_name("elsewhere.db"))
    with pytest.raises(StoreError, match="there is no store"):
        ids(readers)


def test_a_store_of_a_newer_schema_is_refused_at_once(db: Path) -> None:
    readers = Readers(db)
    ids(readers)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    with pytest.raises(StoreError, match="newer navfeed"):
        ids(readers)


def test_one_that_failed_is_not_used_again(db: Path, counting: type[Counting]) -> None:
    """What it was reading may still be open."""
    readers = Readers(db)
    with pytest.raises(ConfigError), readers.reader(TODAY):
        raise ConfigError("no")
    assert counting.closed.qsize() == 1


def test_what_one_query_set_is_not_the_next_ones(db: Path) -> None:
    readers = Readers(db)
    with readers.reader(TODAY) as reader:
        assert reader.tallies([By.SECTOR], ALL)[By.SECTOR] == [("Offentlig", 1)]
        reader.give_up_when(lambda: True)
    with readers.reader(TODAY) as again:
        assert again is reader
        assert again.tallies([By.SECTOR], NONE)[By.SECTOR] == []
        assert not again.problems()  # which takes many steps
    readers.close()


def test_one_that_cannot_go_on_is_closed(
    db: Path, monkeypatch: pytest.MonkeyPatch, counting: type[Counting]
) -> None:
    monkeypatch.setattr(Counting, "pause", lambda _: False)
    assert ids(Readers(db)) == [uuid_of(1)]
    assert counting.closed.qsize() == 1


def test_one_that_cannot_read_any_more_is_closed(db: Path) -> None:
    with Reader(db, TODAY) as reader:
        assert reader.pause()
    assert not reader.resume(TODAY)


@pytest.mark.parametrize(
    ("options", "pragma", "shared"),
    [
        ("mode=ro", "query_only", True),
        # As where the store lies in a folder that cannot be written (`open_reader`).
        ("mode=ro&immutable=1", "query_only", False),
        # As where the disk has no room for the index of the write-ahead log.
        ("mode=rw", "locking_mode = EXCLUSIVE", False),
    ],
)
def test_one_goes_on_that_shares_the_store_with_others(
    db: Path, options: str, pragma: str, shared: bool
) -> None:
    with closing(sqlite3.connect(f"{db.as_uri()}?{options}", uri=True)) as connection:
        connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM ads").fetchone()
        assert is_shared(connection) == shared
