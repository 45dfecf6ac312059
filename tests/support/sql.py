"""A store's tables as any other program may read them, or damage them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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


def traced(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[str]:
    """What SQLite executes on connections that `module` opens by `name` from now on.

    Without the statements of triggers, which SQLite reports as comments.
    """
    executed: list[str] = []
    connect_to = getattr(module, name)

    def note(sql: str) -> None:
        if not sql.startswith("--"):
            executed.append(sql)

    def opened(path: Path) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect_to(path)
        connection.set_trace_callback(note)
        return connection

    monkeypatch.setattr(module, name, opened)
    return executed
