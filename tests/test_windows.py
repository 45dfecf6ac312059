"""Windows: a first sync that reads the log at several places at once is as exact as one walk."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event
from typing import ClassVar
from uuid import UUID

import pytest

from navfeed.errors import ExitCode
from navfeed.first_windows import (
    ENTRY_POINTS,
    entry_dates,
    entry_points,
    is_settled,
    meeting,
    opening_of,
)
from navfeed.model import Entry, Page, Queued, Status, Window, WindowPart
from navfeed.practice import Answer, Practice, Request, World, faults
from navfeed.store.writer import Store
from navfeed.sync.walk import PageApplied, Start
from navfeed.sync.workers import Stop
from support.clock import NOW
from support.crash import Crash, Fuse, fragile
from support.lab import Lab

DAY = timedelta(days=1)
LATENESS = timedelta(minutes=15)
FAR = NOW + 400 * DAY
HOURS = tuple(timedelta(hours=hours) for hours in (12, 30, 60))
"""Entry points for a world that is some days old."""


def page(*names: str, age: timedelta = DAY, tip: bool = False, served: bool = True) -> Page:
    """A page whose entries are an hour apart, from so long ago on."""
    entries = tuple(
        Entry(name, Status.ACTIVE, f"{name} {at}", NOW - age + at * timedelta(hours=1))
        for at, name in enumerate(names)
    )
    return Page(f"page {names}", entries, None if tip else "next", None, NOW if served else None)


# The rules


@pytest.mark.parametrize(
    ("windows", "days"),
    [(1, ()), (2, (80,)), (3, (30, 80)), (4, (10, 30, 80)), (5, (10, 30, 80, 183))],
)
def test_so_many_windows_begin_so_far_back(windows: int, days: tuple[int, ...]) -> None:
    assert entry_points(windows) == tuple(day * DAY for day in days)


def test_only_dates_behind_the_first_page_are_sought() -> None:
    assert entry_dates(page("a", age=50 * DAY), ENTRY_POINTS) == [NOW - 10 * DAY, NOW - 30 * DAY]
    assert entry_dates(page("a", age=50 * DAY), ()) == []


@pytest.mark.parametrize(
    "oldest",
    [
        page("a", age=50 * DAY, tip=True),
        page("a", age=50 * DAY, served=False),
        page(),
        replace(page("a"), entries=(Entry("a", Status.ACTIVE, "soon"),)),
    ],
    ids=["the tip", "no Date", "empty", "no moment"],
)
def test_where_the_feeds_clock_or_the_logs_age_is_unknown_none_is(oldest: Page) -> None:
    assert entry_dates(oldest, ENTRY_POINTS) == []


@pytest.mark.parametrize(
    ("found", "settled"),
    [
        (page("a", age=2 * LATENESS), True),
        (page("a", age=2 * LATENESS - timedelta(seconds=1)), False),
        (page("a", age=-DAY), False),
        (page("a", served=False), False),
        (page(), False),
        (
            replace(page("a", "b"), entries=(Entry("a", Status.ACTIVE, "?"), *page("b").entries)),
            False,
        ),
    ],
    ids=["settled", "young", "ahead of the clock", "no Date", "empty", "no moment"],
)
def test_a_window_begins_only_where_nothing_can_appear_before_it(
    found: Page, settled: bool
) -> None:
    assert is_settled(found, LATENESS) is settled


def opening(*names: str) -> tuple[tuple[str, str, str], ...]:
    """The first entries of a window whose first one is the third of `abcdefg`."""
    rest = replace(page(*"abcdefgh"), entries=page(*"abcdefgh").entries[2:])
    return opening_of(rest, LATENESS)[: len(names) or None]


def test_only_entries_between_which_none_can_appear_are_compared() -> None:
    hours = timedelta(hours=2)
    assert [key[0] for key in opening_of(page("a", "b", "c", age=hours), LATENESS)] == ["a", "b"]


@pytest.mark.parametrize(
    ("names", "first", "at"),
    [
        ("abcdefgh", opening(), 2),
        ("abcd", opening(), 2),  # what the page cuts off is not compared
        ("abc", opening(), None),  # the page that follows shows more
        ("abc", opening("c"), 2),  # all there was
        ("ab", opening(), None),
        ("abcxefgh", opening(), None),
        ("", opening(), None),
    ],
)
def test_windows_meet_where_the_newer_ones_first_entries_come(
    names: str, first: tuple[tuple[str, str, str], ...], at: int | None
) -> None:
    assert meeting(page(*names), first) == at


def test_an_ad_twice_in_one_moment_is_no_meeting() -> None:
    one, other, last = page("a", "b", "c").entries
    twice = replace(page("a"), entries=(one, other, one, last))
    assert meeting(twice, [one.key, last.key]) == 2


# A sync


def days_of(world: World, days: int, *, every: timedelta = timedelta(hours=3)) -> World:
    """Ads published and changed for some days; each third is stopped, each fifth comes back."""
    began = world.now
    ads: list[str] = []
    while world.now < began + days * DAY:
        ads.append(world.publish(expires=FAR))
        if len(ads) % 3 == 0:
            world.stop(ads[-3])
        if len(ads) % 5 == 0:
            world.update(ads[-2])
        if len(ads) % 15 == 0:
            world.reactivate(ads[-15])
        world.advance(every)
    return world


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path / "navfeed.db", days_of(World(3, now=NOW), 5), page_size=6)
    lab.before = lambda _: None
    return lab


def sync(lab: Lab, **changes: object) -> ExitCode:
    return lab.sync(**{"entry_points": HOURS, **changes}).exit_code


def pages_of(lab: Lab) -> dict[int, list[str]]:
    """The pages that the last run applied, by window."""
    pages: dict[int, list[str]] = {}
    for event in lab.events:
        if isinstance(event, PageApplied):
            pages.setdefault(event.window, []).append(event.page)
    return pages


def left(lab: Lab) -> list[tuple[object, ...]]:
    tables = ("windows", "window_entries", "queue")
    return [row for table in tables for row in lab.rows(f"SELECT * FROM {table}")]


def test_a_first_sync_reads_four_windows_and_is_exact(lab: Lab) -> None:
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert sorted(pages_of(lab)) == [0, 1, 2, 3]
    assert left(lab) == []


def test_no_page_is_read_by_two_but_where_they_meet(lab: Lab) -> None:
    assert sync(lab) is ExitCode.DONE
    walked, requested = lab.events, len(lab.requests_of("page"))
    alone = Lab(lab.path.with_name("alone.db"), lab.world, page_size=6)
    assert sync(alone, entry_points=()) is ExitCode.DONE
    assert len(pages_of(alone)) == 1
    entries = [
        sum(e.new for e in run if isinstance(e, PageApplied)) for run in (walked, alone.events)
    ]
    assert entries[0] == entries[1] == len(lab.world.entries())
    assert requested <= len(alone.requests_of("page")) + 3 * 3
    assert lab.stored() == alone.stored()


def test_an_ad_is_requested_once_and_only_where_its_newest_entry_is_active(lab: Lab) -> None:
    assert sync(lab) is ExitCode.DONE
    newest = {entry.ad: entry.status for entry in lab.world.entries()}
    active = sorted(ad for ad, status in newest.items() if status == "ACTIVE")
    assert sorted(lab.requests_of("detail")) == active


def test_details_are_fetched_while_older_windows_are_read(lab: Lab) -> None:
    assert sync(lab) is ExitCode.DONE
    kinds = [request.kind for request in lab.practice.requests]
    assert kinds.index("detail") < len(kinds) - kinds[::-1].index("page") - 1


def test_no_page_is_requested_twice(lab: Lab) -> None:
    assert sync(lab) is ExitCode.DONE
    requested = lab.requests_of("page")
    assert sorted(requested) == sorted(set(requested))
    assert lab.is_exact()


def test_the_next_run_is_todays_walk(lab: Lab) -> None:
    assert sync(lab) is ExitCode.DONE
    lab.world.stop(lab.world.active()[0])
    lab.world.advance(timedelta(hours=1))
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert sorted(pages_of(lab)) == [0]


def test_with_one_window_the_log_is_read_page_after_page(lab: Lab) -> None:
    assert sync(lab, entry_points=()) is ExitCode.DONE
    assert lab.is_exact()
    assert len(lab.requests_of("seek")) == 1


@pytest.mark.parametrize("since", [timedelta(hours=40), timedelta(hours=13)])
def test_a_copy_begun_late_has_windows_within(lab: Lab, since: timedelta) -> None:
    assert sync(lab, start=Start(since=lab.world.now - since)) is ExitCode.DONE
    assert len(pages_of(lab)) == (3 if since > HOURS[1] else 2)
    stored = lab.stored()
    assert all(stored[ad] == content for ad, content in lab.world.truth().items() if ad in stored)
    alone = Lab(lab.path.with_name("alone.db"), lab.world, page_size=6)
    sync(alone, start=Start(since=lab.world.now - since), entry_points=())
    assert stored == alone.stored()


def test_a_copy_that_follows_from_now_on_has_none(lab: Lab) -> None:
    assert sync(lab, start=Start(from_tip=True)) is ExitCode.DONE
    assert sorted(pages_of(lab)) == [0]


def test_an_older_window_removes_nothing(lab: Lab) -> None:
    """Stopped long ago, and back since: its INACTIVE is read last, when its details are stored."""
    ad = lab.world.publish(expires=FAR)
    lab.world.stop(ad)
    days_of(lab.world, 4)
    lab.world.reactivate(ad)
    lab.world.advance(timedelta(hours=1))
    assert sync(lab) is ExitCode.DONE
    assert ad in lab.stored()
    assert lab.is_exact()


def test_an_ad_that_ended_in_a_newer_window_is_not_requested(lab: Lab) -> None:
    ad = lab.world.publish(expires=FAR)
    days_of(lab.world, 4)
    lab.world.stop(ad)
    lab.world.advance(timedelta(hours=1))
    assert sync(lab) is ExitCode.DONE
    assert ad not in lab.requests_of("detail")


def half_of_a_first_sync(lab: Lab) -> None:
    """Some details are stored, and then the second page of the oldest window does not come."""
    second = lab.world.entries()[5].page_id
    enough = Event()

    def before(request: Request) -> None:
        details = sum(one.kind == "detail" for one in lab.practice.requests)
        if details >= 5:
            enough.set()
        if request.ident == second:
            assert enough.wait(30)

    lab.before = before
    lab.practice.script(faults.on("page", second), faults.status(500), times=50)
    assert sync(lab, workers=2) is ExitCode.FEED
    lab.practice.clear_script()
    lab.before = lambda _: None


def test_a_copy_is_not_complete_before_every_window_is(lab: Lab) -> None:
    half_of_a_first_sync(lab)
    assert len(lab.stored()) > 3  # what came before is kept
    assert lab.rows("SELECT caught_up_at FROM feed") == [(None,)]
    assert lab.rows("SELECT number FROM windows WHERE page NOT NULL")[-1] == (3,)
    assert sync(lab) is ExitCode.DONE
    assert lab.rows("SELECT caught_up_at NOT NULL FROM feed") == [(1,)]
    assert lab.is_exact()


@pytest.mark.parametrize("workers", [1, 4])
def test_a_run_that_stops_early_is_taken_up_again(lab: Lab, workers: int) -> None:
    for _ in range(100):
        code = sync(lab, max_pages=1, workers=workers)
        if code is ExitCode.DONE:
            break
        assert code is ExitCode.STOPPED
    assert code is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []


def test_what_ended_meanwhile_leaves_at_once(lab: Lab) -> None:
    """The newest window comes first in every run, however much of the older ones is left."""
    half_of_a_first_sync(lab)
    stored = next(iter(lab.stored()))
    lab.world.stop(stored)
    assert sync(lab, max_pages=1) is ExitCode.STOPPED
    assert stored not in lab.stored()


def deaths(lab: Lab, **changes: object) -> Iterator[int]:
    """First syncs, each dead at a later boundary than the one before, until one is not."""
    fuse = Fuse()
    lab.before = lambda _: fuse.burn()
    lab.store_class = fragile(fuse.burn)
    for boundary in range(10_000):
        for file in lab.path.parent.glob("navfeed.db*"):
            file.unlink()
        fuse.left = boundary
        try:
            sync(lab, **changes)
        except Crash:
            fuse.left = None
            yield boundary
        else:
            return


def test_R1_killed_anywhere_a_first_sync_is_taken_up_and_exact(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "navfeed.db", days_of(World(4, now=NOW), 3), page_size=4)
    died = 0
    for boundary in deaths(lab):
        died += 1
        assert sync(lab) is ExitCode.DONE, boundary
        assert lab.is_exact(), boundary
        assert left(lab) == [], boundary
    assert died > 80


# Large pages


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> int:
    """The size of large pages: a small one, so that windows consist of several."""
    monkeypatch.setattr("navfeed.client.feed.LARGE_PAGE", 13)
    return 13


def page_requests(lab: Lab) -> list[Request]:
    return [one for one in lab.practice.requests if one.kind == "page"]


def is_large(request: Request) -> bool:
    return "pageSize" in request.query


def test_older_windows_are_read_in_large_pages_and_the_newest_never(lab: Lab, large: int) -> None:
    assert sync(lab) is ExitCode.DONE
    usual = len(page_requests(lab))
    lab = Lab(lab.path.with_name("large.db"), lab.world, page_size=6)
    assert sync(lab, large_pages=True) is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []
    assert len(page_requests(lab)) < 0.8 * usual
    newest = set(pages_of(lab)[0])
    assert not any(is_large(one) for one in page_requests(lab) if one.ident in newest)
    sizes = {event.entries for event in lab.events if isinstance(event, PageApplied)}
    assert max(sizes) == large - 1  # a page begins with the last entry of the one before


def test_the_next_run_requests_no_large_page(lab: Lab) -> None:
    assert sync(lab, large_pages=True) is ExitCode.DONE
    lab.world.advance(timedelta(hours=1))
    assert sync(lab, large_pages=True) is ExitCode.DONE
    assert not any(map(is_large, page_requests(lab)))


def test_a_feed_that_ignores_the_size_is_read_as_ever(lab: Lab, large: int) -> None:
    usual = Lab(lab.path.with_name("usual.db"), lab.world, page_size=6)
    assert sync(usual) is ExitCode.DONE
    lab.practice = Practice(lab.world, page_size=6, honours_page_size=False)
    assert sync(lab, large_pages=True) is ExitCode.DONE
    assert lab.is_exact()
    assert {*lab.requests_of("page")} == {*usual.requests_of("page")}


def shortened(answer: Answer) -> Answer:
    return faults.with_field("items", json.loads(answer.body)["items"][:-5])(answer)


def forged_tip(answer: Answer) -> Answer:
    return faults.with_field("next_id", None)(faults.with_field("next_url", None)(answer))


@pytest.mark.parametrize(
    "distort",
    [
        faults.status(400),
        faults.status(404),
        faults.status(500),
        faults.status(200, b"{}"),
        faults.with_field("id", str(UUID(int=1))),
        forged_tip,
        shortened,
    ],
    ids=["400", "404", "500", "no page", "another id", "a tip", "fewer entries"],
)
@pytest.mark.parametrize("skip", [0, 2])
def test_a_large_page_that_is_not_usable_is_requested_in_the_usual_size(
    lab: Lab, large: int, distort: faults.Distort, skip: int
) -> None:
    lab.practice.script(is_large, distort, times=100, skip=skip)
    assert sync(lab, large_pages=True) is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []
    idents = [one.ident for one in filter(is_large, page_requests(lab))]
    again = [one.ident for one in page_requests(lab) if not is_large(one) and one.ident in idents]
    assert 0 < len(again) <= 3  # once a window


@pytest.mark.parametrize("large_pages", [False, True], ids=["then without", "then with"])
def test_R1_killed_anywhere_with_large_pages_is_exact(
    tmp_path: Path, large: int, large_pages: bool
) -> None:
    lab = Lab(tmp_path / "navfeed.db", days_of(World(4, now=NOW), 3), page_size=4)
    for boundary in deaths(lab, large_pages=True):
        assert sync(lab, large_pages=large_pages) is ExitCode.DONE, boundary
        assert lab.is_exact(), boundary
        assert left(lab) == [], boundary


# Parts of a window's queue


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if windows were so long that their ads are queued in several transactions."""
    monkeypatch.setattr("navfeed.store.windows._PART", 7)


