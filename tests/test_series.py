"""Figures over time: by hand, and from a year of the feed against what the server knows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from cli.support import ad, answer, run_command, store_ads, uuid_of
from navfeed.decide import GIVEN_UP_AFTER, GIVEN_UP_TRIES
from navfeed.errors import ConfigError, ExitCode
from navfeed.model import (
    LATENESS,
    By,
    DetailDecision,
    EntryDecision,
    Failed,
    FeedCursor,
    Inactive,
    Reason,
    Scope,
    oslo_day,
)
from navfeed.places import county_of, municipality_number
from navfeed.practice import World, faults
from navfeed.research.series import Frame, Of, Over, Spell, series_of, start_of
from navfeed.store.active_periods import Question, series
from navfeed.store.filters import Filters
from navfeed.store.writer import Store
from navfeed.text.styrk import styrk_group
from support.clock import NOW
from support.lab import Lab

MONDAY = date(2026, 1, 5)


def day(after: int) -> date:
    return MONDAY + timedelta(days=after)


SPELLS = [
    Spell(day(-9), day(8), (("A",),)),
    Spell(day(0), None, (("A", "B"),)),
    Spell(day(7), day(9), (("A",),)),
    Spell(day(8), day(30), (("B",),)),
    Spell(None, day(9), (("B",),)),
]


def figures(of: Of, over: Over = Over.WEEK) -> dict[tuple[str, ...], float | None]:
    frame = Frame(over, of, ("name",), day(0), day(15), day(15))
    return {(one.period, *one.names): one.value for one in series_of(SPELLS, frame).points}


UNKNOWN = {("2025-W52", ""): None, ("2026-W01", ""): None}


def test_figures_by_name() -> None:
    assert figures(Of.NEW) == {
        **UNKNOWN,
        ("2026-W02", "A"): 1,
        ("2026-W02", "B"): 1,
        ("2026-W03", "A"): 1,
        ("2026-W03", "B"): 1,
    }
    assert figures(Of.REMOVED) == {**UNKNOWN, ("2026-W03", "A"): 2, ("2026-W03", "B"): 1}
    assert figures(Of.DURATION) == {**UNKNOWN, ("2026-W03", "A"): 9.5}
    assert figures(Of.ACTIVE) == {
        **UNKNOWN,
        ("2026-W02", "A"): 2,
        ("2026-W02", "B"): 1,
        **dict.fromkeys((("2026-W03", "A"), ("2026-W04", "A")), 1),
        **dict.fromkeys((("2026-W03", "B"), ("2026-W04", "B")), 2),
    }


def test_without_names_no_ads_are_0_and_have_no_median() -> None:
    def plain(of: Of, *spells: Spell) -> list[float | None]:
        frame = Frame(Over.MONTH, of, (), date(2026, 1, 1), date(2026, 3, 2), date(2026, 3, 2))
        return [one.value for one in series_of(spells, frame).points]

    one = Spell(date(2026, 1, 30), date(2026, 2, 2))
    assert plain(Of.NEW, one) == [1, 0, 0]
    assert plain(Of.ACTIVE, one) == [1, 0, 0]
    assert plain(Of.REMOVED, one) == [0, 1, 0]
    assert plain(Of.DURATION, one) == [None, 3, None]
    assert plain(Of.NEW) == [0, 0, 0]


def test_a_week_is_that_of_iso() -> None:
    assert start_of(Over.WEEK, date(2026, 1, 1)) == date(2025, 12, 29)
    assert start_of(Over.MONTH, date(2026, 1, 31)) == date(2026, 1, 1)


def test_what_is_not_complete_is_blank() -> None:
    def weeks(since: date | None, until: date | None) -> list[float | None]:
        frame = Frame(Over.WEEK, Of.NEW, (), since, until, day(15))
        return [
            one.value for one in series_of([Spell(day(0), None), Spell(day(8), None)], frame).points
        ]

    assert weeks(day(0), day(15)) == [1, 1, 0]
    assert weeks(day(0), day(13)) == [1, 1, None]
    assert weeks(day(0), day(7)) == [1, 0, None]
    assert weeks(day(1), day(6)) == [None, None, None]
    assert weeks(day(0), None) == weeks(None, day(15)) == [None, None, None]


# From a store


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Three ads, the second and third removed on 21 November; complete from 1 November on."""
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        store.set_inactive(Inactive.MASK)
        store.caught_up(NOW.replace(month=10, day=31))
        store_ads(store, [ad(1), ad(2, sector="Privat"), ad(3, workLocations=[])])
        gone = [
            DetailDecision(uuid_of(2), Reason.STOPPED),
            DetailDecision(uuid_of(3), Reason.STOPPED),
        ]
        store.commit_details(gone, [], NOW)
        store.caught_up(NOW.replace(month=12, day=2))
    return path


