"""Words in the full-text index, and searches put to it.

A search names what an ad must contain: `sykepleier` the word in any of its forms, `"to ord"` words
in a row as they stand, `"ord"` one as it stands, `syke*` a word that begins so. All of it must be
somewhere in the title, the job title, the employer's name or the text. Of what stands on both sides
of `OR`, one is enough; parentheses hold together. `title:`, `employer:` and `text:` before a word,
a phrase or a parenthesis name the place. What follows `-` or `NOT` must be nowhere. Case does not
matter; letters stay apart, å is no a. There is no more to the language, so that everything else can
be looked for as it stands.

The index holds words as they stand. A word's forms, and the other words that a search for it finds,
are looked up when it is searched for (decision 0020).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from navfeed.errors import ConfigError
from navfeed.model import Content
from navfeed.store.shards import Condition, matches, shard_of, table
from navfeed.text.letters import composed


def searchable(content: Content) -> tuple[str, str, str, str]:
    """The columns of the index."""
    from navfeed.text.html import words_of  # not needed where ads are only read

    html = content.description or ""
    texts = (content.title or "", content.job_title or "", content.employer or "", words_of(html))
    title, job_title, employer, text = (composed(text) for text in texts)
    return title, job_title, employer, text


@dataclass(frozen=True, slots=True)
class Spellings:
    """The words of the index that a word is searched for by, itself among them.

    Those of `in_titles` count in titles and job titles alone; where they are `commonplace`, all do.
    """

    anywhere: tuple[str, ...]
    in_titles: tuple[str, ...] = ()
    commonplace: bool = False

    def expression(self, *, of_text: bool) -> str:
        """In FTS5's own language. `of_text`: the search is for the text alone."""
        if of_text:
            return _any_of(self.anywhere)
        if self.commonplace:
            return f"({_TITLES} : {_any_of((*self.anywhere, *self.in_titles))})"
        either = _any_of(self.anywhere)
        return f"({either} OR {_TITLES} : {_any_of(self.in_titles)})" if self.in_titles else either


Spelled = Callable[[str], Spellings]
"""How a word is searched for. Other words come as their own text alone."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search in FTS5's own language: what an ad must say, and what it must not; None: nothing.

    `each_in`: the shards, where ads are looked up one by one instead of gathering all that match.
    """

    wanted: str | None
    unwanted: str | None
    each_in: tuple[str, ...] = ()

    @property
    def in_titles(self) -> str:
        """What is wanted, in the title or the job title.

        A word that a group excludes must not be in the text either.
        """
        titled = f"{_TITLES} : ({self.wanted})"
        return f"({self.wanted}) AND {titled}" if ") NOT (" in (self.wanted or "") else titled

    @property
    def not_in_titles(self) -> str:
        """What is wanted, but not all of it in the title or the job title."""
        return f"({self.wanted}) NOT ({self.in_titles})"

    def conditions(self) -> Iterator[Condition]:
        """SQL conditions on `ads`, each with its values.

        The plus sign keeps SQLite from starting with what was found: it would have to sort whole
        ads.
        """
        if self.wanted and self.each_in:
            yield matches(self.each_in, self.wanted)
        elif self.wanted:
            yield f"+ads.id IN ({_FOUND})", (self.wanted,)
        if self.unwanted:
            yield f"+ads.id NOT IN ({_FOUND})", (self.unwanted,)


def read_search(texts: Iterable[str], spelled: Spelled, titles: Iterable[str] = ()) -> Search:
    """All of `texts`, and of what `titles` say of titles. Raises `ConfigError` for no search."""
    sides = [_Reading(text, spelled).read() for text in texts]
    sides += [_Reading(text, spelled).read().within(_TITLES) for text in titles]
    wanted = dict.fromkeys(one for side in sides for one in side.wanted)
    unwanted = dict.fromkeys(one for side in sides for one in side.unwanted)
    return Search(" AND ".join(wanted) or None, " OR ".join(unwanted) or None)


def words_of_search(texts: Iterable[str]) -> Iterator[str]:
    """The words that a search is for in any form, one by one, in small letters.

    Raises `ConfigError` for what is no search.
    """
    words: list[str] = []

    def noted(word: str) -> Spellings:
        words.append(word.lower())
        return Spellings((word,))

    read_search(texts, noted)
    return iter(dict.fromkeys(words))


_FOUND = "SELECT rowid FROM search WHERE search MATCH ?"


def snippet_of(ad: int) -> str:
    """SQL for the piece of an ad's text with most of what is searched for; takes both.

    With marks around what was found: characters that stand for nothing
    (`navfeed.present.words.pieces` reads them).
    """
    name = table(shard_of(ad))
    return (
        f"SELECT snippet({name}, 3, char(2), char(3), '…', 16) FROM {name} "
        f"WHERE {name} MATCH ? AND rowid = ?"
    )


_TITLES = "{title job_title}"
_FIELDS = {"title": _TITLES, "employer": "{employer}", "text": "{text}"}
"""What a search may name, and the columns of the index that it means."""


