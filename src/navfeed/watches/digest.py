"""What a digest contains, whatever its format: no markup, nothing that could do harm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter

from navfeed.watches.choices import Field, Mark, Trigger
from navfeed.watches.decide import Match
from navfeed.watches.target import short_hash

Pieces = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it matches the search."""


@dataclass(frozen=True, slots=True)
class Ad:
    """What a digest contains of an ad. URLs are http(s), or empty; `due` is free text."""

    uuid: str
    title: str
    employer: str
    place: str
    due: str
    due_date: date | None
    last_day: date | None
    apply_url: str
    page_url: str
    hashes: Mapping[Field, str]
    excerpt: Pieces = ()

    @property
    def closes_on(self) -> date | None:
        """The deadline, or the last day on which the ad is shown, whichever comes first."""
        return min(filter(None, (self.due_date, self.last_day)), default=None)

    @property
    def deadline(self) -> str:
        """The deadline as the ad gives it; empty where it gives none."""
        return self.due_date.isoformat() if self.due_date else self.due

    def match(self) -> Match:
        return Match(self.uuid, self.hashes, self.closes_on)


def gone_ad(uuid: str) -> Ad:
    """An ad that is gone: its id, and nothing of its content."""
    return Ad(uuid, f"ad {uuid}", "", "", "", None, None, "", "", {})


@dataclass(frozen=True, slots=True)
class Item:
    """An ad in a digest: why it is there, what changed, and how the user triaged it.

    Of an ad that is gone, only the id is known. `days_left` until it closes, 0 for today, where
    that is soon. `also_matches`: other watches.
    """

    ad: Ad
    trigger: Trigger
    changed: tuple[Field, ...] = ()
    days_left: int | None = None
    mark: Mark | None = None
    note: str | None = None
    also_matches: tuple[str, ...] = ()
    first_notified_at: datetime | None = None
    last_notified_at: datetime | None = None

    def with_mark(self, mark: Mark, note: str | None) -> Item:
        return replace(self, mark=mark, note=note)


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one watch."""

    watch: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What is delivered at once. `warning`: that the data is old, where it is."""

    groups: tuple[Group, ...]
    warning: str = ""

    @property
    def items(self) -> Iterator[Item]:
        return (item for group in self.groups for item in group.items)

    def parts(self, most: int) -> Iterator[Digest]:
        """The same in parts of at most `most` ads."""
        listed = [(group.watch, item) for group in self.groups for item in group.items]
        for start in range(0, len(listed), most):
            part = groupby(listed[start : start + most], key=itemgetter(0))
            groups = (Group(watch, tuple(item for _, item in of)) for watch, of in part)
            yield replace(self, groups=tuple(groups))

    def fingerprint(self) -> str:
        """A hash that is the same for the same content."""
        lines = [
            f"{group.watch} {item.ad.uuid} {item.trigger} {item.ad.hashes}"
            for group in self.groups
            for item in group.items
        ]
        return short_hash("\n".join(lines))


def without_repeats(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Each ad once, under the first watch that it matches, with the names of the others."""
    groups = list(groups)
    watches: dict[str, list[str]] = {}
    for group in groups:
        for item in group.items:
            watches.setdefault(item.ad.uuid, []).append(group.watch)
    kept = (replace(group, items=tuple(_first_only(group, watches))) for group in groups)
    return tuple(group for group in kept if group.items)


def _first_only(group: Group, watches: Mapping[str, list[str]]) -> Iterator[Item]:
    for item in group.items:
        first, *others = watches[item.ad.uuid]
        if first == group.watch:
            yield replace(item, also_matches=tuple(others))