def values(path: Path, of: Of, *by: By, **filters: tuple[str, ...]) -> list[object]:
    question = Question(Over.MONTH, of, by, Filters(**filters))
    found = series(path, date(2026, 12, 2), question).points
    return [(one.period, *one.names, one.value) for one in found]


def test_masks_count_with_the_same_filters_and_names(db: Path) -> None:
    active = values(db, Of.ACTIVE, By.COUNTY)
    assert active == [("2026-11", "VESTLAND", 1), ("2026-12", "VESTLAND", 1)]
    with Store(db) as store:  # one from before all are known
        store_ads(store, [ad(4, published="2026-09-02T00:00:00Z")])
        store.commit_details(
            [DetailDecision(uuid_of(4), Reason.STOPPED)], [], NOW.replace(month=10)
        )
    assert values(db, Of.REMOVED) == [
        ("2026-09", None),
        ("2026-10", None),
        ("2026-11", 2),
        ("2026-12", 0),
    ]
    by_styrk = values(db, Of.REMOVED, By.STYRK1)
    assert ("2026-11", "2 Akademiske yrker", 2) in by_styrk
    by_both = values(db, Of.REMOVED, By.COUNTY, By.STYRK)
    assert by_both[2:] == [("2026-11", "VESTLAND", "2223 Sykepleiere", 1)]
    for filters in (
        {"municipal": ("4601",)},
        {"county": ("VESTLAND",)},
        {"sector": ("privat",)},
        {"municipal": ("BERGEN",), "styrk": ("Sykepleiere",), "engagement": ("fast",)},
    ):
        assert ("2026-11", 1) in values(db, Of.REMOVED, **filters), filters
    assert ("2026-11", 11) in values(db, Of.DURATION)


def test_what_masks_do_not_contain_is_refused(db: Path) -> None:
    with pytest.raises(ConfigError, match="does not include its employer: leave --employer out"):
        values(db, Of.NEW, employer=("Bergen",))
    with pytest.raises(ConfigError, match=r"cannot be counted by employer\. A mask has"):
        values(db, Of.NEW, By.EMPLOYER)
    with pytest.raises(ConfigError, match=r"occupation\. Try styrk2\. .*municipality, "):
        values(db, Of.NEW, By.OCCUPATION)


def test_without_masks_the_journal_counts_how_many_left(tmp_path: Path) -> None:
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        store_ads(store, [ad(1), ad(2), ad(3)])
        for number, month in ((1, 9), (2, 10)):
            gone = [DetailDecision(uuid_of(number), Reason.STOPPED)]
            store.commit_details(gone, [], NOW.replace(month=month))
        store.caught_up(NOW.replace(month=12, day=2))
    assert values(path, Of.REMOVED) == [
        ("2026-09", None),
        ("2026-10", 1),
        ("2026-11", 0),
        ("2026-12", 0),
    ]
    with pytest.raises(ConfigError, match="--inactive mask"):
        values(path, Of.NEW)


