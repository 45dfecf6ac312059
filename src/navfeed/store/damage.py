"""What is wrong with a store's file, as far as it can be found out by reading all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from navfeed.store.sql import one_row

MOST = 100
"""Findings that are reported."""


def in_file(db: sqlite3.Connection) -> Iterator[str]:
    """What SQLite finds itself."""
    check = db.execute(f"PRAGMA integrity_check({MOST})")
    yield from (found for (found,) in check if found != "ok")
    for table, *_ in db.execute("PRAGMA foreign_key_check"):
        yield f"a row of {table} belongs to no ad"


def in_index(db: sqlite3.Connection) -> Iterator[str]:
    """What it does not: to SQLite the search index is but rows."""
    for sql, what in (
        (_UNFOUND, "ads that the search index does not know"),
        (_LOOSE, "ads in the search index that are not in the store"),
    ):
        if count := one_row(db, sql)[0]:
            yield f"{count} {what}"


_UNFOUND = "SELECT count(*) FROM ads WHERE id NOT IN (SELECT id FROM search_docsize)"
_LOOSE = "SELECT count(*) FROM search_docsize WHERE id NOT IN (SELECT id FROM ads)"
