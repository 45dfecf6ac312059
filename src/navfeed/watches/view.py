"""What watches see of the store: one moment of it, and whether to rely on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from navfeed.model import age_of, lacks_older_ads, oslo_day
from navfeed.present.words import freshness
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.watches import ads
from navfeed.watches.decide import Snapshot
from navfeed.watches.definition import Watch
from navfeed.watches.digest import Ad
from navfeed.watches.near import NearMiss, near_misses

FiltersOf = Callable[[Watch, datetime], Filters]
"""A watch's filters for the store at a moment."""


class View:
    """An open store at `now`. `filters_of` may raise `ConfigError`, the rest `StoreError`."""

    def __init__(self, reader: Reader, now: datetime, filters_of: FiltersOf) -> None:
        facts = reader.status(now)
        self._reader = reader
        self._now = now
        self._filters_of = filters_of
        self.caught_up_at = facts.caught_up_at
        self.snapshot = Snapshot(
            now,
            oslo_day(now),
            facts.reaches_back,
            complete=not lacks_older_ads(facts.reaches_back, facts.newest),
        )

    @cached_property
    def active_ids(self) -> frozenset[str]:
        """All ads that may be active, whether they match or not."""
        return frozenset(self._reader.alive())

    def matching(self, watch: Watch) -> dict[str, Ad]:
        """The matching ads by their ids, the newest first."""
        return ads.matching(self._reader, self._filters_of(watch, self._now))

    def with_excerpts(self, watch: Watch, found: Sequence[Ad]) -> Mapping[str, Ad]:
        """The same ads, each with an excerpt of its text."""
        filters = self._filters_of(watch, self._now)
        return ads.with_excerpts(self._reader, filters, found) if found else {}

    def near_misses(self, watch: Watch, matching: Iterable[str]) -> list[NearMiss]:
        filters = self._filters_of(watch, self._now)
        return list(near_misses(self._reader, filters, frozenset(matching)))

    def not_ready(self, delivered_from: datetime | None) -> str | None:
        """Why nothing can be delivered from this store now; None where it can.

        A copy that is incomplete, or older than the one delivered from before, lacks some ads and
        brings back others: everything would look gone, and then new.
        """
        age = age_of(self.caught_up_at, self._now)
        if age is None:
            return f"the data is {freshness(self.caught_up_at, self._now)}"
        delivered_age = age_of(delivered_from, self._now)
        if delivered_age is not None and delivered_age < age:
            return "the store is older than at the last delivery, as after a restore"
        return None
