"""Open the store's file to write: check whose it is, make it, or bring it up to date."""

from __future__ import annotations

import sqlite3
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from navfeed.errors import StoreError
from navfeed.store.connect import BUSY_SECONDS, check_ownership
from navfeed.store.file_handle import opening
from navfeed.store.schema import APPLICATION_ID, VERSION

_PRAGMAS = (
    *("foreign_keys = ON", "secure_delete = ON", "temp_store = MEMORY"),
    "wal_autocheckpoint = 0",  # see `unscrubbed`
    "cache_size = -8000",  # kB: a batch of details with its pages, or they are written twice
)


def connect(path: Path) -> sqlite3.Connection:
    with opening:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA secure_delete").fetchone() != (1,):
        connection.close()
        raise StoreError("this build of SQLite cannot erase what it deletes (secure_delete)")
    return connection


def prepare(connection: sqlite3.Connection, path: Path, *, upgrade_copy: bool) -> None:
    """Check whose file it is before anything is written to it."""
    version = check_ownership(connection, path)
    if not version:
        # First of all, so that a file whose making was cut off is known as ours.
        connection.execute("PRAGMA auto_vacuum = NONE")  # as `scrub` needs it
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA journal_mode = WAL")
    # With a WAL, NORMAL never tears a transaction; power loss may cost the last ones, which the
    # next run repeats.
    connection.execute("PRAGMA synchronous = NORMAL")
    if version < VERSION:
        _bring_up_to_date(connection, path, upgrade_copy=upgrade_copy)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, *, upgrade_copy: bool) -> None:
    # Here, because it loads sqlite-utils: 400 ms and 680 modules, for a step that is taken once.
    from navfeed.store.migrate import migrate
    from navfeed.store.upgrade import copied_before

    migrate(connection, partial(copied_before, path) if upgrade_copy else nullcontext)