class RecordingStore(Store):
    """Keeps how many rows each part changed, and does something after the first."""

    parts: ClassVar[list[int]]
    after_first: ClassVar[Callable[[], None]]

    def queue_part(self, part: WindowPart, now: datetime) -> list[Queued]:
        before = self._connection.total_changes
        queued = super().queue_part(part, now)
        self.parts.append(self._connection.total_changes - before)
        if len(self.parts) == 1:
            type(self).after_first()
        return queued


@pytest.fixture
def recording(lab: Lab) -> type[RecordingStore]:
    RecordingStore.parts, RecordingStore.after_first = [], lambda: None
    lab.store_class = RecordingStore
    return RecordingStore


def test_a_long_window_is_queued_in_parts(
    lab: Lab, recording: type[RecordingStore], small_parts: None
) -> None:
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []
    assert len(recording.parts) > 9


def test_a_part_is_no_longer_where_the_window_is(tmp_path: Path) -> None:
    """550,000 entries of half a year took 2 s and 100 MB at once, while no signal was heard."""
    ads = [str(UUID(int=Random(at).getrandbits(128))) for at in range(120_000)]
    windows = [Window(0, NOW, (), "tip"), Window(1, NOW, (), "page")]
    with RecordingStore(tmp_path / "navfeed.db") as store:
        RecordingStore.parts, RecordingStore.after_first = [], lambda: None
        store.begin_at(NOW, windows)
        store.commit_window_page(1, [(ad, "ACTIVE") for ad in ads], following=None)
        store.end_walk(store.feed_cursor(), [])
        queued = [one.ad for part in store.window_parts() for one in store.queue_part(part, NOW)]
    assert sorted(queued) == sorted(ads)
    assert len(RecordingStore.parts) == 3
    assert max(RecordingStore.parts[:-1]) < 1.05 * 40_000


