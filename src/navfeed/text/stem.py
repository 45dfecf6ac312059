"""The stem of a Norwegian word: what its forms share, as far as their endings tell.

The stemmer is Snowball's (https://snowballstem.org/algorithms/norwegian/stemmer.html), made for
bokmål; most endings of nynorsk are among its own. It takes one ending off, and so parts what a
search for a trade has to find together: `sykepleiere` becomes `sykepleier`, and that `sykeplei`.
Here it is asked again until nothing is left to take off (decision 0020).
"""

from __future__ import annotations

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


def is_form(word: str, other: str) -> bool:
    """Whether two words in small letters are forms of one.

    `leder` and `ledig` have a stem too, `led`: where it is that short, one word must begin with the
    other, as `ledere` does.
    """
    stems = stem(word), stem(other)
    if stems[0] != stems[1]:
        return False
    long_enough = len(stems[0]) >= _SHORT_STEM
    return long_enough or word.startswith(other) or other.startswith(word)


def stem(word: str) -> str:
    """The stem of a word in small letters: always the word's own beginning."""
    take_off = _stemmer().stemWord
    if word.endswith("erne") and len(word) >= _SHORTEST_PLURAL and not word.endswith(_NOT_PLURAL):
        word = word[:-2]  # sykepleierne: an ending that Snowball's list lacks
    while (shorter := take_off(word)) != word:
        word = shorter
    return word
