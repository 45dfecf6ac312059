"""A SELECT on `ads`, put together: columns, filters, search, order, and how many."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from navfeed.errors import ConfigError
from navfeed.names import field_of
from navfeed.store.filters import Condition, Filters, conditions
from navfeed.store.ranking import RANKED
from navfeed.store.search import Search
from navfeed.store.sql import LISTED, listed

Cell = str | tuple[str, ...] | None
"""A column of an ad: a text, or the values of its child rows, each once, in their order."""


class Sort(StrEnum):
    """What comes first. Newest first for moments, soonest first for days, else by name.

    Ads without a value come last; those with the same one are in the order of their ids. By
    `RELEVANCE`, ads with all of a search in their titles come first, in the order of `PUBLISHED`,
    then the best matches; more than 1,000 of these are in the order of `PUBLISHED` too. Without a
    search, it is the order of `PUBLISHED`.
    """

    RELEVANCE = "relevance"
    PUBLISHED = "published"
    EXPIRES = "expires"
    DUE = "due"
    TITLE = "title"
    EMPLOYER = "employer"
    MUNICIPAL = "municipality"
    UPDATED = "updated"
    DISTANCE = "distance"

    @classmethod
    def _missing_(cls, value: object) -> Sort | None:
        return Sort.MUNICIPAL if field_of(str(value)) == "municipal" else None


_FIRST_MUNICIPALITY = (
    "(SELECT municipal FROM locations WHERE ad = ads.uuid AND municipal <> '' "
    "ORDER BY position LIMIT 1)"
)
_ORDERS = {
    Sort.RELEVANCE: "ads.published DESC NULLS LAST",
    Sort.PUBLISHED: "ads.published DESC NULLS LAST",
    Sort.EXPIRES: "ads.last_day NULLS LAST",
    Sort.DUE: "ads.due_date NULLS LAST",
    Sort.TITLE: "alphabetical(ads.title) NULLS LAST",
    Sort.EMPLOYER: "alphabetical(ads.employer) NULLS LAST",
    Sort.MUNICIPAL: f"alphabetical({_FIRST_MUNICIPALITY}) NULLS LAST",
    Sort.UPDATED: "ads.updated DESC NULLS LAST",
}

_OF_CHILDREN = {
    "municipalities": ("locations", "municipal"),
    "counties": ("locations", "county"),
    "places": ("locations", "coalesce(nullif(municipal, ''), county, country)"),
    "cities": ("locations", "city"),
    "postal_codes": ("locations", "postal_code"),
    "addresses": ("locations", "address"),
    "countries": ("locations", "country"),
    "municipality_numbers": ("locations", "municipality_number"),
    "occupations": ("occupations", "concat_with(' / ', level1, level2)"),
    "categories": ("categories", "concat_with(' ', type, code, name)"),
    "styrk08": ("categories", "iif(type = 'STYRK08', code, NULL)"),
    "esco": ("categories", "iif(type = 'ESCO', code, NULL)"),
    "contacts": (
        "contacts",
        "concat_with(', ', name, coalesce(nullif(title, ''), role), phone, email)",
    ),
}

LIST_COLUMNS = frozenset(_OF_CHILDREN)
"""Columns of `Reader.rows` that hold the values of an ad's child rows."""

ACTIVE = "coalesce(ads.last_day, '9999-12-31') >= ?"
"""An ad is shown up to and including its last day (feed.md 8); bind today. No bare column: the
index on it would make SQLite sort whole ads, where the order wanted has an index of its own."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected. `order` follows `sort`; with `among`, only of those ads.

    `into` is the statement that takes the rows, where they are not to come back.
    """

    chosen: str
    order: tuple[str, ...] = ()
    sort: Sort | None = None
    source: str = "ads"
    among: Sequence[str] | None = None
    part: tuple[int, int] | None = None
    """How many at most, behind how many others."""
    into: str = ""

    def statement(
        self, filters: Filters, searched: Search, today: str, ranked: str | None
    ) -> Condition:
        """The SQL and its values, for the ads that are active `today` and match.

        `ranked`: only these ads, in the order of these places (`ranking.RANKED`).
        """
        wheres = [(ACTIVE, (today,)), *conditions(filters), *searched.conditions()]
        if self.among is not None:
            wheres.append((f"ads.uuid IN {LISTED}", (listed(self.among),)))
        clauses = [
            (f"{self.into}SELECT {self.chosen} FROM", ()),
            (self.source, ()) if ranked is None else (f"{RANKED} JOIN ads USING (id)", (ranked,)),
            _clause("WHERE", wheres, " AND "),
        ]
        if orders := [*self._orders(filters, ranked=ranked is not None)]:
            clauses.append(_clause("ORDER BY", orders, ", "))
        if self.part is not None:
            clauses.append(("LIMIT ? OFFSET ?", self.part))
        return _joined(clauses, " ")

    def is_ranked(self, searched: Search) -> bool:
        return self.sort is Sort.RELEVANCE and searched.wanted is not None

    def _orders(self, filters: Filters, *, ranked: bool) -> Iterator[Condition]:
        if ranked:
            yield "ranked.place", ()
        if self.sort is Sort.DISTANCE:
            yield _by_distance(filters)
        elif self.sort is not None:
            yield _ORDERS[self.sort], ()
        yield from ((key, ()) for key in self.order)


def _by_distance(filters: Filters) -> Condition:
    """The nearest of an ad's places counts. Raises `ConfigError` where no place is named."""
    if filters.near is None:
        raise ConfigError("--sort distance needs a place to measure from: name it with --near")
    point = filters.near.point
    here = f"{point.latitude:.4f}, {point.longitude:.4f}"
    km = f"SELECT min(km_from({here}, municipality_number)) FROM locations WHERE ad = ads.uuid"
    return f"({km}) NULLS LAST", ()


def _clause(name: str, parts: Sequence[Condition], mark: str) -> Condition:
    sql, values = _joined(parts, mark)
    return f"{name} {sql}", values


def _joined(parts: Sequence[Condition], mark: str) -> Condition:
    values = tuple(value for _, bound in parts for value in bound)
    return mark.join(sql for sql, _ in parts), values


def expression(column: str) -> str:
    """A column of `ads`, or a JSON array where it is one of `LIST_COLUMNS`."""
    if column.startswith("derived_"):
        name = column.removeprefix("derived_")
        return f"derived('{name}', ads.title, ads.description)"
    if column == "description_text":
        return "words_of(ads.description)"
    if column not in _OF_CHILDREN:
        return f"ads.{column}"
    table, value = _OF_CHILDREN[column]
    return f"(SELECT json_group_array({value}) FROM {table} WHERE ad = ads.uuid)"


def with_lists(rows: Iterable[tuple[Any, ...]], lists: Sequence[int]) -> Iterator[tuple[Cell, ...]]:
    """Rows whose cells at `lists` are read from their JSON arrays."""
    values = lru_cache(maxsize=1_000)(_values)  # most ads name a place that others name too
    for row in rows:
        cells = list(row)
        for at in lists:
            cells[at] = values(cells[at])
        yield tuple(cells)


def _values(array: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, json.loads(array))))
