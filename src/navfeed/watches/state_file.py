"""The state file: its schema, opening it, and transactions.

It lies beside the store and not in it, so that it outlives a store that is rebuilt.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from navfeed.errors import StoreError

APPLICATION_ID = 0x6E617677  # "navw"
VERSION = 1

SCHEMA = """
-- A watch: a hash of its filters, and when the data was complete that was last delivered from.
CREATE TABLE watches (
    name TEXT PRIMARY KEY,
    filters_hash TEXT NOT NULL,
    data_as_of TEXT
) STRICT;

-- The targets (by hash) that a watch has started to deliver to.
CREATE TABLE subscriptions (
    watch TEXT NOT NULL REFERENCES watches (name) ON DELETE CASCADE,
    target TEXT NOT NULL,
    PRIMARY KEY (watch, target)
) STRICT;

-- What a subscriber knows of an ad.
CREATE TABLE known_ads (
    watch TEXT NOT NULL,
    target TEXT NOT NULL,
    ad TEXT NOT NULL,
    title_hash TEXT NOT NULL,
    place_hash TEXT NOT NULL,
    deadline_hash TEXT NOT NULL,
    announced_deadline TEXT,        -- the last deadline that was announced as near
    trigger TEXT,                   -- of the last notification; null: the ad was there before
    reaches_back TEXT,              -- how far back the copy reached
    first_notified_at TEXT NOT NULL,
    last_notified_at TEXT NOT NULL,
    PRIMARY KEY (watch, target, ad),
    FOREIGN KEY (watch, target) REFERENCES subscriptions ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The health of a target: consecutive failures and since when, next attempt, last delivery.
CREATE TABLE targets (
    target TEXT PRIMARY KEY,
    failures INTEGER NOT NULL DEFAULT 0,
    failing_since TEXT,
    retry_at TEXT,
    delivered_at TEXT
) STRICT;

-- How the user triaged ads, with the user's own notes.
CREATE TABLE marks (
    ad TEXT PRIMARY KEY,
    mark TEXT NOT NULL,
    note TEXT,
    marked_at TEXT NOT NULL
) STRICT;
"""


def state_path(db: Path) -> Path:
    """Beside the store's real file, whatever link leads there."""
    db = db.resolve()
    return db.with_name(f"{db.name}.watches.db")


class StateFile:
    """An open state file, created where there is none. Use as a context manager.

    Every method may raise `StoreError`. Each change is one transaction.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translate_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA secure_delete = ON")  # a removed note leaves no bytes
        if self._value("SELECT count(*) FROM sqlite_schema"):
            self._check_ownership()
        else:
            self._db.executescript(
                f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )

    def _check_ownership(self) -> None:
        if self._value("PRAGMA application_id") != APPLICATION_ID:
            raise StoreError(
                f"{self.path} is not a state file of navfeed, and was not changed. Move it away"
            )
        if self._value("PRAGMA user_version") > VERSION:
            raise StoreError(f"{self.path} was written by a newer navfeed. Upgrade navfeed")

    def _value(self, sql: str) -> int:
        (value,) = self._db.execute(sql).fetchone()
        return int(value)

    def _all(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        with self._translate_errors():
            return self._db.execute(sql, values).fetchall()

    def _first(self, sql: str, *values: str) -> tuple[Any, ...] | None:
        return next(iter(self._all(sql, *values)), None)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """One transaction around several changes."""
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._db.in_transaction:  # a part of `at_once`
            yield
            return
        with self._translate_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(
                f"cannot use {self.path}, the state of the watches: {reason}. Check its "
                "permissions and the disk"
            ) from error
