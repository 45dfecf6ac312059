"""Where the windows of a first sync begin: seeks by date, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from navfeed.errors import FeedError, UnreachableError
from navfeed.first_windows import entry_dates, is_settled, opening_of
from navfeed.model import Page, Window
from navfeed.sync.ports import Feed
from navfeed.sync.workers import Completed, WorkerPool

Start = tuple[datetime | None, Page]
"""A page, and the date whose seek led there."""


@dataclass(frozen=True, slots=True)
class Found:
    """The page to begin the newest window with, and all windows; none where one is enough.

    `pages` are the first pages of the windows, by their ids.
    """

    first: Page
    windows: Sequence[Window] = ()
    pages: Mapping[str, Page] = field(default_factory=dict)


def find_windows(
    feed: Feed,
    pool: WorkerPool,
    oldest: Start,
    *,
    points: Sequence[timedelta],
    lateness: timedelta,
) -> Found:
    """Where to read the log at once.

    `oldest` is where the log is read from. A seek that finds nothing usable leaves its stretch to
    the next older window.
    """
    found = _sought(feed, pool, entry_dates(oldest[1], points))
    starts = _distinct([one for one in found if is_settled(one[1], lateness)], oldest)
    if len(starts) == 1:
        return Found(oldest[1])
    windows = [
        Window(number, since, opening_of(page, lateness), page.id)
        for number, (since, page) in enumerate(starts)
    ]
    return Found(starts[0][1], windows, {page.id: page for _, page in starts[1:]})


def seek_whole(feed: Feed, since: datetime | None) -> Page | None:
    """The page that a date leads to, with all its entries: a seek's own answer is filtered."""
    page = feed.seek(since)
    whole = feed.page(page.id) if page else None
    return whole if isinstance(whole, Page) else None


def _sought(feed: Feed, pool: WorkerPool, dates: Sequence[datetime]) -> list[Start]:
    """What the seeks found, newest first. Raises what ends the run."""
    found: list[Start] = []
    for batch in pool.map_batches(
        dates, lambda date: seek_whole(feed, date), most=len(dates), linger=0
    ):
        _raise_run_errors(batch)
        found += [(answer.question, answer.value) for answer in batch if answer.value]
    return sorted(found, key=lambda one: dates.index(one[0]) if one[0] else 0)


def _raise_run_errors(batch: Sequence[Completed[datetime, Page | None]]) -> None:
    """A seek that fails is done without, unless it shows that every request would."""
    for answer in batch:
        pauses = isinstance(answer.error, UnreachableError) and not answer.error.may_retry
        if answer.error and (pauses or not isinstance(answer.error, FeedError)):
            raise answer.error


def _distinct(found: Sequence[Start], oldest: Start) -> list[Start]:
    """Each page once, by the oldest date that leads there."""
    starts = [oldest]
    for since, page in reversed(found):
        if page.entries and page.id != starts[-1][1].id:
            starts.append((since, page))
    return starts[::-1]
