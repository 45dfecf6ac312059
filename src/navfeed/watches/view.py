"""What watches see of the store: one moment of it, and how far it can be relied on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from navfeed.model import age_of, lacks_older_ads, oslo_day
from navfeed.present.words import freshness
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.watches import digest
from navfeed.watches.decide import Moment
from navfeed.watches.definition import Watch
from navfeed.watches.digest import Ad
from navfeed.watches.near import Near, near_misses

FiltersOf = Callable[[Watch, datetime], Filters]
"""What a watch asks of the store at a moment."""


class View:
    """An open store at `now`. `filters_of` may raise `ConfigError`, all else `StoreError`."""

    def __init__(self, reader: Reader, now: datetime, filters_of: FiltersOf) -> None:
        facts = reader.status(now)
        self._reader = reader
        self._now = now
        self._filters_of = filters_of
        self.caught_up_at = facts.caught_up_at
        self.at = Moment(
            now,
            oslo_day(now),
            facts.reaches_back,
            complete=not lacks_older_ads(facts.reaches_back, facts.newest),
        )

    @cached_property
    def alive(self) -> frozenset[str]:
        return frozenset(self._reader.alive())

    def fitting(self, watch: Watch) -> dict[str, Ad]:
        """The ads that fit, by their ids, the newest first."""
        return digest.fitting(self._reader, self._filters_of(watch, self._now))

    def with_excerpts(self, watch: Watch, ads: Sequence[Ad]) -> Mapping[str, Ad]:
        filters = self._filters_of(watch, self._now)
        return digest.with_excerpts(self._reader, filters, ads) if ads else {}

    def near_misses(self, watch: Watch, fits: Iterable[str]) -> list[Near]:
        filters = self._filters_of(watch, self._now)
        return list(near_misses(self._reader, filters, frozenset(fits)))

    def why_not(self, told_from: datetime | None) -> str | None:
        """Why nothing can be told from this store now; None where it can.

        A copy that is not complete yet, or older than what was told from, lacks ads and brings back
        others: everything would look gone, and then new.
        """
        age = age_of(self.caught_up_at, self._now)
        if age is None:
            return f"the data is {freshness(self.caught_up_at, self._now)}"
        told_age = age_of(told_from, self._now)
        if told_age is not None and told_age < age:
            return "the store is older than what was told from, as after a restore"
        return None
