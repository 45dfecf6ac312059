"""Drop the words of deleted rows from the full-text index, on every version of SQLite.

What a merge does depends on the segments that the index consists of: FTS5's "structure record".

The format stands in SQLite's source: https://sqlite.org/src/file/ext/fts5/fts5_index.c.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

WORN_RECORD = 2_000
"""Bytes of the structure record, half of what SQLite up to 3.40 takes for damage. Later ones never
get there."""

_RECORD = "SELECT block FROM search_data WHERE id = 10"

_COOKIE_BYTES = 4
_ORIGINS = b"\xff\x00\x00\x01"
"""Follows the cookie where segments have five more numbers (contentless indexes with deletes)."""


@dataclass(frozen=True, slots=True)
class Level:
    """How many segments stand on a level, and how many of them a merge has begun with."""

    merging: int
    segments: int


def drop_deleted_words(connection: sqlite3.Connection) -> None:
    """Merge the index where that drops every word of deleted rows; else rebuild it.

    A record that SQLite would soon take for damage is rebuilt too (decisions 0013, 0014).
    """
    row = connection.execute(_RECORD).fetchone()
    how = "optimize" if row is None or _can_merge(row[0]) else "rebuild"
    connection.execute("INSERT INTO search (search) VALUES (?)", [how])


def _can_merge(record: bytes) -> bool:
    """Whether to merge. So too where the record is damaged: then SQLite reports it."""
    try:
        return len(record) < WORN_RECORD and merge_drops_deleted(record)
    except IndexError:
        return True


def levels_of(record: bytes) -> list[Level]:
    """Read a structure record. Raises `IndexError` where it ends too early."""
    with_origins = record.startswith(_ORIGINS, _COOKIE_BYTES)
    size = 8 if with_origins else 3
    numbers = list(_varints(record[_COOKIE_BYTES + (len(_ORIGINS) if with_origins else 0) :]))
    levels: list[Level] = []
    at = 3  # behind the numbers of levels, of segments and of writes
    while len(levels) < numbers[0]:
        level = Level(numbers[at], numbers[at + 1])
        at += 2 + level.segments * size
        levels.append(level)
    return levels


def merge_drops_deleted(record: bytes) -> bool:
    """Whether `optimize` leaves no word of a deleted row.

    It drops the markers of deleted rows, which hold their words, only where it merges into the
    oldest level. It does so where segments stand on two levels or more. Where all stand on one, or
    there is only one, SQLite from 3.44 on merges them below empty levels, or not at all.
    """
    levels = [level for level in levels_of(record) if level.segments]
    return len(levels) > 1 and not any(level.merging for level in levels)


def _varints(data: bytes) -> Iterator[int]:
    """SQLite's numbers of 1 to 9 bytes, seven bits in each (https://sqlite.org/fileformat2.html)."""
    value = size = 0
    for byte in data:
        size += 1
        value = value << 8 | byte if size == 9 else value << 7 | byte & 0x7F
        if size == 9 or byte < 0x80:
            yield value
            value = size = 0
