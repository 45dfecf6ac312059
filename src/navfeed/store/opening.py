"""Open the store's file to write: check whose it is, create it, or bring it up to date."""

from __future__ import annotations

import sqlite3
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from navfeed.errors import StoreError
from navfeed.store import shards
from navfeed.store.connect import BUSY_SECONDS, check_ownership, transaction
from navfeed.store.file_handle import opening
from navfeed.store.schema import (
    APPLICATION_ID,
    MIGRATIONS,
    OWN,
    PUBLIC,
    RECORDS,
    VERSION,
    VIEWS,
)
from navfeed.store.sql import one_row, run_script

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
    try:
        _configure(connection)
    except BaseException:
        connection.close()  # Python 3.13 reports one that is only forgotten
        raise
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA secure_delete").fetchone() != (1,):
        raise StoreError("this build of SQLite cannot erase what it deletes (secure_delete)")


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
    if not version:
        _create(connection)
    elif version < VERSION:
        _bring_up_to_date(connection, path, upgrade_copy=upgrade_copy)


def _create(connection: sqlite3.Connection) -> None:
    """Make the schema as it is now, in SQL alone, and record that its migrations are done."""
    now = str(datetime.now(UTC))  # as sqlite-utils writes it
    with transaction(connection):
        if one_row(connection, "PRAGMA user_version") != (0,):
            return  # another process was quicker
        for script in (RECORDS, PUBLIC, OWN, shards.SCHEMA, VIEWS):
            run_script(connection, script)
        connection.executemany(_RECORD, [(name, now) for name in MIGRATIONS])
        connection.execute(f"PRAGMA user_version = {VERSION}")


_RECORD = (
    "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('navfeed', ?, ?)"
)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, *, upgrade_copy: bool) -> None:
    # Here, because it loads sqlite-utils: 125 modules, for a step that is taken once.
    from navfeed.store.migrate import migrate
    from navfeed.store.pre_upgrade_copy import copied_before

    migrate(connection, partial(copied_before, path) if upgrade_copy else nullcontext)
