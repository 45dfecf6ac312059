"""Transactions: how events get into the log, and when they can be seen."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from navfeed.practice import ads, invented
from navfeed.practice.ads import Ad, Content
from navfeed.practice.dates import midnight, oslo_day
from navfeed.practice.log import Entry, Log


class HeldError(RuntimeError):
    """The ad belongs to another open transaction. A database would let us wait for it."""


@dataclass(slots=True)
class State:
    """State that the world and its open transactions share, guarded by `lock`.

    `held` maps an ad to the open transaction that has changed it.
    """

    seed: int
    now: datetime
    rng: random.Random
    log: Log = field(default_factory=Log)
    ads: dict[str, Ad] = field(default_factory=dict)
    held: dict[str, object] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def hold(self, ad: str, holder: object) -> None:
        """Reserve the ad for a transaction; raise HeldError if another one has it."""
        if self.held.setdefault(ad, holder) is not holder:
            raise HeldError(f"another open transaction has changed {ad}; end that one first")

    def release(self, holder: object) -> None:
        self.held = {ad: other for ad, other in self.held.items() if other is not holder}

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now

    def tick(self) -> datetime:
        """Move the clock on by up to a second, to a moment that is written with 0-6 decimals."""
        digits = self.rng.choices(range(7), (2, 2, 2, 4, 4, 10, 76))[0]
        unit = 10 ** (6 - digits)
        later = self.now + timedelta(microseconds=self.rng.randint(200, 40_000) + unit - 1)
        self.now = later - timedelta(microseconds=later.microsecond % unit)
        return self.now

    def own_clock(self) -> datetime:
        """Return a moment of the ad's own clock: minutes off the entry's, in milliseconds."""
        moment = self.now + timedelta(milliseconds=self.rng.randint(-1_200_000, 1_200_000))
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def some_weeks_on(self) -> datetime:
        return midnight(oslo_day(self.now) + timedelta(days=self.rng.randint(14, 56)))


class Transaction:
    """Events that share one `written` and become visible together, at `commit`.

    Each event takes its place in the log at once: entries of a transaction that stays open appear
    before entries that readers have passed meanwhile. The ads themselves change at commit too.
    As a context manager it commits, or rolls back when the block raises. Every operation returns
    the ad's uuid; it raises KeyError for an ad nobody published and HeldError for one that another
    open transaction has changed.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._log = state.log
        self._written = state.tick()
        self._pending: dict[str, Ad] = {}
        self._places: list[int] = []
        self._withheld: list[int] = []

    def publish(
        self,
        ad: str | None = None,
        *,
        content: Content | None = None,
        shared: bool = True,
        expires: datetime | None = None,
    ) -> str:
        """Publish a new ad, of the given uuid if any.

        `content` replaces made-up fields of `ad_content`. Raises ValueError for a uuid in use.
        """
        state = self._state
        with state.lock:
            identity = ad or state.new_uuid()
            state.hold(identity, self)
            if identity in state.ads or identity in self._pending:
                raise ValueError(f"{identity} is published already; update or reactivate it")
            facts = invented.outline(f"{state.seed}:{identity}")
            until = expires or state.some_weeks_on()
            changed = state.own_clock()
            overrides = content or {}
            fresh = Ad(identity, facts, overrides, self._written, changed, until, shared=shared)
            return self._record(fresh)

    def update(self, ad: str, content: Content | None = None) -> str:
        """Change an ad's content; its status stays what it is."""
        return self._change(ad, lambda old, own: ads.updated(old, content or {}, own))

    def stop(self, ad: str) -> str:
        """Withdraw an ad; its entry has neither title nor business name."""
        return self._change(ad, ads.stopped)

    def expire(self, ad: str) -> str:
        """Withdraw an ad because its last day is over; its entry keeps title and business name."""
        today = oslo_day(self._written)
        return self._change(ad, lambda old, own: ads.expired(old, own, today))

    def reactivate(
        self, ad: str, content: Content | None = None, *, expires: datetime | None = None
    ) -> str:
        """Bring an ad back, with a new last day."""
        term = self._written, expires or self._state.some_weeks_on()
        return self._change(ad, lambda old, own: ads.reactivated(old, content or {}, own, term))

    def commit(self) -> None:
        """Make everything visible; a second commit does nothing."""
        with self._state.lock:
            self._log.show(self._places)
            self._log.withhold(self._withheld)
            self._state.ads.update(self._pending)
            self.rollback()

    def rollback(self) -> None:
        """Discard the uncommitted events; their places in the log stay empty."""
        with self._state.lock:
            self._places, self._withheld = [], []
            self._pending = {}
            self._state.release(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _change(self, ad: str, change: Callable[[Ad, datetime], Ad]) -> str:
        with self._state.lock:
            self._state.hold(ad, self)
            old = self._pending.get(ad) or self._state.ads[ad]
            return self._record(change(old, self._state.own_clock()))

    def _record(self, ad: Ad) -> str:
        """An entry for an ad as it is now; hidden forever if its source forbids showing it."""
        ad = ads.as_served(ad)
        entry = Entry(self._state.new_uuid(), ad.uuid, ad.status, *ad.headline, self._written)
        places = self._places if ad.passed_on else self._withheld
        places.append(self._log.reserve(entry))
        self._pending[ad.uuid] = ad
        return ad.uuid
