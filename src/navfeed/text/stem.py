"""The stem of a Norwegian word: what its forms share, as far as their endings show.

The stemmer is Snowball's (https://snowballstem.org/algorithms/norwegian/stemmer.html), made for
bokmål; most endings of nynorsk are among its own. It removes one ending, and so separates words
that a search for an occupation must find together: `sykepleiere` becomes `sykepleier`, and that
becomes `sykeplei`. Here it runs until it removes nothing more (decision 0020).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Protocol, cast

_SHORTEST_PLURAL = 7
_NOT_PLURAL = ("jerne", "terne", "moderne", "kaserne")
"""Words that merely look like a definite plural: gjerne, eksterne."""


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802  Snowball's name


@cache
def _stemmer() -> _Stemmer:
    from Stemmer import Stemmer

    return cast("_Stemmer", Stemmer("norwegian"))


_SHORT_STEM = 4
"""Stems shorter than this are shared by words that have nothing to do with each other."""

_NOUN_ENDINGS = frozenset(
    (*("", "e", "en", "ens", "er", "ers", "ene", "enes"), *("a", "ar", "ane", "anes"))
)
"""How `lege` ends in all its forms, and `bil`; also in nynorsk."""

Known = Callable[[str], bool]
"""Whether a word that ends in -er or -ar is the base form of a noun: `lærer` is, `hager` is not
(it is the plural of `hage`)."""


def is_form(word: str, other: str, is_noun: Known = lambda _: False) -> bool:
    """Whether two words in lower case are forms of one.

    A noun in -er and the verb or noun that it is made of are two: `lærer` is not `lære`. `leder`
    and `ledig` have a stem too, `led`: where it is that short, one word must begin with the other,
    as `ledere` does, or both end as a noun does, as `legen` and `leger`.
    """
    stems = stem(word), stem(other)
    if stems[0] != stems[1]:
        return False
    nouns = noun_in_er(word, is_noun), noun_in_er(other, is_noun)
    if any(nouns):
        return nouns[0] == nouns[1]
    if len(stems[0]) >= _SHORT_STEM or word.startswith(other) or other.startswith(word):
        return True
    return all(one[len(stems[0]) :] in _NOUN_ENDINGS for one in (word, other))


_IN_ER = re.compile(r"(.*?[ea]r)(?:e|en|ens|es|ne|nes|s|ar|ane|anes|et|ets)?")


def noun_in_er(word: str, is_noun: Known) -> str | None:
    """The noun in -er that a word is a form of: `lærer` for `lærerne`, and for `lærarane`.

    None where it is no form of one.
    """
    match = _IN_ER.fullmatch(word)
    if match is None or not is_noun(match[1]):
        return None
    return f"{match[1][:-2]}er"


_KEPT = re.compile(r"(.+l[ei]g)(?:e|t|en|ens|er|ers|ene|enes|ere|est|este|ar|ane)?")
"""Snowball takes -lig and -leg off, and makes `dag` of `daglig`, `fast` of `fastlege`."""


def stem(word: str) -> str:
    """The stem of a word in lower case: always the word's own beginning."""
    if match := _KEPT.fullmatch(word):
        return match[1]
    take_off = _stemmer().stemWord
    if word.endswith("erne") and len(word) >= _SHORTEST_PLURAL and not word.endswith(_NOT_PLURAL):
        word = word[:-2]  # sykepleierne: an ending that Snowball's list lacks
    while (shorter := take_off(word)) != word:
        word = shorter
    return word
