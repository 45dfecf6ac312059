"""What one run reads, side by side: the newest window, older ones of a first sync, and details.

One thread applies every answer, in the order in which they come; the pool's threads fetch. Pages
go before details: which page follows is known only once the page before it came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import date
from typing import Generic, TypeVar

from navfeed.decide import confirmed_day
from navfeed.errors import FeedError, StoppedError, TokenError
from navfeed.model import Page, Queued, Unchanged, counted
from navfeed.sync.details import Details, DetailsApplied
from navfeed.sync.log import log_announced
from navfeed.sync.older import OlderWindow, older_windows
from navfeed.sync.ports import Clock, Feed, Store
from navfeed.sync.walk import PageApplied, Walk
from navfeed.sync.workers import Completed, Requests, WorkerPool

E = TypeVar("E")


PageReader = Walk | OlderWindow
"""Reads pages one after the other; `wants` is the next one, None at its end."""


class Reading(Generic[E]):
    """One run's reading. `at_tip` is called once the newest window is read, with the day's date.

    Its events are handed on. Details are fetched from then on, while older windows are still read.
    """

    def __init__(
        self,
        feed: Feed,
        store: Store,
        pool: WorkerPool,
        walk: Walk,
        *,
        at_tip: Callable[[date], Iterator[E]],
        retry_now: bool,
        max_pages: int | None,
        large_pages: bool,
        clock: Clock,
    ) -> None:
        self._feed = feed
        self._store = store
        self._pool = pool
        self._walk = walk
        self._at_tip = at_tip
        self._retry_now = retry_now
        self._max_pages = max_pages
        self._large_pages = large_pages
        self._clock = clock
        self._requests = Requests(pool)
        self._readers: list[PageReader] = []
        self._details: Details | None = None
        self._fetching = 0
        self._pages = 0
        self.walked_at = clock()
        """When the tip was reached, by our clock: the age of the data is computed by it."""

    def run(self) -> Iterator[PageApplied | DetailsApplied | E]:
        """Read everything. May raise what `Feed` and `Store` raise, and `StoppedError`."""
        try:
            yield from self._begin()
            while self._requests.under_way:
                yield from self._advance()
        except (FeedError, TokenError, StoppedError):
            if self._details is not None:
                yield from self._details.flush()
            raise

    def _begin(self) -> Iterator[PageApplied | E]:
        applied = self._walk.begin()
        older = older_windows(
            self._feed, self._store, self._walk.opened, large_pages=self._large_pages
        )
        self._readers = [self._walk, *older]
        if applied is not None:
            yield from self._applied(applied)
        if self._walk.wants is None:
            yield from self._end_newest()
        for reader in self._readers:
            self._request(reader)

    def _advance(self) -> Iterator[PageApplied | DetailsApplied | E]:
        """Apply the next answer, or the batch of details whose time has come."""
        details = self._details
        answer = self._requests.next(details.patience if details else None)
        if answer is None:
            pass
        elif details is not None and isinstance(answer.question, Queued):
            self._fetching -= 1
            details.take(answer)
        else:
            yield from self._take_page(answer)
        if details is not None:
            self._fetch_more(details)
            if details.is_due:
                yield from details.run_batch()

    # Pages

    def _request(self, reader: PageReader) -> None:
        if (page := reader.wants) is not None:
            self._requests.put(reader, lambda one: one.fetch(page), is_urgent=True)

    def _take_page(
        self, answer: Completed[PageReader, Page | Unchanged | None]
    ) -> Iterator[PageApplied | E]:
        reader = answer.question
        if answer.error is not None:
            raise answer.error
        yield from self._applied(reader.take(answer.value))
        self._request(reader)
        if reader.wants is None and reader is self._walk:
            yield from self._end_newest()
        elif reader.wants is None and self._details is not None:
            self._details.add(self._queue_windows())

    def _applied(self, applied: PageApplied) -> Iterator[PageApplied]:
        """Pages that are only read again do not count, or a small limit would never get past."""
        yield applied
        self._pages += applied.new > 0
        if self._pages == self._max_pages and any(reader.wants for reader in self._readers):
            raise StoppedError(
                f"stopped after {counted(self._pages, 'page')} (--max-pages); the next sync goes on"
            )

    def _end_newest(self) -> Iterator[E]:
        """The tip is reached: from now on details are fetched, and they are true today."""
        self.walked_at = self._clock()
        self._walk.end()
        deque(self._queue_windows(), maxlen=0)  # they are due, as is what was queued before
        today = confirmed_day(self._walk.served_at, self._walk.newest, self._clock())
        yield from self._at_tip(today)
        self._details = Details(
            self._feed,
            self._store,
            self._pool,
            today=today,
            scope=self._store.scope(),
            clock=self._clock,
        )
        self._details.add(self._store.due(self._clock(), everything=self._retry_now))
        self._fetch_more(self._details)

    def _queue_windows(self) -> Iterator[Queued]:
        """Queue what windows name, once they and all newer ones are read. May be stopped."""
        for part in self._store.window_parts():
            self._pool.check()
            queued = self._store.queue_part(part, self._clock())
            log_announced(queued)
            yield from queued

    # Details

    def _fetch_more(self, details: Details) -> None:
        """Request enough details that no thread waits while a batch is committed."""
        while self._fetching < 2 * self._pool.size and (queued := details.next):
            self._requests.put(queued, details.fetch)
            self._fetching += 1
