"""Figures over time: by hand, and from a year of the feed against what the server knows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from cli.support import ad, answer, run_command, store_ads, uuid_of
from navfeed.errors import ConfigError, ExitCode
from navfeed.model import By, DetailDecision, Inactive, Reason, oslo_day
from navfeed.places import county_of, municipality_number
from navfeed.practice import World
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
    frame = Frame(over, of, ("name",), day(0), day(15))
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
        frame = Frame(Over.MONTH, of, (), date(2026, 1, 1), date(2026, 3, 2))
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


# From a store


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Three ads, the second and third removed on the 21st."""
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        store.set_inactive(Inactive.MASK)
        store_ads(store, [ad(1), ad(2, sector="Privat"), ad(3, workLocations=[])])
        gone = [
            DetailDecision(uuid_of(2), Reason.STOPPED),
            DetailDecision(uuid_of(3), Reason.STOPPED),
        ]
        store.commit_details(gone, [], NOW)
        store.caught_up(NOW)
    return path


def values(path: Path, of: Of, *by: By, **filters: tuple[str, ...]) -> list[object]:
    question = Question(Over.MONTH, of, by, Filters(**filters))
    found = series(path, date(2026, 12, 2), question).points
    return [(one.period, *one.names, one.value) for one in found]


def test_masks_count_with_the_same_filters_and_names(db: Path) -> None:
    blank = [("2026-11", None)]
    assert values(db, Of.REMOVED) == [*blank, ("2026-12", 0)]
    active = values(db, Of.ACTIVE, By.COUNTY)
    assert active == [("2026-11", "", None), ("2026-12", "VESTLAND", 1)]
    with Store(db) as store:  # an earlier mask: from then on it is known
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
    with pytest.raises(ConfigError, match="cannot be counted by employer"):
        values(db, Of.NEW, By.EMPLOYER)


def test_without_masks_the_journal_counts_how_many_left(tmp_path: Path) -> None:
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        store_ads(store, [ad(1), ad(2), ad(3)])
        for number, month in ((1, 9), (2, 10)):
            gone = [DetailDecision(uuid_of(number), Reason.STOPPED)]
            store.commit_details(gone, [], NOW.replace(month=month))
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
        store.commit_details(
            [DetailDecision(uuid_of(4), Reason.STOPPED)], [], NOW.replace(month=10)
        )
    assert '"known_since": "2026-10-21"' in ask_stats(db, "--over=month", "--format=json")
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