def test_a_stop_is_heard_between_parts(
    lab: Lab, recording: type[RecordingStore], small_parts: None
) -> None:
    stop = Stop()
    recording.after_first = lambda: stop.request("a signal")
    assert lab.sync(entry_points=HOURS, stop=stop).exit_code is ExitCode.STOPPED
    assert len(recording.parts) == 1
    assert lab.rows("SELECT count(*) FROM windows WHERE queued") == [(0,)]
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []


def test_R1_killed_between_parts_a_window_is_queued_whole(
    tmp_path: Path, small_parts: None
) -> None:
    lab = Lab(tmp_path / "navfeed.db", days_of(World(4, now=NOW), 3), page_size=4)
    for boundary in deaths(lab):
        assert sync(lab) is ExitCode.DONE, boundary
        assert lab.is_exact(), boundary
        assert left(lab) == [], boundary


# Seeks that do not come


def on_seeks(lab: Lab, distort: faults.Distort, skip: int = 1) -> None:
    """Distort the answers to the seeks for entry points, which follow that for the first page."""
    lab.practice.script(faults.on("seek"), distort, times=50, skip=skip)


@pytest.mark.parametrize(
    "distort",
    [faults.status(500), faults.status(404), faults.status(200, b"{}")],
    ids=["500", "404", "no page"],
)
def test_a_seek_that_does_not_come_is_walked_to(lab: Lab, distort: faults.Distort) -> None:
    on_seeks(lab, distort)
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert sorted(pages_of(lab)) == [0]


