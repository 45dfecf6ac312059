"""A store's tables as any other program may read them, or damage them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from navfeed.store import shards
from navfeed.store.connect import transaction
from navfeed.store.opening import connect


def rows(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of its own, and commit it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction on a connection that is set up as the store's own."""
    with closing(connect(path)) as connection:
        shards.prepare(connection)
        with transaction(connection):
            yield connection
            shards.write_added(connection)
