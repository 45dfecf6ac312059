"""Synonyms, and what they reveal about compounds.

The list is `synonyms.txt` beside this file: one line per meaning, words separated by spaces, `#`
before comments. A user's list has the same format and adds to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from navfeed.text.compounds import SHORTEST, SHORTEST_FIRST
from navfeed.text.stem import is_form, stem


class Synonyms:
    """A list of synonyms, all in lower case."""

    def __init__(self, groups: Iterable[tuple[str, ...]]) -> None:
        self._others: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for group in groups:
            for word in group:
                self._others.setdefault(word, []).extend(one for one in group if one != word)
        for word in self._others:
            self._by_stem[stem(word)].append(word)
        ends = (word[:-2] for word in self._others if word.endswith(("er", "ar")))
        self._nouns = tuple(f"{begin}{end}" for begin in ends for end in ("er", "ar"))

    @classmethod
    def read(cls, *texts: str) -> Synonyms:
        """Read lists, each the text of a file."""
        return cls(group for text in texts for group in groups(text))

    def words(self) -> Iterator[str]:
        """All words of the list."""
        return iter(self._others)

    def is_noun(self, word: str) -> bool:
        """Whether a word that ends in -er or -ar is a noun of the list, or a compound with one."""
        if word in self._nouns:
            return True
        return word.endswith(self._nouns) and word[:-2] not in self._others  # sjåfør + ar

    def begins_longer(self, compound: str, first: str) -> bool:
        """Whether it begins with a longer word of the list, one that begins with `first`.

        `barnehageassistent` is one of a `barnehage`, not of `barn`.
        """
        return any(compound[:end] in self._others for end in range(len(first) + 1, len(compound)))

    def listed(self, word: str) -> str | None:
        """The word of the list that this word is a form of."""
        if word in self._others:
            return word
        known = self._by_stem.get(stem(word), ())
        return next((one for one in known if is_form(word, one, self.is_noun)), None)

    def others(self, word: str) -> Iterator[str]:
        """Synonyms of a word: those of the list, or compounds with a part replaced.

        `sjukepleiar` for `sykepleiere`, `skuleleiar` for `skoleleder`.
        """
        listed = self.listed(word)
        if listed is not None:
            yield from self._others[listed]
            return
        for first, last in _splits(word):
            firsts = [first, *self._others.get(first, ())]
            lasts = [last, *self._others.get(self.listed(last) or "", ())]
            made = [one + other for one in firsts for other in lasts]
            yield from made[1:]  # the first is the word itself


def groups(text: str) -> Iterator[tuple[str, ...]]:
    """The words of each meaning, from the text of a list."""
    lines = (line.partition("#")[0].lower().split() for line in text.split("\n"))
    return (tuple(words) for words in lines if words)


_LONGEST = 40
"""Letters of a word that is looked at in parts."""


def _splits(word: str) -> Iterator[tuple[str, str]]:
    """The ways to split a word in two."""
    if len(word) > _LONGEST:
        return
    for at in range(SHORTEST_FIRST, len(word) - SHORTEST + 1):
        yield word[:at], word[at:]


@cache
def navfeeds_own() -> str:
    """The text of navfeed's own list."""
    return Path(__file__).with_name("synonyms.txt").read_text(encoding="utf-8")
