"""How old the data may be that a command answers from.

A consumer whose sync died must not go on showing ads that were withdrawn since (NAV's terms).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from navfeed.cli.output import print_warning
from navfeed.config import Settings, duration
from navfeed.errors import StaleError
from navfeed.model import age_of
from navfeed.present.words import freshness

MaxAgeOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Refuse, with exit code 8, when the data is older than this (90m, 24h, 2d).",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Limits:
    """From which age on a command warns, and from which it refuses. None: whatever the age."""

    warn: timedelta | None = None
    refuse: timedelta | None = None

    def check(self, caught_up_at: datetime | None, now: datetime) -> None:
        """Warn or raise `StaleError`. Data of no known age is older than any limit."""
        said = f"the data is {freshness(caught_up_at, now)}"
        if _exceeds(caught_up_at, now, self.refuse):
            raise StaleError(f"{said}; that is older than --max-age. Run `navfeed sync`")
        if _exceeds(caught_up_at, now, self.warn):
            print_warning(f"{said}. Ads may have been withdrawn since; run `navfeed sync`")


def limits(settings: Settings, max_age: str | None) -> Limits:
    return Limits(
        settings.warn_age, duration(max_age, "--max-age") if max_age is not None else None
    )


def _exceeds(caught_up_at: datetime | None, now: datetime, limit: timedelta | None) -> bool:
    age = age_of(caught_up_at, now)
    return limit is not None and (age is None or age > limit)
