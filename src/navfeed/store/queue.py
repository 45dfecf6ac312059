"""Table `queue`: the ads whose details are still to be fetched, and when that may be tried.

Functions that write run within the transaction of the change that queues or answers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from navfeed.decide import GIVEN_UP_TRIES, LONGEST_RETRY, patience_began
from navfeed.model import (
    AT_ONCE,
    WRONG_CLOCK,
    DetailDecision,
    Effect,
    Failed,
    Problem,
    Queued,
    Reason,
    Retry,
    moment_text,
)
from navfeed.store.sql import LISTED, listed, one_row
from navfeed.store.times import exact_text

GIVEN_UP = (
    f"(attempts >= {GIVEN_UP_TRIES} AND queued_at <= :patience_began "
    f"AND reason != '{Reason.WITHHELD.value}')"
)
"""Which rows are given up; bind `given_up_by`. Nothing is written down for it: the row stays as
it is, and a new entry about the ad begins again. An ad that is withheld is never given up: it is
not broken, and no entry need announce when it comes back."""

NEAR = 4_096
"""How many ads are sorted by id at a time. Most tables are in that order, so that a batch writes to
adjacent pages. A first sync writes a third less."""

UNCONFIRMED = """
SELECT count(*) FROM ads WHERE uuid IN (SELECT ad FROM queue)
AND (SELECT recheck_since FROM feed) IS NOT NULL
"""
"""How many ads are stored that a log that began again has not confirmed yet: all were queued when
it did, and each leaves the queue with its answer."""

_FAILURES = """
SELECT replace(problem, ad, '…') AS reason, count(*) FROM queue
WHERE problem IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3
"""


def given_up_by(now: datetime) -> dict[str, str | None]:
    """The value that `GIVEN_UP` takes at `now`."""
    return {"patience_began": exact_text(patience_began(now))}


def failure_reasons(db: sqlite3.Connection) -> list[Problem]:
    """Why details could not be fetched, the most frequent reason first.

    What is the same but for the ad is counted together.
    """
    return [Problem(*row) for row in db.execute(_FAILURES)]


def due(db: sqlite3.Connection, now: datetime, *, everything: bool) -> list[Queued]:
    """Ads whose details may be requested at `now`, the oldest thousands first, these by id.

    `everything`: those too that wait for a retry, or were given up. A retry that lies further
    ahead than any is ever set comes from a clock that was wrong, and is due.
    """
    rows = db.execute(
        f"{_ROWS} WHERE (:everything AND reason != :gone) OR (NOT {GIVEN_UP} "
        "AND (coalesce(retry_at, '') NOT BETWEEN :now AND :furthest OR retry_at = :now)) "
        "ORDER BY rowid",
        {
            "now": exact_text(now),
            "furthest": exact_text(now + LONGEST_RETRY),
            "everything": everything,
            "gone": Reason.GONE.value,
            **given_up_by(now),
        },
    ).fetchall()
    chunks = (rows[at : at + NEAR] for at in range(0, len(rows), NEAR))
    return [_queued(row) for chunk in chunks for row in sorted(chunk)]


def row_of(db: sqlite3.Connection, ad: str) -> Queued | None:
    row = db.execute(f"{_ROWS} WHERE ad = ?", [ad]).fetchone()
    return _queued(row) if row else None


_ROWS = "SELECT ad, attempts, reason FROM queue"


def _queued(row: tuple[str, int, str]) -> Queued:
    ad, attempts, reason = row
    return Queued(ad, attempts, Reason(reason))


def waiting(db: sqlite3.Connection, now: datetime) -> tuple[int, int]:
    """How many details are still to be fetched, and how many more were given up.

    Ads that are gone and requested again do not count.
    """
    count, given_up = db.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {GIVEN_UP}) FROM queue WHERE reason != :gone",
        {"gone": Reason.GONE.value, **given_up_by(now)},
    ).fetchone()
    return count - given_up, given_up


def left_out(db: sqlite3.Connection, now: datetime) -> int:
    """How many ads the log calls active, or may, that are not stored and wait for their details.

    NAV shows none of those that are withheld or given up.
    """
    (count,) = db.execute(
        "SELECT count(*) FROM queue WHERE reason NOT IN (:gone, :withheld, :recheck) "
        f"AND NOT {GIVEN_UP} AND ad NOT IN (SELECT uuid FROM main.ads)",
        {
            "gone": Reason.GONE.value,
            "withheld": Reason.WITHHELD.value,
            "recheck": Reason.RECHECK.value,
            **given_up_by(now),
        },
    ).fetchone()
    return int(count)


def unconfirmed(db: sqlite3.Connection) -> int:
    return int(one_row(db, UNCONFIRMED)[0])


def to_recheck(db: sqlite3.Connection, before: datetime, most: int, now: datetime) -> list[str]:
    """The active ads that NAV has not confirmed since `before`, and nobody queued, oldest first.

    One that was confirmed on a day to come was so by a clock that was wrong, and is due.
    """
    rows = db.execute(
        "SELECT ad FROM (SELECT uuid AS ad, checked_at FROM ads UNION ALL "
        "SELECT ad, checked_at FROM outside) WHERE (checked_at <= ? OR checked_at > ?) "
        "AND ad NOT IN (SELECT ad FROM queue) ORDER BY checked_at LIMIT ?",
        [moment_text(before), moment_text(now + WRONG_CLOCK), most],
    )
    return [ad for (ad,) in rows]


def put(
    db: sqlite3.Connection, ads: Iterable[Effect], now: datetime, *, retry: Retry = AT_ONCE
) -> None:
    """A new reason to ask re-arms an ad that was waiting for its retry, or was given up."""
    retry_at = exact_text(now + retry.after) if retry.after else None
    queued_at = exact_text(now)
    db.executemany(
        "INSERT INTO queue (ad, reason, queued_at, attempts, retry_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (ad) DO UPDATE SET reason = excluded.reason, attempts = excluded.attempts, "
        "queued_at = excluded.queued_at, retry_at = excluded.retry_at, problem = NULL",
        ((ad, reason.value, queued_at, retry.attempts, retry_at) for ad, reason in ads),
    )


def drop(db: sqlite3.Connection, ads: Iterable[str]) -> None:
    db.execute(f"DELETE FROM queue WHERE ad IN {LISTED}", [listed(ads)])


def settle(db: sqlite3.Connection, decisions: Sequence[DetailDecision], now: datetime) -> None:
    """Take the ads out whose details came, but for those that are to be requested again."""
    withheld = [one.ad for one in decisions if one.reason is Reason.WITHHELD]
    again = [(one, one.retry) for one in decisions if one.retry]
    drop(db, {one.ad for one in decisions} - {*withheld, *(one.ad for one, _ in again)})
    for decision, retry in again:
        put(db, [(decision.ad, decision.reason)], now, retry=retry)
    _keep(db, withheld, now)


def _keep(db: sqlite3.Connection, withheld: Iterable[str], now: datetime) -> None:
    """How often one was tried stays known. A verification may have fetched one that is not here."""
    db.executemany(
        "INSERT INTO queue (ad, reason, queued_at) VALUES (?, ?, ?) "
        "ON CONFLICT (ad) DO UPDATE SET reason = excluded.reason",
        ((ad, Reason.WITHHELD.value, exact_text(now)) for ad in withheld),
    )


def fail(db: sqlite3.Connection, failed: Iterable[Failed]) -> None:
    """Count a try in vain, and set when the next one is."""
    db.executemany(
        "UPDATE queue SET attempts = attempts + 1, problem = ?, retry_at = ? WHERE ad = ?",
        ((one.problem, exact_text(one.retry_at), one.ad) for one in failed),
    )
