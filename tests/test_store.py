"""The store: what each transaction does, and that another connection sees all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from navfeed.errors import StoreError
from navfeed.model import (
    Checkpoint,
    DetailDecision,
    EntryDecision,
    Failed,
    FeedCursor,
    Inactive,
    Queued,
    Reason,
    Retry,
    RunEnd,
    Scope,
    SeenEntry,
    moment_text,
)
from navfeed.store import connect, erasure, opening, runs, shards, writer
from navfeed.store.schema import APPLICATION_ID, VERSION
from navfeed.store.times import bound_text, exact_text, read_moment
from navfeed.store.writer import Store
from support.clock import NOW
from support.scripted import scripted_content, uuid_named
from support.sql import rows

AD, OTHER = uuid_named("ad"), uuid_named("other")
RICH = scripted_content(
    AD,
    title="Kokk",
    published="2026-11-01T10:00:00+01:00",
    expires="2027-03-31T00:00:00+02:00",
    sector="Offentlig",
    extent="Heltid",
    engagementtype="Fast",
    workLocations=[
        {"municipal": "BERGEN", "county": "VESTLAND", "city": "Bergen"},
        {"municipal": "OSLO", "county": "OSLO"},
        {"municipal": "BERGEN", "county": "VESTLAND", "city": "Fana"},
    ],
    contactList=[{"name": "Kari Nordmann", "email": "kari@example.no"}],
    occupationCategories=[{"level1": "Reiseliv", "level2": "Kokk"}],
    categoryList=[{"categoryType": "STYRK08", "code": "5120", "score": 0.5}],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


def store_ads(store: Store, *ads: str) -> None:
    store.commit_details([DetailDecision(ad, Reason.NEW, RICH) for ad in ads], [], NOW)


def remove(ad: str, reason: Reason = Reason.STOPPED) -> DetailDecision:
    return DetailDecision(ad, reason)


def asking_for(*ads: str) -> list[EntryDecision]:
    return [EntryDecision(ad, remove=False, ask=True, reason=Reason.ANNOUNCED) for ad in ads]


def commit(store: Store, *decisions: EntryDecision, **more: object) -> list[tuple[str, Reason]]:
    options = {"seen": [], "cursor": FeedCursor(), "keep_from": 0, "now": NOW} | more
    return store.commit_page(list(decisions), **options)  # type: ignore[arg-type]


# What is kept of an ad


def test_content_is_kept_as_served_beside_columns_that_can_be_queried(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, AD)
    [(raw, title, published, last_day)] = rows(
        path, "SELECT content, title, published, last_day FROM ads"
    )
    assert (raw, title) == (RICH.raw, "Kokk")
    assert (published, last_day) == ("2026-11-01T09:00:00Z", "2027-03-31")
    assert rows(path, "SELECT position, municipal FROM locations ORDER BY position") == [
        (0, "BERGEN"),
        (1, "OSLO"),
        (2, "BERGEN"),
    ]
    assert rows(path, "SELECT level2 FROM occupations") == [("Kokk",)]
    assert rows(path, "SELECT type, code, score FROM categories") == [("STYRK08", "5120", 0.5)]
    assert rows(path, "SELECT name, email FROM contacts") == [("Kari Nordmann", "kari@example.no")]


def test_what_is_stored_reads_back_as_it_was(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, AD)
        assert list(store.iter_contents()) == [(AD, RICH)]
        stored = store.get_stored(AD)
        assert stored is not None
        assert (stored.raw, stored.last_day) == (RICH.raw, date(2027, 3, 31))
        assert store.get_stored(OTHER) is None
        assert (store.ad_ids(), store.stored_ids_among([AD, OTHER])) == ({AD}, {AD: RICH.last_day})


def test_a_change_replaces_rows_and_keeps_the_day_it_came(path: Path) -> None:
    later = NOW + timedelta(days=1)
    with Store(path) as store:
        store_ads(store, AD)
        changed = scripted_content(AD, title="Baker")
        assert store.commit_details([DetailDecision(AD, Reason.CHANGED, changed)], [], later) == [
            (AD, Reason.CHANGED)
        ]
    assert rows(path, "SELECT title, stored_at, changed_at, checked_at FROM ads") == [
        ("Baker", *map(moment_text, (NOW, later, later)))
    ]
    assert rows(path, "SELECT count(*) FROM locations") == [(1,)]
    assert rows(path, "SELECT count(*) FROM contacts") == [(0,)]


def test_an_unchanged_ad_is_only_confirmed(path: Path) -> None:
    later = NOW + timedelta(days=1)
    with Store(path) as store:
        store_ads(store, AD)
        store.commit_details([DetailDecision(AD, Reason.UNCHANGED, RICH)], [], later)
    assert rows(path, "SELECT changed_at, checked_at FROM ads") == [
        (moment_text(NOW), moment_text(later))
    ]


def test_removing_takes_every_row_of_the_ad(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, AD, OTHER)
        assert store.commit_details([remove(AD)], [], NOW) == [(AD, Reason.STOPPED)]
        assert store.commit_details([remove(AD)], [], NOW) == []
    for table in ("locations", "occupations", "categories", "contacts"):
        assert rows(path, f"SELECT DISTINCT ad FROM {table}") == [(OTHER,)]
    assert rows(path, "SELECT count(*) FROM removed") == [(0,)]


@pytest.mark.parametrize(
    ("moment", "whole", "exact"),
    [
        (NOW, "2026-11-21T12:00:00Z", "2026-11-21T12:00:00.000000Z"),
        (
            datetime(2026, 7, 1, 2, 3, 4, 999_999, timezone(timedelta(hours=2))),
            "2026-07-01T00:03:04Z",
            "2026-07-01T00:03:04.999999Z",
        ),
        (datetime(900, 1, 1, tzinfo=UTC), "0900-01-01T00:00:00Z", "0900-01-01T00:00:00.000000Z"),
        (None, None, None),
    ],
)
def test_moments_have_one_way_to_be_written(
    moment: datetime | None, whole: str | None, exact: str | None
) -> None:
    assert (moment_text(moment), exact_text(moment)) == (whole, exact)
    assert read_moment(exact) == moment


@pytest.mark.parametrize("text", ["yesterday", "0001-01-01T00:00:00+01:00", "", None])
def test_a_moment_that_cannot_be_read_is_none(text: str | None) -> None:
    assert read_moment(text) is None


def test_a_bound_within_a_second_leaves_out_what_came_before_it() -> None:
    assert bound_text(NOW) == moment_text(NOW)
    assert bound_text(NOW + timedelta(microseconds=1)) == moment_text(NOW + timedelta(seconds=1))


def test_the_last_bound_of_all_comes_after_every_moment() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert (bound_text(last) or "") > (moment_text(last) or "")


def test_a_mask_keeps_figures_and_no_text(path: Path) -> None:
    with Store(path) as store:
        store.set_inactive(Inactive.MASK)
        store_ads(store, AD)
        store.commit_details([remove(AD, Reason.GONE)], [], NOW)
        assert store.ad_ids() == set()
    [mask] = rows(path, "SELECT * FROM removed")
    assert mask == (
        AD,
        "gone",
        moment_text(NOW),
        "2026-11-01T09:00:00Z",
        "2027-03-30T22:00:00Z",
        '["BERGEN","OSLO"]',
        '["VESTLAND","OSLO"]',
        '["STYRK08 5120"]',
        "Offentlig",
        "Heltid",
        "Fast",
        moment_text(NOW),
        "2027-03-31",
        '["4601","0301"]',
    )


def test_a_mask_goes_when_its_ad_returns_or_masks_are_given_up(path: Path) -> None:
    with Store(path) as store:
        store.set_inactive(Inactive.MASK)
        store_ads(store, AD, OTHER)
        store.commit_details([remove(AD), remove(OTHER)], [], NOW)
        store_ads(store, AD)
        assert rows(path, "SELECT uuid FROM removed") == [(OTHER,)]
        store.set_inactive(Inactive.DELETE)
        assert store.inactive() is Inactive.DELETE
    assert rows(path, "SELECT uuid FROM removed") == []


def test_the_sweep_takes_what_lies_before_the_day(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, AD)
        assert store.sweep(date(2027, 3, 31), NOW) == []
        assert store.sweep(date(2027, 4, 1), NOW) == [(AD, Reason.EXPIRED)]
        assert store.due(NOW) == [
            Queued(AD, 0, Reason.EXPIRED)
        ]  # NAV may have prolonged it without an entry


def test_an_ad_that_is_gone_is_queued_again_where_that_was_decided(path: Path) -> None:
    hour = timedelta(hours=1)
    with Store(path) as store:
        store_ads(store, AD)
        again = DetailDecision(AD, Reason.GONE, retry=Retry(hour, attempts=1))
        assert store.commit_details([again], [], NOW) == [(AD, Reason.GONE)]
        assert store.waiting(NOW) == (0, 0)
        assert (store.due(NOW), store.due(NOW, everything=True)) == ([], [])
        assert store.queued(AD) == Queued(AD, 1, Reason.GONE)
        assert store.due(NOW + hour) == [Queued(AD, 1, Reason.GONE)]
        store.commit_details([remove(AD, Reason.GONE)], [], NOW + hour)
        assert store.queued(AD) is None


def test_a_retry_put_down_by_a_clock_that_was_wrong_is_due(path: Path) -> None:
    with Store(path) as store:
        commit(store, *asking_for(AD))
        store.commit_details([], [Failed(AD, "503", NOW + timedelta(days=3_000))], NOW)
        assert store.due(NOW) == [Queued(AD, 1, Reason.ANNOUNCED)]


# The queue


def fail(store: Store, times: int) -> None:
    for _ in range(times):
        store.commit_details([], [Failed(AD, "500", NOW)], NOW)


def test_an_ad_requested_in_vain_for_14_days_is_given_up_until_its_next_entry(
    path: Path,
) -> None:
    later = NOW + timedelta(days=14)
    early = later - timedelta(seconds=1)
    with Store(path) as store:
        commit(store, *asking_for(AD, OTHER))
        fail(store, 15)
        assert (store.waiting(early), store.waiting(later)) == ((2, 0), (1, 1))
        assert store.due(early) == [
            Queued(AD, 15, Reason.ANNOUNCED),
            Queued(OTHER, 0, Reason.ANNOUNCED),
        ]
        assert store.due(later) == [Queued(OTHER, 0, Reason.ANNOUNCED)]
        assert store.due(later, everything=True) == [
            Queued(AD, 15, Reason.ANNOUNCED),
            Queued(OTHER, 0, Reason.ANNOUNCED),
        ]
        commit(store, *asking_for(AD), now=later)
        assert (store.waiting(later), store.waiting(later + timedelta(days=14))) == ((2, 0), (2, 0))
        assert store.due(later) == [
            Queued(AD, 0, Reason.ANNOUNCED),
            Queued(OTHER, 0, Reason.ANNOUNCED),
        ]


def test_a_machine_that_was_off_for_a_month_has_not_tried_often_enough(path: Path) -> None:
    with Store(path) as store:
        commit(store, *asking_for(AD))
        fail(store, 14)
        assert store.waiting(NOW + timedelta(days=31)) == (1, 0)


def test_an_entry_queues_and_an_inactive_one_takes_off_the_queue(path: Path) -> None:
    with Store(path) as store:
        commit(store, *asking_for(AD, OTHER))
        assert store.due(NOW) == [
            Queued(AD, 0, Reason.ANNOUNCED),
            Queued(OTHER, 0, Reason.ANNOUNCED),
        ]
        removal = EntryDecision(AD, remove=True, ask=False, reason=Reason.STOPPED)
        assert commit(store, removal) == []
        assert store.waiting(NOW) == (1, 0)
        both = EntryDecision(OTHER, remove=True, ask=True, reason=Reason.SAME_MOMENT)
        commit(store, both)
        assert store.due(NOW) == [Queued(OTHER, 0, Reason.SAME_MOMENT)]


def test_a_failure_waits_for_its_time_and_a_new_entry_rearms_it(path: Path) -> None:
    with Store(path) as store:
        commit(store, *asking_for(AD))
        store.commit_details([], [Failed(AD, "503", NOW + timedelta(minutes=5))], NOW)
        assert store.due(NOW) == []
        assert store.due(NOW, everything=True) == [Queued(AD, 1, Reason.ANNOUNCED)]
        assert store.due(NOW + timedelta(minutes=5)) == [Queued(AD, 1, Reason.ANNOUNCED)]
        commit(store, *asking_for(AD))
        assert store.due(NOW) == [Queued(AD, 0, Reason.ANNOUNCED)]


def test_rechecks_take_the_longest_unconfirmed_and_only_once(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, AD)
        store.commit_details([DetailDecision(OTHER, Reason.NEW, RICH)], [], NOW - timedelta(days=1))
        assert store.queue_rechecks(NOW - timedelta(days=2), 10, NOW) == 0
        assert store.queue_rechecks(NOW, 1, NOW) == 1
        assert store.due(NOW) == [Queued(OTHER, 0, Reason.RECHECK)]
        assert store.queue_rechecks(NOW, 10, NOW) == 1
        assert store.queue_rechecks(NOW, 10, NOW) == 0


def test_T1_what_a_clock_ahead_of_its_time_confirmed_is_requested_again(path: Path) -> None:
    with Store(path) as store:
        commit_at = NOW + timedelta(days=300)
        store.commit_details([DetailDecision(AD, Reason.NEW, RICH)], [], commit_at)
        store.commit_details(
            [DetailDecision(OTHER, Reason.NEW, RICH)], [], NOW + timedelta(hours=2)
        )
        assert store.queue_rechecks(NOW - timedelta(days=14), 10, NOW) == 1
        assert store.due(NOW) == [Queued(AD, 0, Reason.RECHECK)]


def test_ads_outside_the_scope_are_known_by_name_alone(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, AD)
        store.commit_details([remove(AD, Reason.OUT_OF_SCOPE)], [], NOW)
        assert (store.outside(), store.ad_ids()) == ({AD}, set())
        store_ads(store, AD)
        assert store.outside() == set()
        assert store.rescope(Scope(), [AD], ask=True, now=NOW) == 0
        assert store.outside() == {AD}
        assert store.queue_rechecks(NOW - timedelta(1), 10, NOW) == 0
        assert store.queue_rechecks(NOW, 10, NOW) == 1  # they may have come inside
        assert store.rescope(Scope(), [], ask=True, now=NOW) == 1
        assert store.due(NOW) == [Queued(AD, 0, Reason.RESCOPED)]


# The cursor


TRAIL = FeedCursor(
    (Checkpoint("p1", 1, NOW), Checkpoint("p2", 4, None)),
    top=7,
    newest=NOW,
    head_seen_at=NOW,
    head_seen_here=NOW - timedelta(2),
    safe_until=NOW - timedelta(1),
    closed=3,
    etag="tag",
)


def test_a_page_moves_the_cursor_with_its_effects(path: Path) -> None:
    seen = [SeenEntry(1, ("a", "ACTIVE", "w1")), SeenEntry(4, ("b", "INACTIVE", "w2"))]
    with Store(path) as store:
        assert store.feed_cursor() == FeedCursor()
        commit(store, seen=seen, cursor=TRAIL)
        assert store.feed_cursor() == TRAIL
        assert store.seen_from(0) == seen
        commit(store, cursor=TRAIL, keep_from=4)
        assert store.seen_from(0) == seen[1:]


def test_trouble_drops_what_was_recognised_and_is_reported_until_forgotten(path: Path) -> None:
    with Store(path) as store:
        commit(store, seen=[SeenEntry(1, ("a", "ACTIVE", "w"))])
        commit(store, seen=[SeenEntry(2, ("b", "ACTIVE", "w"))], trouble="the log broke")
        assert store.seen_from(0) == [SeenEntry(2, ("b", "ACTIVE", "w"))]
        assert rows(path, "SELECT trouble FROM feed") == [("the log broke",)]
        store.forget_trouble()
    assert rows(path, "SELECT trouble FROM feed") == [(None,)]


def test_a_log_that_started_again_has_every_ad_requested_until_each_is_confirmed(
    path: Path,
) -> None:
    with Store(path) as store:
        store_ads(store, AD, OTHER)
        commit(store, *asking_for(OTHER), trouble="the log broke")
        assert store.unconfirmed() == 0
        commit(store, trouble="another log", recheck=True)
        assert {one.ad for one in store.due(NOW)} == {AD, OTHER}
        store.commit_details([DetailDecision(AD, Reason.UNCHANGED, RICH)], [], NOW)
        store.caught_up(NOW)
        assert store.unconfirmed() == 1
        assert rows(path, "SELECT trouble FROM feed") == [("another log",)]
        store.commit_details([remove(OTHER)], [], NOW)
        store.caught_up(NOW)
        assert store.unconfirmed() == 0
    assert rows(path, "SELECT trouble, recheck_since FROM feed") == [(None, None)]


def test_the_feed_is_remembered_with_a_page_of_it(path: Path) -> None:
    with Store(path, feed_url="https://a") as store:
        assert store.feed_url() is None
        commit(store)
        assert store.feed_url() == "https://a"
    with Store(path) as store:
        commit(store)
        assert store.feed_url() == "https://a"
    with Store(path, feed_url="https://b") as store:
        store.end_walk(TRAIL, [])
        assert store.feed_url() == "https://b"


def test_the_end_of_a_walk_drops_what_the_log_no_longer_has(path: Path) -> None:
    seen = [SeenEntry(1, ("a", "ACTIVE", "w")), SeenEntry(1, ("b", "ACTIVE", "w"))]
    with Store(path) as store:
        commit(store, seen=seen)
        store.end_walk(TRAIL, seen[:1])
        store.caught_up(NOW)
        assert store.seen_from(0) == seen[1:]
        assert store.feed_cursor() == TRAIL
    assert rows(path, "SELECT caught_up_at FROM feed") == [(exact_text(NOW),)]


def test_a_damaged_moment_is_as_good_as_none(path: Path) -> None:
    Store(path).close()
    rows(path, "UPDATE feed SET newest = 'yesterday'")
    with Store(path) as store:
        assert store.feed_cursor().newest is None


@pytest.mark.parametrize(("added", "left"), [(3, 1), (4, 3)])
def test_a_run_that_adds_very_many_ads_merges_the_index(
    path: Path, monkeypatch: pytest.MonkeyPatch, added: int, left: int
) -> None:
    monkeypatch.setattr(shards, "ROUND", added)
    monkeypatch.setattr(shards, "_MOST_SEGMENTS", 1)
    with Store(path) as store:
        for number in range(3):
            store_ads(store, uuid_named(str(number)))
    assert rows(path, "SELECT count(DISTINCT segid) FROM search_00_idx") == [(left,)]
    with Store(path) as store:
        store_ads(store, uuid_named("0"))  # it says the same
    assert rows(path, "SELECT count(DISTINCT segid) FROM search_00_idx") == [(left,)]


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, OTHER)
        bad = [DetailDecision(AD, Reason.NEW, RICH), DetailDecision(OTHER, Reason.NEW, 1)]  # type: ignore[arg-type]
        with pytest.raises(AttributeError):
            store.commit_details([remove(OTHER), *bad], [], NOW)
        assert store.ad_ids() == {OTHER}
    assert rows(path, "SELECT uuid FROM ads") == [(OTHER,)]


# Runs and memories


def test_runs_are_recorded_and_the_oldest_dropped(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "KEPT_RUNS", 2)
    with Store(path) as store:
        for _ in range(4):
            store.end_run(store.begin_run(NOW), RunEnd(4, "some wait", {"new": 3}), NOW)
        killed = store.begin_run(NOW)
    kept = rows(path, "SELECT id, exit_code, outcome, counts FROM runs")
    assert [row[0] for row in kept] == [3, 4, killed]
    assert kept[0][1:] == (4, "some wait", json.dumps({"new": 3}))
    assert kept[-1][1:] == (None, None, None)


def test_what_is_remembered_for_the_next_run(path: Path) -> None:
    with Store(path) as store:
        assert store.retry_at() is None
        store.remember_retry(NOW)
        store.remember_token(NOW)
        assert store.retry_at() == NOW
    assert rows(path, "SELECT token_expires FROM feed") == [(exact_text(NOW),)]


# Erasure


CANARY = "Kanarifuglenes herredagskor"


def files(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.iterdir())


def canary_store(path: Path) -> Store:
    store = Store(path)
    ads = [uuid_named(f"ad{n}") for n in range(50)]
    output = scripted_content(
        AD, description=f"<p>{CANARY}</p>" * 200, contactList=[{"name": CANARY}]
    )
    store.commit_details([DetailDecision(ad, Reason.NEW, output) for ad in ads], [], NOW)
    assert CANARY.encode() in files(path)
    store.commit_details([remove(ad) for ad in ads], [], NOW)
    assert store.erasure_owed()
    return store


def test_X3_nothing_removed_is_in_any_file(path: Path) -> None:
    with canary_store(path) as store:
        assert store.purge()
        assert not store.erasure_owed()
        assert CANARY.encode() not in files(path)
    assert CANARY.encode() not in files(path)


def test_what_was_changed_is_erased_too(path: Path) -> None:
    with Store(path) as store:
        output = scripted_content(AD, description=CANARY)
        store.commit_details([DetailDecision(AD, Reason.NEW, output)], [], NOW)
        store.commit_details([DetailDecision(AD, Reason.CHANGED, RICH)], [], NOW)
        assert store.purge()
        assert CANARY.encode() not in files(path)


def test_C2_a_reader_postpones_the_erasure_and_it_is_made_good(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "ERASE_WAIT_MS", 1)
    Store(path).close()
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM ads").fetchone()
    with canary_store(path) as store:
        assert not store.purge()
        assert store.erasure_owed()
    reader.close()
    with Store(path) as store:
        assert store.purge()
        assert CANARY.encode() not in files(path)


# Whose file it is


def test_X5_the_file_is_its_owners_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        with Store(path) as store:
            store_ads(store, AD)
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert modes == dict.fromkeys(modes, 384)
    assert path.name in modes


def test_a_store_identifies_itself(path: Path) -> None:
    Store(path).close()
    assert rows(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (b"not a database, but a letter to grandmother" * 40, "no SQLite file"),
        ("PRAGMA application_id = 1; CREATE TABLE letters (text)", "another application"),
        ("CREATE TABLE letters (text)", "another application"),
        (f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 99", "newer navfeed"),
    ],
)
def test_D3_a_file_that_is_not_ours_is_left_as_it_is(
    path: Path, make: bytes | str, message: str
) -> None:
    if isinstance(make, bytes):
        path.write_bytes(make)
    else:
        connection = sqlite3.connect(path)
        connection.executescript(make + "; CREATE TABLE IF NOT EXISTS x (y);")
        connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message):
        Store(path)
    assert path.read_bytes() == before


def test_an_io_error_on_a_full_disk_is_called_a_full_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Mock(free=20_000))
    assert "is full" in connect.translate(error, path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Mock(free=2_000_000))
    assert "is full" not in connect.translate(error, path)


def test_a_file_that_cannot_be_opened_leaves_no_connection_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.13 reports a connection that is forgotten instead of closed."""
    opened: list[sqlite3.Connection] = []

    def connect_and_record(*place: Any, **options: Any) -> sqlite3.Connection:
        opened.append(original(*place, **options))
        return opened[-1]

    original = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", connect_and_record)
    path.write_bytes(b"dear grandmother, " * 400)
    with pytest.raises(StoreError, match="no SQLite file"):
        Store(path)
    assert opened
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        ("CREATE TABLE letters (text)", "another application"),
        ("PRAGMA user_version = 0", "Run `navfeed sync` first"),
        (b"dear grandmother, " * 400, "no SQLite file"),
    ],
)
def test_D3_who_only_reads_gets_the_same_message(
    path: Path, make: bytes | str, message: str
) -> None:
    if isinstance(make, bytes):
        path.write_bytes(make)
    else:
        connection = sqlite3.connect(path)
        connection.executescript(make)
        connection.close()
        path.touch()
    with pytest.raises(StoreError, match=message):
        connect.open_reader(path)


