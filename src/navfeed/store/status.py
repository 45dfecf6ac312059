"""How a store stands: what `status`, `runs` and `privacy audit` show, and what caches go by."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from navfeed.errors import EXPECTED
from navfeed.model import (
    LATENESS,
    AuditLine,
    Contacts,
    Inactive,
    Reason,
    RunFacts,
    StoreFacts,
    oslo_day,
)
from navfeed.store import queue
from navfeed.store.filters import MOST
from navfeed.store.mapping import scope_of
from navfeed.store.sql import one_row
from navfeed.store.times import exact_text, read_moment


def status(db: sqlite3.Connection, path: Path, now: datetime, *, active: int) -> StoreFacts:
    """`active` is how many ads may be shown."""
    feed = _named_row(db, "SELECT * FROM feed")
    waiting, held_back, given_up = _queued(db, now)
    return StoreFacts(
        path=str(path),
        size=path.stat().st_size,
        schema_version=_count(db, "PRAGMA user_version"),
        inactive=Inactive(feed["inactive"]),
        contacts=Contacts(feed["contacts"]),
        active=active,
        stored=_count(db, "SELECT count(*) FROM ads"),
        masked=_count(db, "SELECT count(*) FROM removed"),
        waiting=waiting,
        held_back=held_back,
        given_up=given_up,
        problems=tuple(queue.failure_reasons(db)),
        newest=read_moment(feed["newest"]),
        caught_up_at=read_moment(feed["caught_up_at"]),
        details_complete_at=read_moment(feed["details_complete_at"]),
        trouble=feed["trouble"],
        last_run=next(iter(runs(db, 1)), None),
        retry_at=read_moment(feed["retry_at"]),
        token_expires=read_moment(feed["token_expires"]),
        erasure_owed=bool(feed["erasure_owed"]),
        reaches_back=read_moment(feed["reaches_back"]),
        scope=scope_of(feed["scope"]),
        feed_url=feed["feed_url"],
        unconfirmed=queue.unconfirmed(db),
    )


def _named_row(db: sqlite3.Connection, sql: str) -> dict[str, Any]:
    answer = db.execute(sql)
    names = [name for name, *_ in answer.description]
    return dict(zip(names, answer.fetchone(), strict=True))


def _count(db: sqlite3.Connection, sql: str) -> int:
    return int(one_row(db, sql)[0])


def _queued(db: sqlite3.Connection, now: datetime) -> tuple[int, int, int]:
    """How many details wait, how many of them until a retry, and how many were given up."""
    waiting, held_back, given_up = db.execute(
        f"SELECT count(*) FILTER (WHERE NOT {queue.GIVEN_UP}), "
        f"count(*) FILTER (WHERE retry_at > :now AND NOT {queue.GIVEN_UP}), "
        f"count(*) FILTER (WHERE {queue.GIVEN_UP}) FROM queue WHERE reason != :gone",
        {"now": exact_text(now), "gone": Reason.GONE.value, **queue.given_up_by(now)},
    ).fetchone()
    return waiting, held_back, given_up


def complete_days(db: sqlite3.Connection, today: date) -> tuple[date | None, date | None]:
    """The first and last day in Oslo for which all arrivals and departures of ads are known.

    None: none yet. The first is the one after masks began, the last one was over when a sync left
    no ad out.
    """
    since, until = map(
        read_moment, one_row(db, "SELECT masks_since, details_complete_at FROM feed")
    )
    # An entry may become visible this much later.
    last = min(oslo_day(until - LATENESS), today) - timedelta(days=1) if until else None
    return day_after(since), last


def day_after(moment: datetime | None) -> date | None:
    """The first day in Oslo that began after a moment."""
    return oslo_day(moment) + timedelta(days=1) if moment else None


def runs(db: sqlite3.Connection, most: int, *, failed: bool = False) -> list[RunFacts]:
    """The last syncs, the newest first, `most` of them at most; or of those that `failed`."""
    only = f"WHERE exit_code NOT IN ({', '.join(map(str, EXPECTED))}) " if failed else ""
    rows = db.execute(
        "SELECT id, started_at, ended_at, exit_code, outcome, counts FROM runs "
        f"{only}ORDER BY id DESC LIMIT ?",
        [min(most, MOST)],
    )
    return [
        RunFacts(
            id=id_,
            started_at=read_moment(started_at),
            ended_at=read_moment(ended_at),
            exit_code=code,
            outcome=outcome,
            counts=json.loads(counts or "{}"),
        )
        for id_, started_at, ended_at, code, outcome, counts in rows
    ]


def audit(db: sqlite3.Connection) -> list[AuditLine]:
    """The uses of `navfeed privacy`, in their order."""
    rows = db.execute("SELECT at, action, ads, places FROM audit ORDER BY id")
    return [AuditLine(read_moment(at), action, ads, places) for at, action, ads, places in rows]
