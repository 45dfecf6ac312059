"""Which ads match, and the conditions for it in SQL.

A value may begin with `!`, then ads with that value are left out, and end with `*`, then values
that begin so fit too. Several wanted values are alternatives, of unwanted ones none may fit. Case
never matters; letters stay apart, å is no a. A municipality or a county is found in whichever way
an ad writes it (`navfeed.places`).

What is wanted of places must match one and the same place of an ad: `HERØY` and `NORDLAND` mean the
one in Nordland. So it is with the two levels of an occupation. An unwanted value leaves an ad out
whichever of its places or occupations has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from navfeed.model import Span, oslo_day, refuse_wrong_types
from navfeed.places import county_names, numbers_of, ways_to_write
from navfeed.places.near import Near
from navfeed.store.times import bound_text
from navfeed.text.letters import fold
from navfeed.text.ranges import of_day

Condition = tuple[str, tuple[str | int, ...]]
"""A condition on `ads` in SQL, and its values."""

Numbers = tuple[int | None, int | None]
"""The least and the greatest, None where there is no such."""


@dataclass(frozen=True, slots=True)
class Within:
    """Ads in one of some municipalities, named as the ads name them.

    With `nowhere`, also those that name none.
    """

    municipalities: tuple[str, ...] = ()
    nowhere: bool = False

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


FLAGS = ("closing_soon",)
"""Filters that take no value: they are on or off."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which ads match: those that pass every filter.

    `employer` and `occupation` (a job title, an occupation on either level, a category) need a part
    of the name only, `styrk` and `esco` a code or a name, the other values are whole ones. All of
    `text` is searched for (`navfeed.store.search`), and all of `title` in titles and job titles.
    Several spans of one filter are alternatives; an ad without the date in question is left out.
    `expires` is when an ad is last shown, `due` the day by which to apply, which lasts until
    midnight. Days are Oslo's: published on `published_since` or later, last shown before
    `expires_before`.
    """

    uuid: tuple[str, ...] = ()
    municipal: tuple[str, ...] = ()
    county: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    postal_code: tuple[str, ...] = ()
    employer: tuple[str, ...] = ()
    orgnr: tuple[str, ...] = ()
    occupation: tuple[str, ...] = ()
    level1: tuple[str, ...] = ()
    level2: tuple[str, ...] = ()
    styrk: tuple[str, ...] = ()
    esco: tuple[str, ...] = ()
    engagement: tuple[str, ...] = ()
    extent: tuple[str, ...] = ()
    sector: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    positions: tuple[Numbers, ...] = ()
    published: tuple[Span, ...] = ()
    updated: tuple[Span, ...] = ()
    expires: tuple[Span, ...] = ()
    due: tuple[Span, ...] = ()
    published_since: date | None = None
    expires_before: date | None = None
    due_before: date | None = None
    closing_soon: tuple[date, date] | None = None
    """The first and the last day by which to apply; of an ad that names no day, its last one."""

    near: Near | None = None
    """In municipalities as near as that; a place without a known municipality is not."""

    text: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    within: Within | None = None
    more: tuple[Condition, ...] = ()
    """Further conditions, those of `navfeed.store.public_feed`."""

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


OF_ADS = {
    "uuid": "uuid",
    "orgnr": "employer_orgnr",
    "engagement": "engagement_type",
    "extent": "extent",
    "sector": "sector",
    "source": "source",
}
"""Filters by a whole value of an ad's own, and its column."""

OF_ROWS = {
    "locations": ("country", "county", "municipal", "city", "postal_code"),
    "occupations": ("level1", "level2"),
}
"""Filters by whole values of child rows, which are named as the columns are."""

COUNTY = "county_of(county, municipality_number, postal_code, country)"
"""The county of a place, also of one that names a municipality or a postal code alone."""

OF_CATEGORIES = {"styrk": "STYRK08*", "esco": "ESCO"}
"""Filters by a category's code or name, and the types of categories."""


def conditions(filters: Filters) -> Iterator[Condition]:
    """The conditions of `filters`, without the search for `text`."""
    for name, column in OF_ADS.items():
        yield from _of_ad(column, getattr(filters, name))
    for table, columns in OF_ROWS.items():
        yield from _of_rows(table, {name: getattr(filters, name) for name in columns})
    for name, types in OF_CATEGORIES.items():
        yield from _of_categories(types, getattr(filters, name))
    yield from _in_part("mentions(?, ads.employer)", filters.employer)
    yield from _in_part(_OCCUPATION, filters.occupation)
    yield from _dates(filters)
    yield from _numbers(filters.positions)
    if filters.near:
        yield _near(filters.near)
    if filters.within:
        yield _within(filters.within)
    yield from filters.more


def _near(near: Near) -> Condition:
    numbers = near.numbers()
    marks = ", ".join("?" * len(numbers))
    return f"ads.uuid IN (SELECT ad FROM locations WHERE municipality_number IN ({marks}))", numbers


