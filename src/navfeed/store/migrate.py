"""Migrations: each in one transaction with the record that it was applied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import complete_statement

from sqlite_utils import Database, Migrations

from navfeed.store.schema import OWN, PUBLIC, VERSION, VIEWS

migrations = Migrations("navfeed")


@migrations()
def m001_first_schema(db: Database) -> None:
    _run(db, PUBLIC)
    _run(db, OWN)
    db.execute("PRAGMA user_version = 1")


@migrations()
def m003_views(db: Database) -> None:
    with _views_renewed(db):
        db.execute("PRAGMA user_version = 3")


@contextmanager
def _views_renewed(db: Database) -> Iterator[None]:
    """Around every step: the views are out of its way, and afterwards what the schema says now.

    SQLite does not look at a view's columns before it is used, so that a step on the way to the
    last version may already make the last version's views.
    """
    for name in re.findall(r"CREATE VIEW (\w+)", VIEWS):  # not those that somebody added
        db.execute(f"DROP VIEW IF EXISTS {name}")
    yield
    _run(db, VIEWS)


def _run(db: Database, script: str) -> None:
    """`executescript` would commit first, and so tear the migration apart."""
    for statement in _statements(script):
        db.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """Each statement without its comments. A text in one may hold a semicolon."""
    statement = ""
    for line in script.splitlines():
        statement += line.split("--")[0] + "\n"
        if complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def migrate(db: Database) -> None:
    migrations.apply(db)
    assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)  # noqa: S101
