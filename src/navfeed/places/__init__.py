"""Norway's municipalities and counties, and the spellings that ads have for one and the same.

Ads write `HERØY` and `HERØY (NORDLAND)`, `KARASJOK` and `KÁRÁŠJOHKA KARASJOK` (feed.md 3). Whoever
names one of them means the municipality, and so does its number. Where a bare name is that of two
municipalities (HERØY, VÅLER), it means both; with a county in brackets it means that one, which ads
also call by the bare name beside that county, or beside none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from navfeed.places.postal import area_of
from navfeed.places.table import (
    COUNTIES,
    Municipality,
    Point,
    former_numbers,
    municipalities_by_number,
)
from navfeed.text.letters import fold
from navfeed.text.likeness import nearest

__all__ = [
    "Municipality",
    "Named",
    "Point",
    "alike",
    "counties",
    "county_names",
    "county_number",
    "county_of",
    "former_numbers",
    "is_county",
    "is_municipality",
    "is_one_of",
    "listed_names",
    "municipalities",
    "municipalities_by_number",
    "municipality_number",
    "numbers_of",
    "point_of",
    "ways_to_write",
]


@dataclass(frozen=True, slots=True)
class Named:
    """How an ad may write a place that is meant, folded; `counties`: beside these alone, or none.

    Without `counties`, whatever stands beside it.
    """

    municipal: str
    counties: frozenset[str] | None = None


@lru_cache(maxsize=1_000)  # a scope looks for the same few in every ad
def ways_to_write(name: str) -> frozenset[Named]:
    """Every way in which ads write the municipality of that name or number; `name` is among them.

    >>> Named("bergen", frozenset({"vestland"})) in ways_to_write("4601")
    True
    """
    wanted = fold(name)
    found = {Named(wanted)}
    for one in _meant(wanted):
        beside = None if wanted in one.names else frozenset(one.county)
        found |= {Named(way, beside) for way in one.names}
        found |= {Named(way) for way in one.qualified()}
    return frozenset(found)


@lru_cache(maxsize=1_000)
def numbers_of(name: str) -> tuple[str, ...]:
    """The numbers of the municipalities that a name or a number means: two for `HERØY`."""
    return tuple(one.number for one in _meant(fold(name)))


def is_one_of(ways: Iterable[Named], municipal: str | None, county: str | None) -> bool:
    """Whether a place of an ad is written in one of these ways."""
    written, beside = fold(municipal or ""), fold(county or "")
    return bool(written) and any(
        way.municipal == written and (not beside or way.counties is None or beside in way.counties)
        for way in ways
    )


@lru_cache(maxsize=10_000)
def municipality_number(
    municipal: str | None,
    county: str | None,
    postal_code: str | None,
    city: str | None,
    country: str | None,
) -> str | None:
    """The number of the municipality in which a place of an ad lies; None where that is unknown.

    By its name; where several have that, by the county or the postal code beside it. A place that
    names no municipality lies in the one that its postal code's area is, or in the one that its
    post town is called after and in whose county the code is.
    """
    if not _is_norway(country):
        return None
    beside, area = county_number(county), area_of(postal_code)
    name = (municipal or "").strip()
    if name not in _UNNAMED:
        named = numbers_of(name)
        return named[0] if not beside and len(named) == 1 else _inside(named, beside or area)
    if area is None or beside not in (None, area[:2]):
        return None
    return area if len(area) == _WHOLE else _inside(numbers_of((city or "").strip()), area)


def _inside(found: Iterable[str], area: str | None) -> str | None:
    """The one of several municipalities that is in the county of `area`."""
    inside = [one for one in found if area and one.startswith(area[:2])]
    return inside[0] if len(inside) == 1 else None


def _is_norway(country: str | None) -> bool:
    return fold((country or "").strip()) in _NORWAY


_WHOLE = 4
"""Digits of a municipality's number; a county's has two."""

_UNNAMED = ("", "?")  # what NAV writes where it knows none (feed.md 3)
_NORWAY = ("", "norge", "noreg", "norway", "no", "svalbard", "svalbard og jan mayen")


def county_number(county: str | None) -> str | None:
    """The number of the county of that name or number; None where there is none."""
    wanted = fold((county or "").strip())
    return wanted if wanted in COUNTIES else _counties_by_name().get(wanted)


@lru_cache(maxsize=10_000)
def county_of(
    county: str | None,
    number: str | None,
    postal_code: str | None = None,
    country: str | None = None,
) -> str | None:
    """In which county a place of an ad lies, in capitals as ads write it.

    What the ad names, in the county's first spelling; else the county of the municipality with that
    number, else that of the postal code.
    """
    known = county_number(county)
    if county and county.strip() and known is None:
        return county
    area = known or number or (area_of(postal_code) if _is_norway(country) else None)
    return COUNTIES[area[:2]][0].upper() if area else None


def county_names(name: str) -> frozenset[str]:
    """The names of the county of that name or number, folded; `name` itself is among them."""
    number = county_number(name)
    return frozenset({fold(name), *(COUNTIES[number] if number else ())})


def point_of(name: str) -> Point | None:
    """A point in the municipality of that name or number; None unless there is exactly one."""
    found = numbers_of(name)
    return municipalities_by_number()[found[0]].point if len(found) == 1 else None


def listed_names(number: str) -> tuple[str, ...]:
    """How ads mostly write the municipality with that number; empty where there is none.

    Two pairs share a name (Herøy, Våler), which ads mostly write without their county: a number of
    theirs finds both.
    """
    one = municipalities_by_number().get(number)
    return () if one is None else tuple(dict.fromkeys((one.listed, one.listed.split(" (")[0])))


def is_municipality(name: str) -> bool:
    return bool(_meant(fold(name)))


def is_county(name: str) -> bool:
    return county_number(name) is not None


def municipalities() -> list[str]:
    """All that municipalities are called, in capitals as ads have it."""
    return [name.upper() for one in municipalities_by_number().values() for name in one.names]


def counties() -> list[str]:
    """All that counties are called, in capitals as ads have it."""
    return [name.upper() for names in COUNTIES.values() for name in names]


def alike(name: str, known: Iterable[str]) -> list[str]:
    """Those of the `known` names that look most like `name`, the likest first."""
    by_fold = {fold(one): one for one in known}
    return [by_fold[one] for one in nearest(fold(name), by_fold, 3)]


_NUMBER = re.compile(r"[0-9]{4}")


def _meant(wanted: str) -> list[Municipality]:
    if _NUMBER.fullmatch(wanted):
        one = municipalities_by_number().get(wanted)
        return [one] if one else []
    return _named().get(wanted, [])


@cache
def _counties_by_name() -> dict[str, str]:
    return {name: number for number, names in COUNTIES.items() for name in names}


@cache
def _named() -> dict[str, list[Municipality]]:
    """The municipalities by each of their names, folded."""
    found = defaultdict(list)
    for one in municipalities_by_number().values():
        for name in (*one.names, *one.qualified()):
            found[name].append(one)
    return dict(found)
