"""Compare the store with the feed, ad by ad, and repair differences on request.

A sync trusts what it has read; this does not. It walks the whole window again, fetches the details
of every ad in the log or the store, and reports each difference by kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from navfeed.decide import confirmed_day
from navfeed.errors import ContractError, FeedError
from navfeed.lookback import feed_clock
from navfeed.model import Detail, DetailDecision, Gone, Page, Queued, Reason, Status
from navfeed.sync.details import (
    BATCH,
    LINGER_SECONDS,
    DetailDecider,
    raise_run_errors,
    withheld_failures,
)
from navfeed.sync.log import log_details
from navfeed.sync.ports import Clock, Feed, Store
from navfeed.sync.walk import Start, begin, resolve
from navfeed.sync.workers import Completed, WorkerPool


class DifferenceKind(StrEnum):
    """How the store can differ from the feed; `unanswered` if the feed gave no answer."""

    MISSING = "missing"
    ALTERED = "altered"
    LINGERING = "lingering"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Difference:
    """An ad that the store does not hold as the feed shows it, and why."""

    ad: str
    kind: DifferenceKind
    why: str

    @property
    def can_be_mended(self) -> bool:
        return self.kind is not DifferenceKind.UNANSWERED


@dataclass(frozen=True, slots=True)
class Checked:
    """`done` of `total` ads are compared; `differences` are those of the last batch."""

    done: int
    total: int
    differences: tuple[Difference, ...]


class Verification:
    """One comparison of everything; with `repair`, differences are repaired on the way."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        pool: WorkerPool,
        *,
        start: Start,
        lateness: timedelta,
        repair: bool,
        clock: Clock,
    ) -> None:
        self._feed = feed
        self._store = store
        self._pool = pool
        self._start = start
        self._lateness = lateness
        self._repair = repair
        self._clock = clock
        self._served_at: datetime | None = None
        self._newest = store.feed_cursor().newest

    def run(self) -> Iterator[Checked]:
        """Compare. May raise what `Feed` and `Store` raise, and `StoppedError`."""
        held = self._store.ad_ids()
        wanted = self._announced() | held | self._store.outside()
        today = confirmed_day(self._served_at, self._newest, self._clock())
        decide = DetailDecider(self._store, today=today, scope=self._store.scope())
        queued = [Queued(ad, 0) for ad in sorted(wanted)]
        done = 0
        for batch in self._pool.map_batches(queued, self._fetch, most=BATCH, linger=LINGER_SECONDS):
            raise_run_errors(batch)
            done += len(batch)
            yield Checked(done, len(queued), tuple(self._compare(batch, held, decide)))

    def _fetch(self, queued: Queued) -> Detail | Gone:
        return self._feed.detail(queued.ad)

    def _announced(self) -> set[str]:
        """The ads that are active by their last entry in the window."""
        last: dict[str, Status] = {}
        for page in self._pages():
            last.update((entry.ad, entry.status) for entry in page.entries)
        return {ad for ad, status in last.items() if status is Status.ACTIVE}

    def _pages(self) -> Iterator[Page]:
        start = resolve(self._feed, self._pool, self._start, self._clock)
        page = begin(self._feed, self._pool, start, self._lateness)
        visited: set[str] = set()
        while True:
            yield page
            self._served_at = page.served_at or self._served_at
            self._newest = feed_clock(self._newest, page)
            visited.add(page.id)
            if page.next_id is None:
                return
            following = self._pool.ask(page.next_id, self._feed.page)
            if not isinstance(following, Page) or following.id in visited:
                raise ContractError(f"the feed does not lead on from page {page.id}")
            page = following

    def _compare(
        self, batch: list[Completed[Queued, Detail | Gone]], held: set[str], decide: DetailDecider
    ) -> Iterator[Difference]:
        decisions = [decide(answer.value) for answer in batch if answer.value is not None]
        if self._repair:
            questions = (answer.question for answer in batch)
            failed = withheld_failures(decisions, questions, self._clock())
            log_details(decisions, self._store.commit_details(decisions, failed, self._clock()))
        for decision in decisions:
            if (kind := _kind(decision, held=decision.ad in held)) is not None:
                yield Difference(decision.ad, kind, decision.reason.value)
        for answer in batch:
            if isinstance(answer.error, FeedError):
                yield Difference(answer.question.ad, DifferenceKind.UNANSWERED, str(answer.error))


def _kind(decision: DetailDecision, *, held: bool) -> DifferenceKind | None:
    if decision.content is None:
        return DifferenceKind.LINGERING if held else None
    if decision.reason is Reason.CHANGED:
        return DifferenceKind.ALTERED
    return DifferenceKind.MISSING if decision.reason is Reason.NEW else None
