"""What FTS5's structure record says, against real indexes of the SQLite that runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from navfeed.store.segments import Level, drop_deleted_words, levels_of, merge_drops_deleted


@pytest.fixture
def index() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE VIRTUAL TABLE search USING fts5 (word)")
        connection.execute("INSERT INTO search (search, rank) VALUES ('automerge', 0)")
        yield connection


def record(index: sqlite3.Connection) -> bytes:
    ((block,),) = index.execute("SELECT block FROM search_data WHERE id = 10")
    return bytes(block)


def test_an_empty_index_has_no_segment(index: sqlite3.Connection) -> None:
    assert levels_of(record(index)) == []
    assert not merge_drops_deleted(record(index))


def test_each_transaction_writes_a_segment(index: sqlite3.Connection) -> None:
    for word in ("fjord", "fjell", "dal"):
        index.execute("INSERT INTO search (word) VALUES (?)", [word])
    assert levels_of(record(index)) == [Level(merging=0, segments=3)]
    assert not merge_drops_deleted(record(index))


def test_segments_on_two_levels_merge_into_the_oldest(index: sqlite3.Connection) -> None:
    fill(index)
    index.execute("INSERT INTO search (search) VALUES ('optimize')")
    index.execute("DELETE FROM search WHERE word = 'fjord'")
    assert sum(level.segments for level in levels_of(record(index))) == 2
    assert merge_drops_deleted(record(index))


def fill(index: sqlite3.Connection) -> None:
    """A segment of one word, and a large one."""
    many = " ".join(f"{number}sted" for number in range(2_000))
    index.executemany("INSERT INTO search (word) VALUES (?)", [["fjord"], [many]])


@pytest.mark.parametrize("merged", [False, True])
def test_deleted_words_are_dropped_merged_or_not(index: sqlite3.Connection, merged: bool) -> None:
    fill(index)
    if merged:
        index.execute("INSERT INTO search (search) VALUES ('optimize')")
    index.execute("DELETE FROM search WHERE word = 'fjord'")
    drop_deleted_words(index)
    blocks = index.execute("SELECT block FROM search_data").fetchall()
    assert not any(b"fjord" in block for (block,) in blocks)
    assert index.execute("SELECT count(*) FROM search WHERE search MATCH '7sted'").fetchone() == (
        1,
    )


@pytest.mark.parametrize(
    ("level", "drops"),
    [(b"\x00\x01", True), (b"\x01\x01", False)],
)
def test_a_merge_that_has_begun_is_not_trusted(level: bytes, drops: bool) -> None:
    segment = b"\x01\x01\x01"
    two = b"\x02\x02\x00" + level + segment + b"\x00\x01" + segment
    assert merge_drops_deleted(b"\x00" * 4 + two) is drops


def test_segments_with_origins_and_large_numbers() -> None:
    segment = b"\x01\x01\x01" + b"\x81\x00" * 4 + b"\xff" * 9
    written = b"\x00" * 4 + b"\xff\x00\x00\x01" + b"\x01\x01\x00" + b"\x00\x01" + segment
    assert levels_of(written) == [Level(merging=0, segments=1)]


def test_where_a_merge_would_keep_words_the_index_is_rebuilt(index: sqlite3.Connection) -> None:
    statements: list[str] = []
    index.execute("INSERT INTO search (word) VALUES ('fjord')")
    index.set_trace_callback(statements.append)
    drop_deleted_words(index)
    assert "INSERT INTO search (search) VALUES ('rebuild')" in statements


def test_a_damaged_record_is_left_to_sqlite(index: sqlite3.Connection) -> None:
    fill(index)
    cut = b"\x00" * 4 + b"\xff" * 8 + b"\x7f\x01\x01\x00\x01"
    index.execute("UPDATE search_data SET block = ? WHERE id = 10", [cut])
    with pytest.raises(sqlite3.DatabaseError):
        drop_deleted_words(index)
