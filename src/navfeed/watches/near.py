"""Near misses: ads that match all filters but one, to show whether a watch is too narrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.watches.ads import matching
from navfeed.watches.digest import Ad


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A filter, by its field, and the ads that match all the others."""

    filter: str
    ads: tuple[Ad, ...]


def near_misses(reader: Reader, filters: Filters, matches: frozenset[str]) -> Iterator[NearMiss]:
    """One for each filter that excludes ads by itself; `matches` are the ids of matching ads.

    None with a single filter: every other ad would be one.
    """
    used = [one for one in fields(Filters) if getattr(filters, one.name) != one.default]
    for one in used if len(used) > 1 else ():
        without: dict[str, Any] = {one.name: one.default}
        wider = matching(reader, replace(filters, **without))
        if missed := tuple(ad for uuid, ad in wider.items() if uuid not in matches):
            yield NearMiss(one.name, missed)
