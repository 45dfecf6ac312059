"""The filters of the withdrawn public-feed API, in SQL.

Its filters are not those of `navfeed.store.filters`: values are compared exactly, an ad had to have
every one of several sources or employers, and a category is matched word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from navfeed.store.filters import Condition
from navfeed.text.letters import fold
from navfeed.text.stem import stem


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a parameter. `excluded`: ads that have one of them are left out."""

    names: tuple[str, ...] = ()
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class OldFilters:
    """The filters of a request, with places as the store writes them.

    `needs_all`: an ad must have all of several ids, sources or numbers, which no ad has.
    """

    uuid: Values = Values()
    source: Values = Values()
    orgnr: Values = Values()
    municipal: Values = Values()
    county: Values = Values()
    category: Values = Values()
    needs_all: bool = False


def old_conditions(filters: OldFilters) -> Iterator[Condition]:
    """Conditions on `ads`. Those from FINN were never shown (public-feed.md 7)."""
    yield "ads.source IS NOT 'FINN'", ()
    for column, values in (
        ("uuid", filters.uuid),
        ("source", filters.source),
        ("employer_orgnr", filters.orgnr),
    ):
        yield from _column_conditions(f"ads.{column}", values, needs_all=filters.needs_all)
    yield from _place_conditions({"municipal": filters.municipal, "county": filters.county})
    for phrase in filters.category.names:
        yield _category_condition(phrase, excluded=filters.category.excluded)


def _column_conditions(column: str, values: Values, *, needs_all: bool) -> Iterator[Condition]:
    names = tuple(dict.fromkeys(values.names))
    if values.excluded:
        yield from ((f"{column} IS NOT ?", (name,)) for name in names)
    elif needs_all:
        yield from ((f"{column} = ?", (name,)) for name in names)
    elif names:
        yield _any_of(column, names)


def _any_of(column: str, names: Sequence[str]) -> Condition:
    return f"{column} IN ({', '.join('?' * len(names))})", tuple(names)


def _place_conditions(places: Mapping[str, Values]) -> Iterator[Condition]:
    """One place of the ad has all included values; none of its places has an excluded one."""
    given = {column: values for column, values in places.items() if values.names}
    included = [_any_of(column, one.names) for column, one in given.items() if not one.excluded]
    excluded = [_any_of(column, one.names) for column, one in given.items() if one.excluded]
    if included:
        yield _location_condition("IN", " AND ", included)
    if excluded:
        yield _location_condition("NOT IN", " OR ", excluded)


def _location_condition(operator: str, joint: str, parts: Sequence[Condition]) -> Condition:
    where = joint.join(part for part, _ in parts)
    bound = tuple(value for _, values in parts for value in values)
    return f"ads.uuid {operator} (SELECT ad FROM locations WHERE {where})", bound


_CATEGORISED = (
    "(ads.uuid IN (SELECT ad FROM occupations WHERE has_stem(?, level1, level2)) "
    "OR ads.uuid IN (SELECT ad FROM categories WHERE has_stem(?, name)))"
)


def _category_condition(phrase: str, *, excluded: bool) -> Condition:
    """Any of the words, in either level or a category. A phrase of stop words finds nothing."""
    stems = " ".join(sorted(_stems(phrase)))
    return f"{'NOT ' if excluded else ''}{_CATEGORISED}", (stems, stems)


def has_stem(stems: str, *names: str | None) -> bool:
    """Whether a name has one of these words, in some form; for SQLite."""
    any_of = stems.split()
    return any(not _stems(name).isdisjoint(any_of) for name in names if name)


@lru_cache(maxsize=8_192)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, {*_WORD.findall(fold(text))} - _STOP_WORDS))


_WORD = re.compile(r"\w+")

# What the old search engine's Norwegian analyser left out, in both ways to write Norwegian: the
# list of https://snowballstem.org/algorithms/norwegian/stop.txt, which comes with Lucene.
_STOP_WORDS = frozenset(
    """
    og i jeg det at en et den til er som på de med han av ikke ikkje der så var meg seg men ett
    har om vi min mitt ha hadde hun nå over da ved fra du ut sin dem oss opp man kan hans hvor
    eller hva skal selv sjøl her alle vil bli ble blei blitt kunne inn når være kom noen noe
    ville dere som deres kun ja etter ned skulle denne for deg si sine sitt mot å meget hvorfor
    dette disse uten hvordan ingen din ditt blir samme hvilken hvilke sånn inni mellom vår hver
    hvem vors hvis både bare enn fordi før mange også slik vært båe begge siden dykk dykkar dei
    deira deires deim di då eg ein eit eitt elles honom hjå ho hoe henne hennar hennes hoss
    hossen ingi inkje korleis korso kva kvar kvarhelst kven kvi kvifor me medan mi mine mykje no
    nokon noka nokor noko nokre sia sidan so somt somme um upp vere vore verte vort varte vart
    """.split()  # noqa: SIM905  a list of words is read as one
)