def test_a_seek_that_ignores_the_date_is_not_taken(lab: Lab) -> None:
    def ignoring(request: Request) -> None:
        if request.kind == "seek":
            request.headers.pop("if-modified-since", None)

    lab.before = ignoring
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert sorted(pages_of(lab)) == [0]


def test_a_seek_that_filters_its_answer_loses_nothing(tmp_path: Path) -> None:
    world = World(5, now=NOW)
    transaction = world.begin()
    late = transaction.publish(expires=FAR)
    days_of(world, 2)
    lab = Lab(tmp_path / "navfeed.db", world, page_size=50, seek_filters=True)
    transaction.commit()
    assert sync(lab) is ExitCode.DONE
    assert late in lab.stored()
    assert lab.is_exact()


def answering(lab: Lab, page_id: str) -> faults.Distort:
    """Answer with another page than the seek should lead to."""
    other = Request(
        "GET", f"/api/v1/feed/{page_id}", {"authorization": f"Bearer {lab.practice.token}"}
    )
    return lambda _: lab.practice.answer(other)


def test_windows_meet_by_their_entries_and_not_by_a_date(tmp_path: Path) -> None:
    """A seek may lead further on than the date, to an entry whose moment lies behind others'."""
    world = days_of(World(6, now=NOW), 2)
    slow = world.begin()
    world.advance(timedelta(minutes=10))
    before = world.publish(expires=FAR)
    slow.publish(expires=FAR)
    slow.commit()
    opens = world.entries()[-1]
    days_of(world, 1)
    lab = Lab(tmp_path / "navfeed.db", world, page_size=50)
    on_seeks(lab, answering(lab, opens.page_id))
    assert sync(lab, entry_points=HOURS[1:2]) is ExitCode.DONE
    assert sorted(pages_of(lab)) == [0, 1]
    assert before in lab.stored()
    assert lab.is_exact()


