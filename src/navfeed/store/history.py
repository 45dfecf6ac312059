"""What the store still knows of one ad: times, reasons and ids, whatever happened to it.

Of an ad that is gone, the tables read here keep nothing of what it contained (docs/privacy.md); the
mask of `--inactive mask` has no text and no names.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from navfeed.errors import NotFoundError
from navfeed.model import (
    AdHistory,
    AdState,
    ChangeKind,
    LastChange,
    Mask,
    QueuedDetail,
    Reason,
    SeenEntry,
)
from navfeed.store.queue import GIVEN_UP, given_up_by
from navfeed.store.times import read_day, read_moment


def find_known(connection: sqlite3.Connection, start: str) -> str:
    """The id of the one ad whose id begins with `start`. Raises `NotFoundError`."""
    found = [uuid for (uuid,) in connection.execute(_KNOWN, [start])]
    if not found:
        raise NotFoundError(
            f"the store knows nothing of an ad whose id begins with {start!r}. "
            "`navfeed list` shows the active ads"
        )
    if len(found) > 1:
        named = [*found[:_NAMED], "others"] if len(found) > _NAMED else found
        raise NotFoundError(f"{start} could be {' or '.join(named)}: give more of the id")
    return str(found[0])


def read_history(
    connection: sqlite3.Connection, uuid: str, *, today: date, now: datetime
) -> AdHistory:
    """What is known of the ad on `today`, a day in Oslo; by `now` its details may be given up."""
    stored = _row(connection, _STORED, uuid)
    outside = _row(connection, _OUTSIDE, uuid)
    change = _row(connection, _CHANGE, uuid)
    mask = _mask(_row(connection, _MASK, uuid))
    stored_at, changed_at, checked_at, *_ = stored or outside or (None,) * 3
    last_day = read_day((stored or change or (None,))[-1])
    history = AdHistory(
        uuid=uuid,
        state=AdState.OUT_OF_SCOPE if outside else AdState.NOT_STORED,
        last_day=last_day or (mask.last_day if mask else None),
        stored_at=read_moment(stored_at),
        changed_at=read_moment(changed_at),
        checked_at=read_moment(checked_at),
        change=_last_change(change),
        queued=_queued(connection.execute(_QUEUED, {"ad": uuid, **given_up_by(now)}).fetchone()),
        mask=mask,
        entries=tuple(
            SeenEntry(at, (uuid, status, written))
            for at, status, written in connection.execute(_ENTRIES, [uuid])
        ),
    )
    if stored:
        return replace(history, state=_stored_state(history.last_day, today))
    return history if outside else replace(history, state=_absent_state(history))


def _stored_state(last_day: date | None, today: date) -> AdState:
    """An ad past its last day is hidden, and removed by the next sync."""
    return AdState.EXPIRED if last_day is not None and last_day < today else AdState.ACTIVE


def _absent_state(history: AdHistory) -> AdState:
    if history.queued and history.queued.reason == Reason.WITHHELD:
        return AdState.WITHHELD
    if last := history.change or history.mask:
        return AdState.EXPIRED if last.reason == Reason.EXPIRED else AdState.REMOVED
    return AdState.QUEUED if history.queued else AdState.NOT_STORED


def _last_change(row: tuple[Any, ...] | None) -> LastChange | None:
    if row is None:
        return None
    number, kind, reason, fields, at, _ = row
    return LastChange(number, ChangeKind(kind), reason, tuple(json.loads(fields)), read_moment(at))


def _queued(row: tuple[Any, ...] | None) -> QueuedDetail | None:
    if row is None:
        return None
    reason, queued_at, attempts, retry_at, problem, given_up = row
    return QueuedDetail(
        reason, read_moment(queued_at), attempts, read_moment(retry_at), problem, bool(given_up)
    )


def _mask(row: tuple[Any, ...] | None) -> Mask | None:
    if row is None:
        return None
    reason, removed_at, published, expires, municipalities, counties, occupations = row[:7]
    sector, extent, engagement_type, first_seen, last_day, numbers = row[7:]
    return Mask(
        reason,
        read_moment(removed_at),
        read_moment(published),
        read_moment(expires),
        _names(municipalities),
        _names(counties),
        _names(occupations),
        sector,
        extent,
        engagement_type,
        read_moment(first_seen),
        read_day(last_day),
        _names(numbers or "[]"),
    )


def _names(array: str) -> tuple[str, ...]:
    return tuple(filter(None, json.loads(array)))


def _row(connection: sqlite3.Connection, sql: str, *values: str) -> tuple[Any, ...] | None:
    return next(iter(connection.execute(sql, values)), None)


_NAMED = 5
"""Candidates that an error names."""

_BEGINS = "substr({0}, 1, length(?1)) = ?1 AND ?1 <> ''"
_KNOWN = (
    " UNION ".join(
        f"SELECT {column} AS ad FROM {table} WHERE {_BEGINS.format(column)}"
        for table, column in (
            ("ads", "uuid"),
            ("removed", "uuid"),
            *((table, "ad") for table in ("changes", "queue", "outside", "seen")),
        )
    )
    + f" ORDER BY ad LIMIT {_NAMED + 1}"
)
_STORED = "SELECT stored_at, changed_at, checked_at, last_day FROM ads WHERE uuid = ?"
_OUTSIDE = "SELECT stored_at, changed_at, checked_at FROM outside WHERE ad = ?"
_CHANGE = "SELECT number, kind, reason, fields, at, last_day FROM changes WHERE ad = ?"
_QUEUED = (
    f"SELECT reason, queued_at, attempts, retry_at, problem, {GIVEN_UP} FROM queue WHERE ad = :ad"
)
_MASK = (
    "SELECT reason, removed_at, published, expires, municipalities, counties, occupations, sector, "
    "extent, engagement_type, first_seen, last_day, municipality_numbers FROM removed "
    "WHERE uuid = ?"
)
_ENTRIES = "SELECT ordinal, status, written FROM seen WHERE ad = ? ORDER BY ordinal, id"
