"""The store's own settings: inactive ads, scope, contacts, erased terms; and the audit of them.

They stand in tables `feed`, `forgotten` and `audit`. Functions that write run within a transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from navfeed.model import (
    Contacts,
    ErasedTerm,
    Inactive,
    PrivacyPolicy,
    Scope,
    TermKind,
    moment_text,
)
from navfeed.store import erasure
from navfeed.store.mapping import scope_of
from navfeed.store.sql import one_row


def inactive(db: sqlite3.Connection) -> Inactive:
    return Inactive(one_row(db, "SELECT inactive FROM feed")[0])


def set_inactive(db: sqlite3.Connection, inactive: Inactive) -> None:
    """`delete` also drops the masks kept so far."""
    db.execute("UPDATE feed SET inactive = ?", [inactive.value])
    if inactive is Inactive.DELETE:
        _begin_masks_again(db)
        if db.execute("DELETE FROM removed").rowcount:
            erasure.owe(db)


def _begin_masks_again(db: sqlite3.Connection) -> None:
    """What was removed before the next complete sync is not known."""
    db.execute("UPDATE feed SET masks_since = NULL")


def scope(db: sqlite3.Connection) -> Scope:
    return scope_of(one_row(db, "SELECT scope FROM feed")[0])


def set_scope(db: sqlite3.Connection, scope: Scope) -> None:
    """Masks of another scope are of other ads: figures over time begin again."""
    db.execute("UPDATE feed SET scope = ?", [json.dumps(asdict(scope))])
    _begin_masks_again(db)


def privacy_policy(db: sqlite3.Connection) -> PrivacyPolicy:
    contacts, key = one_row(db, "SELECT contacts, forget_key FROM feed")
    terms = db.execute("SELECT kind, length, hash FROM forgotten")
    return PrivacyPolicy(
        contacts=Contacts(contacts),
        marks=frozenset(ErasedTerm(TermKind(kind), length, hash_) for kind, length, hash_ in terms),
        key=key or b"",
    )


def set_contacts(db: sqlite3.Connection, contacts: Contacts) -> None:
    db.execute("UPDATE feed SET contacts = ?", [contacts.value])


def add_erased_terms(db: sqlite3.Connection, terms: Iterable[ErasedTerm], key: bytes) -> None:
    db.execute("UPDATE feed SET forget_key = ?", [key or None])
    db.executemany(
        "INSERT OR IGNORE INTO forgotten (kind, length, hash) VALUES (?, ?, ?)",
        ((term.kind.value, term.length, term.hash) for term in terms),
    )


def audit(db: sqlite3.Connection, action: str, ads: int, places: int, now: datetime) -> None:
    """Record that `navfeed privacy` was used, and how much it found; never what it looked for."""
    db.execute(
        "INSERT INTO audit (at, action, ads, places) VALUES (?, ?, ?, ?)",
        [moment_text(now), action, ads, places],
    )
