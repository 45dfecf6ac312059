"""Words in the full-text index, and searches put to it.

A search names what an ad must say: `natt` the word, `"to ord"` words in a row, `syke*` a word that
begins so. All of it must be said, somewhere in the title, the job title, the employer's name or the
text. What follows `-` or `NOT` must not be said. Case does not matter; letters stay apart, å is no
a. There is no more to the language, so that everything else can be looked for as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from unicodedata import normalize

from navfeed.errors import ConfigError
from navfeed.model import Content


def searchable(content: Content) -> tuple[str, str, str, str]:
    """The columns of the index."""
    from navfeed.markup import words_of  # not needed where ads are only asked for

    html = content.description or ""
    texts = (content.title or "", content.job_title or "", content.employer or "", words_of(html))
    title, job_title, employer, text = (normalize("NFC", text) for text in texts)
    return title, job_title, employer, text


def conditions(texts: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """SQL conditions on `ads`, each with its values. Raises `ConfigError` for what is no search.

    The plus sign keeps SQLite from starting with what was found: it would have to sort whole ads.
    """
    terms = [term for text in texts for term in _terms(text)]
    if wanted := [term.expression for term in terms if not term.unwanted]:
        yield f"+ads.id IN ({_FOUND})", (" AND ".join(wanted),)
    if unwanted := [term.expression for term in terms if term.unwanted]:
        yield f"+ads.id NOT IN ({_FOUND})", (" OR ".join(unwanted),)


_FOUND = "SELECT rowid FROM search WHERE search MATCH ?"


@dataclass(frozen=True, slots=True)
class _Term:
    """A word or words in a row, in FTS5's own language, where only quoted text is safe."""

    expression: str
    unwanted: bool


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
        terms.append(_Term(_quoted(text, piece), negated or bool(piece["minus"])))
        negated = False
    if negated or not terms:
        raise _refused(text, "a word is missing")
    return terms


def _quoted(text: str, piece: re.Match[str]) -> str:
    said = piece["phrase"] if piece["word"] is None else piece["word"]
    is_prefix = said.endswith("*") or bool(piece["star"])
    said = said.rstrip("*")
    if "*" in said:
        raise _refused(text, "* stands at the end of a word")
    if not any(map(str.isalnum, said)):
        raise _refused(text, f"{piece[0]} has no letter or digit")
    # What cannot be written as UTF-8, a broken argument of the shell, is in no ad either.
    said = normalize("NFC", said).encode(errors="replace").decode()
    return f'"{said}"*' if is_prefix else f'"{said}"'


def _refused(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"cannot search for {text!r}: {why}. "
        'A search is words, "words in a row", the beginning* of one, and -what must not be said'
    )