def _any_of(words: Iterable[str]) -> str:
    """Only quoted text is safe."""
    return '("' + '" OR "'.join(words) + '")'


_PIECE = re.compile(
    rf"(?P<minus>-?)(?:(?P<field>{'|'.join(_FIELDS)}):)?"
    r'(?:(?P<open>\()|"(?P<phrase>[^"]*)"(?P<star>\*?)|(?P<word>[^\s"()][^\s"]*)|(?P<close>\)))',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Sides:
    """What an ad must contain, all of it, and none of what it must not: in FTS5's own language."""

    wanted: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)

    def within(self, columns: str) -> _Sides:
        return _Sides(
            [f"{columns} : ({one})" for one in self.wanted],
            [f"{columns} : ({one})" for one in self.unwanted],
        )

    def expression(self) -> str:
        wanted = " AND ".join(self.wanted)
        return (
            f"(({wanted}) NOT ({' OR '.join(self.unwanted)}))" if self.unwanted else f"({wanted})"
        )


_DEEPEST = 20
"""Parentheses in one another. Nobody needs more, and SQLite bears some hundreds."""


class _Reading:
    """A search that is being read, piece by piece."""

    def __init__(self, text: str, spelled: Spelled) -> None:
        if text.count('"') % 2:
            raise _refused(text, "a quotation mark is not closed")
        self._text = text
        self._spelled = spelled
        self._at = 0
        self._open = 0
        self._of_text = False

    def read(self) -> _Sides:
        return self._alternatives()

    def _alternatives(self) -> _Sides:
        """What stands up to the parenthesis that closes, or to the end."""
        sides = [self._all()]
        while self._takes("OR"):
            sides.append(self._all())
        if len(sides) == 1:
            return sides[0]
        return _Sides([f"({' OR '.join(map(self._standing, sides))})"])

    def _standing(self, side: _Sides) -> str:
        if not side.wanted:
            raise _refused(self._text, "each side of OR and of parentheses needs a word to include")
        return side.expression()

    def _all(self) -> _Sides:
        sides = _Sides()
        negated = False
        while (piece := self._next()) is not None:
            if piece[0] in ("NOT", "AND"):
                negated = piece[0] == "NOT"
                continue
            side = sides.unwanted if negated or piece["minus"] else sides.wanted
            side.append(self._expression(piece))
            negated = False
        if negated or not (sides.wanted or sides.unwanted):
            raise _refused(self._text, "a word is missing")
        return sides

    def _next(self) -> re.Match[str] | None:
        """The next piece that belongs to what is being read, and step over it."""
        piece = _PIECE.search(self._text, self._at)
        if piece is None or piece[0] == "OR" or (self._open and piece["close"]):
            return None
        self._at = piece.end()
        if self._open and piece["word"]:
            self._at -= self._closing(piece["word"])
        return piece

    def _closing(self, word: str) -> int:
        """How many of the parentheses at a word's end close such as are open."""
        return min(len(word) - len(word.rstrip(")")), self._open)

    def _takes(self, mark: str) -> bool:
        piece = _PIECE.search(self._text, self._at)
        if piece is None or piece[0] != mark:
            return False
        self._at = piece.end()
        return True

    def _expression(self, piece: re.Match[str]) -> str:
        name = (piece["field"] or "").lower()
        outside, self._of_text = self._of_text, self._of_text or name == "text"
        found = self._group() if piece["open"] else self._term(piece)
        self._of_text = outside
        columns = _FIELDS.get(name)
        return f"{columns} : ({found})" if columns else found

    def _group(self) -> str:
        self._open += 1
        if self._open > _DEEPEST:
            raise _refused(self._text, f"more than {_DEEPEST} parentheses stand in one another")
        inner = self._standing(self._alternatives())
        if not self._takes(")"):
            raise _refused(self._text, "a parenthesis is not closed")
        self._open -= 1
        return inner

    def _term(self, piece: re.Match[str]) -> str:
        """A word, words in a row, or a beginning."""
        is_whole = piece["phrase"] is not None
        term = piece["phrase"] if is_whole else self._text[piece.start("word") : self._at]
        is_prefix = term.endswith("*") or bool(piece["star"])
        term = term.rstrip("*")
        if "*" in term:
            raise _refused(self._text, "* stands at the end of a word")
        if not any(map(str.isalnum, term)):
            raise _refused(self._text, f"{piece[0]} has no letter or digit")
        # What cannot be written as UTF-8, a broken argument of the shell, is in no ad either.
        term = composed(term).encode(errors="replace").decode()
        if is_prefix:
            return f'"{term}"*'
        if is_whole or not term.isalnum():
            return f'"{term}"'
        return self._spelled(term).expression(of_text=self._of_text)


def _refused(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"cannot search for {text!r}: {why}. "
        'A search is words, "words in a row", the beginning* of one, title:word, this OR that, '
        "(parentheses), and -what to leave out"
    )
