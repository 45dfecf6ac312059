"""What a list can be narrowed down by, with how many ads each choice leaves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import date, timedelta
from threading import Lock
from typing import Any

from navfeed.model import OSLO, By, Counted, Span
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
"""Filters by names, and what counts them."""

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


_Counts = dict[str, list[Counted]]
_Key = tuple[str, Filters]


class Facets:
    """Counts the ads by what they can be narrowed down by, once for each state of the store.

    Callers who want the same counts at the same time wait for the first of them: counting takes a
    tenth of a second for 10,000 ads, and after each sync many want it at once. What is remembered
    are numbers and names of places and trades, never an ad.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._known: OrderedDict[_Key, Future[_Counts]] = OrderedDict()
        self._lock = Lock()

    def of(self, snapshot: Snapshot, filters: Filters, address: Address) -> list[Facet]:
        counts = self._counts(snapshot, filters)
        return [
            facet
            for name, counted in counts.items()
            if (facet := Facet(name, tuple(_choices(name, counted, address)))).choices
        ]

    def _counts(self, snapshot: Snapshot, filters: Filters) -> _Counts:
        key = (snapshot.state, filters)
        counts, is_new = self._entry(key)
        if is_new:
            try:
                counts.set_result(dict(_counted(snapshot, filters)))
            except BaseException as error:  # noqa: BLE001  its waiters get the same error
                self._forget(key)
                counts.set_exception(error)
        return counts.result()

    def _entry(self, key: _Key) -> tuple[Future[_Counts], bool]:
        """The counts, perhaps still being made, and whether it is for the caller to make them."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key], False
            self._known[key] = Future()
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return self._known[key], True

    def _forget(self, key: _Key) -> None:
        with self._lock:
            self._known.pop(key, None)


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
    return due_within(today.date(), days), snapshot.reader.count(replace(filters, due=(span,)))


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
