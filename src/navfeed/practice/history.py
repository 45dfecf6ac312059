"""A plausible past: months of entries that lead to a given number of active ads."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from navfeed.practice.dates import midnight, oslo_day
from navfeed.practice.transaction import State, Transaction

_UPDATES = 0.20
_REACTIVATIONS = 0.03
_UNSHARED = 0.05
_DIRECT = 0.01  # of those: ads that are INACTIVE from the beginning
_FORGOTTEN = 0.003
_STOPPED = 0.4
_OVERTAKEN = 0.06
# Publications are about this share of all entries once as many ads go as come.
_PUBLICATIONS = 0.39
_SHORTEST_MEAN_LIFE = 35.0
# Lives vary by 0.4-1.6 of the mean; so none lasts more than six months.
_LONGEST_MEAN_LIFE = 112.0


class _ActiveAds:
    """The active ads while the past is built, those that expire first at the front."""

    def __init__(self) -> None:
        self._ads: list[str] = []
        self._places: dict[str, int] = {}
        self._due: list[tuple[datetime, str]] = []
        self._expires: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._ads)

    def add(self, ad: str, expires: datetime) -> None:
        self._places[ad] = len(self._ads)
        self._ads.append(ad)
        self._expires[ad] = expires
        heapq.heappush(self._due, (expires, ad))

    def any(self, rng: random.Random) -> str:
        return self._ads[rng.randrange(len(self._ads))]

    def take(self, rng: random.Random) -> str:
        """Remove an ad and return it."""
        ad = self.any(rng)
        self._remove(ad)
        return ad

    def take_overdue(self, today: datetime) -> str | None:
        """Remove an ad whose last day ended before `today` began; None when there is none."""
        while self._due and self._due[0][0] < today:
            expires, ad = heapq.heappop(self._due)
            if self._expires.get(ad) == expires:
                self._remove(ad)
                return ad
        return None

    def _remove(self, ad: str) -> None:
        place, last = self._places.pop(ad), self._ads.pop()
        if last != ad:
            self._ads[place] = last
            self._places[last] = place
        del self._expires[ad]


class Past:
    """Writes past entries, spread over a number of days, into a new world's state."""

    def __init__(
        self, state: State, rng: random.Random, *, entries: int, active: int, days: float
    ) -> None:
        self._state = state
        self._rng = rng
        self._entries = entries
        self._active = active
        self._days = days
        self._written = 0
        self._standing = _ActiveAds()
        self._withdrawn: list[str] = []
        self._unshared: deque[str] = deque()
        needed = 1.15 * active * days / (_PUBLICATIONS * max(entries, 1))
        self._mean_life = min(max(needed, _SHORTEST_MEAN_LIFE), _LONGEST_MEAN_LIFE)

    def write(self) -> None:
        """Fill the new world, from its present time on."""
        sizes = list(self._batch_sizes())
        for size, moment in zip(sizes, self._moments(len(sizes)), strict=True):
            self._wait_until(moment)
            if size > 1 and self._rng.random() < _OVERTAKEN:
                self._overtaken_batch(size)
            else:
                self._batch(size)

    def _batch_sizes(self) -> Iterator[int]:
        left = self._entries
        while left:
            draw = self._rng.random()
            most = 1 if draw < 0.7 else 5 if draw < 0.95 else 40
            size = min(left, self._rng.randint(1, most))
            left -= size
            yield size

    def _moments(self, count: int) -> list[datetime]:
        start = self._state.now
        # The last minutes are left free for what the clock ticks on by itself.
        span = max(0.0, self._days * 86_400 - 300)
        return sorted(start + timedelta(seconds=self._second(span)) for _ in range(count))

    def _second(self, span: float) -> float:
        """Draw a second, rarely one at night."""
        second = self._rng.random() * span
        asleep = second % 86_400 > 54_000 and self._rng.random() < 0.8
        return self._rng.random() * span if asleep else second

    def _wait_until(self, moment: datetime) -> None:
        self._state.advance(max(moment - self._state.now, timedelta()))

    def _batch(self, size: int) -> None:
        with Transaction(self._state) as transaction:
            for _ in range(size):
                self._event(transaction)

    def _overtaken_batch(self, size: int) -> None:
        """Let a newer transaction write first, so that `written` falls along the log."""
        with Transaction(self._state) as late:
            self._state.advance(timedelta(seconds=self._rng.uniform(0.5, 30)))
            self._batch(1)
            for _ in range(size - 1):
                self._event(late)

    def _event(self, transaction: Transaction) -> None:
        self._written += 1
        overdue = self._standing.take_overdue(midnight(oslo_day(self._state.now)))
        draw = self._rng.random()
        if overdue:
            self._withdrawn.append(transaction.expire(overdue))
        elif draw < _UPDATES and self._standing:
            transaction.update(self._standing.any(self._rng))
        elif draw < _UPDATES + _REACTIVATIONS and self._withdrawn:
            self._reactivate(transaction)
        elif len(self._standing) < self._wanted():
            self._publish(transaction)
        else:
            self._withdraw(transaction)

    def _wanted(self) -> float:
        """Return the number of active ads to have by now: it grows over the first third."""
        return self._active * min(1.0, 3 * self._written / self._entries)

    def _publish(self, transaction: Transaction) -> None:
        expires = self._some_day()
        draw = self._rng.random()
        content = {"source": "DIR"} if draw < _DIRECT else None
        shared = not _DIRECT <= draw < _UNSHARED
        ad = transaction.publish(content=content, shared=shared, expires=expires)
        if draw < _UNSHARED:
            self._unshared.append(ad)
        elif draw < 1 - _FORGOTTEN:
            self._standing.add(ad, expires)

    def _withdraw(self, transaction: Transaction) -> None:
        if len(self._unshared) > _UNSHARED * self._active:
            transaction.stop(self._unshared.popleft())
        elif not self._standing:
            self._publish(transaction)
        elif self._rng.random() < _STOPPED:
            self._withdrawn.append(transaction.stop(self._standing.take(self._rng)))
        else:
            self._withdrawn.append(transaction.expire(self._standing.take(self._rng)))

    def _reactivate(self, transaction: Transaction) -> None:
        place = self._rng.randrange(len(self._withdrawn))
        self._withdrawn[place], self._withdrawn[-1] = self._withdrawn[-1], self._withdrawn[place]
        expires = self._some_day()
        ad = transaction.reactivate(self._withdrawn.pop(), expires=expires)
        self._standing.add(ad, expires)

    def _some_day(self) -> datetime:
        life = self._mean_life * self._rng.uniform(0.4, 1.6)
        return midnight(oslo_day(self._state.now + timedelta(days=life)))
