"""The full-text index: 64 small FTS5 tables, read together through the view `search`.

FTS5 records the deletion of a row and keeps its words until segments are merged, which on some
versions of SQLite drops them and on others does not. `rebuild` leaves none on any, and its cost
grows with the table. So the index consists of shards, and an erasure rebuilds only those that a row
left (decision 0100).

Ads that come together are in one shard: 64 ids in a row, then the next. A batch of new ads then
writes to two shards instead of all.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from navfeed.store import title_words
from navfeed.store.sql import Query

SHARDS = 64
COLUMNS = ("title", "job_title", "employer", "text")

_RUN_BITS = 6
"""Two to the power of it are the ids in a row that one shard holds: a batch of details."""

ROUND = SHARDS << _RUN_BITS
"""The number of ads after which the next one is in the first shard again."""

_MOST_SEGMENTS = 4
"""A search looks into each segment of each shard: with 7, as a first sync of 100,000 ads leaves
them, it takes twice as long as with one."""

Condition = tuple[str, tuple[str, ...]]
"""SQL, and the values to bind in it."""


def shard_of(ad: int) -> int:
    """The shard that holds the ad with this `ads.id`."""
    return (ad >> _RUN_BITS) % SHARDS


def table(shard: int) -> str:
    return f"search_{shard:02}"


_LISTED = ", ".join(COLUMNS)
_MARKS = ", ".join("?" * len(COLUMNS))


def _of_all(names: Iterable[str], select: str) -> str:
    """One SELECT over all shards; `{0}` stands for the table."""
    return " UNION ALL ".join(map(select.format, names))


def _table_sql(name: str) -> str:
    return (
        f"CREATE VIRTUAL TABLE {name} USING fts5 ({_LISTED}, "
        "tokenize = 'unicode61 remove_diacritics 0')"
    )


def _view_sql(names: Iterable[str]) -> str:
    """The view over these shards.

    SQLite moves a MATCH on it into each of its parts: its last column is that by which FTS5 knows a
    table (https://www.sqlite.org/fts5.html#full_text_query_syntax).
    """
    parts = _of_all(names, f"SELECT rowid, {_LISTED}, rank, {{0}} FROM {{0}}")
    return f"CREATE VIEW search (rowid, {_LISTED}, rank, search) AS {parts}"


SCHEMA = f"""
{_table_sql(table(0))};

-- The words of each ad, for MATCH; `rowid` is `ads.id`. Text without HTML, letters composed (NFC).
-- A view over up to 64 FTS5 tables, `search_00` to `search_63`: `rank` and `bm25` know one of them
-- each. A MATCH on it needs a plain SELECT, not one that aggregates: put that one around it, as
-- `WHERE id IN (SELECT rowid FROM search WHERE search MATCH 'kokk')`.
{_view_sql([table(0)])};
"""
"""The index of a new store: its first shard. The others come with the first ad that they hold."""


def tables(query: Query) -> list[str]:
    """The shards that there are."""
    return sorted(name for (name,) in query(_SHARDS))


_SHARDS = "SELECT name FROM sqlite_schema WHERE name GLOB 'search_[0-9][0-9]'"


# Writing. Always within a transaction of the caller's.


def prepare(connection: sqlite3.Connection) -> None:
    """Make the table, in memory, of what a transaction adds to the index until it ends."""
    connection.execute(f"CREATE TEMP TABLE added (ad INTEGER PRIMARY KEY, {_LISTED})")


def put(connection: sqlite3.Connection, ad: int, texts: Sequence[str]) -> None:
    """Index the texts of an ad with `write_added`, in place of those before."""
    connection.execute(_PUT, [ad, *texts])


_PUT = f"INSERT OR REPLACE INTO added VALUES (?, {_MARKS})"


def write_many(connection: sqlite3.Connection) -> None:
    """Write what was put once it is much: the texts of all ads together fill the memory."""
    ((count,),) = connection.execute("SELECT count(*) FROM added").fetchall()
    if count >= _MANY:
        write_added(connection)


_MANY = 1_024


def write_added(connection: sqlite3.Connection) -> int:
    """Write what was put, all of a shard in one statement, and return the number of ads.

    The same texts again write nothing, and do not count.

    FTS5 writes a segment of the index at the end of each statement: one for each ad would make
    searches slow, which look into every segment, and be merged again and again.
    """
    added = connection.execute("SELECT ad FROM added").fetchall()
    if not added:
        return 0
    for shard in sorted({shard_of(ad) for (ad,) in added}):
        name = _made(connection, shard)
        _replace(connection, shard, name)
        connection.execute(
            f"INSERT INTO {name} (rowid, {_LISTED}) SELECT * FROM added WHERE {_IN_SHARD}", [shard]
        )
    titles = connection.execute("SELECT title, job_title FROM added").fetchall()
    title_words.add(connection, titles)
    connection.execute("DELETE FROM added")
    return len(titles)


_IN_SHARD = f"(ad >> {_RUN_BITS}) % {SHARDS} = ?"


def _replace(connection: sqlite3.Connection, shard: int, name: str) -> None:
    """Make room in a shard for what was put, and leave out what stands there already."""
    known = connection.execute(
        f"SELECT ad, ({_columns('added')}) IS ({_columns(name)}) FROM added CROSS JOIN {name} "
        f"ON {name}.rowid = ad WHERE {_IN_SHARD}",
        [shard],
    ).fetchall()
    for ad, is_same in known:
        if is_same:
            connection.execute("DELETE FROM added WHERE ad = ?", [ad])
        else:
            _take_out(connection, shard, name, ad)


def _columns(name: str) -> str:
    return ", ".join(f"{name}.{column}" for column in COLUMNS)


def drop(connection: sqlite3.Connection, ad: int) -> None:
    """Take an ad out of the index. Its words stay in its shard until `rebuild_stale`."""
    shard = shard_of(ad)
    connection.execute("DELETE FROM added WHERE ad = ?", [ad])
    _take_out(connection, shard, _made(connection, shard), ad)


def _take_out(connection: sqlite3.Connection, shard: int, name: str, ad: int) -> None:
    titles = f"SELECT title, job_title FROM {name} WHERE rowid = ?"
    for indexed in connection.execute(titles, [ad]).fetchall():
        title_words.subtract(connection, indexed)
    connection.execute(f"DELETE FROM {name} WHERE rowid = ?", [ad])
    connection.execute("INSERT OR IGNORE INTO stale_shards VALUES (?)", [shard])


def fill(connection: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> None:
    """Index ads that are not in the index yet: their ids and texts, in the order of ids."""
    for shard, chosen in groupby(rows, key=lambda row: shard_of(row[0])):
        _insert(connection, _made(connection, shard), chosen)


def _made(connection: sqlite3.Connection, shard: int) -> str:
    """The table of a shard, which is made where there is none yet."""
    name = table(shard)
    if not connection.execute("SELECT 1 FROM pragma_table_info(?) LIMIT 1", [name]).fetchone():
        connection.execute(_table_sql(name))
        connection.execute("DROP VIEW search")
        connection.execute(_view_sql(tables(lambda sql: connection.execute(sql).fetchall())))
    return name


def _insert(connection: sqlite3.Connection, name: str, rows: Iterable[Sequence[Any]]) -> None:
    connection.executemany(f"INSERT INTO {name} (rowid, {_LISTED}) VALUES (?, {_MARKS})", rows)


def rebuild_stale(connection: sqlite3.Connection) -> None:
    """Leave no word of what was taken out in the index."""
    for (shard,) in connection.execute("SELECT shard FROM stale_shards").fetchall():
        _rebuild(connection, table(shard))
    connection.execute("DELETE FROM stale_shards")


def rewrite(connection: sqlite3.Connection) -> None:
    """Give every shard the columns that shards have now, and their view too."""
    names = tables(lambda sql: connection.execute(sql).fetchall())
    connection.execute("DROP VIEW search")
    for name in names:
        # No table gets another name: SQLite refuses that where a view of somebody's own names one
        # that is gone meanwhile.
        connection.execute(
            f"CREATE TEMP TABLE search_before AS SELECT rowid AS ad, {_LISTED} FROM {name}"
        )
        connection.execute(f"DROP TABLE {name}")
        connection.execute(_table_sql(name))
        connection.execute(
            f"INSERT INTO {name} (rowid, {_LISTED}) SELECT ad, {_LISTED} FROM search_before"
        )
        connection.execute("DROP TABLE search_before")
    connection.execute(_view_sql(names))


def rebuild_all(connection: sqlite3.Connection) -> None:
    """The same without trusting what is known to be stale. Takes the index of older schemas too."""
    one_table = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'search'"
    for (name,) in connection.execute(f"{one_table} UNION ALL {_SHARDS}").fetchall():
        _rebuild(connection, name)


def _rebuild(connection: sqlite3.Connection, name: str) -> None:
    """Write an FTS5 table's index again, from the text that it keeps."""
    connection.execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")
    merge(connection, name)  # it writes a segment for each megabyte


def merge(connection: sqlite3.Connection, name: str) -> None:
    """Make one segment of all that a shard has. Where it has but one, nothing is written."""
    connection.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")


def in_many_segments(query: Query) -> list[str]:
    """The shards that are to be merged."""
    counted = query(_of_all(tables(query), "SELECT '{0}', count(DISTINCT segid) FROM {0}_idx"))
    return [name for name, segments in counted if segments > _MOST_SEGMENTS]


# Reading


def sizes(query: Query) -> dict[int, tuple[int, int]]:
    """By shard: how many ads it holds, and how many words they say."""
    totals = query(_of_all(tables(query), "SELECT '{0}', block FROM {0}_data WHERE id = 1"))
    counted = {_number(name): list(varints(block or b"\0")) for name, block in totals}
    return {shard: (ads, sum(words)) for shard, (ads, *words) in counted.items() if ads}


def lengths_of(query: Query, found: str, most: int) -> dict[int, int]:
    """The number of words of the ads, `most` at most, that a search in FTS5's language finds."""
    part = "SELECT id, sz FROM {0} JOIN {0}_docsize ON id = {0}.rowid WHERE {0} MATCH ?1"
    rows = query(f"{_of_all(tables(query), part)} LIMIT {most}", found)
    return {ad: sum(varints(counts)) for ad, counts in rows}


def matches(names: Sequence[str], wanted: str) -> Condition:
    """A condition on `ads` that looks each ad up in its own shard; `names`: those that there are.

    MATCH on the view would look into all of them for every ad.
    """
    part = "WHEN {0} THEN EXISTS (SELECT 1 FROM {1} WHERE {1} MATCH ? AND rowid = ads.id)"
    cases = " ".join(part.format(_number(name), name) for name in names)
    return f"CASE (ads.id >> {_RUN_BITS}) % {SHARDS} {cases} END", (wanted,) * len(names)


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])


