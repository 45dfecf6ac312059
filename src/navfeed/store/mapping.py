"""How an ad's content lies in the tables: one column or one child table for each of its fields."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from navfeed.model import Category, Contact, Content, Location, Occupation, Scope, moment_text
from navfeed.store.times import day_text, read_day, read_moment

CHILDREN = {
    "locations": Location,
    "occupations": Occupation,
    "categories": Category,
    "contacts": Contact,
}
ROWS: dict[str, Callable[[Any], tuple[str | float | None, ...]]] = {
    table: attrgetter(*(field.name for field in fields(kind))) for table, kind in CHILDREN.items()
}
"""How a child becomes the values of its row. `astuple` copies deeply: ten times as slow."""

COLUMNS = tuple(field.name for field in fields(Content) if field.name not in (*CHILDREN, "raw"))
"""The columns of `ads` that hold a field of `Content` by its own name."""

_READ: dict[str, Callable[[str | None], date | None]] = {
    **dict.fromkeys(("published", "updated", "expires"), read_moment),
    **dict.fromkeys(("due_date", "last_day"), read_day),
}
"""How those of them are read that are no texts. Days are Oslo's."""


def row_of(content: Content) -> list[str | None]:
    """The values of `COLUMNS`, in their order."""
    # Most are texts: a call for each of them would take a third of the time.
    return [_text(value) if isinstance(value, date) else value for value in _VALUES(content)]


_VALUES = attrgetter(*COLUMNS)


def _text(value: datetime | date) -> str | None:
    return moment_text(value) if isinstance(value, datetime) else day_text(value)


def scope_of(text: str) -> Scope:
    """The scope that stands in `feed`."""
    return Scope(**{name: tuple(values) for name, values in json.loads(text).items()})


def content_of(connection: sqlite3.Connection, ad: str) -> Content:
    """The content of an ad that is stored."""
    content = find_content(connection, ad)
    assert content is not None  # noqa: S101  the caller read its id in this transaction
    return content


def find_content(connection: sqlite3.Connection, ad: str) -> Content | None:
    """Put together the content of an ad; None if it is not stored."""
    columns = f"SELECT {', '.join(COLUMNS)}, content FROM ads WHERE uuid = ?"
    row = connection.execute(columns, (ad,)).fetchone()
    if row is None:
        return None
    values: dict[str, Any] = dict(zip((*COLUMNS, "raw"), row, strict=True))
    values.update((name, read(values[name])) for name, read in _READ.items())
    values.update((table, _children(connection, ad, table)) for table in CHILDREN)
    return Content(**values)


def changed_fields(before: Content, after: Content) -> tuple[str, ...]:
    """The fields that are others; `content` where only what has no field of its own is."""
    names = (*COLUMNS, *CHILDREN)
    changed = tuple(name for name in names if getattr(before, name) != getattr(after, name))
    return changed or ("content",)


def _children(connection: sqlite3.Connection, ad: str, table: str) -> tuple[Any, ...]:
    kind = CHILDREN[table]
    names = ", ".join(field.name for field in fields(kind))
    rows = connection.execute(f"SELECT {names} FROM {table} WHERE ad = ? ORDER BY position", (ad,))
    return tuple(kind(*row) for row in rows)