def test_the_command(db: Path) -> None:
    with Store(db) as store:
        store_ads(store, [ad(4)])
        store.commit_details([DetailDecision(uuid_of(4), Reason.STOPPED)], [], NOW.replace(day=20))
        store.caught_up(NOW)
    facts = json.loads(ask_stats(db, "--over=month", "--format=json"))
    assert (facts["known_since"], facts["until"]) == ("2026-11-01", "2026-11-20")
    csv = ask_stats(db, "--over=month", "--of=removed", "--by=county", "--format=csv")
    assert csv.splitlines()[0] == "month,county,ads"
    assert csv.splitlines()[-1] == "2026-11,VESTLAND,1"
    pairs = ask_stats(db, "--by=county", "--and=styrk2", "--format=csv")
    assert pairs.splitlines() == ["county,styrk2,ads", "VESTLAND,22 Medisinske yrker,1"]
    assert "blank" in run_command(db, "stats", "--over=week").stderr
    for wrong in (["--of=new"], ["--and=county"], ["--over=week", "--by=week"]):
        assert run_command(db, "stats", *wrong).exit_code == 2, wrong


@pytest.fixture(autouse=True)
def today(time_machine: object) -> None:
    time_machine.move_to(NOW, tick=False)  # type: ignore[attr-defined]


def ask_stats(db: Path, *arguments: str) -> str:
    return answer(db, "stats", *arguments)


# What is complete


def complete_days(path: Path, today: date = date(2026, 12, 20)) -> tuple[date | None, date | None]:
    frame = series(path, today, Question(Over.WEEK, Of.NEW)).frame
    return frame.since, frame.until


@pytest.fixture
def masking(tmp_path: Path) -> Iterator[Store]:
    """A store that keeps masks, and has read nothing yet."""
    with Store(tmp_path / "navfeed.db") as store:
        store.set_inactive(Inactive.MASK)
        yield store


def test_masks_that_nothing_left_yet_count_from_the_day_after_the_first_sync(
    masking: Store,
) -> None:
    assert complete_days(masking.path) == (None, None)
    assert "run `navfeed sync`" in run_command(masking.path, "stats", "--over=week").stderr
    masking.caught_up(NOW)
    assert complete_days(masking.path) == (date(2026, 11, 22), date(2026, 11, 20))
    printed = run_command(masking.path, "stats", "--over=week")
    assert printed.exit_code == 0
    assert "the first whole week is 2026-W48" in printed.stderr
    masking.caught_up(NOW.replace(day=28))
    assert complete_days(masking.path) == (date(2026, 11, 22), date(2026, 11, 27))


def queue_ad(store: Store, number: int, reason: Reason, now: datetime = NOW) -> None:
    entry = EntryDecision(uuid_of(number), remove=False, ask=True, reason=reason)
    store.commit_page([entry], [], FeedCursor(), keep_from=0, now=now)


def test_days_after_a_new_ad_that_waits_are_not_complete(masking: Store) -> None:
    masking.caught_up(NOW)
    queue_ad(masking, 1, Reason.ANNOUNCED, NOW.replace(day=25))
    masking.caught_up(NOW.replace(day=30))
    assert complete_days(masking.path)[1] == date(2026, 11, 20)
    assert masking.waiting(NOW) == (1, 0)
    printed = run_command(masking.path, "stats", "--over=week")
    assert "1 new ad not fetched yet" in printed.stderr
    assert json.loads(ask_stats(masking.path, "--over=week", "--format=json"))["waiting"] == 1
    store_ads(masking, [ad(1)])
    masking.caught_up(NOW.replace(month=12, day=1))
    assert complete_days(masking.path)[1] == date(2026, 11, 30)


@pytest.mark.parametrize("reason", [Reason.RECHECK, Reason.ANNOUNCED])
def test_an_ad_that_is_stored_may_wait(masking: Store, reason: Reason) -> None:
    store_ads(masking, [ad(1)])
    queue_ad(masking, 1, reason)
    masking.caught_up(NOW)
    assert complete_days(masking.path)[1] == date(2026, 11, 20)


