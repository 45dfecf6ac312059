"""What a list can be narrowed down by, with how many ads each choice leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from navfeed.model import OSLO, By, Counted, Span
from navfeed.names import parameter_of
from navfeed.serve.address import Address
from navfeed.serve.queries import Snapshot
from navfeed.store.filters import Filters

SHOWN = 7
"""How many choices of a kind are shown at once; a click shows the rest."""

MOST = 60
"""A longer list is not read; the search box finds what is not in it."""

KINDS: dict[str, By] = {
    "county": By.COUNTY,
    "municipal": By.MUNICIPAL,
    "level1": By.GROUP,
    "level2": By.OCCUPATION,
    "extent": By.EXTENT,
    "engagement": By.ENGAGEMENT,
    "sector": By.SECTOR,
}
"""Fields of filters, and what counts them."""

DAYS = (3, 7, 14)
"""Within how many days to apply."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that narrows the list down, or, where it is `chosen`, no longer does."""

    label: str
    ads: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    choices: tuple[Choice, ...]

    @property
    def first(self) -> tuple[Choice, ...]:
        return self.choices[:SHOWN]

    @property
    def more(self) -> tuple[Choice, ...]:
        return self.choices[SHOWN:]


def facets_of(snapshot: Snapshot, filters: Filters, address: Address) -> list[Facet]:
    """What a list can be narrowed down by; kinds without a choice are left out.

    Counting takes a tenth of a second for 10,000 ads, and after each sync many want it at once.
    """
    counts = snapshot.memory.counts.get(
        snapshot.state, filters, lambda: dict(_counted(snapshot, filters))
    )
    return [
        facet
        for name, counted in counts.items()
        if (facet := Facet(name, tuple(_choices(parameter_of(name), counted, address)))).choices
    ]


def _counted(snapshot: Snapshot, filters: Filters) -> Iterator[tuple[str, list[Counted]]]:
    """Each kind without its own filter: so it shows what else there is to choose."""
    yield "due", [_within(snapshot, filters, days) for days in DAYS]
    alike = [name for name in KINDS if not getattr(filters, name)]
    tallies = snapshot.reader.tallies([KINDS[name] for name in alike], filters)
    for name, by in KINDS.items():
        if name not in alike:
            tallies |= snapshot.reader.tallies([by], _without(filters, name))
        yield name, tallies[by][:MOST]


def _without(filters: Filters, name: str) -> Filters:
    nothing: dict[str, Any] = {name: ()}
    return replace(filters, **nothing)


def _within(snapshot: Snapshot, filters: Filters, days: int) -> Counted:
    today = snapshot.now.astimezone(OSLO).replace(hour=0, minute=0, second=0, microsecond=0)
    span = Span(today, today + timedelta(days=days + 1))
    return due_within(today.date(), days), snapshot.count(replace(filters, due=(span,)))


def due_within(today: date, days: int) -> str:
    """As the filter `due` takes it."""
    return f"[{today},{today + timedelta(days=days)}]"


def _choices(name: str, counted: list[Counted], address: Address) -> Iterator[Choice]:
    """The chosen ones too where no ad is left that has them: they must be there to be taken out."""
    wanted = address.parameters.get(name, [])
    chosen = {value.casefold(): value for value in wanted}
    for label, ads in counted:
        if (value := chosen.pop(label.casefold(), None)) is not None:
            yield Choice(label, ads, address.without_filter(name, value), chosen=True)
        elif ads:
            yield Choice(label, ads, address.with_filter(name, label), chosen=False)
    for value in chosen.values():
        yield Choice(value, 0, address.without_filter(name, value), chosen=True)