def _within(within: Within) -> Condition:
    names = within.municipalities
    marks = ", ".join("?" * len(names))
    inside = f"ads.uuid IN (SELECT ad FROM locations WHERE municipal IN ({marks}))"
    nowhere = "ads.uuid NOT IN (SELECT ad FROM locations WHERE municipal <> '')"
    return (f"({inside} OR {nowhere})" if within.nowhere else inside), names


def looks(name: str, value: str) -> Iterator[Condition]:
    """Queries that find whether any stored ad has that value; each stops at the first one.

    For filters by names. Asking for the ads would gather all that have it.
    """
    if name in OF_ADS:
        yield _look("ads", _is(f"ads.{OF_ADS[name]}", [value]))
    elif name in OF_CATEGORIES:
        yield _look("categories", _categorised(OF_CATEGORIES[name], [value]))
    elif name == "employer":
        yield _look("ads", ("mentions(?, employer)", (fold(value),)))
    elif name == "occupation":
        yield _look("ads", ("mentions(?, job_title)", (fold(value),)))
        yield _look("occupations", ("mentions(?, level1, level2)", (fold(value),)))
        yield _look("categories", ("mentions(?, name)", (fold(value),)))
    else:
        (table,) = (table for table, columns in OF_ROWS.items() if name in columns)
        yield _look(table, _says(name, [value]))


def _look(table: str, condition: Condition) -> Condition:
    return f"SELECT 1 FROM {table} WHERE {condition[0]} LIMIT 1", condition[1]


def _dates(filters: Filters) -> Iterator[Condition]:
    for name in ("published", "updated", "expires"):
        yield from _any_span(f"+ads.{name}", [_moments(span) for span in getattr(filters, name)])
    yield from _any_span("+ads.due_date", map(_days, filters.due))
    if filters.published_since:
        yield from _any_span("+ads.published", [(_text(of_day(filters.published_since).start), "")])
    if filters.expires_before:
        yield "ads.last_day < ?", (filters.expires_before.isoformat(),)
    if filters.due_before:
        yield "+ads.due_date < ?", (filters.due_before.isoformat(),)
    if filters.closing_soon:
        first, last = (day.isoformat() for day in filters.closing_soon)
        yield "coalesce(ads.due_date, ads.last_day) BETWEEN ? AND ?", (first, last)


def _of_ad(column: str, values: Iterable[str]) -> Iterator[Condition]:
    wanted, unwanted = split_names(values)
    if wanted:
        yield _is(f"ads.{column}", wanted)
    if unwanted:
        condition, bound = _is(f"ads.{column}", unwanted)
        yield f"NOT coalesce({condition}, 0)", bound


def _of_rows(table: str, filters: dict[str, tuple[str, ...]]) -> Iterator[Condition]:
    """All that is wanted in one row, and nothing unwanted in any."""
    sides = {column: split_names(values) for column, values in filters.items()}
    if wanted := [_says(column, side[0]) for column, side in sides.items() if side[0]]:
        yield _some_row("IN", table, wanted, " AND ")
    if unwanted := [_says(column, side[1]) for column, side in sides.items() if side[1]]:
        yield _some_row("NOT IN", table, unwanted, " OR ")


def _of_categories(types: str, values: Iterable[str]) -> Iterator[Condition]:
    """A code or a name. STYRK08 comes in types of its own (STYRK08NAV)."""
    for how, side in zip(("IN", "NOT IN"), split_names(values), strict=True):
        if side:
            yield _some_row(how, "categories", [_categorised(types, side)], "")


def _categorised(types: str, values: list[str]) -> Condition:
    code, bound = _is("code", values)
    name, _ = _is("name", values)
    return f"type GLOB '{types}' AND ({code} OR {name})", (*bound, *bound)


def _some_row(how: str, table: str, parts: list[Condition], mark: str) -> Condition:
    return (
        f"ads.uuid {how} (SELECT ad FROM {table} WHERE {mark.join(part for part, _ in parts)})",
        tuple(value for _, bound in parts for value in bound),
    )


def _in_part(condition: str, values: Iterable[str]) -> Iterator[Condition]:
    for negation, side in zip(("", "NOT "), split_names(values), strict=True):
        if side:
            bound = [fold(value) for value in side for _ in range(condition.count("?"))]
            yield f"{negation}({' OR '.join([condition] * len(side))})", tuple(bound)


_OCCUPATION = (
    "(mentions(?, ads.job_title) "
    "OR ads.uuid IN (SELECT ad FROM occupations WHERE mentions(?, level1, level2)) "
    "OR ads.uuid IN (SELECT ad FROM categories WHERE mentions(?, name)))"
)


