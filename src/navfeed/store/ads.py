"""Tables `ads`, its child tables, `removed` and `outside`, and the index: what is kept of each ad.

Functions that write run within a transaction, put the change into the journal, and record the
erasure that is owed for what they replace or take out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime

from navfeed.model import Content, DetailDecision, Inactive, Reason, Stored, moment_text
from navfeed.store import erasure, journal, settings, shards
from navfeed.store.mapping import CHILDREN, COLUMNS, ROWS, changed_fields, find_content, row_of
from navfeed.store.search import searchable
from navfeed.store.sql import LISTED, listed, one_row
from navfeed.store.times import day_text, read_day


def ids(db: sqlite3.Connection) -> set[str]:
    return {ad for (ad,) in db.execute("SELECT uuid FROM ads")}


def ids_among(db: sqlite3.Connection, ads: Iterable[str]) -> dict[str, date | None]:
    """Those of the ads that are in the store, each with its last day."""
    rows = db.execute(f"SELECT uuid, last_day FROM ads WHERE uuid IN {LISTED}", [listed(ads)])
    return {uuid: read_day(last_day) for uuid, last_day in rows}


def stored(db: sqlite3.Connection, ad: str) -> Stored | None:
    row = db.execute("SELECT content, last_day FROM ads WHERE uuid = ?", [ad]).fetchone()
    return Stored(row[0], read_day(row[1])) if row else None


def expired(db: sqlite3.Connection, today: date) -> list[str]:
    """The ads whose last day lies before `today`."""
    return [
        ad for (ad,) in db.execute("SELECT uuid FROM ads WHERE last_day < ?", [day_text(today)])
    ]


def apply(db: sqlite3.Connection, decision: DetailDecision, now: datetime) -> bool:
    """Do what a detail calls for; False when there was nothing to do."""
    if decision.reason is Reason.OUT_OF_SCOPE:
        put_outside(db, decision.ad, now)
        return remove(db, decision.ad, decision.reason, now)
    if decision.content is None:
        drop_outside(db, [decision.ad])
        return remove(db, decision.ad, decision.reason, now)
    if decision.reason is Reason.UNCHANGED:
        _confirm(db, decision.ad, moment_text(now))
    else:
        _write(db, decision.ad, decision.content, now)
    if _is_outside(db, decision.ad):
        db.execute(_TIMES_BACK, [decision.ad])
        drop_outside(db, [decision.ad])
    return True


def rewrite(db: sqlite3.Connection, ad: str, content: Content, now: datetime) -> None:
    """Change what is kept of an ad for privacy. NAV has confirmed it no later for that."""
    (checked_at,) = one_row(db, "SELECT checked_at FROM ads WHERE uuid = ?", ad)
    _write(db, ad, content, now, journal.PRIVACY)
    _confirm(db, ad, checked_at)
    shards.write_many(db)


def _confirm(db: sqlite3.Connection, ad: str, checked_at: str | None) -> None:
    db.execute("UPDATE ads SET checked_at = ? WHERE uuid = ?", [checked_at, ad])


def _write(
    db: sqlite3.Connection, ad: str, content: Content, now: datetime, reason: str | None = None
) -> None:
    """Keep the content of an ad. `reason` stands in the journal where the ad was here already."""
    if (before := find_content(db, ad)) is not None:
        erasure.owe(db)
        changed = changed_fields(before, content)
        journal.updated(db, ad, content.last_day, now, changed=changed, reason=reason)
        for table in CHILDREN:
            db.execute(f"DELETE FROM {table} WHERE ad = ?", [ad])
    else:
        journal.added(db, ad, content.last_day, now)
    (number,) = one_row(db, _UPSERT, ad, *row_of(content), content.raw, *[moment_text(now)] * 3)
    db.execute("DELETE FROM removed WHERE uuid = ?", [ad])
    for table, values_of in ROWS.items():
        children = enumerate(getattr(content, table))
        db.executemany(_CHILD[table], ((ad, at, *values_of(child)) for at, child in children))
    shards.put(db, number, searchable(content))  # no trigger: a confirmed ad is the same


def remove(db: sqlite3.Connection, ad: str, reason: Reason, now: datetime) -> bool:
    """Take an ad out, leaving its mask where the store keeps masks. False: it was not in."""
    row = db.execute("SELECT id FROM ads WHERE uuid = ?", [ad]).fetchone()
    if row is None:
        return False
    if settings.inactive(db) is Inactive.MASK:
        db.execute(_MASK, {"ad": ad, "reason": reason.value, "now": moment_text(now)})
    shards.drop(db, row[0])
    db.execute("DELETE FROM ads WHERE uuid = ?", [ad])
    journal.ended(db, ad, reason, now)
    erasure.owe(db)
    return True


def outside(db: sqlite3.Connection) -> set[str]:
    """The active ads that are not kept because they are outside the scope."""
    return {ad for (ad,) in db.execute("SELECT ad FROM outside")}


def _is_outside(db: sqlite3.Connection, ad: str) -> bool:
    return db.execute("SELECT 1 FROM outside WHERE ad = ?", [ad]).fetchone() is not None


def put_outside(db: sqlite3.Connection, ad: str, now: datetime) -> None:
    """Before it is removed: when it came, and last changed, is known if it comes back."""
    db.execute(_OUTSIDE, [ad, moment_text(now)])


def drop_outside(db: sqlite3.Connection, ads: Iterable[str]) -> None:
    db.execute(f"DELETE FROM outside WHERE ad IN {LISTED}", [listed(ads)])


_UPSERT = (  # names of columns, and nothing from outside
    f"INSERT INTO ads (uuid, {', '.join(COLUMNS)}, content, stored_at, changed_at, checked_at) "
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 5))}) ON CONFLICT (uuid) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}" for name in (*COLUMNS, "content", "changed_at", "checked_at")
    )
    + " RETURNING id"
)

_CHILD = {
    table: f"INSERT INTO {table} VALUES (?, ?, {', '.join('?' * len(fields(kind)))})"
    for table, kind in CHILDREN.items()
}

_MASK = """
INSERT OR REPLACE INTO removed
SELECT uuid, :reason, :now, published, expires,
    (SELECT json_group_array(DISTINCT municipal) FROM locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT county) FROM locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT type || ' ' || code) FROM categories WHERE ad = uuid),
    sector, extent, engagement_type, stored_at, last_day,
    (SELECT json_group_array(DISTINCT municipality_number) FROM locations WHERE ad = uuid)
FROM ads WHERE uuid = :ad
"""

_OUTSIDE = """
INSERT INTO outside (ad, checked_at, stored_at, changed_at, updated)
SELECT ?1, ?2, max(stored_at), max(changed_at), max(updated) FROM ads WHERE uuid = ?1
ON CONFLICT (ad) DO UPDATE SET checked_at = excluded.checked_at
"""
_TIMES_BACK = """
UPDATE ads SET stored_at = was.stored_at,
    changed_at = iif(ads.updated IS was.updated, was.changed_at, ads.changed_at)
FROM outside AS was WHERE uuid = ?1 AND was.ad = ?1 AND was.stored_at IS NOT NULL
"""
