"""Queries to the store: a few at a time, each within a budget, none on old data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from time import monotonic
from typing import TypeVar

from navfeed.errors import StaleError, StoreError
from navfeed.model import By, Counted, Cursor, age_of, oslo_day
from navfeed.serve.options import ServeOptions
from navfeed.serve.readers import Readers
from navfeed.serve.remembered import Remembered
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Cell, Sort

T = TypeVar("T")


class OverloadedError(StoreError):
    """More queries at the same time than the limits allow."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of the store's present state.

    A list is up to 100 ids, counts are of some 400 names, and facets 20 kB of HTML: 10 MB at most.
    """

    lists: Remembered = field(default_factory=lambda: Remembered(most=500))
    counts: Remembered = field(default_factory=lambda: Remembered(most=64))
    facets: Remembered = field(default_factory=lambda: Remembered(most=64))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at one moment: an open reader, its place in the journal, how fresh it is."""

    reader: Reader
    cursor: Cursor
    caught_up_at: datetime | None
    now: datetime
    memory: Memory = field(default_factory=Memory)

    @property
    def state(self) -> str:
        """A short text that is another one whenever other ads are active, or an ad is another one.

        The journal's number grows with each change of an ad, and another store has another id; what
        the clock alone does is done by the day in Oslo.
        """
        return f"{self.cursor.store}-{self.cursor.number}-{self.reader.today:%Y%m%d}"

    # As the reader's own, but for what is remembered.

    def count(self, filters: Filters) -> int:
        return self.memory.lists.get(self.state, filters, lambda: self.reader.count(filters))

    def tally(self, by: By, filters: Filters) -> list[Counted]:
        """For names of places and trades, not of employers."""
        return self.memory.counts.get(
            self.state, (by, filters), lambda: self.reader.tally(by, filters)
        )

    def ids(self, filters: Filters, sort: Sort, limit: int, offset: int = 0) -> tuple[str, ...]:
        """The ids of a part of a list, in its order."""
        part = (filters, sort, limit, offset)
        return self.memory.lists.get(
            self.state,
            part,
            lambda: tuple(str(uuid) for (uuid,) in self.reader.rows(["uuid"], *part)),
        )

    def rows(
        self, columns: Sequence[str], filters: Filters, sort: Sort, limit: int, offset: int = 0
    ) -> list[tuple[Cell, ...]]:
        """A part of a list, in its order."""
        ids = self.ids(filters, sort, limit, offset)
        found = self.reader.rows(["uuid", *columns], Filters(uuid=ids or ("",)))
        by_id = {uuid: cells for uuid, *cells in found}
        return [tuple(by_id[uuid]) for uuid in ids]


class QueryRunner:
    """Runs queries in threads of its own."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._readers = Readers(options.db)
        self._memory = Memory()
        self._end_of_use: asyncio.TimerHandle | None = None
        limits = options.limits
        self._threads = ThreadPoolExecutor(limits.at_once, "query")
        self._turns = asyncio.Semaphore(limits.at_once)
        self._closing = Event()
        self._waiting = 0

    def close(self) -> None:
        """Ends what is being answered."""
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._readers.close()

    async def run(self, query: Callable[[Snapshot], T], *, at_any_age: bool = False) -> T:
        """Run a query on the store as it is now.

        Raises `StaleError` for data that is too old, unless `at_any_age`;
        `OverloadedError`, `TooLongError`, `StoreError`, and what `query` raises.
        """
        await self._turn()
        try:
            return await self._in_thread(self._threads, query, at_any_age)
        finally:
            self._turns.release()

    async def run_aside(self, query: Callable[[Snapshot], T]) -> T:
        """Run a query that nobody waits for, without taking a turn. Raises the same."""
        return await self._in_thread(None, query, False)

    async def _in_thread(
        self, threads: ThreadPoolExecutor | None, query: Callable[[Snapshot], T], at_any_age: bool
    ) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(threads, self._run, query, at_any_age)
        finally:
            self._close_later(loop)

    def _run(self, query: Callable[[Snapshot], T], at_any_age: bool) -> T:
        return run_query(
            *(self._options, query, self._closing.is_set, self._readers, self._memory),
            at_any_age=at_any_age,
        )

    def _close_later(self, loop: asyncio.AbstractEventLoop) -> None:
        """Unless another query comes before."""
        if self._end_of_use is not None:
            self._end_of_use.cancel()
        kept = self._options.limits.kept_open
        self._end_of_use = loop.call_later(kept, self._readers.close_unused)

    async def _turn(self) -> None:
        if self._waiting >= self._options.limits.waiting:
            raise OverloadedError("too many requests at the same time. Try again in a while")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._options.limits.patience):
                await self._turns.acquire()
        except TimeoutError:
            raise OverloadedError("too many requests at the same time. Try again later") from None
        finally:
            self._waiting -= 1


def run_query(
    options: ServeOptions,
    query: Callable[[Snapshot], T],
    closing: Callable[[], bool] = lambda: False,
    readers: Readers | None = None,
    memory: Memory | None = None,
    *,
    at_any_age: bool = False,
) -> T:
    """Run a query on the store as it is now, within its budget; by default with its own reader."""
    now = options.clock()
    until = monotonic() + options.limits.budget
    today = oslo_day(now)
    with readers.reader(today) if readers else Reader(options.db, today) as reader:
        reader.give_up_when(lambda: monotonic() > until or closing())
        caught_up_at = reader.caught_up_at()
        if not at_any_age:
            refuse_stale(options, caught_up_at, now)
        return query(Snapshot(reader, reader.cursor(), caught_up_at, now, memory or Memory()))


def refuse_stale(options: ServeOptions, caught_up_at: datetime | None, now: datetime) -> None:
    """An ad that was withdrawn since must not be shown on (NAV's options). Raises `StaleError`."""
    age = age_of(caught_up_at, now)
    if options.max_age is not None and (age is None or age > options.max_age):
        raise StaleError("the data is older than this service may show. Run `navfeed sync`")
