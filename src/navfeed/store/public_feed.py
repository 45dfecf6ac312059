"""The filters of the withdrawn public-feed API, in SQL.

Its filters are not those of `navfeed.store.filters`: values are compared to the letter, several of
one source or employer had to hold at once, and a category is looked for word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from navfeed.store.filters import Condition
from navfeed.text.letters import fold
from navfeed.text.stem import stem


@dataclass(frozen=True, slots=True)
class Values:
    """What a parameter lists. `unwanted`: ads that have one of them are left out."""

    listed: tuple[str, ...] = ()
    unwanted: bool = False


@dataclass(frozen=True, slots=True)
class OldQuestion:
    """The filters of a request, places as the store writes them.

    `at_once`: an ad must have all of several ids, sources or numbers. No ad has.
    """

    uuid: Values = Values()
    source: Values = Values()
    orgnr: Values = Values()
    municipal: Values = Values()
    county: Values = Values()
    category: Values = Values()
    at_once: bool = False


def old_conditions(question: OldQuestion) -> Iterator[Condition]:
    """Conditions on `ads`. Those from FINN were never shown (public-feed.md 7)."""
    yield "ads.source IS NOT 'FINN'", ()
    for column, values in (
        ("uuid", question.uuid),
        ("source", question.source),
        ("employer_orgnr", question.orgnr),
    ):
        yield from _of_ad(f"ads.{column}", values, at_once=question.at_once)
    yield from _of_place(question)
    for part in question.category.listed:
        yield _of_category(part, unwanted=question.category.unwanted)


def _of_ad(column: str, values: Values, *, at_once: bool) -> Iterator[Condition]:
    listed = tuple(dict.fromkeys(values.listed))
    if values.unwanted:
        for value in listed:
            yield f"{column} IS NOT ?", (value,)
    elif listed and at_once:
        for value in listed:
            yield f"{column} = ?", (value,)
    elif listed:
        yield _one_of(column, listed)


def _one_of(column: str, listed: Sequence[str]) -> Condition:
    return f"{column} IN ({', '.join('?' * len(listed))})", tuple(listed)


def _of_place(question: OldQuestion) -> Iterator[Condition]:
    """What is wanted in one and the same place, and what is not in any."""
    asked = {"municipal": question.municipal, "county": question.county}
    said = {name: values for name, values in asked.items() if values.listed}
    wanted = [_one_of(name, one.listed) for name, one in said.items() if not one.unwanted]
    unwanted = [_one_of(name, one.listed) for name, one in said.items() if one.unwanted]
    if wanted:
        yield _some_place("IN", " AND ", wanted)
    if unwanted:
        yield _some_place("NOT IN", " OR ", unwanted)


def _some_place(how: str, mark: str, parts: list[Condition]) -> Condition:
    where = mark.join(part for part, _ in parts)
    bound = tuple(value for _, values in parts for value in values)
    return f"ads.uuid {how} (SELECT ad FROM locations WHERE {where})", bound


_CATEGORISED = (
    "(ads.uuid IN (SELECT ad FROM occupations WHERE says_stem(?, level1, level2)) "
    "OR ads.uuid IN (SELECT ad FROM categories WHERE says_stem(?, name)))"
)


def _of_category(part: str, *, unwanted: bool) -> Condition:
    """Any of the words, in either level or a category. Where none is left, nothing was found."""
    wanted = " ".join(sorted(_stems(part)))
    return f"{'NOT ' if unwanted else ''}{_CATEGORISED}", (wanted, wanted)


def says_stem(stems: str, *names: str | None) -> bool:
    """Whether a name has one of these words, in some form; for SQLite."""
    wanted = stems.split()
    return any(not _stems(name).isdisjoint(wanted) for name in names if name)


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
