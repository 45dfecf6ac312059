"""The only writer of the database. Each public method is one transaction, or only reads.

Every method may raise `StoreError`: the change is then rolled back and the file still readable.
Moments go in as aware datetimes and are kept as UTC text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from sqlite_utils import Database

from navfeed.errors import StoreError
from navfeed.model import (
    Contacts,
    Content,
    DetailVerdict,
    Discretion,
    Effect,
    EntryVerdict,
    Failed,
    Inactive,
    Mark,
    MarkKind,
    Milestone,
    Queued,
    Reason,
    RunEnd,
    Scope,
    Seen,
    Stored,
    Trail,
)
from navfeed.store.connect import (
    BUSY_SECONDS,
    belongs,
    check_library,
    create_private,
    explained,
)
from navfeed.store.migrate import migrate
from navfeed.store.schema import APPLICATION_ID
from navfeed.store.shape import CHILDREN, COLUMNS, content_of


class Store:
    """An open store. Use as a context manager; one at a time (the caller holds the lock)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        check_library()
        with explained(path):
            create_private(path)
            self._connection = _connect(path)
            try:
                self._db = _prepare(self._connection, path)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with explained(self.path):
            self._connection.close()

    # Where the reading stands

    def trail(self) -> Trail:
        top, newest, topped_at, safe_until, closed, etag = self._one(
            "SELECT top, newest, topped_at, safe_until, closed, etag FROM feed"
        )
        stones = self._all("SELECT page, ordinal, latest FROM milestones ORDER BY ordinal, id")
        return Trail(
            milestones=tuple(Milestone(page, at, _moment(latest)) for page, at, latest in stones),
            top=top,
            newest=_moment(newest),
            topped_at=_moment(topped_at),
            safe_until=_moment(safe_until),
            closed=closed,
            etag=etag,
        )

    def seen_from(self, ordinal: int) -> list[Seen]:
        """The entries read so far from a place on, in feed order."""
        rows = self._all(
            "SELECT ordinal, ad, status, written FROM seen WHERE ordinal >= ? ORDER BY ordinal, id",
            ordinal,
        )
        return [Seen(at, (ad, status, written)) for at, ad, status, written in rows]

    def commit_page(
        self,
        verdicts: Sequence[EntryVerdict],
        seen: Sequence[Seen],
        trail: Trail,
        *,
        keep_from: int,
        now: datetime,
        trouble: str | None = None,
    ) -> list[Effect]:
        """Apply a page and move the trail in one transaction; answer what was removed.

        Entries read before the place `keep_from` need not be recognised any more. `trouble` says
        that the old trail leads nowhere: what it recognised is dropped, the sentence kept for
        `status`.
        """
        with self._transaction():
            if trouble:
                self._db.execute("DELETE FROM seen")
                self._db.execute("UPDATE feed SET trouble = ?", [trouble])
            effects = [
                (verdict.ad, verdict.reason)
                for verdict in verdicts
                if verdict.remove and self._remove(verdict.ad, verdict.reason, now)
            ]
            self._unqueue(verdict.ad for verdict in verdicts if verdict.remove)
            self._bring_inside(verdict.ad for verdict in verdicts if verdict.remove)
            self._queue(((v.ad, v.reason) for v in verdicts if v.ask), now)
            self._save_seen(seen, keep_from)
            self._save_trail(trail)
        return effects

    def end_walk(self, trail: Trail, vanished: Sequence[Seen], caught_up_at: datetime) -> None:
        """Record that the end of the feed was reached; what the log no longer has is dropped."""
        with self._transaction():
            self._many(
                "DELETE FROM seen WHERE ordinal = ? AND ad = ? AND status = ? AND written = ?",
                ((one.ordinal, *one.key) for one in vanished),
            )
            self._save_trail(trail)
            self._db.execute("UPDATE feed SET caught_up_at = ?", [_text(caught_up_at)])

    def _save_seen(self, seen: Sequence[Seen], keep_from: int) -> None:
        self._many(
            "INSERT INTO seen (ordinal, ad, status, written) VALUES (?, ?, ?, ?)",
            ((one.ordinal, *one.key) for one in seen),
        )
        self._db.execute("DELETE FROM seen WHERE ordinal < ?", [keep_from])

    def _save_trail(self, trail: Trail) -> None:
        self._db.execute("DELETE FROM milestones")
        self._many(
            "INSERT INTO milestones (page, ordinal, latest) VALUES (?, ?, ?)",
            ((one.page, one.ordinal, _text(one.latest)) for one in trail.milestones),
        )
        self._db.execute(
            "UPDATE feed SET top = ?, newest = ?, topped_at = ?, safe_until = ?, closed = ?, "
            "etag = ?",
            [
                trail.top,
                *map(_text, (trail.newest, trail.topped_at, trail.safe_until)),
                trail.closed,
                trail.etag,
            ],
        )

    # Ads

    def ads(self) -> set[str]:
        """Every ad in the store."""
        return {ad for (ad,) in self._all("SELECT uuid FROM ads")}

    def outside(self) -> set[str]:
        """The active ads that are not kept because they are outside the scope."""
        return {ad for (ad,) in self._all("SELECT ad FROM outside")}

    def stored_among(self, ads: Iterable[str]) -> set[str]:
        """Those of the ads that are in the store."""
        rows = self._all(
            "SELECT uuid FROM ads WHERE uuid IN (SELECT value FROM json_each(?))",
            json.dumps(list(ads)),
        )
        return {uuid for (uuid,) in rows}

    def stored(self, ad: str) -> Stored | None:
        rows = self._all("SELECT content, last_day FROM ads WHERE uuid = ?", ad)
        return next((Stored(raw, _day(day)) for raw, day in rows), None)

    def commit_details(
        self, verdicts: Sequence[DetailVerdict], failed: Sequence[Failed], now: datetime
    ) -> list[Effect]:
        """Apply a batch of details in one transaction; answer what was done to which ad."""
        with self._transaction():
            effects = [
                (verdict.ad, verdict.reason) for verdict in verdicts if self._apply(verdict, now)
            ]
            self._unqueue(verdict.ad for verdict in verdicts)
            self._many(
                "UPDATE queue SET attempts = attempts + 1, problem = ?, retry_at = ? WHERE ad = ?",
                ((one.problem, _text(one.retry_at), one.ad) for one in failed),
            )
        return effects

    def sweep(self, today: date, now: datetime) -> list[Effect]:
        """Remove the ads whose last day in Oslo lies before `today`."""
        past = self._all("SELECT uuid FROM ads WHERE last_day < ?", today.isoformat())
        if not past:
            return []
        with self._transaction():
            for (ad,) in past:
                self._remove(ad, Reason.EXPIRED, now)
        return [(ad, Reason.EXPIRED) for (ad,) in past]

    def _apply(self, verdict: DetailVerdict, now: datetime) -> bool:
        """Do what a detail asks for; False when there was nothing to do."""
        self._bring_inside([verdict.ad])
        if verdict.content is None:
            if verdict.reason is Reason.OUT_OF_SCOPE:
                self._put_outside(verdict.ad)
            return self._remove(verdict.ad, verdict.reason, now)
        if verdict.reason is Reason.UNCHANGED:
            self._db.execute(
                "UPDATE ads SET checked_at = ? WHERE uuid = ?", [_text(now), verdict.ad]
            )
        else:
            self._write(verdict.ad, verdict.content, now)
        return True

    def _write(self, ad: str, content: Content, now: datetime) -> None:
        values = [_column(getattr(content, name)) for name in COLUMNS]
        self._db.execute(_UPSERT, [ad, *values, content.raw, *[_text(now)] * 3])
        self._db.execute("DELETE FROM removed WHERE uuid = ?", [ad])
        for table in CHILDREN:
            self._db.execute(f"DELETE FROM {table} WHERE ad = ?", [ad])
            self._write_children(ad, table, getattr(content, table))
        self._owe_erasure()

    def _write_children(self, ad: str, table: str, children: Sequence[Any]) -> None:
        marks = ", ".join("?" * len(fields(CHILDREN[table])))
        self._many(
            f"INSERT INTO {table} VALUES (?, ?, {marks})",
            ((ad, position, *astuple(child)) for position, child in enumerate(children)),
        )

    def _remove(self, ad: str, reason: Reason, now: datetime) -> bool:
        """Take an ad out, leaving its mask where the store keeps masks. False: it was not in."""
        if not self._all("SELECT 1 FROM ads WHERE uuid = ?", ad):
            return False
        if self.inactive() is Inactive.MASK:
            self._db.execute(_MASK, {"ad": ad, "reason": reason.value, "now": _text(now)})
        self._db.execute("DELETE FROM ads WHERE uuid = ?", [ad])
        self._owe_erasure()
        return True

    # The queue of details

    def due(self, now: datetime | None) -> list[Queued]:
        """Ads whose details may be asked for at `now` (None: all of them), oldest first."""
        rows = self._all(
            "SELECT ad, attempts FROM queue WHERE ?1 IS NULL OR coalesce(retry_at, '') <= ?1 "
            "ORDER BY rowid",
            _text(now),
        )
        return [Queued(ad, attempts) for ad, attempts in rows]

    def waiting(self) -> int:
        (count,) = self._one("SELECT count(*) FROM queue")
        return int(count)

    def queue_rechecks(self, before: datetime, most: int, now: datetime) -> int:
        """Queue the ads that NAV has not confirmed since `before`, the oldest first."""
        rows = self._all(
            "SELECT uuid FROM ads WHERE checked_at <= ? "
            "AND uuid NOT IN (SELECT ad FROM queue) ORDER BY checked_at LIMIT ?",
            _text(before),
            most,
        )
        if rows:
            with self._transaction():
                self._queue(((ad, Reason.RECHECK) for (ad,) in rows), now)
        return len(rows)

    def _queue(self, ads: Iterable[Effect], now: datetime) -> None:
        """A new reason to ask re-arms an ad that was waiting for its retry."""
        self._many(
            "INSERT INTO queue (ad, reason, queued_at) VALUES (?, ?, ?) "
            "ON CONFLICT (ad) DO UPDATE SET reason = excluded.reason, attempts = 0, "
            "retry_at = NULL, problem = NULL",
            ((ad, reason.value, _text(now)) for ad, reason in ads),
        )

    def _unqueue(self, ads: Iterable[str]) -> None:
        self._many("DELETE FROM queue WHERE ad = ?", ((ad,) for ad in ads))

    # Settings of the store

    def inactive(self) -> Inactive:
        (inactive,) = self._one("SELECT inactive FROM feed")
        return Inactive(inactive)

    def set_inactive(self, inactive: Inactive) -> None:
        """What is left of inactive ads from now on; `delete` also drops the masks kept so far."""
        with self._transaction():
            self._db.execute("UPDATE feed SET inactive = ?", [inactive.value])
            if inactive is Inactive.DELETE:
                self._db.execute("DELETE FROM removed")

    def discretion(self) -> Discretion:
        """What is not to be kept of ads in force."""
        contacts, key = self._one("SELECT contacts, forget_key FROM feed")
        marks = self._all("SELECT kind, length, hash FROM forgotten")
        return Discretion(
            contacts=Contacts(contacts),
            marks=frozenset(Mark(MarkKind(kind), length, hash_) for kind, length, hash_ in marks),
            key=key or b"",
        )

    def set_contacts(
        self, contacts: Contacts, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None:
        """Keep contacts from now on, or not, with what that makes of the ads that are here.

        What was dropped is not here any more: to be kept again, every ad is asked for anew.
        """
        with self._transaction():
            self._db.execute("UPDATE feed SET contacts = ?", [contacts.value])
            for ad, content in rewritten:
                self._rewrite(ad, content, now)
            if contacts is Contacts.KEEP:
                self._queue(((ad, Reason.RECHECK) for ad in sorted(self.ads())), now)

    def forget(
        self, mark: Mark, key: bytes, rewritten: Iterable[tuple[str, Content, int]], now: datetime
    ) -> tuple[int, int]:
        """Remember what is to be forgotten, by its hash, with what that makes of the ads here.

        Each ad comes with how many places in it are gone; answers how many ads and places it was.
        """
        ads = places = 0
        with self._transaction():
            self._db.execute("UPDATE feed SET forget_key = ?", [key])
            self._db.execute(
                "INSERT OR IGNORE INTO forgotten (kind, length, hash) VALUES (?, ?, ?)",
                [mark.kind.value, mark.length, mark.hash],
            )
            for ad, content, gone in rewritten:
                self._rewrite(ad, content, now)
                ads, places = ads + 1, places + gone
            self._note("erase", ads, places, now)
        return ads, places

    def note_find(self, ads: int, places: int, now: datetime) -> None:
        """Leave the line that a find must leave. Short, so it needs no lock of its own."""
        with self._transaction():
            self._note("find", ads, places, now)

    def _note(self, action: str, ads: int, places: int, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO audit (at, action, ads, places) VALUES (?, ?, ?, ?)",
            [_text(now), action, ads, places],
        )

    def _rewrite(self, ad: str, content: Content, now: datetime) -> None:
        """Change what we keep of an ad. NAV has confirmed it no later for that."""
        (checked_at,) = self._one("SELECT checked_at FROM ads WHERE uuid = ?", ad)
        self._write(ad, content, now)
        self._db.execute("UPDATE ads SET checked_at = ? WHERE uuid = ?", [checked_at, ad])

    def scope(self) -> Scope:
        (scope,) = self._one("SELECT scope FROM feed")
        return Scope(**{name: tuple(values) for name, values in json.loads(scope).items()})

    def contents(self) -> Iterator[tuple[str, Content]]:
        """Every ad in the store with what it says, as the details said it."""
        return ((ad, content_of(self._connection, ad)) for ad in self.ads())

    def rescope(self, scope: Scope, leaving: Iterable[str], *, ask: bool, now: datetime) -> int:
        """Take up a scope: remove the ads that leave it; answer how many are to be fetched.

        With `ask`, the ads that were outside so far are: they are known by name alone.
        """
        with self._transaction():
            asked = self._all("SELECT ad FROM outside") if ask else []
            self._queue(((ad, Reason.RESCOPED) for (ad,) in asked), now)
            for ad in leaving:
                self._remove(ad, Reason.OUT_OF_SCOPE, now)
                self._put_outside(ad)
            self._db.execute("UPDATE feed SET scope = ?", [json.dumps(asdict(scope))])
        return len(asked)

    def _put_outside(self, ad: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO outside (ad) VALUES (?)", [ad])

    def _bring_inside(self, ads: Iterable[str]) -> None:
        self._many("DELETE FROM outside WHERE ad = ?", ((ad,) for ad in ads))

    # Runs, and what is remembered from one to the next

    def begin_run(self, now: datetime) -> int:
        with self._transaction():
            run = self._db.execute("INSERT INTO runs (started_at) VALUES (?)", [_text(now)])
        return int(run.lastrowid or 0)

    def end_run(self, run: int, end: RunEnd, now: datetime) -> None:
        with self._transaction():
            self._db.execute(
                "UPDATE runs SET ended_at = ?, exit_code = ?, outcome = ?, counts = ? WHERE id = ?",
                [_text(now), end.exit_code, end.outcome, json.dumps(dict(end.counts)), run],
            )
            self._db.execute("DELETE FROM runs WHERE id <= ?", [run - KEPT_RUNS])

    def forget_trouble(self) -> None:
        """A verification found everything right: what broke the trail once is over."""
        with self._transaction():
            self._db.execute("UPDATE feed SET trouble = NULL")

    def retry_at(self) -> datetime | None:
        """Before when the server asked not to be called."""
        (moment,) = self._one("SELECT retry_at FROM feed")
        return _moment(moment)

    def remember_retry(self, moment: datetime | None) -> None:
        with self._transaction():
            self._db.execute("UPDATE feed SET retry_at = ?", [_text(moment)])

    def remember_token(self, expires: datetime | None) -> None:
        """Keep when the token ends, never the token."""
        with self._transaction():
            self._db.execute("UPDATE feed SET token_expires = ?", [_text(expires)])

    # Erasure

    def erasure_owed(self) -> bool:
        (owed,) = self._one("SELECT erasure_owed FROM feed")
        return bool(owed)

    def erase(self) -> bool:
        """Make sure that nothing taken out is left in the write-ahead log. False: still owed.

        `secure_delete` overwrites what rows leave behind in the database; the log holds older
        copies of the same pages until it is cut. A program that reads an old state prevents that.
        """
        with explained(self.path):
            self._db.execute(f"PRAGMA busy_timeout = {ERASE_WAIT_MS}")
            (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._db.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        if not busy:
            with self._transaction():
                self._db.execute("UPDATE feed SET erasure_owed = 0")
        return not busy

    def _owe_erasure(self) -> None:
        self._db.execute("UPDATE feed SET erasure_owed = 1 WHERE NOT erasure_owed")

    # SQL

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with explained(self.path), self._db.atomic():
            yield

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with explained(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: object) -> tuple[Any, ...]:
        (row,) = self._all(sql, *values)
        return row

    def _many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._connection.executemany(sql, rows)


KEPT_RUNS = 10_000
"""Rows of `runs`: a year at one sync every 50 minutes."""

ERASE_WAIT_MS = 2_000
"""How long the erasing waits for readers before it records a debt (faults.md C2)."""

_PRAGMAS = ("foreign_keys = ON", "secure_delete = ON", "temp_store = MEMORY")

_UPSERT = (  # names of columns, and nothing from outside
    f"INSERT INTO ads (uuid, {', '.join(COLUMNS)}, content, stored_at, changed_at, checked_at) "
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 5))}) ON CONFLICT (uuid) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}" for name in (*COLUMNS, "content", "changed_at", "checked_at")
    )
)

_MASK = """
INSERT OR REPLACE INTO removed
SELECT uuid, :reason, :now, published, last_day,
    (SELECT json_group_array(DISTINCT municipal) FROM locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT county) FROM locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT type || ' ' || code) FROM categories WHERE ad = uuid),
    sector, extent, engagement_type
FROM ads WHERE uuid = :ad
"""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA secure_delete").fetchone() != (1,):
        connection.close()
        raise StoreError("this build of SQLite cannot erase what it deletes (secure_delete)")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> Database:
    """Check whose file it is before anything is written to it."""
    if not belongs(connection, path):
        # First of all, so that a file whose making was cut off is known as ours.
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA journal_mode = WAL")
    # With a WAL, NORMAL never tears a transaction; power loss may cost the last ones, which the
    # next run repeats.
    connection.execute("PRAGMA synchronous = NORMAL")
    db = Database(connection)
    migrate(db)
    return db


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _column(value: date | str | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    """A damaged moment is as good as none: nothing but comfort hangs on a single one."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
