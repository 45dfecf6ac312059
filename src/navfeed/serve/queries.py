"""Queries to the store: a few at a time, each within a budget, none on old data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event
from time import monotonic
from typing import TypeVar

from navfeed.errors import StaleError, StoreError
from navfeed.model import Cursor, age_of, oslo_day
from navfeed.serve.options import ServeOptions
from navfeed.store.query import Reader

T = TypeVar("T")


class OverloadedError(StoreError):
    """More queries at the same time than the limits allow."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at one moment: an open reader, its place in the journal, how fresh it is."""

    reader: Reader
    cursor: Cursor
    caught_up_at: datetime | None
    now: datetime

    @property
    def state(self) -> str:
        """A short text that is another one whenever other ads are active, or an ad is another one.

        The journal's number grows with each change of an ad, and another store has another id; what
        the clock alone does is done by the day in Oslo.
        """
        return f"{self.cursor.store}-{self.cursor.number}-{self.reader.today:%Y%m%d}"


class QueryRunner:
    """Runs queries in threads of its own. A reader lives for one query.

    So no reading transaction outlives a request, and erasing in the store is not held up.
    """

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        limits = options.limits
        self._threads = ThreadPoolExecutor(limits.at_once, "query")
        self._turns = asyncio.Semaphore(limits.at_once)
        self._closing = Event()
        self._waiting = 0

    def close(self) -> None:
        """Ends what is being answered."""
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, query: Callable[[Snapshot], T], *, at_any_age: bool = False) -> T:
        """Run a query on the store as it is now.

        Raises `StaleError` for data that is too old, unless `at_any_age`;
        `OverloadedError`, `TooLongError`, `StoreError`, and what `query` raises.
        """
        await self._turn()
        try:
            closing = self._closing.is_set
            work = partial(run_query, self._options, query, closing, at_any_age=at_any_age)
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._turns.release()

    async def run_aside(self, query: Callable[[Snapshot], T]) -> T:
        """Run a query that nobody waits for, without taking a turn. Raises the same."""
        work = partial(run_query, self._options, query, self._closing.is_set)
        return await asyncio.get_running_loop().run_in_executor(None, work)

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
    *,
    at_any_age: bool = False,
) -> T:
    """Open the store, run a query on it within its budget, and close it."""
    now = options.clock()
    until = monotonic() + options.limits.budget
    with Reader(options.db, oslo_day(now)) as reader:
        reader.give_up_when(lambda: monotonic() > until or closing())
        caught_up_at = reader.caught_up_at()
        if not at_any_age:
            refuse_stale(options, caught_up_at, now)
        return query(Snapshot(reader, reader.cursor(), caught_up_at, now))


def refuse_stale(options: ServeOptions, caught_up_at: datetime | None, now: datetime) -> None:
    """An ad that was withdrawn since must not be shown on (NAV's options). Raises `StaleError`."""
    age = age_of(caught_up_at, now)
    if options.max_age is not None and (age is None or age > options.max_age):
        raise StaleError("the data is older than this service may show. Run `navfeed sync`")
