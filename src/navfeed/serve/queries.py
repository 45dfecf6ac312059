"""Queries to the store: a few at a time, each within a budget, none on old data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from threading import Event, Lock
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


_FileId = tuple[int, int]

MOST_QUERIES = 500
"""After so many a reader is closed: what it keeps of searches grows with each new word."""


@dataclass(slots=True)
class _Paused:
    reader: Reader
    file: _FileId | None
    queries: int


class Readers:
    """Readers of the store, each for one query after the other, until something is written to it.

    To open one takes 2.4 ms, since SQLite reads a schema of 426 entries, and to look up the words
    that the first search is for takes 30 ms. Between two queries a reader has no transaction, so
    that erasing in the store is not held up.
    """

    def __init__(self, db: Path) -> None:
        self._db = db
        self._lock = Lock()
        self._paused: list[_Paused] = []
        self._is_closed = False

    @contextmanager
    def reader(self, today: date) -> Iterator[Reader]:
        """A reader of the store as it is now, as of `today`. Raises `StoreError`."""
        file = _file_at(self._db)  # before it is opened: what replaces it later has another id
        used = self._resumed(file, today) or _Paused(Reader(self._db, today), file, 0)
        is_kept = False
        try:
            yield used.reader
            is_kept = used.reader.pause() and self._keep(used)
        finally:
            if not is_kept:
                used.reader.close()

    def close_unused(self) -> None:
        """So that nothing keeps the store's file open, which may be replaced or unmounted."""
        while (paused := self._pop()) is not None:
            paused.reader.close()

    def close(self) -> None:
        """Close those that are not in use now, and the others after their query."""
        with self._lock:
            self._is_closed = True
        self.close_unused()

    def _keep(self, used: _Paused) -> bool:
        used.queries += 1
        with self._lock:
            if self._is_closed or used.file is None or used.queries == MOST_QUERIES:
                return False
            self._paused.append(used)
            return True

    def _resumed(self, file: _FileId | None, today: date) -> _Paused | None:
        while (paused := self._pop()) is not None:
            if paused.file == file and paused.reader.resume(today):
                return paused
            paused.reader.close()
        return None

    def _pop(self) -> _Paused | None:
        with self._lock:
            return self._paused.pop() if self._paused else None


def _file_at(path: Path) -> _FileId | None:
    try:
        facts = path.stat()
    except OSError:
        return None  # opening it says why
    return facts.st_dev, facts.st_ino


class QueryRunner:
    """Runs queries in threads of its own."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._readers = Readers(options.db)
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
            return await self._in_thread(self._threads, query, at_any_age=at_any_age)
        finally:
            self._turns.release()

    async def run_aside(self, query: Callable[[Snapshot], T]) -> T:
        """Run a query that nobody waits for, without taking a turn. Raises the same."""
        return await self._in_thread(None, query)

    async def _in_thread(
        self, threads: ThreadPoolExecutor | None, query: Callable[[Snapshot], T], **more: bool
    ) -> T:
        loop = asyncio.get_running_loop()
        work = partial(run_query, self._options, query, self._closing.is_set, self._readers, **more)
        try:
            return await loop.run_in_executor(threads, work)
        finally:
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
        return query(Snapshot(reader, reader.cursor(), caught_up_at, now))


def refuse_stale(options: ServeOptions, caught_up_at: datetime | None, now: datetime) -> None:
    """An ad that was withdrawn since must not be shown on (NAV's options). Raises `StaleError`."""
    age = age_of(caught_up_at, now)
    if options.max_age is not None and (age is None or age > options.max_age):
        raise StaleError("the data is older than this service may show. Run `navfeed sync`")