def test_what_nav_does_not_show_does_not_count_as_left_out(masking: Store) -> None:
    withheld = DetailDecision(uuid_of(1), Reason.WITHHELD)
    masking.commit_details([withheld], [], NOW)
    queue_ad(masking, 2, Reason.ANNOUNCED)
    for _ in range(GIVEN_UP_TRIES):
        masking.commit_details([], [Failed(uuid_of(2), "HTTP 500", NOW)], NOW)
    masking.caught_up(NOW)
    assert complete_days(masking.path) == (None, None)
    masking.caught_up(NOW + GIVEN_UP_AFTER)
    assert complete_days(masking.path)[1] == oslo_day(NOW + GIVEN_UP_AFTER) - timedelta(days=1)


def test_a_day_is_complete_once_late_entries_are_visible(masking: Store) -> None:
    midnight = datetime(2026, 11, 30, 23, tzinfo=UTC)
    masking.caught_up(midnight + LATENESS - timedelta(minutes=1))
    assert complete_days(masking.path)[1] == date(2026, 11, 29)
    masking.caught_up(midnight + LATENESS)
    assert complete_days(masking.path)[1] == date(2026, 11, 30)


def test_no_day_that_is_not_over_is_complete_whatever_a_clock_said(masking: Store) -> None:
    masking.caught_up(NOW.replace(year=2030))
    assert complete_days(masking.path)[1] == date(2026, 12, 19)


@pytest.mark.parametrize("ahead", [timedelta(days=400), -timedelta(days=20)])
def test_no_day_is_complete_by_one_clock_alone(masking: Store, ahead: timedelta) -> None:
    """T1: the later of the feed's and ours for the first day, the earlier for the last."""
    masking.caught_up(NOW + ahead, NOW)
    first, last = complete_days(masking.path)
    assert first is not None
    assert last is not None
    assert first > oslo_day(NOW) > last
    masking.caught_up(NOW, NOW)
    assert complete_days(masking.path)[0] == oslo_day(NOW) + timedelta(days=1)


def test_figures_begin_again_with_masks_and_with_another_scope(masking: Store) -> None:
    masking.caught_up(NOW)
    masking.rescope(Scope(municipalities=("BERGEN",)), [], ask=False, now=NOW)
    assert complete_days(masking.path)[0] is None
    masking.caught_up(NOW.replace(day=24))
    assert complete_days(masking.path)[0] == date(2026, 11, 25)
    masking.set_inactive(Inactive.DELETE)
    masking.caught_up(NOW.replace(day=26))
    masking.set_inactive(Inactive.MASK)
    assert complete_days(masking.path)[0] is None


def test_a_log_that_began_again_completes_nothing_before_every_ad_is_confirmed(
    masking: Store,
) -> None:
    store_ads(masking, [ad(1)])
    masking.caught_up(NOW)
    masking.commit_page(
        [], [], FeedCursor(), keep_from=0, now=NOW, trouble="another log", recheck=True
    )
    masking.caught_up(NOW.replace(day=25))
    assert complete_days(masking.path)[1] == date(2026, 11, 20)
    masking.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED)], [], NOW)
    masking.caught_up(NOW.replace(day=26))
    assert complete_days(masking.path)[1] == date(2026, 11, 25)


def test_a_sync_that_fails_at_the_details_makes_no_week_complete(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "navfeed.db", World(7, now=datetime(2026, 1, 5, 9, tzinfo=UTC)))
    with Store(lab.path) as store:
        store.set_inactive(Inactive.MASK)
    lab.world.publish()
    assert lab.sync().exit_code is ExitCode.DONE
    lab.world.advance(timedelta(days=9))
    lab.world.publish()
    lab.practice.script(faults.on("detail"), faults.status(500), times=None)
    assert lab.sync().exit_code is ExitCode.WAITING
    week = Question(Over.WEEK, Of.NEW)
    counted = series(lab.path, oslo_day(lab.world.now), week)
    assert (counted.points[-1].period, counted.points[-1].value) == ("2026-W03", None)
    lab.practice.clear_script()
    assert lab.sync().exit_code is ExitCode.DONE
    counted = series(lab.path, oslo_day(lab.world.now), week)
    assert (counted.points[-1].period, counted.points[-1].value) == ("2026-W03", 0)


