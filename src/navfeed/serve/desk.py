"""Where questions are put to the store: a few at a time, each within a budget, none on old data."""

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
from navfeed.model import age_of, oslo_day
from navfeed.serve.terms import Terms
from navfeed.store.query import Reader

T = TypeVar("T")


class CrowdedError(StoreError):
    """More is asked at the same time than the machine has been given leave to answer."""


@dataclass(frozen=True, slots=True)
class Hour:
    """The store at one moment: an open reader, the number of its state, how fresh it is."""

    reader: Reader
    state: str
    caught_up_at: datetime | None
    now: datetime


class Desk:
    """Answers questions in threads of its own. A reader lives as long as one question.

    So no reading transaction outlives a request, and erasing in the store is not held up.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        limits = terms.limits
        self._threads = ThreadPoolExecutor(limits.at_once, "question")
        self._turns = asyncio.Semaphore(limits.at_once)
        self._closing = Event()
        self._waiting = 0

    def close(self) -> None:
        """Ends what is being answered."""
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def ask(self, question: Callable[[Hour], T], *, at_any_age: bool = False) -> T:
        """Put a question to the store as it is now.

        Raises `StaleError` for data that is too old, unless it is asked `at_any_age`;
        `CrowdedError`, `TooLongError`, `StoreError`, and what `question` raises.
        """
        await self._turn()
        try:
            closing = self._closing.is_set
            work = partial(put, self._terms, question, closing, at_any_age=at_any_age)
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._turns.release()

    async def _turn(self) -> None:
        if self._waiting >= self._terms.limits.waiting:
            raise CrowdedError("too much is asked at the same time. Ask again in a while")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._terms.limits.patience):
                await self._turns.acquire()
        except TimeoutError:
            raise CrowdedError("too much is asked at the same time. Ask again later") from None
        finally:
            self._waiting -= 1


def put(
    terms: Terms,
    question: Callable[[Hour], T],
    closing: Callable[[], bool] = lambda: False,
    *,
    at_any_age: bool = False,
) -> T:
    """Open the store, put a question to it within its budget, and close it again."""
    now = terms.clock()
    until = monotonic() + terms.limits.budget
    with Reader(terms.db, oslo_day(now)) as reader:
        reader.give_up_when(lambda: monotonic() > until or closing())
        caught_up_at = reader.caught_up_at()
        if not at_any_age:
            refuse_stale(terms, caught_up_at, now)
        return question(Hour(reader, reader.state(), caught_up_at, now))


def refuse_stale(terms: Terms, caught_up_at: datetime | None, now: datetime) -> None:
    """An ad that was withdrawn since must not be shown on (NAV's terms). Raises `StaleError`."""
    age = age_of(caught_up_at, now)
    if terms.max_age is not None and (age is None or age > terms.max_age):
        raise StaleError("the data is older than this service may show. Run `navfeed sync`")
