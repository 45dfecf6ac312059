"""What SQL statements of several tables share."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
"""Put SQL and its values to the store; all rows of the answer."""

LISTED = "(SELECT value FROM json_each(?))"
"""The right side of `IN` for a list of any length; bind `listed`."""


def listed(values: Iterable[str]) -> str:
    return json.dumps(list(values))


def one_row(db: sqlite3.Connection, sql: str, *values: object) -> tuple[Any, ...]:
    """The only row of an answer."""
    (row,) = db.execute(sql, values)
    return tuple(row)


def run_script(db: sqlite3.Connection, script: str) -> None:
    """Execute every statement. `executescript` would commit first, and so split a transaction."""
    for statement in _statements(script):
        db.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """Each statement without its comments. A text in one may hold a semicolon."""
    statement = ""
    for line in script.splitlines():
        statement += line.split("--")[0] + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
