"""Limits on the age of the data that a command answers from.

A consumer whose sync died must not go on showing ads that were withdrawn since (NAV's terms).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from navfeed.cli._output import print_warning
from navfeed.config import Settings, duration
from navfeed.errors import StaleError
from navfeed.model import age_of
from navfeed.present.words import freshness, span


@dataclass(frozen=True, slots=True)
class Limits:
    """The ages at which a command warns and fails. None: no limit."""

    warn: timedelta | None = None
    refuse: timedelta | None = None

    def check(self, caught_up_at: datetime | None, now: datetime) -> None:
        """Warn or raise `StaleError`. Data of no known age is older than any limit."""
        if self.refuse is not None and _exceeds(caught_up_at, now, self.refuse):
            raise StaleError(f"{_too_old(caught_up_at, now, self.refuse)}. Run `navfeed sync`")
        if _exceeds(caught_up_at, now, self.warn):
            age = freshness(caught_up_at, now)
            print_warning(
                f"the data is {age}. Ads may have been withdrawn since; run `navfeed sync`"
            )


def _too_old(caught_up_at: datetime | None, now: datetime, limit: timedelta) -> str:
    age = age_of(caught_up_at, now)
    if age is None:
        return f"the data is {freshness(caught_up_at, now)}; --max-age allows {span(limit)}"
    if span(age) != span(limit):
        return f"the data is {span(age)} old; --max-age allows {span(limit)}"
    seconds = [f"{one.total_seconds():,.0f} s" for one in (age, limit)]  # 25 hours are a day too
    return f"the data is {seconds[0]} old; --max-age allows {seconds[1]}"


def limits(settings: Settings, max_age: str | None) -> Limits:
    return Limits(
        settings.warn_age, duration(max_age, "--max-age") if max_age is not None else None
    )


def _exceeds(caught_up_at: datetime | None, now: datetime, limit: timedelta | None) -> bool:
    age = age_of(caught_up_at, now)
    return limit is not None and (age is None or age > limit)
