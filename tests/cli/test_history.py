"""`navfeed show --history`: what the store still knows of an ad, without what it contained."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from cli.support import ad, answer, fill, place, run_command, store_ads, uuid_of
from navfeed.model import (
    Checkpoint,
    DetailDecision,
    EntryDecision,
    Failed,
    FeedCursor,
    Inactive,
    Mask,
    Reason,
    Scope,
    SeenEntry,
)
from navfeed.store.writer import Store
from support.clock import NOW
from support.sql import rows

AD = uuid_of(1)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1), ad(0x20))


def history(db: Path, start: str = AD) -> dict[str, Any]:
    found = json.loads(answer(db, "show", start, "--history", "--format", "json"))
    assert isinstance(found, dict)
    return found


def decide(store: Store, reason: Reason) -> None:
    store.commit_details([DetailDecision(AD, reason)], [], NOW + timedelta(hours=1))


def test_an_active_ad(db: Path) -> None:
    assert history(db, AD[:8]) == {
        "uuid": AD,
        "state": "active",
        "last_day": "2026-12-10",
        "stored_at": "2026-11-21T12:00:00Z",
        "changed_at": "2026-11-21T12:00:00Z",
        "checked_at": "2026-11-21T12:00:00Z",
        "change": {
            "number": 1,
            "kind": "added",
            "reason": None,
            "changed": [],
            "at": "2026-11-21T12:00:00Z",
        },
        "queued": None,
        "mask": None,
        "entries": [],
    }


def test_a_changed_ad_names_the_fields(db: Path) -> None:
    with Store(db) as store:
        store_ads(store, [ad(1, title="Lege", extent="Deltid")], NOW + timedelta(minutes=5))
    found = history(db)
    assert found["change"]["kind"] == "updated"
    assert found["change"]["changed"] == ["title", "extent"]
    assert (found["stored_at"], found["changed_at"]) == (
        "2026-11-21T12:00:00Z",
        "2026-11-21T12:05:00Z",
    )
    assert "Lege" not in json.dumps(found)


def test_a_removed_ad_with_its_entries(db: Path) -> None:
    cursor = FeedCursor(checkpoints=(Checkpoint(uuid_of(9), 1, NOW),), top=2)
    seen = [SeenEntry(1, (AD, "ACTIVE", "a")), SeenEntry(2, (AD, "INACTIVE", "b\x1b"))]
    decision = EntryDecision(AD, remove=True, ask=False, reason=Reason.STOPPED)
    with Store(db) as store:
        store.commit_page([decision], seen, cursor, keep_from=0, now=NOW + timedelta(hours=1))
    found = history(db)
    assert (found["state"], found["change"]["reason"]) == ("removed", "stopped")
    assert found["last_day"] == "2026-12-10"
    assert (found["stored_at"], found["mask"]) == (None, None)
    assert found["entries"] == [
        {"entry": 1, "status": "ACTIVE", "written": "a"},
        {"entry": 2, "status": "INACTIVE", "written": "b\x1b"},
    ]
    assert answer(db, "show", AD, "--history") == (
        f"Id             {AD}\n"
        "State          removed\n"
        "Last day       2026-12-10\n"
        "Last change    2026-11-21 14:00 +01:00: removed, stopped (change 3)\n"
        "Entry 1        ACTIVE, a\n"
        "Entry 2        INACTIVE, b\ufffd\n"
    )


def test_a_masked_ad_shows_its_mask(db: Path) -> None:
    with Store(db) as store:
        store.set_inactive(Inactive.MASK)
        decide(store, Reason.INACTIVE)
    assert history(db)["mask"] == {
        "reason": "inactive",
        "removed_at": "2026-11-21T13:00:00Z",
        "published": "2026-11-10T08:00:00Z",
        "expires": "2026-12-10T22:59:59Z",
        "municipalities": ["BERGEN"],
        "counties": ["VESTLAND"],
        "occupations": ["STYRK08 2223"],
        "sector": "Offentlig",
        "extent": "Heltid",
        "engagement_type": "Fast",
        "first_seen": "2026-11-21T12:00:00Z",
        "last_day": "2026-12-10",
        "municipality_numbers": ["4601"],
    }
    assert (
        "Mask           first seen 2026-11-21, published 2026-11-10, expires 2026-12-10; BERGEN; "
        "4601; VESTLAND; STYRK08 2223; Offentlig; Heltid; Fast\n"
    ) in answer(db, "show", AD, "--history")


def test_a_mask_of_old_and_one_without_its_change(db: Path) -> None:
    """Before schema 7, masks had neither numbers nor when the ad came."""
    with Store(db) as store:
        store.set_inactive(Inactive.MASK)
        decide(store, Reason.INACTIVE)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("DELETE FROM changes")
    assert history(db)["last_day"] == "2026-12-10"
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE removed SET first_seen = NULL, municipality_numbers = NULL")
    mask = history(db)["mask"]
    assert (mask["first_seen"], mask["municipality_numbers"]) == (None, [])


def test_what_is_known_of_a_mask_is_all_that_it_keeps(db: Path) -> None:
    kept = rows(db, "SELECT name FROM pragma_table_info('removed')")
    assert {"uuid", *(one.name for one in fields(Mask))} == {name for (name,) in kept}


def test_an_ad_whose_last_day_is_over(db: Path, noon: time_machine.Traveller) -> None:
    noon.shift(timedelta(days=30))
    found = history(db)
    assert (found["state"], found["stored_at"]) == ("expired", "2026-11-21T12:00:00Z")
    with Store(db) as store:
        store.sweep(date(2026, 12, 21), NOW + timedelta(days=30))
    found = history(db)
    assert (found["state"], found["stored_at"]) == ("expired", None)
    assert found["queued"]["reason"] == found["change"]["reason"] == "expired"


def test_a_withheld_ad_and_when_it_is_fetched_again(db: Path) -> None:
    failed = [Failed(AD, "no content yet", NOW + timedelta(hours=2))]
    with Store(db) as store:
        decision = DetailDecision(AD, Reason.WITHHELD)
        store.commit_details([decision], failed, NOW + timedelta(hours=1))
    found = history(db)
    assert found["state"] == "withheld"
    assert found["queued"] == {
        "reason": "withheld",
        "queued_at": "2026-11-21T13:00:00Z",
        "attempts": 1,
        "retry_at": "2026-11-21T14:00:00Z",
        "problem": "no content yet",
        "given_up": False,
    }
    assert (
        "Details        queued 2026-11-21 14:00 +01:00, withheld; 1 failed attempt, next not "
        "before 2026-11-21 15:00 +01:00: no content yet\n"
    ) in answer(db, "show", AD, "--history")


def test_an_ad_that_was_given_up(db: Path) -> None:
    with Store(db) as store:
        announce(store)
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE queue SET attempts = 15, queued_at = '2026-10-01'")
    found = history(db, uuid_of(3))
    assert (found["state"], found["queued"]["given_up"]) == ("queued", True)
    assert "15 failed attempts, given up" in answer(db, "show", uuid_of(3), "--history")


def announce(store: Store) -> None:
    decision = EntryDecision(uuid_of(3), remove=False, ask=True, reason=Reason.ANNOUNCED)
    store.commit_page([decision], [], FeedCursor(), keep_from=0, now=NOW)


def test_an_ad_outside_the_scope(db: Path) -> None:
    with Store(db) as store:
        store.rescope(
            Scope(municipalities=("OSLO",)), [AD], ask=False, now=NOW + timedelta(hours=1)
        )
    found = history(db)
    assert (found["state"], found["change"]["reason"]) == ("out of scope", "out of scope")
    assert (found["stored_at"], found["checked_at"]) == (
        "2026-11-21T12:00:00Z",
        "2026-11-21T13:00:00Z",
    )


def test_an_ad_of_which_an_entry_alone_is_known(db: Path) -> None:
    with Store(db) as store:
        seen = [SeenEntry(1, (uuid_of(4), "INACTIVE", "a"))]
        store.commit_page([], seen, FeedCursor(), keep_from=0, now=NOW)
    found = history(db, uuid_of(4))
    assert (found["state"], found["change"], found["last_day"]) == ("not stored", None, None)


@pytest.mark.parametrize("start", [uuid_of(7), "", "%"])
def test_an_unknown_ad(db: Path, start: str) -> None:
    result = run_command(db, "show", start, "--history")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the store knows nothing of an ad whose id begins with" in result.stderr


def test_several_ads(db: Path) -> None:
    result = run_command(db, "show", "000000", "--history")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"000000 could be {AD} or {uuid_of(0x20)}" in result.stderr
    fill(db, *(ad(number) for number in range(0x30, 0x36)))
    assert "or others" in run_command(db, "show", "000000", "--history").stderr


def test_history_opens_no_browser(db: Path) -> None:
    result = run_command(db, "show", AD, "--history", "--open")
    assert (result.exit_code, "--history and --open exclude each other" in result.stderr) == (
        2,
        True,
    )


LEAVES: list[Callable[[Store], object]] = [
    lambda store: decide(store, Reason.STOPPED),
    lambda store: decide(store, Reason.GONE),
    lambda store: decide(store, Reason.WITHHELD),
    lambda store: decide(store, Reason.OUT_OF_SCOPE),
    lambda store: store.sweep(date(2026, 12, 21), NOW + timedelta(days=30)),
]


@pytest.mark.parametrize("inactive", Inactive)
@pytest.mark.parametrize("leave", LEAVES)
def test_X3_nothing_of_what_an_inactive_ad_contained(
    tmp_path: Path, leave: Callable[[Store], object], inactive: Inactive
) -> None:
    secret = ad(
        1,
        title="Hemmelig",
        workLocations=[place("BERGEN", "VESTLAND", address="Hemmelig 1")],
        employer={"name": "Hemmelig AS", "orgnr": "300000027"},
    )
    db = fill(tmp_path / "other.db", secret)
    with Store(db) as store:
        store.set_inactive(inactive)
        leave(store)
    for format_ in ("text", "json"):
        text = answer(db, "show", AD, "--history", "--format", format_)
        for word in ("Hemmelig", "Nordmann", "kari@", "19 00 00 01", "300000027", "https:"):
            assert word not in text


@pytest.mark.parametrize("damaged", ["soon", "0001-01-01T00:00:00+14:00"])
def test_a_damaged_moment_is_not_known(db: Path, damaged: str) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE changes SET at = ?", [damaged])
        connection.execute("UPDATE ads SET stored_at = ?", [damaged])
    found = history(db)
    assert (found["stored_at"], found["change"]["at"]) == (None, None)
    text = answer(db, "show", AD, "--history")
    assert "Last change    an unknown time: added (change 1)\n" in text
    assert "\nStored " not in text
