"""Migrations: each in one transaction with the record that it was applied."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from navfeed.store.schema import OWN, PUBLIC, VERSION

migrations = Migrations("navfeed")


@migrations()
def m001_first_schema(db: Database) -> None:
    _run(db, PUBLIC)
    _run(db, OWN)
    db.execute("PRAGMA user_version = 1")


def _run(db: Database, script: str) -> None:
    """`executescript` would commit first, and so tear the migration apart."""
    for statement in _statements(script):
        db.execute(statement)


def _statements(script: str) -> list[str]:
    without_comments = "\n".join(line.split("--")[0] for line in script.splitlines())
    return [part for part in without_comments.split(";") if part.strip()]


def migrate(db: Database) -> None:
    migrations.apply(db)
    assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)  # noqa: S101
