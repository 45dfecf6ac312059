"""Erased means erased: no byte of what was taken out is in any file (faults.md X3, X4, C2, C3).

The long campaign is `tests/stress/test_erasure.py`; this is its short form, and single cases.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from uuid import UUID

import pytest

from navfeed.errors import ExitCode, StoreError
from navfeed.model import DetailDecision, Inactive, Reason, Scope
from navfeed.store import erasure
from navfeed.store.query import Reader
from navfeed.store.scrub import scrub
from navfeed.store.writer import Store
from navfeed.sync.engine import verify
from navfeed.sync.workers import Stop
from support.bench import PLAN, Bench
from support.canaries import FIELDS, Canary, canary_content, find_canaries
from support.clock import NOW
from support.crash import fragile
from support.leak_scenario import ANNOUNCED, LeakScenario
from support.scripted import scripted_content as served
from support.scripted import uuid_named as scripted


@pytest.mark.parametrize("inactive", Inactive)
def test_X3_after_each_sync_nothing_inactive_is_in_any_file(
    tmp_path: Path, inactive: Inactive
) -> None:
    scenario = LeakScenario(tmp_path, seed=2, inactive=inactive)
    for round_ in range(4):
        scenario.publish(60)
        scenario.change(10)
        scenario.sync()
        scenario.withdraw(25)
        scenario.rewrite_silently(3)
        scenario.bring_back(4)
        scenario.crash(after=round_ * 3)
        scenario.sync(thorough=True)
        assert scenario.leaks() == []
        scenario.days_pass(1)
        scenario.sync()
        assert scenario.leaks() == []
        assert scenario.finds_all_active()
    assert scenario.deactivated > 100
    assert scenario.crashes > 2


def test_C2_a_reader_postpones_the_erasure_which_is_reported_and_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "ERASE_WAIT_MS", 1)
    scenario = LeakScenario(tmp_path, seed=3)
    scenario.publish(40)
    scenario.sync()
    with closing(sqlite3.connect(scenario.lab.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM ads").fetchone()
        scenario.withdraw(20, ANNOUNCED)
        for _ in range(2):
            ended = scenario.lab.sync()
            assert (ended.exit_code, ended.erasure_owed) == (ExitCode.DONE, True)
        assert owed(scenario)
        assert scenario.leaks()
    scenario.sync()
    assert scenario.leaks() == []
    assert not owed(scenario)


def owed(scenario: LeakScenario) -> bool:
    """What `navfeed status` prints."""
    with Reader(scenario.lab.path, scenario.world.today) as reader:
        return reader.status(scenario.world.now).erasure_owed


def test_a_debt_outlives_the_run_that_made_it(tmp_path: Path) -> None:
    scenario = LeakScenario(tmp_path, seed=4)
    scenario.publish(40)
    scenario.sync()
    scenario.withdraw(20, ANNOUNCED)
    assert scenario.crash(after=5)
    assert owed(scenario)
    scenario.sync()
    assert scenario.leaks() == []


def test_a_run_that_removes_nothing_erases_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = LeakScenario(tmp_path, seed=5)
    scenario.publish(20)
    scenario.sync()
    monkeypatch.setattr(Store, "purge", lambda _: pytest.fail("erased for nothing"))
    scenario.sync()
    scenario.publish(5)
    scenario.sync()


def test_C3_no_committed_state_shows_what_it_knows_to_be_inactive(tmp_path: Path) -> None:
    scenario = LeakScenario(tmp_path, seed=6)
    looks = []

    def look() -> None:
        with closing(sqlite3.connect(scenario.lab.path)) as reader:
            assert [reader.execute(sql).fetchall() for sql in FORBIDDEN] == [[]] * len(FORBIDDEN)
            looks.append(reader.execute("SELECT count(*) FROM ads").fetchone())

    scenario.lab.store_class = fragile(look)
    for _ in range(3):
        scenario.publish(30)
        scenario.sync()
        scenario.withdraw(20, ANNOUNCED)
        scenario.change(5)
        scenario.sync()
    assert len(looks) > 50
    assert len(set(looks)) >= 6


FORBIDDEN = (
    """SELECT uuid FROM ads WHERE 'INACTIVE' =
    (SELECT status FROM seen WHERE ad = ads.uuid ORDER BY ordinal DESC, id DESC LIMIT 1)""",
    "SELECT uuid FROM ads JOIN removed USING (uuid)",
    "SELECT rowid FROM search WHERE rowid NOT IN (SELECT id FROM ads)",
    "SELECT id FROM ads WHERE id NOT IN (SELECT rowid FROM search)",
    "SELECT ad FROM contacts WHERE ad NOT IN (SELECT uuid FROM ads)",
)


def verdict(number: int, revision: int = 0) -> DetailDecision:
    """An ad that contains its canaries, under an id that leaves the tables in no order."""
    ad = str(UUID(bytes=blake2b(str(number).encode(), digest_size=16).digest()))
    reason = Reason.CHANGED if revision else Reason.NEW
    return DetailDecision(ad, reason, served(ad, **canary_content(number, revision)))


def churn(store: Store, rounds: int = 10) -> set[Canary]:
    """Let ads come, change and go until rows have moved between pages; answer what is left."""
    rng = random.Random(5)
    standing: dict[int, int] = {}
    for round_ in range(rounds):
        fresh = dict.fromkeys(range(round_ * 150, round_ * 150 + 150), 0)
        fresh |= dict.fromkeys(rng.sample(sorted(standing), round_ * 3), round_ + 1)
        standing |= fresh
        store.commit_details([verdict(*one) for one in fresh.items()], [], NOW)
        gone = rng.sample(sorted(standing), 130)
        ended = [DetailDecision(verdict(number).ad, Reason.STOPPED) for number in gone]
        store.commit_details(ended, [], NOW)
        for number in gone:
            del standing[number]
    return {(*one, field) for one in standing.items() for field in FIELDS}


def test_X4_the_whole_text_goes_also_where_rows_have_moved(tmp_path: Path) -> None:
    """`secure_delete` alone leaves some of it (decision 0011)."""
    with Store(tmp_path / "navfeed.db") as store:
        standing = churn(store)
        assert find_canaries(tmp_path) > standing
        assert store.purge()
        assert find_canaries(tmp_path) == standing
    assert find_canaries(tmp_path) == standing


def test_X3_what_the_store_remembers_of_a_page_does_not_come_back(tmp_path: Path) -> None:
    """The pages that were scrubbed are written again, by the same store."""
    with Store(tmp_path / "navfeed.db") as store:
        standing = churn(store)
        assert store.purge()
        again = sorted({ring[:2] for ring in standing})[::15]
        store.commit_details([verdict(*one) for one in again], [], NOW)
        assert find_canaries(tmp_path) == standing
    assert find_canaries(tmp_path) == standing


@pytest.mark.parametrize("seed", range(12))
def test_X3_small_stores_keep_no_word_of_a_withdrawn_ad(tmp_path: Path, seed: int) -> None:
    """From SQLite 3.44 on a merge may keep delete markers, words and all (decision 0014)."""
    rng = random.Random(seed)
    standing = set(range(5))
    coming = iter(range(5, 1_000))
    with Store(tmp_path / "navfeed.db") as store:
        store.commit_details([verdict(number) for number in standing], [], NOW)
        for _ in range(12):
            fresh = {next(coming) for _ in range(rng.choice([1, 2, 12]))}
            gone = set(rng.sample(sorted(standing), rng.choice([1, 2])))
            ended = [DetailDecision(verdict(number).ad, Reason.STOPPED) for number in sorted(gone)]
            store.commit_details([*map(verdict, sorted(fresh)), *ended], [], NOW)
            standing = standing - gone | fresh
            assert store.purge()
            assert find_canaries(tmp_path) == {
                (one, 0, field) for one in standing for field in FIELDS
            }


def test_an_index_that_was_rebuilt_for_years_still_answers(tmp_path: Path) -> None:
    """Up to SQLite 3.40 each `optimize` adds two levels, and more than 2,000 of them are damage.

    That is two days of a service that polls every two minutes and each time has to erase.
    """
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        store.commit_details([verdict(number) for number in range(2, 32)], [], NOW)
        for revision in range(1_100):
            store.commit_details([verdict(1, revision)], [], NOW)
            assert store.purge()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO search_00 (search_00) VALUES ('integrity-check')")
        found = connection.execute("SELECT count(*) FROM search").fetchone()
    assert found == (31,)


def test_a_program_that_writes_in_between_postpones_the_erasure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "navfeed.db") as store:
        churn(store, rounds=1)
        with monkeypatch.context() as patch:
            patch.setattr(erasure, "log_size", lambda _: 1)
            assert not store.purge()
        assert store.erasure_owed()
        assert store.purge()
        assert not store.erasure_owed()


def test_new_ads_alone_owe_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "navfeed.db") as store:
        store.commit_details([verdict(1), verdict(2)], [], NOW)
        assert not store.erasure_owed()
        store.commit_details([verdict(1, 1)], [], NOW)
        assert store.erasure_owed()


def test_masks_that_are_given_up_are_erased_too(tmp_path: Path) -> None:
    with Store(tmp_path / "navfeed.db") as store:
        store.set_inactive(Inactive.MASK)
        store.commit_details([verdict(1)], [], NOW)
        store.commit_details([DetailDecision(verdict(1).ad, Reason.STOPPED)], [], NOW)
        assert store.purge()
        store.prune_changes(NOW + timedelta(days=1))  # the journal keeps the id, for 90 days
        store.set_inactive(Inactive.DELETE)
        assert store.erasure_owed()
        assert store.purge()
        assert verdict(1).ad.encode() not in (tmp_path / "navfeed.db").read_bytes()
        store.set_inactive(Inactive.DELETE)
        assert not store.erasure_owed()


# Every command that takes something out


def test_a_verification_that_ends_early_erases_what_it_took_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "navfeed.db", ("ad", "ACTIVE", 0))
    bench.feed.active = {scripted("ad"): served(scripted("ad"), **canary_content(1, 0))}
    bench.sync()
    bench.feed.active.clear()
    with Store(bench.path) as store:
        checking = verify(bench.feed, store, PLAN, repair=True, clock=bench.now, stop=Stop())
        next(checking)
        assert store.erasure_owed()
        checking.close()  # type: ignore[attr-defined]
        assert find_canaries(tmp_path) == set()


def test_ads_that_leave_the_scope_are_erased(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "navfeed.db", ("ad", "ACTIVE", 0))
    bench.feed.active = {scripted("ad"): served(scripted("ad"), **canary_content(1, 0))}
    bench.sync()
    assert find_canaries(tmp_path)
    bench.sync(scope=Scope(municipalities=("OSLO",)), scope_agreed=True)
    assert find_canaries(tmp_path) == set()


# Free space


@pytest.mark.parametrize("page_size", [512, 4_096, 65_536])
def test_free_space_is_zeroed_and_nothing_else(
    tmp_path: Path, page_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the size of the pages, and also in the first, where the file's header stands."""
    monkeypatch.setattr("navfeed.store.scrub.CHUNK_PAGES", 3)  # a large file in small
    path = tmp_path / "some.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA auto_vacuum = NONE")
    connection.execute(f"PRAGMA page_size = {page_size}")
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE kept (name TEXT PRIMARY KEY, text TEXT)")
    rows = [(f"{n * 7919 % 2000}", "text" * (n % 40)) for n in range(2_000)]
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO kept VALUES (?, ?)", rows)
    connection.execute("CREATE TABLE a_secret_name (x)")
    connection.execute("DROP TABLE a_secret_name")
    connection.execute("DELETE FROM kept WHERE rowid > 1000")
    connection.execute("COMMIT")
    with path.open("r+b", buffering=0) as file:
        assert b"a_secret_name" in path.read_bytes()[:page_size]
        assert scrub(file) > 0
        assert scrub(file) == 0
        assert b"a_secret_name" not in path.read_bytes()[:page_size]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT * FROM kept ORDER BY rowid").fetchall() == rows[:1000]
    connection.close()


@pytest.mark.parametrize("first_cell", [b"\0\1", b"\xff\xff", b"\0\0"])
def test_D3_a_damaged_page_is_left_as_it_is(tmp_path: Path, first_cell: bytes) -> None:
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        store.commit_details([verdict(1)], [], NOW)
        ((root,),) = store._connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'runs'"
        )
        assert store.purge()
        with path.open("r+b") as file:
            file.seek((root - 1) * 4_096 + 5)
            file.write(first_cell)
        assert store._cut_log(0)
        before = path.read_bytes()
        with pytest.raises(StoreError, match="damaged"):
            store._scrub(erased=True)
        assert path.read_bytes() == before


def test_a_file_that_cannot_be_read_with_certainty_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        monkeypatch.setattr("navfeed.store.scrub._MOST_PAGES", 1)
        with pytest.raises(StoreError, match="build it again"):
            store.purge()
        monkeypatch.undo()
        assert store.purge()
        store._connection.execute("PRAGMA auto_vacuum = FULL")
        store._connection.execute("VACUUM")
        with pytest.raises(StoreError, match="build it again"):
            store.purge()