def varints(data: bytes) -> Iterator[int]:
    """SQLite's numbers of 1 to 9 bytes, seven bits in each (https://sqlite.org/fileformat2.html)."""
    value = size = 0
    for byte in data:
        size += 1
        value = value << 8 | byte if size == 9 else value << 7 | byte & 0x7F
        if size == 9 or byte < 0x80:
            yield value
            value = size = 0


def open_words(query: Query) -> None:
    """Make `temp.words`, the words of the index: `term`, and how often it occurs (`cnt`).

    A word stands there once for each shard that has it. The connection's own, and gone with it.
    """
    names = tables(query)
    for name in names:
        query(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.words_of_{name} "
            f"USING fts5vocab(main, {name}, row)"
        )
    words = _of_all(names, "SELECT term, cnt FROM words_of_{0}")
    query(f"CREATE TEMP VIEW IF NOT EXISTS words AS {words}")


def words_beginning(query: Query, starts: Iterable[str]) -> list[tuple[Any, ...]]:
    """The words of the index with one of these beginnings, after `open_words`.

    As (beginning, word), once for each shard that has it. One statement for all: opening the words
    of 64 shards takes 2 to 5 ms, looking up a beginning in them half a millisecond.
    """
    part = (
        "SELECT value, term FROM json_each(?1) CROSS JOIN words_of_{0} "
        f"WHERE term BETWEEN value AND value || char({sys.maxunicode})"
    )
    return query(_of_all(tables(query), part), json.dumps([*starts]))


def problems(query: Query) -> Iterator[str]:
    """What is wrong with the index: ads in no shard or in another's, words of ads that are gone.

    Raises `StoreError` where it cannot be read.
    """
    open_words(query)
    known = sizes(query)
    for name in tables(query):
        ((words,),) = query(f"SELECT coalesce(sum(cnt), 0) FROM words_of_{name}")
        if words != known.get(_number(name), (0, 0))[1]:
            yield f"{name} has other words than its ads"
    if not title_words.is_exact(query):
        yield "the words of titles are not those of the ads"
    for problem, count in _membership(query):
        if count:
            yield f"{count} {problem}"


def _membership(query: Query) -> Iterator[tuple[str, int]]:
    stored = {ad for (ad,) in query("SELECT id FROM ads")}
    found = query(_of_all(tables(query), "SELECT '{0}', id FROM {0}_docsize"))
    ids = {ad for _, ad in found}
    yield "ads that the search index does not know", len(stored - ids)
    yield "ads in the search index that are not in the store", len(ids - stored)
    yield (
        "ads in a part of the search index where they do not belong",
        sum(name != table(shard_of(ad)) for name, ad in found),
    )
