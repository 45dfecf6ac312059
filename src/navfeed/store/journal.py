"""The journal: what happened last to each ad, under a number that only grows.

A row an ad. A later change takes the place of an earlier one, and has a greater number, so that
whoever reads on from a number gets each ad once, and all that matters. The content of an ad is
never in it: of an ad that is gone, its id, a reason and days are kept, for some time.

The functions that write do so within the transaction of the change itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from navfeed.errors import CursorError
from navfeed.model import ChangeKind, Cursor, Reason, moment_text
from navfeed.store.times import day_text, read_day, read_moment

PRIVACY = "privacy"
"""Why an ad was changed here, and not by NAV: something was to be forgotten."""

FILTERED = "filtered"
"""Why an ad is reported as removed that is still active: it does not pass the filters."""


# Writing


def added(connection: sqlite3.Connection, ad: str, last_day: date | None, now: datetime) -> None:
    _put(connection, ad, ChangeKind.ADDED, now, last_day=last_day)


def updated(
    connection: sqlite3.Connection,
    ad: str,
    last_day: date | None,
    now: datetime,
    *,
    changed: Iterable[str],
    reason: str | None,
) -> None:
    """`changed` names the fields that are others now."""
    _put(connection, ad, ChangeKind.UPDATED, now, reason=reason, changed=changed, last_day=last_day)


def ended(connection: sqlite3.Connection, ad: str, reason: Reason, now: datetime) -> None:
    """The ad was taken out. Its last day stays the one that is known."""
    kind = ChangeKind.EXPIRED if reason is Reason.EXPIRED else ChangeKind.REMOVED
    _put(connection, ad, kind, now, reason=reason.value)


def _put(
    connection: sqlite3.Connection,
    ad: str,
    kind: ChangeKind,
    now: datetime,
    *,
    reason: str | None = None,
    changed: Iterable[str] = (),
    last_day: date | None = None,
) -> None:
    ((number,),) = connection.execute("UPDATE journal SET top = top + 1 RETURNING top").fetchall()
    fields = dict.fromkeys(changed, number)
    connection.execute(
        _PUT,
        {
            "number": number,
            "ad": ad,
            "kind": kind.value,
            "reason": reason,
            "fields": json.dumps(fields) if fields else "{}",
            "last_day": day_text(last_day),
            "at": moment_text(now),
        },
    )


_PUT = """
INSERT INTO changes (number, ad, kind, reason, added, fields, last_day, at, fresh)
VALUES (:number, :ad, :kind, :reason, :number, :fields, :last_day, :at, 1)
ON CONFLICT (ad) DO UPDATE SET
    number = excluded.number, kind = excluded.kind, reason = excluded.reason,
    added = iif(excluded.kind = 'updated', added, excluded.number),
    fields = iif(excluded.kind = 'updated', json_patch(fields, excluded.fields), '{}'),
    last_day = iif(excluded.kind IN ('added', 'updated'), excluded.last_day, last_day),
    at = excluded.at, fresh = 0
"""


def last_ended(connection: sqlite3.Connection, before: datetime) -> int | None:
    """The greatest number of an ad that went before then."""
    ((number,),) = connection.execute(
        "SELECT max(number) FROM changes WHERE kind IN ('removed', 'expired') AND at < ?",
        [moment_text(before)],
    ).fetchall()
    return None if number is None else int(number)


def prune(connection: sqlite3.Connection, number: int) -> None:
    """Drop the rows of ads that went by then. From before it, nobody can go on."""
    connection.execute(
        "DELETE FROM changes WHERE kind IN ('removed', 'expired') AND number <= ?", [number]
    )
    connection.execute("UPDATE journal SET pruned = max(pruned, ?)", [number])


def become_another(connection: sqlite3.Connection) -> None:
    """From here on, the same numbers mean other changes than in what this is a copy of.

    Stores of before schema 5 have no journal.
    """
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'journal'").fetchone():
        return
    connection.execute("UPDATE journal SET store = lower(hex(randomblob(8)))")


# Reading


@dataclass(frozen=True, slots=True)
class Row:
    """A change as the journal has it. `fresh`: the first that is known of its ad."""

    number: int
    ad: str
    kind: ChangeKind
    reason: str | None
    changed: tuple[str, ...]
    last_day: date | None
    at: datetime | None
    fresh: bool

    @property
    def is_there(self) -> bool:
        """Whether the ad is in the store."""
        return self.kind in (ChangeKind.ADDED, ChangeKind.UPDATED)


def position(connection: sqlite3.Connection) -> Cursor:
    """Where somebody stands who knows all that is in the store."""
    ((store, top),) = connection.execute("SELECT store, top FROM journal").fetchall()
    return Cursor(store, top)


def begin_after(
    connection: sqlite3.Connection, after: Cursor | None, *, from_start: bool = False
) -> int:
    """The number from which to go on. Raises `CursorError` where that would leave a hole.

    `from_start`: the reader began with nothing, so that it lacks no removal that was dropped.
    """
    ((store, top, pruned),) = connection.execute(
        "SELECT store, top, pruned FROM journal"
    ).fetchall()
    if after is None:
        return 0
    advice = "Take a snapshot and go on from its cursor: `navfeed changes --snapshot`"
    if after.store != store:
        raise CursorError(
            f"the cursor {after} is of another store, or of this one before it was restored "
            f"(its own begin with {store}). {advice}"
        )
    if after.number > top:
        raise CursorError(
            f"the cursor {after} is ahead of the store, which stands at {top}: an older copy was "
            f"put in its place. {advice}"
        )
    if after.number < pruned and not from_start:
        raise CursorError(
            f"the cursor {after} is too old: which ads went up to {pruned} is not kept any more. "
            f"{advice}"
        )
    return after.number


CHUNK = 500
"""Rows that are read at once."""


def chunks(connection: sqlite3.Connection, after: int) -> Iterator[Sequence[Row]]:
    """What came after a number, in its order."""
    at = after
    while rows := [_row(row, after) for row in connection.execute(_AFTER, [at, CHUNK])]:
        yield rows
        at = rows[-1].number


_AFTER = """
SELECT number, ad, kind, reason, added, fields, last_day, at, fresh FROM changes
WHERE number > ? ORDER BY number LIMIT ?
"""


def _row(row: tuple[int, str, str, str | None, int, str, str | None, str, int], after: int) -> Row:
    """For a reader who does not know the ad yet, a changed ad is an added one."""
    number, ad, kind, reason, added_at, fields, last_day, at, fresh = row
    changed = tuple(name for name, when in json.loads(fields).items() if when > after)
    if kind == ChangeKind.UPDATED and added_at > after:
        kind, reason, changed, fresh = ChangeKind.ADDED, None, (), 0
    return Row(
        number=number,
        ad=ad,
        kind=ChangeKind(kind),
        reason=reason,
        changed=changed,
        last_day=read_day(last_day),
        at=read_moment(at),
        fresh=bool(fresh),
    )
