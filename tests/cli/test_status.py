"""`navfeed status`."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.support import ad, answer, fill, process, run_command, store_ads, uuid_of
from navfeed.api import open_store, state_of, store_lock
from navfeed.model import (
    DetailDecision,
    EntryDecision,
    Failed,
    FeedCursor,
    Inactive,
    Reason,
    RunEnd,
    RunState,
    Scope,
)
from navfeed.store.schema import VERSION
from navfeed.store.writer import Store
from support.clock import NOW
from support.shell import invoke
from support.sql import rows


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


pytestmark = pytest.mark.usefixtures("noon")


def facts(db: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(answer(db, "status", "--format", "json"))
    return result


def test_a_store_that_knows_nothing_yet(db: Path) -> None:
    fill(db)
    size = db.stat().st_size

    assert facts(db) == {
        "active_ads": 0,
        "ads_stored": 0,
        "ads_masked": 0,
        "details_waiting": 0,
        "problems": [],
        "details_held_back": 0,
        "details_given_up": 0,
        "caught_up_at": None,
        "age_seconds": None,
        "details_complete_at": None,
        "newest_entry_at": None,
        "reaches_back_to": None,
        "complete": None,
        "trouble": None,
        "ads_unconfirmed": 0,
        "last_run": None,
        "retry_at": None,
        "token_expires_at": None,
        "erasure_owed": False,
        "inactive": "delete",
        "contacts": "keep",
        "scope": {},
        "schema_version": VERSION,
        "feed_url": None,
        "path": str(db),
        "bytes": size,
    }
    assert answer(db, "status") == (
        "Active ads      0 (0 stored, 0 masked)\n"
        "Details         0 waiting\n"
        "Data            incomplete: no sync has fetched the whole feed and all details yet\n"
        "Last run        none yet\n"
        "Token           expiry unknown\n"
        f"Store           {db} ({size / 1e6:.1f} MB, schema {VERSION}; "
        "inactive ads: delete; contacts: keep)\n"
    )


def busy(db: Path) -> Path:
    """A store in the middle of its life, with everything that can be shown about it."""
    with Store(db) as store:
        store.set_inactive(Inactive.MASK)
        store_ads(store, [ad(1), ad(2, expires="2026-11-20T00:00:00Z"), ad(3)])
        store.commit_details([DetailDecision(uuid_of(3), Reason.STOPPED)], [], NOW)
        decisions = [
            EntryDecision(uuid_of(n), remove=False, ask=True, reason=Reason.NEW) for n in (7, 8)
        ]
        trail = FeedCursor(newest=NOW - timedelta(hours=1), top=9)
        store.commit_page(decisions, [], trail, keep_from=0, now=NOW, trouble="the log was reset")
        later = NOW + timedelta(minutes=5)
        store.commit_details([], [Failed(uuid_of(8), "timed out", later)], NOW)
        decisions = [EntryDecision(uuid_of(9), remove=False, ask=True, reason=Reason.NEW)]
        long_ago = NOW - timedelta(days=14)
        store.commit_page(
            decisions, [], trail, keep_from=0, now=long_ago, trouble="the log was reset"
        )
        for _ in range(15):
            store.commit_details([], [Failed(uuid_of(9), "500", later)], long_ago)
        store.end_walk(trail, [])
        store.caught_up(NOW - timedelta(days=2, minutes=1))
        run = store.begin_run(NOW - timedelta(hours=2))
        counts = {"new": 1_234, "changed": 0, "removed": 1}
        store.end_run(run, RunEnd(4, "1 detail \x1b[31mwaits", counts), NOW - timedelta(hours=1))
        store.remember_retry(NOW + timedelta(hours=3))
        store.remember_token(NOW + timedelta(days=30))
    return db


def test_programs_get_utc_and_seconds(db: Path) -> None:
    status = facts(busy(db))
    del status["path"], status["bytes"], status["schema_version"]

    assert status == {
        "active_ads": 1,
        "ads_stored": 2,
        "ads_masked": 1,
        "details_waiting": 2,
        "problems": [{"reason": "500", "ads": 1}, {"reason": "timed out", "ads": 1}],
        "details_held_back": 1,
        "details_given_up": 1,
        "caught_up_at": "2026-11-19T11:59:00Z",
        "details_complete_at": None,
        "age_seconds": 172_860,
        "newest_entry_at": "2026-11-21T11:00:00Z",
        "reaches_back_to": None,
        "complete": None,
        "trouble": "the log was reset",
        "ads_unconfirmed": 0,
        "last_run": {
            "state": "ended",
            "started_at": "2026-11-21T10:00:00Z",
            "ended_at": "2026-11-21T11:00:00Z",
            "exit_code": 4,
            "outcome": "1 detail \x1b[31mwaits",
            "counts": {"new": 1_234, "changed": 0, "removed": 1},
        },
        "retry_at": "2026-11-21T15:00:00Z",
        "token_expires_at": "2026-12-21T12:00:00Z",
        "erasure_owed": True,
        "inactive": "mask",
        "contacts": "keep",
        "scope": {},
        "feed_url": None,
    }


GIVEN_UP = "1 given up (`sync --retry-now` retries)"


def test_people_get_oslo_time_and_words(db: Path) -> None:
    lines = answer(busy(db), "status").splitlines()

    assert lines[:-1] == [
        "Active ads      1 (2 stored, 1 masked)",
        f"Details         2 waiting (1 until their next retry); {GIVEN_UP}",
        "Failures        1: 500",
        "Failures        1: timed out",
        "Data            caught up 2026-11-19 12:59 +01:00, 2 days ago",
        "Position        entries up to 2026-11-21 12:00 +01:00",
        "Trouble         the log was reset",
        "Last run        2026-11-21 11:00 +01:00: exit 4, 1 detail \ufffd[31mwaits",
        "Result          1,234 new, 1 removed",
        "Not before      2026-11-21 16:00 +01:00: the feed requested a pause",
        "Token           expires 2026-12-21 13:00 +01:00, in 30 days",
        (
            "Erasure         pending: another program was reading the store; "
            "the next sync completes it"
        ),
    ]


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=119), "1 minute"),
        (timedelta(hours=5, minutes=59), "5 hours"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_ages(db: Path, age: timedelta, words: str) -> None:
    with Store(db) as store:
        store.end_walk(FeedCursor(), [])
        store.caught_up(NOW - age)
        store.remember_token(NOW - timedelta(hours=7))
        store.remember_retry(NOW)
    text = answer(db, "status")

    assert f", {words} ago\n" in text
    assert "expired 2026-11-21 06:00 +01:00, 7 hours ago\n" in text
    assert "Not before" not in text


def test_a_run_that_has_no_end(db: Path) -> None:
    with Store(db) as store:
        store.begin_run(NOW)

    assert "\nLast run        2026-11-21 13:00 +01:00: killed\n" in answer(db, "status")
    assert facts(db)["last_run"]["ended_at"] is None
    assert facts(db)["last_run"]["state"] == "killed"
    with store_lock(db):
        output = answer(db, "status")
        assert facts(db)["last_run"]["state"] == "running"
    assert "\nLast run        running since 2026-11-21 13:00 +01:00\n" in output


def test_a_run_that_ended_while_it_was_looked_at_ran(db: Path) -> None:
    with Store(db) as store:
        run = store.begin_run(NOW)
        with open_store(db) as reader:
            (seen,) = reader.runs(1)
        assert state_of(db, seen) is RunState.KILLED
        store.end_run(run, RunEnd(0, "caught up", {}), NOW)
        assert state_of(db, seen) is RunState.RUNNING
        with open_store(db) as reader:
            (seen,) = reader.runs(1)
    assert state_of(db, seen) is RunState.ENDED
    assert state_of(db, None) is RunState.ENDED


def test_where_the_lock_cannot_be_tried_neither_is_claimed(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(db) as store:
        store.begin_run(NOW)
    with store_lock(db):
        pass

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    assert "13:00 +01:00: running or killed\n" in answer(db, "status")
    assert facts(db)["last_run"]["state"] == "unknown"


def test_damaged_moments_are_no_moments(db: Path) -> None:
    with Store(db) as store:
        store.begin_run(NOW)
    rows(db, "UPDATE runs SET started_at = 'x'")
    rows(db, "UPDATE feed SET newest = '', caught_up_at = '0001-01-01'")

    assert facts(db)["last_run"]["started_at"] is None
    assert "Last run        an unknown time: killed" in answer(db, "status")


def test_a_folder_whose_name_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Latin-1, as an old disk has it: in JSON's escapes for programs, as Python reads it."""
    odd = tmp_path / os.fsdecode(b"sm\xf8r")
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this file system knows UTF-8 alone")
    db = fill(odd / "navfeed.db", ad(1))
    monkeypatch.setenv("NAVFEED_DB", str(db))  # arguments have to be text
    assert json.loads(invoke(["status", "--format", "json"]).stdout)["path"] == str(db)
    assert "sm\ufffdr" in invoke(["status"]).stdout


def test_no_store_yet(tmp_path: Path) -> None:
    result = run_command(tmp_path / "none.db", "status")

    assert result.exit_code == 7
    assert "Run `navfeed sync` first" in result.stderr


def test_as_a_process(db: Path) -> None:
    ended = process("status", "--format", "json", "--db", str(busy(db)))

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["details_waiting"] == 2


def test_what_is_kept_is_reported_where_it_is_not_everything(db: Path) -> None:
    fill(db, ad(1))
    assert "\nScope" not in answer(db, "status")
    with Store(db) as store:
        store.rescope(Scope(("BERGEN", "OS"), words=("natt",)), [], ask=False, now=NOW)
    assert "\nScope           municipalities BERGEN, OS; words natt\n" in answer(db, "status")
    assert facts(db)["scope"] == {"municipality": ["BERGEN", "OS"], "words": ["natt"]}