def split_names(values: Iterable[str]) -> tuple[list[str], list[str]]:
    """Which values are wanted, and which are not."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for value in values:
        (unwanted if value.startswith("!") else wanted).append(value.removeprefix("!"))
    return wanted, unwanted


def _says(column: str, values: list[str]) -> Condition:
    """Whether a row has one of the values, a place in whichever way it is written."""
    match column:
        case "municipal":
            return _is_municipality(values)
        case "county":
            return _is_county(sorted({one for value in values for one in _all_names(value)}))
        case _:
            return _is(column, values)


def _is_county(names: list[str]) -> Condition:
    """Whether `COUNTY` is one of these: it is computed only where a place names no county."""
    named, names_bound = _is(_NAMED_COUNTY, names)
    computed, bound = _is(COUNTY, names)
    no_county = ("county IS NULL", _named("county", f"{_NAMED_COUNTY} IS NULL"))
    unnamed = [f"{none} AND {computed}" for none in no_county]
    either = " OR ".join([_named("county", named), *unnamed])
    return f"({either})", (*names_bound, *bound, *bound)


_NAMED_COUNTY = "county_of(name, NULL, NULL, NULL)"


def _all_names(county: str) -> Iterable[str]:
    return [county] if county.endswith("*") else county_names(county)


def _is_municipality(values: list[str]) -> Condition:
    starts = [value for value in values if value.endswith("*")]
    ways = {way for value in values if value not in starts for way in ways_to_write(value)}
    named = [_is("municipal", [*starts, *(way.municipal for way in ways if not way.counties)])]
    if numbers := sorted({one for value in values for one in numbers_of(value)}):
        named.append((f"municipality_number IN ({', '.join('?' * len(numbers))})", tuple(numbers)))
    for way in ways:
        if way.counties:
            matches = _named("municipal", "folded(name) = ?")
            beside = _is("county", sorted(way.counties))
            named.append(
                (
                    f"({matches} AND (coalesce(county, '') = '' OR {beside[0]}))",
                    (way.municipal, *beside[1]),
                )
            )
    return (
        f"({' OR '.join(condition for condition, _ in named)})",
        tuple(value for _, bound in named for value in bound),
    )


def _is(column: str, values: list[str]) -> Condition:
    """Whether a column has one of the values, or begins with what stands before a `*`."""
    whole = [fold(value) for value in values if not value.endswith("*")]
    starts = [fold(value[:-1]) for value in values if value.endswith("*")]
    name = "name" if column in _LISTED else column
    parts = [f"begins(?, {name})"] * len(starts)
    if whole:
        compared = name if name in _INDEXED else f"folded({name})"
        parts.append(f"{compared} IN ({', '.join('?' * len(whole))})")
    either = f"({' OR '.join(parts)})"
    return _named(column, either) if name != column else either, (*starts, *whole)


_LISTED = ("municipal", "county")  # of `locations`, and few: each has an index


def _named(column: str, condition: str) -> str:
    """A condition on a place's name, which is looked at once for each name, not for each place.

    From one name to the next by the index, as SQLite does not by itself for DISTINCT
    (https://www.sqlite.org/queryplanner-ng.html). Names that fit are then found by the index too.
    """
    after = f"SELECT min({column}) FROM locations"
    return (
        f"{column} IN (WITH RECURSIVE names (name) AS ({after} UNION ALL "
        f"SELECT ({after} WHERE {column} > name) FROM names WHERE name IS NOT NULL) "
        f"SELECT name FROM names WHERE {condition})"
    )


_INDEXED = ("ads.uuid", "ads.employer_orgnr")  # in small letters, and digits: nothing to fold


def _any_span(column: str, spans: Iterable[tuple[str, str]]) -> Iterator[Condition]:
    """Spans as texts, empty where there is no end. A column that is null is in none.

    The plus sign keeps SQLite from the index on it: it would have to sort whole ads.
    """
    bound = [text for span in spans for text in span]
    if bound:
        one = f"({column} >= ? AND {column} < coalesce(nullif(?, ''), 'a'))"
        yield f"({' OR '.join([one] * (len(bound) // 2))})", tuple(bound)


def _moments(span: Span) -> tuple[str, str]:
    return _text(span.start), _text(span.end)


def _text(moment: datetime | None) -> str:
    """Empty where there is none: before a date's first digit there is nothing."""
    return (bound_text(moment) if moment else None) or ""


def _days(span: Span) -> tuple[str, str]:
    """Which days end in a span: a day by which to apply lasts until midnight."""
    return (
        oslo_day(span.start).isoformat() if span.start else "",
        oslo_day(span.end).isoformat() if span.end else "",
    )


def _numbers(ranges: Iterable[Numbers]) -> Iterator[Condition]:
    """The column holds texts: only one of digits alone is a number."""
    bound = [
        number
        for least, greatest in ranges
        for number in (least or 0, MOST if greatest is None else greatest)
    ]
    if bound:
        one = "CAST(ads.positions AS INTEGER) BETWEEN ? AND ?"
        either = " OR ".join([one] * (len(bound) // 2))
        yield (
            f"(ads.positions <> '' AND NOT ads.positions GLOB '*[^0-9]*' AND ({either}))",
            (*bound,),
        )


MOST = 2**63 - 1
"""As far as SQLite counts, and what it reads a text of a greater number as."""
