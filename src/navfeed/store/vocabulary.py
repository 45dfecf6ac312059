"""The words of the index that a search for one finds.

They are its forms, other words for the same, and compounds that it is a part of. All are looked up
when they are searched for (decision 0020), by their beginnings in the index and by their ends among
the words of titles, so that nothing is stored of what a word means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from navfeed.store.ranking import count_up_to
from navfeed.store.search import Spellings
from navfeed.store.shards import open_words, words_beginning
from navfeed.store.sql import Query
from navfeed.store.title_words import ending
from navfeed.text.compounds import SHORTEST, SHORTEST_FIRST, begins_with, inflections, names_helper
from navfeed.text.likeness import alike
from navfeed.text.stem import is_form, noun_in_er, stem
from navfeed.text.synonyms import Synonyms

_EVERY = 5
_MANY_ADS = 100
"""A word is commonplace if every fifth ad has it, and at least this many ads."""

_SAME = 2
"""Letters at the beginning that a mistyped word is taken to have right."""


def _spellings(anywhere: Iterable[str], in_titles: Iterable[str]) -> Spellings:
    everywhere = dict.fromkeys(anywhere)
    return Spellings(
        (*everywhere,), (*(one for one in dict.fromkeys(in_titles) if one not in everywhere),)
    )


class Vocabulary:
    """The words of one moment of a store: what was looked up once holds."""

    def __init__(self, ask: Query, synonyms: Synonyms) -> None:
        self._ask = ask
        self._synonyms = synonyms
        self._known: dict[str, Spellings] = {}
        self._words: dict[str, list[str]] = {}
        self._is_opened = False

    def look_up(self, words: Iterable[str]) -> None:
        """Read from the index what `spellings` needs of these words, in small letters."""
        unknown = [word for word in words if word not in self._known]
        self._read(stem(one) for word in unknown for one in (word, *self._synonyms.others(word)))

    def spellings(self, word: str) -> Spellings:
        """All words that a search for this one finds.

        A title names the job: there, other words for it count, and compounds with it. In a text,
        these may name colleagues.
        """
        word = word.lower()
        if word not in self._known:
            self._known[word] = self._spellings(word)
        return self._known[word]

    def _spellings(self, word: str) -> Spellings:
        self.look_up([word])
        near = self._beginning(stem(word))
        forms = [word, *self._forms(word, near)]
        others: list[str] = []
        compounds = list(self._compounds(word, near))
        heads = list(self._ending(word))
        for one in self._synonyms.others(word):
            near = self._beginning(stem(one))
            others += self._forms(one, near)
            compounds += self._compounds(one, near)
            heads += self._ending(one)
        listed = self._synonyms.listed(word) or word
        if self._synonyms.is_noun(listed) or names_helper(listed):
            somebody = _spellings(forms, [*others, *compounds, *heads])
            return replace(somebody, commonplace=self._is_commonplace(somebody))
        if self._synonyms.listed(word):
            return _spellings([*forms, *others], [*compounds, *heads])
        return _spellings([*forms, *others, *compounds], heads)

    def _is_commonplace(self, somebody: Spellings) -> bool:
        """Whether too many texts mention somebody to be of use, and some titles do."""
        ((ads,),) = self._ask("SELECT count(*) FROM ads")
        many = max(_MANY_ADS, ads // _EVERY)
        in_text = Spellings(somebody.anywhere).expression(of_text=True)
        found = count_up_to(self._ask, f"{{text}} : {in_text}", many)
        in_titles = replace(somebody, commonplace=True).expression(of_text=False)
        return found == many and bool(
            self._ask("SELECT 1 FROM search WHERE search MATCH ? LIMIT 1", in_titles)
        )

    def near(self, word: str) -> list[str]:
        """Words of the index that look like this one; none where it is one, or is found by one.

        Those are looked at that begin with the same two letters, and those of the list.
        """
        spellings = self.spellings(word)
        if len(spellings.anywhere) > 1 or spellings.in_titles or self._knows(word):
            return []
        others = (one for one in self._synonyms.words() if one[:_SAME] != word[:_SAME])
        listed = (one for one in alike(word, others) if self._knows(one))
        return alike(word, [*listed, *self._beginning(word[:_SAME])])

    def _knows(self, word: str) -> bool:
        self.open()
        return bool(self._ask("SELECT 1 FROM words WHERE term = ?", word))

    def _forms(self, word: str, near: list[str]) -> Iterator[str]:
        known = set(near)

        def is_noun(base: str) -> bool:
            if self._synonyms.is_noun(base):
                return True
            return any(base + end in known for end in ("en", "ne", "ane"))

        return (one for one in near if is_form(one, word, is_noun))

    def _compounds(self, word: str, near: Iterable[str]) -> Iterator[str]:
        first = self._synonyms.listed(word) or word
        is_somebody = self._synonyms.is_noun(first)
        for one in near:
            is_other = is_somebody and names_helper(one)
            if begins_with(one, first) and self._is_open(one, first) and not is_other:
                yield one

    def _ending(self, word: str) -> Iterator[str]:
        """Compounds in titles whose last part is the word, in any form."""
        is_noun = self._is_noun(self._synonyms.listed(word) or word)
        for form, compound in ending(self._ask, self._last_parts(word)):
            is_own = self._is_listed(compound) or self._is_noun(compound) != is_noun
            if len(compound) - len(form) >= SHORTEST_FIRST and not is_own:
                yield compound

    def _last_parts(self, word: str) -> tuple[str, ...]:
        """The forms of a word that a compound may end with."""
        return inflections(self._synonyms.listed(word) or word) if len(word) >= SHORTEST else ()

    def _is_noun(self, word: str) -> bool:
        """Whether it is a form of a noun in -er: `medarbeider` does not end with `arbeid`."""
        return noun_in_er(word, self._synonyms.is_noun) is not None

    def _is_listed(self, compound: str) -> bool:
        return self._synonyms.listed(compound) is not None

    def _is_open(self, compound: str, first: str) -> bool:
        """Whether a compound means its first part too: not where it is a word of its own."""
        if self._is_listed(compound):
            return self._is_listed(first)
        return not self._synonyms.begins_longer(compound, first)

    def _beginning(self, start: str) -> list[str]:
        """The words of the index that begin so."""
        self._read([start])
        return self._words[start]

    def _read(self, starts: Iterable[str]) -> None:
        """Read the words with these beginnings, all at once: each statement opens every shard."""
        unread = [start for start in dict.fromkeys(starts) if start not in self._words]
        if not unread:
            return
        self.open()
        found: dict[str, set[str]] = {start: set() for start in unread}
        for start, term in words_beginning(self._ask, unread):
            found[start].add(term)
        self._words.update((start, sorted(words)) for start, words in found.items())

    def open(self) -> None:
        """Make the index show its words. A reader's own, and gone with it."""
        if not self._is_opened:
            open_words(self._ask)
            self._is_opened = True