def test_S2_no_window_begins_where_an_entry_may_still_appear_before(tmp_path: Path) -> None:
    world = days_of(World(7, now=NOW), 1)
    hidden = world.begin()
    late = hidden.publish(expires=FAR)
    for _ in range(9):
        world.advance(timedelta(minutes=1))
        world.publish(expires=FAR)
    lab = Lab(tmp_path / "navfeed.db", world, page_size=6)
    assert sync(lab, entry_points=(timedelta(minutes=5),)) is ExitCode.DONE
    hidden.commit()
    assert sync(lab) is ExitCode.DONE
    assert late in lab.stored()
    assert lab.is_exact()


def test_S8_a_circle_in_an_older_window_is_not_followed(lab: Lab) -> None:
    first, second = (lab.world.entries()[at].page_id for at in (0, 5))
    lab.practice.script(faults.on("page", second), faults.next_page(first), times=50)
    ended = lab.sync(entry_points=HOURS)
    assert ended.exit_code is ExitCode.FEED
    assert "in a circle" in ended.outcome
    lab.practice.clear_script()
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()


def test_an_end_of_the_log_that_nobody_saw_is_not_believed(lab: Lab) -> None:
    """The newest window reads on from a false tip in the next run; nobody would from this one."""
    second = lab.world.entries()[5].page_id
    tip = faults.then(faults.with_field("next_id", None), faults.with_field("next_url", None))
    lab.practice.script(faults.on("page", second), tip, times=50)
    ended = lab.sync(entry_points=HOURS)
    assert ended.exit_code is ExitCode.FEED
    assert "the feed ends with page" in ended.outcome
    lab.practice.clear_script()
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()


