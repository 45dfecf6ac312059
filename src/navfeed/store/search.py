"""Words in the full-text index, and searches put to it.

A search names what an ad must say: `sykepleier` the word in any of its forms, `"to ord"` words in a
row as they stand, `"ord"` one as it stands, `syke*` a word that begins so. All of it must be said,
somewhere in the title, the job title, the employer's name or the text. What follows `-` or `NOT`
must not be said. Case does not matter; letters stay apart, å is no a. There is no more to the
language, so that everything else can be looked for as it stands.

The index holds words as they stand. A word's forms are looked up when it is searched for: all of
them begin with its stem, and there the index is read in order (decision 0020).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from navfeed.errors import ConfigError
from navfeed.model import Content
from navfeed.text.letters import composed


def searchable(content: Content) -> tuple[str, str, str, str]:
    """The columns of the index."""
    from navfeed.text.html import words_of  # not needed where ads are only asked for

    html = content.description or ""
    texts = (content.title or "", content.job_title or "", content.employer or "", words_of(html))
    title, job_title, employer, text = map(composed, texts)
    return title, job_title, employer, text


Forms = Callable[[str], Iterable[str]]
"""The words of the index that are forms of a word, itself among them."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search in FTS5's own language: what an ad must say, and what it must not; None: nothing."""

    wanted: str | None
    unwanted: str | None

    @property
    def in_titles(self) -> str:
        """What is wanted, in the title or the job title."""
        return f"{{title job_title}} : ({self.wanted})"

    def conditions(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """SQL conditions on `ads`, each with its values.

        The plus sign keeps SQLite from starting with what was found: it would have to sort whole
        ads.
        """
        if self.wanted:
            yield f"+ads.id IN ({_FOUND})", (self.wanted,)
        if self.unwanted:
            yield f"+ads.id NOT IN ({_FOUND})", (self.unwanted,)


def read_search(texts: Iterable[str], forms: Forms) -> Search:
    """Raises `ConfigError` for what is no search."""
    terms = dict.fromkeys(term for text in texts for term in _terms(text))
    wanted = [term.expression(forms) for term in terms if not term.unwanted]
    unwanted = [term.expression(forms) for term in terms if term.unwanted]
    return Search(" AND ".join(wanted) or None, " OR ".join(unwanted) or None)


_FOUND = "SELECT rowid FROM search WHERE search MATCH ?"

BY_RANK = f"search.rowid NOT IN ({_FOUND}), bm25(search, 10, 8, 3, 1)"
"""What ranks an ad; takes `Search.in_titles`. All of the search in the titles comes first.

Weights alone would not do: a rare form in the text (`kokkene`) counts for more than a common one in
the title (`Kokk`).
"""

SNIPPET = "snippet(search, 3, char(2), char(3), '…', 16)"
"""The piece of the text that says most of what was searched for, with marks around what was found:
characters that stand for nothing (`navfeed.present.words.pieces` reads them)."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A word, words in a row, or a beginning."""

    said: str
    is_whole: bool
    is_prefix: bool
    unwanted: bool

    def expression(self, forms: Forms) -> str:
        """In FTS5's own language, where only quoted text is safe."""
        if self.is_prefix:
            return f'"{self.said}"*'
        if self.is_whole or not self.said.isalnum():
            return f'"{self.said}"'
        return '("' + '" OR "'.join(forms(self.said)) + '")'


_PIECE = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"(?P<star>\*?)|(?P<word>[^\s"]+))')


def _terms(text: str) -> list[_Term]:
    if text.count('"') % 2:
        raise _refused(text, "a quotation mark is not closed")
    terms: list[_Term] = []
    negated = False
    for piece in _PIECE.finditer(text):
        if piece[0] == "OR":
            raise _refused(text, "there is no OR. Search for one after the other")
        if piece[0] in ("NOT", "AND"):
            negated = piece[0] == "NOT"
            continue
        terms.append(_term(text, piece, unwanted=negated or bool(piece["minus"])))
        negated = False
    if negated or not terms:
        raise _refused(text, "a word is missing")
    return terms


def _term(text: str, piece: re.Match[str], *, unwanted: bool) -> _Term:
    said = piece["phrase"] if piece["word"] is None else piece["word"]
    is_prefix = said.endswith("*") or bool(piece["star"])
    said = said.rstrip("*")
    if "*" in said:
        raise _refused(text, "* stands at the end of a word")
    if not any(map(str.isalnum, said)):
        raise _refused(text, f"{piece[0]} has no letter or digit")
    # What cannot be written as UTF-8, a broken argument of the shell, is in no ad either.
    said = composed(said).encode(errors="replace").decode()
    return _Term(said, piece["word"] is None, is_prefix, unwanted)


def _refused(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"cannot search for {text!r}: {why}. "
        'A search is words, "words in a row", the beginning* of one, and -what must not be said'
    )
