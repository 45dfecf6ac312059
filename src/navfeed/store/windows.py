"""Tables `windows` and `window_entries`: a first sync that reads the log at several places.

Functions that write run within the transaction of the change that reads a page.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from navfeed.model import Queued, Reason, Status, Window, WindowPart
from navfeed.store import queue
from navfeed.store.sql import one_row
from navfeed.store.times import exact_text, read_moment

Sighting = tuple[str, str]
"""An ad, and the status that an entry gives it."""

_PART = 50_000
"""Rows of `window_entries` that are evaluated in one transaction: 0.2 s, while no signal is heard.
Half a year is some 550,000, in which ads are evenly spread: a uuid is random."""

_MOST_PARTS = 16
"""Each part reads all rows: without a limit, 3.3 million took 59 s instead of 22."""

_ACTIVE_ADS = """
SELECT ad FROM (
    SELECT ad, active, max(id) FROM window_entries
    WHERE window = :number AND ad >= :low AND ad < :high GROUP BY ad
) WHERE active AND ad NOT IN (
    SELECT ad FROM window_entries WHERE window < :number AND ad >= :low AND ad < :high
)
ORDER BY ad
"""
"""The ads whose newest entry of all is in this window, and ACTIVE. `active` is that of the row that
has the maximum (https://www.sqlite.org/lang_select.html#bareagg)."""


def load(db: sqlite3.Connection) -> list[Window]:
    """The newest first; none when no first sync is under way."""
    rows = db.execute("SELECT number, since, opening, page FROM windows ORDER BY number")
    return [
        Window(number, read_moment(since), tuple(map(tuple, json.loads(opening))), page)
        for number, since, opening, page in rows
    ]


def begin(db: sqlite3.Connection, windows: Iterable[Window]) -> None:
    """Begin to read these, instead of any that were read before."""
    _clear(db)
    db.executemany(
        "INSERT INTO windows (number, since, opening, page) VALUES (?, ?, ?, ?)",
        ((one.number, exact_text(one.since), json.dumps(one.opening), one.page) for one in windows),
    )


def save_newest(db: sqlite3.Connection, entries: Iterable[Sighting]) -> None:
    """Record what the newest window named, while there are older ones."""
    if _has_any(db):
        _save(db, 0, entries)


def save_page(
    db: sqlite3.Connection, number: int, entries: Iterable[Sighting], following: str | None
) -> None:
    """Record a page of an older window; `following` is the page to read next, None at its end."""
    _save(db, number, entries)
    db.execute("UPDATE windows SET page = ? WHERE number = ?", [following, number])


def end_newest(db: sqlite3.Connection) -> None:
    """The newest window was read to the tip."""
    db.execute("UPDATE windows SET page = NULL WHERE number = 0")


def parts(db: sqlite3.Connection) -> list[WindowPart]:
    """What can be queued: of each window that is read to its end, as are all newer ones."""
    (rows,) = one_row(db, "SELECT coalesce(max(id), 0) FROM window_entries")
    limits = _limits(min(-(-rows // _PART) or 1, _MOST_PARTS))
    return [
        WindowPart(number, low, high, high == limits[-1])
        for number in _ready(db)
        for low, high in pairwise(limits)
    ]


def queue_part(db: sqlite3.Connection, part: WindowPart, now: datetime) -> list[Queued]:
    """Queue the active ads of a part, and answer with them.

    Once every window is queued, all that was recorded of them is dropped.
    """
    bounds = {"number": part.number, "low": part.low, "high": part.high}
    ads = [str(UUID(bytes=ad)) for (ad,) in db.execute(_ACTIVE_ADS, bounds)]
    queue.put(db, ((ad, Reason.ANNOUNCED) for ad in ads), now)
    if part.is_last:
        _end(db, part.number)
    return [Queued(ad, 0, Reason.ANNOUNCED) for ad in ads]


def _limits(number: int) -> list[bytes]:
    """Where each of `number` parts begins, by two bytes of a uuid, and where the last one ends."""
    return [(at * 2**16 // number).to_bytes(2) for at in range(number)] + [b"\xff" * 17]


def _end(db: sqlite3.Connection, number: int) -> None:
    """All ads of a window are queued. A crash before this begins with its first part again."""
    db.execute("UPDATE windows SET queued = 1 WHERE number = ?", [number])
    (left,) = one_row(db, "SELECT count(*) FROM windows WHERE NOT queued AND number > 0")
    if not left:
        _clear(db)


def _ready(db: sqlite3.Connection) -> list[int]:
    rows = db.execute(
        "SELECT number FROM windows WHERE NOT queued AND number > 0 AND number < "
        "coalesce((SELECT min(number) FROM windows WHERE page IS NOT NULL), 1e9) ORDER BY number"
    )
    return [number for (number,) in rows]


def _save(db: sqlite3.Connection, number: int, entries: Iterable[Sighting]) -> None:
    """The last status that the page gives each ad is enough."""
    db.executemany(
        "INSERT INTO window_entries (window, ad, active) VALUES (?, ?, ?)",
        (
            (number, bytes.fromhex(ad.replace("-", "")), status == Status.ACTIVE)
            for ad, status in dict(entries).items()
        ),
    )


def _has_any(db: sqlite3.Connection) -> bool:
    (number,) = one_row(db, "SELECT count(*) FROM windows")
    return bool(number)


def _clear(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM windows")
    db.execute("DELETE FROM window_entries")
