"""`verify`: each kind of difference is found, reported and repaired; scope changes take effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from navfeed.errors import ContractError, ExitCode, TokenError, UnreachableError
from navfeed.model import Reason, Scope
from navfeed.store.writer import Store
from navfeed.sync.engine import ScopeChanged, verify
from navfeed.sync.verify import Difference, DifferenceKind
from navfeed.sync.workers import Stop
from support.bench import PLAN, Bench
from support.scripted import ScriptedFeed, active, scripted_content, uuid_named
from support.sql import writing


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    names = ("same", "gone", "silent", "lost", "over")
    bench = Bench(tmp_path / "navfeed.db", *[(name, "ACTIVE", 0) for name in names])
    bench.feed.active = active(names)
    bench.sync()
    return bench


def disturb(bench: Bench) -> None:
    """What happens without an entry, and what a lost row would look like."""
    del bench.feed.active[uuid_named("gone")]
    bench.feed.active |= active(["silent"], title="Ny tittel")
    bench.feed.active |= active(["over"], expires="2026-01-01T00:00:00+01:00")
    with writing(bench.path) as db:
        db.execute("DELETE FROM ads WHERE uuid = ?", [uuid_named("lost")])


DIFFERENCES = {
    Difference(uuid_named("gone"), DifferenceKind.LINGERING, Reason.INACTIVE.value),
    Difference(uuid_named("silent"), DifferenceKind.ALTERED, Reason.CHANGED.value),
    Difference(uuid_named("over"), DifferenceKind.LINGERING, Reason.EXPIRED.value),
    Difference(uuid_named("lost"), DifferenceKind.MISSING, Reason.NEW.value),
}


def check(bench: Bench, *, repair: bool = False) -> list[Difference]:
    with Store(bench.path) as store:
        batches = list(verify(bench.feed, store, PLAN, repair=repair, clock=bench.now, stop=Stop()))
    return [difference for batch in batches for difference in batch.differences]


def test_a_store_that_equals_the_feed_has_no_differences(bench: Bench) -> None:
    assert check(bench) == []


def test_every_difference_is_reported_by_kind_and_nothing_touched(bench: Bench) -> None:
    disturb(bench)
    before = dump(bench)
    assert set(check(bench)) == DIFFERENCES
    assert dump(bench) == before


def test_repair_mends_what_it_reports(bench: Bench) -> None:
    disturb(bench)
    assert set(check(bench, repair=True)) == DIFFERENCES
    assert check(bench) == []
    assert bench.holds("same", "silent", "lost")


def dump(bench: Bench) -> list[tuple[object, ...]]:
    return bench.rows("SELECT * FROM ads ORDER BY uuid")


def test_what_the_feed_does_not_answer_is_reported_too(bench: Bench) -> None:
    bench.feed.errors = {uuid_named("same"): UnreachableError("503 for a detail")}
    assert check(bench) == [
        Difference(uuid_named("same"), DifferenceKind.UNANSWERED, "503 for a detail")
    ]


def test_repair_hides_what_is_withheld_and_has_it_requested_again(bench: Bench) -> None:
    everything = dict(bench.feed.active)
    bench.feed.withheld = {uuid_named("same")}
    found = [Difference(uuid_named("same"), DifferenceKind.LINGERING, Reason.WITHHELD.value)]
    assert check(bench) == check(bench, repair=True) == found
    assert check(bench) == []
    assert uuid_named("same") not in {ad for ad, *_ in bench.rows("SELECT uuid FROM ads")}
    assert bench.rows("SELECT ad, reason, attempts FROM queue") == [
        (uuid_named("same"), "withheld", 1)
    ]
    bench.feed.withheld = set()
    assert bench.sync().exit_code is ExitCode.DONE
    assert bench.feed.active == everything
    assert bench.holds("same", "gone", "silent", "lost", "over")


def test_repair_brings_back_what_was_withheld(bench: Bench) -> None:
    bench.feed.withheld = {uuid_named("same")}
    check(bench, repair=True)
    bench.feed.withheld = set()
    missing = Difference(uuid_named("same"), DifferenceKind.MISSING, Reason.NEW.value)
    assert check(bench, repair=True) == [missing]
    assert bench.rows("SELECT ad FROM queue") == []


def test_an_ad_outside_the_scope_is_a_difference_only_once_it_is_inside(bench: Bench) -> None:
    bench.sync(scope=Scope(municipalities=("OSLO",)), scope_agreed=True)
    assert check(bench) == []
    bench.feed.active |= active(["silent"], workLocations=[{"municipal": "OSLO"}])
    assert check(bench) == [
        Difference(uuid_named("silent"), DifferenceKind.MISSING, Reason.NEW.value)
    ]


def test_what_a_failing_repair_removed_is_erased(bench: Bench) -> None:
    disturb(bench)
    bench.feed.errors = {uuid_named("same"): TokenError("no")}
    with pytest.raises(TokenError):
        check(bench, repair=True)
    with Store(bench.path) as store:
        assert not store.erasure_owed()


def test_a_clean_verification_ends_the_trouble(bench: Bench) -> None:
    bench.rows("UPDATE feed SET trouble = 'the log broke'")
    disturb(bench)
    check(bench)
    assert trouble(bench) == "the log broke"
    bench.feed.errors = {uuid_named("same"): UnreachableError("503 for a detail")}
    check(bench, repair=True)
    assert trouble(bench) == "the log broke"  # not everything was compared
    bench.feed.errors = {}
    check(bench, repair=True)
    assert trouble(bench) is None


def test_a_verification_that_mends_everything_ends_the_trouble(bench: Bench) -> None:
    bench.rows("UPDATE feed SET trouble = 'the log broke'")
    disturb(bench)
    check(bench, repair=True)
    assert trouble(bench) is None


def trouble(bench: Bench) -> object:
    [(sentence,)] = bench.rows("SELECT trouble FROM feed")
    return sentence


@pytest.mark.parametrize("leads", ["nowhere", "back"])
def test_a_log_that_does_not_lead_on_is_refused(bench: Bench, leads: str) -> None:
    bench.feed.size = 2
    first = bench.feed.window(0)
    bench.feed.page = lambda *_: None if leads == "nowhere" else first  # type: ignore[method-assign]
    with pytest.raises(ContractError, match="does not lead on"):
        check(bench)


def test_the_whole_window_is_walked(bench: Bench) -> None:
    bench.feed.size = 2
    disturb(bench)
    assert set(check(bench)) == DIFFERENCES


# Scope


def scoped(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path / "scope.db", *[(name, "ACTIVE", 0) for name in ("oslo", "bergen")])
    places = {"oslo": ["OSLO"], "bergen": ["VOSS", "BERGEN"]}
    bench.feed.active = {
        uuid_named(name): scripted_content(
            uuid_named(name), workLocations=[{"municipal": place} for place in at]
        )
        for name, at in places.items()
    }
    return bench


OSLO, BERGEN = Scope(municipalities=("oslo",)), Scope(municipalities=("Bergen",))
BOTH = Scope(municipalities=("Oslo", "Bergen"))


def test_only_what_is_in_scope_is_kept_by_any_of_its_places(tmp_path: Path) -> None:
    bench = scoped(tmp_path)
    assert bench.sync(scope=BERGEN).exit_code is ExitCode.DONE
    assert bench.holds("bergen")


def test_the_store_remembers_its_scope(tmp_path: Path) -> None:
    bench = scoped(tmp_path)
    bench.sync(scope=BERGEN)
    bench.feed.log.append(("oslo", "ACTIVE", 5))
    bench.sync(scope=None)
    assert bench.holds("bergen")


def test_an_ad_that_leaves_the_scope_is_removed(tmp_path: Path) -> None:
    bench = scoped(tmp_path)
    bench.sync(scope=BERGEN)
    bench.feed.active |= active(["bergen"], workLocations=[{"municipal": "OSLO"}])
    bench.feed.log.append(("bergen", "ACTIVE", 5))
    ended = bench.sync()
    assert ended.counts.reasons[Reason.OUT_OF_SCOPE] == 1
    assert bench.holds()


def test_a_narrower_scope_removes_and_fetches_nothing(tmp_path: Path) -> None:
    bench = scoped(tmp_path)
    bench.sync()
    bench.sync(scope=OSLO)
    assert ScopeChanged(((uuid_named("bergen"), Reason.OUT_OF_SCOPE),), 0) in bench.events
    assert bench.holds("oslo")
    assert uuid_named("bergen") not in bench.feed.requests


def test_a_wider_scope_fetches_what_was_outside_and_reports_it(tmp_path: Path) -> None:
    bench = scoped(tmp_path)
    bench.sync(scope=OSLO)
    bench.sync(scope=BOTH)
    assert ScopeChanged((), 1) in bench.events
    assert uuid_named("oslo") not in bench.feed.requests
    assert bench.holds("oslo", "bergen")


def test_an_inactive_ad_outside_is_forgotten(tmp_path: Path) -> None:
    bench = scoped(tmp_path)
    bench.sync(scope=OSLO)
    bench.feed.log.append(("bergen", "INACTIVE", 5))
    bench.sync()
    with Store(bench.path) as store:
        assert store.outside() == set()


def test_scope_survives_the_way_through_the_store(tmp_path: Path) -> None:
    scope = Scope(("a",), ("b",), ("c",), ("d",), ("e",), ("f", "g"))
    with Store(tmp_path / "x.db") as store:
        store.rescope(scope, [], ask=False, now=Bench(tmp_path / "y.db").clock)
        assert store.scope() == scope


def test_verification_uses_the_plans_start(bench: Bench) -> None:
    requested = []
    original = ScriptedFeed.seek

    def seek(since):  # type: ignore[no-untyped-def]
        requested.append(since)
        return original(bench.feed, since)

    bench.feed.seek = seek  # type: ignore[method-assign]
    bench.pass_time(timedelta(hours=9))
    since = bench.clock - timedelta(days=9)
    with Store(bench.path) as store:
        plan = replace(PLAN, start=replace(PLAN.start, since=since))
        list(verify(bench.feed, store, plan, repair=False, clock=bench.now, stop=Stop()))
    assert requested == [since]
