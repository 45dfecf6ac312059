"""Following: one run after the other, at a polite pace, through all weather.

What passes by itself (`NavfeedError.passes`) is waited for, ever longer; what does not ends the
service, so that somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from navfeed.errors import LockedError, NavfeedError, UnreachableError
from navfeed.sync.ports import Clock

LONGEST_REST = 900.0
"""Seconds between two attempts after failures, unless the server or the user requests more."""

JITTER = 0.1
"""Share by which a rest varies, so that many followers do not come at the same moment."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The seconds until the next run; `error`: what went wrong in the last one, if anything."""

    seconds: float
    error: NavfeedError | None


class Sleeper(Protocol):
    """`navfeed.sync.workers.Stop`, as far as resting goes."""

    def sleep(self, seconds: float) -> bool: ...


def follow(
    run: Callable[[], NavfeedError | None],
    *,
    every: Callable[[], float],
    clock: Clock,
    chance: Callable[[], float],
    sleeper: Sleeper,
    tick: float,
    alive: Callable[[], None],
) -> Iterator[Rest]:
    """Run, yield how long to rest, rest, repeat. Ends by raising an error that does not pass.

    `every` answers the seconds between two runs, `chance` a number from 0 to 1. While it rests, a
    nudge (`Stop.wake`) begins the next run, and `alive` is called every `tick` seconds.
    """
    failures = 0
    while True:
        error = run()
        if error is not None and not error.passes:
            raise error
        failures = _failures(failures, error)
        seconds = rest_after(error, failures, every=every(), now=clock(), chance=chance())
        yield Rest(seconds, error)
        _rest(sleeper, seconds, tick, alive)


def _failures(before: int, error: NavfeedError | None) -> int:
    """How many consecutive runs failed. One that found the store locked made no request."""
    if isinstance(error, LockedError):
        return before
    return 0 if error is None else before + 1


def rest_after(
    error: NavfeedError | None, failures: int, *, every: float, now: datetime, chance: float
) -> float:
    """Seconds until the next run: doubled with each failure in a row, but not for ever."""
    longest = max(LONGEST_REST, every)
    seconds = min(every * 2.0 ** min(failures, 30), longest)
    if isinstance(error, UnreachableError) and error.retry_at is not None:
        seconds = max(seconds, (error.retry_at - now).total_seconds())
        return seconds * (1 + JITTER * chance)  # never before the server permits it
    return seconds * (1 + JITTER * (2 * chance - 1))


def _rest(sleeper: Sleeper, seconds: float, tick: float, alive: Callable[[], None]) -> None:
    left = seconds
    while left > 0:
        alive()
        if sleeper.sleep(min(left, tick)):
            return
        left -= tick
