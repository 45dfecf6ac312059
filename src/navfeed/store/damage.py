"""What is wrong with a store's file, as far as it can be found out by reading all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

MOST = 100
"""Findings that are reported."""


def in_file(db: sqlite3.Connection) -> Iterator[str]:
    """What SQLite finds itself."""
    check = db.execute(f"PRAGMA integrity_check({MOST})")
    yield from (found for (found,) in check if found != "ok")
    for table, *_ in db.execute("PRAGMA foreign_key_check"):
        yield f"a row of {table} belongs to no ad"
