"""Near misses: ads that fit but for one condition, for whoever wonders if a watch is too narrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.watches.digest import Ad, fitting


@dataclass(frozen=True, slots=True)
class Near:
    """A condition, by its filter's name, and the ads that fit all others."""

    condition: str
    ads: tuple[Ad, ...]


def near_misses(reader: Reader, filters: Filters, fits: frozenset[str]) -> Iterator[Near]:
    """For each condition that keeps ads out all by itself; `fits` are the ids of those that fit."""
    for one in fields(Filters):
        if getattr(filters, one.name) != one.default:
            without: dict[str, Any] = {one.name: one.default}
            wider = fitting(reader, replace(filters, **without))
            if missed := tuple(ad for uuid, ad in wider.items() if uuid not in fits):
                yield Near(one.name, missed)