def test_D2_a_store_in_a_folder_that_cannot_be_written_is_read_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There SQLite cannot make the index of the WAL; without a WAL the file is the truth."""
    with Store(path) as store:
        store_ads(store, AD)
    real = sqlite3.connect

    class NoIndex(sqlite3.Connection):
        def execute(self, *_: object) -> sqlite3.Cursor:  # type: ignore[override]
            raise sqlite3.OperationalError("unable to open database file")

    def opened(name: str, **how: object) -> sqlite3.Connection:
        refused = name.endswith("?mode=ro")
        return real(name, **how, **({"factory": NoIndex} if refused else {}))  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(connect.sqlite3, "connect", opened)
    monkeypatch.setattr(connect.os, "access", lambda *_: False)
    reader = connect.open_reader(path)
    assert reader.execute("SELECT uuid FROM ads").fetchall() == [(AD,)]
    reader.close()
    path.with_name(path.name + "-wal").touch()
    with pytest.raises(StoreError, match="unable to open"):
        connect.open_reader(path)


def test_D3_a_damaged_page_is_refused_and_left(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, *[uuid_named(f"ad{n}") for n in range(100)])
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = b"\xff" * (len(data) - 4096 * 2)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        read_all(path)


def test_D3_damage_met_while_contents_are_read_is_reported(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, AD)
        rows(path, "ALTER TABLE locations RENAME TO places")
        with pytest.raises(StoreError, match="no such table"):
            list(store.iter_contents())


def read_all(path: Path) -> None:
    with Store(path) as store:
        store.due(NOW, everything=True)
        list(store.iter_contents())


def test_D1_a_full_disk_rolls_back_and_leaves_the_store_readable(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, OTHER)
        ((pages,),) = store._connection.execute("PRAGMA page_count")
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        much = scripted_content(AD, description="x" * 1_000_000)
        with pytest.raises(StoreError, match="full") as caught:
            store.commit_details([DetailDecision(AD, Reason.NEW, much)], [], NOW)
        assert caught.value.exit_code == 7
        assert store.ad_ids() == {OTHER}
        store._connection.execute("PRAGMA max_page_count = 1073741823")
        store_ads(store, AD)
        assert store.ad_ids() == {AD, OTHER}


def test_D2_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot open the store"):
        Store(tmp_path / "file" / "navfeed.db")


def test_D2_a_store_of_somebody_else_is_reported(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(path).close()
    refuse = Mock(side_effect=PermissionError(13, "Permission denied"))
    monkeypatch.setattr(writer, "open_private_file", refuse)
    with pytest.raises(StoreError, match="Permission denied. Check its owner"):
        Store(path)


def test_an_unknown_error_is_reported_as_it_is(path: Path) -> None:
    assert "(SQLite: odd)" in connect.translate(sqlite3.OperationalError("odd"), path)


def test_too_old_a_library_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(StoreError, match="too old"):
        Store(path)
    assert not path.exists()


def test_a_library_that_cannot_erase_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_PRAGMAS", ("secure_delete = OFF",))
    with pytest.raises(StoreError, match="secure_delete"):
        Store(path)


def test_a_store_that_another_process_creates_meanwhile_is_left_as_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(path) as store:
        store_ads(store, AD)
    monkeypatch.setattr(opening, "check_ownership", lambda *_: 0)
    with Store(path) as store:
        assert store.ad_ids() == {AD}


def test_a_store_that_another_process_upgrades_meanwhile_is_left_as_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(path) as store:
        store_ads(store, AD)
    monkeypatch.setattr(opening, "check_ownership", lambda *_: VERSION - 1)
    with Store(path) as store:
        assert store.ad_ids() == {AD}
    assert [one.name for one in path.parent.iterdir() if "upgrade" in one.name] == []


def test_a_creation_that_is_cut_off_leaves_an_empty_file_that_works(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navfeed.store.opening.OWN", "CREATE TABLE queue (broken")
    with pytest.raises(StoreError):
        Store(path)
    monkeypatch.undo()
    with Store(path) as store:
        store_ads(store, AD)
        assert store.ad_ids() == {AD}
