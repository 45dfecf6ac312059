"""What SQL statements of several tables share."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

LISTED = "(SELECT value FROM json_each(?))"
"""The right side of `IN` for a list of any length; bind `listed`."""


def listed(values: Iterable[str]) -> str:
    return json.dumps(list(values))


def one_row(db: sqlite3.Connection, sql: str, *values: object) -> tuple[Any, ...]:
    """The only row of an answer."""
    (row,) = db.execute(sql, values)
    return tuple(row)
