"""Tables `feed`, `milestones` and `seen`: where the reading of the feed stands.

Functions that write run within the transaction of the change that moves the position.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from navfeed.model import Checkpoint, FeedCursor, Inactive, SeenEntry
from navfeed.store.queue import UNCONFIRMED, left_out
from navfeed.store.sql import one_row
from navfeed.store.times import exact_text, read_moment


def feed_url(db: sqlite3.Connection) -> str | None:
    """The feed that is followed; None before the first page."""
    (url,) = one_row(db, "SELECT feed_url FROM feed")
    return str(url) if url else None


def cursor(db: sqlite3.Connection) -> FeedCursor:
    top, newest, topped_at, topped_here, safe_until, closed, etag = one_row(
        db, "SELECT top, newest, topped_at, topped_here, safe_until, closed, etag FROM feed"
    )
    checkpoints = db.execute("SELECT page, ordinal, latest FROM milestones ORDER BY ordinal, id")
    return FeedCursor(
        checkpoints=tuple(
            Checkpoint(page, at, read_moment(latest)) for page, at, latest in checkpoints
        ),
        top=top,
        newest=read_moment(newest),
        head_seen_at=read_moment(topped_at),
        head_seen_here=read_moment(topped_here),
        safe_until=read_moment(safe_until),
        closed=closed,
        etag=etag,
    )


def save_cursor(db: sqlite3.Connection, cursor: FeedCursor, url: str | None) -> None:
    """`url` is the feed that the cursor belongs to; None keeps the one that is recorded."""
    db.execute("DELETE FROM milestones")
    db.executemany(
        "INSERT INTO milestones (page, ordinal, latest) VALUES (?, ?, ?)",
        ((one.page, one.ordinal, exact_text(one.latest)) for one in cursor.checkpoints),
    )
    db.execute(
        "UPDATE feed SET top = ?, newest = ?, topped_at = ?, topped_here = ?, "
        "safe_until = ?, closed = ?, etag = ?, feed_url = coalesce(?, feed_url)",
        [
            cursor.top,
            exact_text(cursor.newest),
            exact_text(cursor.head_seen_at),
            exact_text(cursor.head_seen_here),
            exact_text(cursor.safe_until),
            cursor.closed,
            cursor.etag,
            url,
        ],
    )


def seen_from(db: sqlite3.Connection, ordinal: int) -> list[SeenEntry]:
    """The entries read so far from a place on, in feed order."""
    rows = db.execute(
        "SELECT ordinal, ad, status, written FROM seen WHERE ordinal >= ? ORDER BY ordinal, id",
        [ordinal],
    )
    return [SeenEntry(at, (ad, status, written)) for at, ad, status, written in rows]


def save_seen(db: sqlite3.Connection, seen: Iterable[SeenEntry], keep_from: int) -> None:
    db.executemany(
        "INSERT INTO seen (ordinal, ad, status, written) VALUES (?, ?, ?, ?)",
        ((one.ordinal, *one.key) for one in seen),
    )
    db.execute("DELETE FROM seen WHERE ordinal < ?", [keep_from])


def drop_seen(db: sqlite3.Connection, vanished: Sequence[SeenEntry]) -> None:
    """Drop the entries that the log has no more."""
    db.executemany(
        "DELETE FROM seen WHERE ordinal = ? AND ad = ? AND status = ? AND written = ?",
        ((one.ordinal, *one.key) for one in vanished),
    )


def restart(db: sqlite3.Connection, trouble: str) -> None:
    """The cursor leads nowhere: drop what it recognises, and keep a sentence for `status`."""
    db.execute("DELETE FROM seen")
    db.execute("UPDATE feed SET trouble = ?", [trouble])


def begin_recheck(db: sqlite3.Connection, now: datetime) -> None:
    """The log began again: every ad is unconfirmed from now on."""
    db.execute("UPDATE feed SET recheck_since = ?", [exact_text(now)])


def save_reach(db: sqlite3.Connection, reach: datetime | None) -> None:
    db.execute("UPDATE feed SET reaches_back = ?", [exact_text(reach)])


def save_caught_up(
    db: sqlite3.Connection, moment: datetime, served_at: datetime | None = None
) -> None:
    """A recheck ends once no ad is left to confirm."""
    db.execute("UPDATE feed SET caught_up_at = ?", [exact_text(moment)])
    db.execute(
        "UPDATE feed SET trouble = NULL, recheck_since = NULL "
        f"WHERE recheck_since IS NOT NULL AND ({UNCONFIRMED}) = 0"
    )
    if not left_out(db, moment):
        clocks = (moment, served_at or moment)  # neither alone is believed (faults.md T1)
        moments = {"until": exact_text(min(clocks)), "since": exact_text(max(clocks))}
        db.execute(_SAVE_COMPLETE, {**moments, "mask": Inactive.MASK.value})


_SAVE_COMPLETE = """
UPDATE feed SET details_complete_at = :until,
    masks_since = iif(inactive = :mask, min(coalesce(masks_since, :since), :since), NULL)
WHERE recheck_since IS NULL
"""


def clear_trouble(db: sqlite3.Connection) -> None:
    db.execute("UPDATE feed SET trouble = NULL, recheck_since = NULL")


def retry_at(db: sqlite3.Connection) -> datetime | None:
    """The server requested a pause until this moment."""
    (moment,) = one_row(db, "SELECT retry_at FROM feed")
    return read_moment(moment)


def save_retry(db: sqlite3.Connection, moment: datetime | None) -> None:
    db.execute("UPDATE feed SET retry_at = ?", [exact_text(moment)])


def save_token_expiry(db: sqlite3.Connection, expires: datetime) -> None:
    db.execute("UPDATE feed SET token_expires = ?", [exact_text(expires)])
