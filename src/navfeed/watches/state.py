"""What was told to whom, beside the store and not in it: it outlives a store that is built anew.

It holds ids, moments and hashes, and no text of any ad; the notes are its owner's own words.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from navfeed.errors import ConfigError, StoreError
from navfeed.watches.decide import Told
from navfeed.watches.definition import Target, Watch
from navfeed.watches.words import Mark, News, Part

APPLICATION_ID = 0x6E617677  # "navw"
VERSION = 1

SCHEMA = """
-- A watch: a hash of what it watches for, and as of when the data was that it last told from.
CREATE TABLE watches (
    name TEXT PRIMARY KEY,
    identity TEXT NOT NULL,
    told_from TEXT
) STRICT;

-- Where a watch tells, by hash; a target that is not here has not begun.
CREATE TABLE targets (
    watch TEXT NOT NULL REFERENCES watches (name) ON DELETE CASCADE,
    target TEXT NOT NULL,
    PRIMARY KEY (watch, target)
) STRICT;

-- What is known there of an ad.
CREATE TABLE told (
    watch TEXT NOT NULL,
    target TEXT NOT NULL,
    ad TEXT NOT NULL,
    title TEXT NOT NULL,            -- hashes
    place TEXT NOT NULL,
    deadline TEXT NOT NULL,
    closing TEXT,                   -- the deadline that was told to be near
    news TEXT,                      -- what was told last; null: it fitted before the watch began
    reach TEXT,                     -- how far back the copy reached
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    PRIMARY KEY (watch, target, ad),
    FOREIGN KEY (watch, target) REFERENCES targets ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- How a channel is: how often in a row it failed, when it is tried again, when it last accepted.
CREATE TABLE channels (
    target TEXT PRIMARY KEY,
    failures INTEGER NOT NULL DEFAULT 0,
    retry_at TEXT,
    delivered_at TEXT
) STRICT;

-- What somebody made of an ad, and wrote about it.
CREATE TABLE marks (
    ad TEXT PRIMARY KEY,
    mark TEXT NOT NULL,
    note TEXT,
    at TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Channel:
    """How a channel is: failures in a row, when to try again, when it last accepted something."""

    failures: int = 0
    retry_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """What somebody made of an ad, when, and the note."""

    mark: Mark
    note: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """What a watch's subscriber knows after a delivery: of these ads that, of those nothing more.

    `told_from` is as of when the data was.
    """

    watch: Watch
    told: tuple[Told, ...]
    forgotten: tuple[str, ...]
    told_from: datetime | None


def state_path(db: Path) -> Path:
    """Beside the store, whatever name that is called by."""
    db = db.resolve()
    return db.with_name(f"{db.name}.watches.db")


class State:
    """An open state file; made where there is none. Use as a context manager.

    Every method may raise `StoreError`. Each change is one transaction.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
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
        self._db.execute("PRAGMA secure_delete = ON")  # a note that was removed is gone
        (ours,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not tables:
            self._db.executescript(
                f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif ours != APPLICATION_ID:
            raise StoreError(
                f"{self.path} is no file of navfeed's watches; it was left as it is. Move it away"
            )
        elif version > VERSION:
            raise StoreError(f"{self.path} was written by a newer navfeed. Upgrade this one")

    # Watches

    def identity(self, name: str) -> str | None:
        """The hash of what the watch of that name watched for, None where there was none."""
        row = self._first("SELECT identity FROM watches WHERE name = ?", name)
        return str(row[0]) if row else None

    def told_from(self, name: str) -> datetime | None:
        """As of when the data was that this watch last told from."""
        row = self._first("SELECT told_from FROM watches WHERE name = ?", name)
        return _moment(row[0]) if row else None

    def has_begun(self, watch: Watch, target: Target) -> bool:
        sql = "SELECT 1 FROM targets WHERE watch = ? AND target = ?"
        return self._first(sql, watch.name, target.key) is not None

    def take_up(self, watch: Watch) -> None:
        """From now on, the state under this name is that of this watch, where it tells now."""
        keys = [target.key for target in watch.to]
        with self._transaction():
            self._name(watch)
            self._db.execute(
                "DELETE FROM targets WHERE watch = ? AND target NOT IN "
                "(SELECT value FROM json_each(?))",
                (watch.name, json.dumps(keys)),
            )

    def begin(self, watch: Watch, target: Target, known: Iterable[Told]) -> None:
        """Begin to tell there; `known` fits already, and is not told of."""
        with self._transaction():
            self._name(watch)
            self._db.execute(
                "INSERT OR IGNORE INTO targets VALUES (?, ?)", (watch.name, target.key)
            )
            self._save(watch, target, known)

    def told(self, watch: Watch, target: Target) -> dict[str, Told]:
        """What is known there, by the ads' ids."""
        rows = self._all(
            "SELECT ad, title, place, deadline, closing, news, reach, first_at, last_at "
            "FROM told WHERE watch = ? AND target = ?",
            watch.name,
            target.key,
        )
        return {row[0]: _told(row) for row in rows}

    def learn(
        self, target: Target, learned: Iterable[Learned], accepted_at: datetime | None
    ) -> None:
        """Keep what is known there now; `accepted_at` where the channel accepted something."""
        with self._transaction():
            for one in learned:
                self._save(one.watch, target, one.told)
                self._db.executemany(
                    "DELETE FROM told WHERE watch = ? AND target = ? AND ad = ?",
                    ((one.watch.name, target.key, ad) for ad in one.forgotten),
                )
                self._db.execute(
                    "UPDATE watches SET told_from = ? WHERE name = ?",
                    (_text(one.told_from), one.watch.name),
                )
            if accepted_at is not None:
                self._db.execute(
                    "INSERT INTO channels (target, delivered_at) VALUES (?, ?) ON CONFLICT "
                    "DO UPDATE SET failures = 0, retry_at = NULL, "
                    "delivered_at = excluded.delivered_at",
                    (target.key, _text(accepted_at)),
                )

    def remove(self, name: str) -> None:
        """Forget all that a watch told."""
        with self._transaction():
            self._db.execute("DELETE FROM watches WHERE name = ?", (name,))

    def _name(self, watch: Watch) -> None:
        self._db.execute(
            "INSERT INTO watches (name, identity) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET identity = excluded.identity",
            (watch.name, watch.identity),
        )

    def _save(self, watch: Watch, target: Target, told: Iterable[Told]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((watch.name, target.key, *_row(one)) for one in told),
        )

    # Channels

    def channel(self, target: Target) -> Channel:
        row = self._first(
            "SELECT failures, retry_at, delivered_at FROM channels WHERE target = ?", target.key
        )
        return Channel(row[0], _moment(row[1]), _moment(row[2])) if row else Channel()

    def failed(self, target: Target, failures: int, retry_at: datetime) -> None:
        """The channel refused, so often in a row, and is not tried again before a moment."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO channels (target, failures, retry_at) VALUES (?, ?, ?) ON CONFLICT "
                "DO UPDATE SET failures = excluded.failures, retry_at = excluded.retry_at",
                (target.key, failures, _text(retry_at)),
            )

    # Marks

    def marks(self) -> dict[str, Marked]:
        """What was made of ads, the latest first."""
        rows = self._all("SELECT ad, mark, note, at FROM marks ORDER BY at DESC, ad")
        return {ad: Marked(Mark(mark), note, _known(at)) for ad, mark, note, at in rows}

    def mark(self, ad: str, mark: Mark, note: str | None, at: datetime) -> None:
        """A note that is not given stays what it was."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO marks VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "mark = excluded.mark, note = coalesce(excluded.note, note), at = excluded.at",
                (ad, mark.value, note, _text(at)),
            )

    def unmark(self, ad: str) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM marks WHERE ad = ?", (ad,))

    # SQLite

    def _all(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._db.execute(sql, values).fetchall()

    def _first(self, sql: str, *values: str) -> tuple[Any, ...] | None:
        return next(iter(self._all(sql, *values)), None)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            said = getattr(error, "strerror", None) or error
            raise StoreError(
                f"cannot use {self.path}, where it is kept what watches told: {said}. "
                "Check its permissions and the disk"
            ) from error


def refuse_another(state: State, watch: Watch) -> None:
    """Raise `ConfigError` where what was kept under that name is of a watch for something else."""
    if state.identity(watch.name) not in (None, watch.identity):
        raise ConfigError(
            f"watch {watch.name} watches for something else than when it last told, so that "
            f"everything would look new. Run `navfeed watch edit {watch.name}` to take it as it is "
            "now: it goes on from there"
        )


def _row(told: Told) -> tuple[str | None, ...]:
    return (
        told.ad,
        *(told.prints[part] for part in Part),
        told.closing.isoformat() if told.closing else None,
        told.news.value if told.news else None,
        _text(told.reach),
        _text(told.first_at),
        _text(told.last_at),
    )


def _told(row: tuple[Any, ...]) -> Told:
    ad, *prints, closing, news, reach, first_at, last_at = row
    return Told(
        ad,
        dict(zip(Part, prints, strict=True)),
        date.fromisoformat(closing) if closing else None,
        News(news) if news else None,
        _moment(reach),
        _known(first_at),
        _known(last_at),
    )


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _known(text: str) -> datetime:
    return datetime.fromisoformat(text)