def test_H6_a_page_that_is_gone_is_sought_again(lab: Lab) -> None:
    half_of_a_first_sync(lab)
    [(page_id,)] = lab.rows("SELECT page FROM windows WHERE number = 3")
    lab.world.forget_page(page_id)
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []


def test_H6_a_next_page_that_is_gone_ends_the_run(lab: Lab) -> None:
    third = lab.world.entries()[10].page_id
    lab.practice.script(faults.on("page", third), faults.status(404), times=50)
    ended = lab.sync(entry_points=HOURS)
    assert ended.exit_code is ExitCode.FEED
    assert third in ended.outcome
    lab.practice.clear_script()
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()


def test_S7_where_the_log_starts_again_so_do_the_windows(lab: Lab) -> None:
    half_of_a_first_sync(lab)
    lab.world.reset_log()
    days_of(lab.world, 2)
    for _ in range(3):
        lab.world.advance(timedelta(hours=1))
        code = sync(lab)
    assert code is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []


def test_windows_that_do_not_meet_read_to_the_tip(lab: Lab) -> None:
    """Nothing is lost where a window cannot find the newer one's first entries."""
    half_of_a_first_sync(lab)
    connection = sqlite3.connect(lab.path)
    with connection:
        connection.execute('UPDATE windows SET opening = \'[["a", "ACTIVE", "b"]]\'')
    connection.close()
    assert sync(lab) is ExitCode.DONE
    assert lab.is_exact()
    assert left(lab) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.status(401), ExitCode.TOKEN),
        (faults.then(faults.status(503), faults.retry_after("600")), ExitCode.FEED),
    ],
    ids=["token", "pause"],
)
def test_a_seek_that_shows_that_every_request_fails_ends_the_run(
    lab: Lab, fault: faults.Distort, code: ExitCode
) -> None:
    on_seeks(lab, fault)
    assert sync(lab) is code
    lab.practice.clear_script()
    assert sync(lab, retry_now=True) is ExitCode.DONE
    assert lab.is_exact()


def test_a_debug_line_names_each_ad_that_an_older_window_queues(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "navfeed")
    assert sync(lab) is ExitCode.DONE
    queued = {line.split()[1][:-1] for line in caplog.messages if ": queued, " in line}
    assert queued == set(lab.requests_of("detail"))