# A year

WEEKS = 52


def number_of(place: dict[str, str | None]) -> str | None:
    names = ("municipal", "county", "postalCode", "city", "country")
    return municipality_number(*(place[name] for name in names))


class Year:
    """A world that lives a year, synced each Sunday; it notes when each ad left."""

    def __init__(self, path: Path) -> None:
        self.lab = Lab(path, World(7, now=datetime(2025, 1, 6, 9, tzinfo=UTC)))
        self.random = Random(7)
        self.contents: dict[str, dict[str, object]] = {}
        self.stopped: dict[str, date] = {}
        with Store(path) as store:
            store.set_inactive(Inactive.MASK)

    def live(self) -> None:
        monday = self.lab.world.now
        for week in range(WEEKS):
            self.wait_until(monday + timedelta(weeks=week, days=2))
            for _ in range(5):
                one = self.lab.world.publish()
                detail = self.lab.world.detail(one)
                assert detail
                self.contents[one] = dict(detail["ad_content"])
            self.sync()
            self.wait_until(monday + timedelta(weeks=week, days=5))
            self.stop_some()
            self.wait_until(monday + timedelta(weeks=week, days=6))
            self.sync()

    def wait_until(self, moment: datetime) -> None:
        self.lab.world.advance(moment - self.lab.world.now)

    def sync(self) -> None:
        """As often as it takes: the public token runs out every five weeks, for some hours."""
        while self.lab.sync().exit_code is ExitCode.TOKEN:
            self.lab.world.advance(timedelta(hours=1))

    def stop_some(self) -> None:
        standing = [one for one in self.contents if one not in self.stopped]
        for one in self.random.sample(standing, 2):
            if self.last_day(one) >= self.today():
                self.lab.world.stop(one)
                self.stopped[one] = self.today()

    def today(self) -> date:
        return oslo_day(self.lab.world.now)

    def last_day(self, one: str) -> date:
        return oslo_day(datetime.fromisoformat(str(self.contents[one]["expires"])))

    def left(self, one: str) -> date:
        return min(self.last_day(one) + timedelta(days=1), self.stopped.get(one, date.max))

    def names(self, one: str) -> set[tuple[str, str]]:
        content = self.contents[one]
        counties = {
            county_of(place["county"], number_of(place), place["postalCode"], place["country"])
            for place in content["workLocations"]  # type: ignore[attr-defined]
        }
        groups = {
            styrk_group(each["code"], 1)
            for each in content["categoryList"]  # type: ignore[attr-defined]
            if each["categoryType"].startswith("STYRK08")
        }
        return {(county, group) for county in counties if county for group in groups if group}

    def truth(self, of: Of, since: date, until: date) -> Counter[tuple[str, ...]]:
        found: Counter[tuple[str, ...]] = Counter()
        for one, content in self.contents.items():
            new = oslo_day(datetime.fromisoformat(str(content["published"])))
            when = new if of is Of.NEW else self.left(one)
            if since <= start_of(Over.WEEK, when) and when <= until:
                year, week, _ = when.isocalendar()
                found.update((f"{year}-W{week:02}", *names) for names in self.names(one))
        return found


def test_a_years_new_and_removed_by_county_and_styrk_group_are_the_servers(tmp_path: Path) -> None:
    year = Year(tmp_path / "navfeed.db")
    year.live()
    until = year.today()
    for of in (Of.NEW, Of.REMOVED):
        question = Question(Over.WEEK, of, (By.COUNTY, By.STYRK1))
        counted = series(year.lab.path, until, question)
        known = {
            (one.period, *one.names): one.value for one in counted.points if one.value is not None
        }
        assert known == year.truth(of, counted.frame.since, until)
        assert len({period for period, *_ in known}) > WEEKS - 6
