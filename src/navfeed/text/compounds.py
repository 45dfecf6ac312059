"""Compounds: whether `nattevakt` is one that begins with `natt`."""

from __future__ import annotations

import re

SHORTEST = 4
"""Minimum letters of a word to search compounds with: too many begin or end with a shorter one."""

SHORTEST_FIRST = 3
"""Letters before a word that ends a compound: `fylkeslege`."""

_JOINED = re.compile(r"(?:s|e|-)?(?P<rest>\w{4,})")
_DERIVED = re.compile(
    r"(?:(?:n|r)?ing|else|het|heit|dom|skap|eri|inne|lig|leg|isk|ist|messig|aktig|løs|laus|bar|som)"
    r"(?:e|s|t|en|et|er|ar|ene|ane|ens|ets|ere|est|este)*"
)
_VOWEL = re.compile(r"[aeiouyæøå]")


def begins_with(word: str, first: str) -> bool:
    """Whether a word is a compound whose first part is `first`, as far as its letters show.

    The rest must be a word of its own, not an ending: `barnehage` + `lærer`, not `leder` + `skap`.
    """
    match = _JOINED.fullmatch(word.removeprefix(first)) if word.startswith(first) else None
    if match is None or len(first) < SHORTEST:
        return False
    return bool(_VOWEL.search(match["rest"])) and not _DERIVED.fullmatch(match["rest"])


def names_helper(compound: str) -> bool:
    """Whether the word names an apprentice or assistant: a `tømrerlærling` is no `tømrer`."""
    return compound.endswith(_HELPERS)


_HELPERS = ("lærling", "student", "elev", "assistent", "hjelper", "hjelpar", "sekretær")


def inflections(word: str) -> tuple[str, ...]:
    """All forms of a noun, bokmål and nynorsk; some may not be words."""
    endings = _ENDINGS_OF_ER if word.endswith(("er", "ar")) else _ENDINGS
    base = word.removesuffix("e")
    return (word, *(base + ending for ending in endings if base + ending != word))


_ENDINGS = ("e", "en", "et", "er", "a", "ene", "ar", "ane")
_ENDINGS_OF_ER = ("e", "en", "ne", "ar", "ane")
