"""Find a name, an address or a number in text, known to us or known by its keyed hash alone.

Names and addresses are compared word by word, without regard to case, white space, punctuation and
the tags between; numbers by their digits, however they are grouped. Text is HTML or plain.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from unicodedata import normalize

from navfeed.model import ErasedTerm, TermKind

REMOVED = "[removed]"
"""What stands where something was taken out."""

SHORTEST = 3
"""Fewer letters or digits than this stand everywhere."""

LEAST_DIGITS = 5
"""Fewer digits than this are no number to call, and are compared as a word."""

_INLINE = re.compile(r"</?(?:a|b|em|font|i|small|span|strong|u|wbr)\b[^<>]*+>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_TOKEN = re.compile(
    rf"(?P<inline>{_INLINE.pattern})|(?P<tag><[^<>]*+>)|(?P<entity>{_ENTITY.pattern})"
    r"|(?P<escape>%[0-9a-f]{2})"
    r"|(?P<digits>\d++)"
    r"|(?P<letters>(?:[^\W\d_][\u0300-\u036f]*+)++)",
    re.IGNORECASE,
)
_BARE_TAG = re.compile(r"</?\w++\s?/?>")
_TAG = re.compile(r"<[^<>]*+>")
_NO_DIGIT = re.compile(r"\D+")
_COUNTRY = ("0047", "47")
_LONGEST_COUNTRY = max(map(len, _COUNTRY))

_WORDS = TermKind.WORDS

Span = tuple[int, int]
Matches = Callable[[TermKind, str], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for: words joined by spaces, or digits; `length` is how many of them."""

    kind: TermKind
    length: int
    said: str


@dataclass(frozen=True, slots=True)
class Matcher:
    """Knows needles of some lengths when it meets them.

    `may_contain` tells cheaply of most texts that nothing is in them; it never does so wrongly.
    """

    lengths: frozenset[tuple[TermKind, int]]
    knows: Matches
    may_contain: Callable[[str], bool] = bool

    def spans(self, text: str) -> list[Span]:
        """Where in the text a needle stands, in order and apart from each other."""
        return _merged(self._spans(text)) if self.may_contain(text) else []

    def without(self, text: str) -> str:
        """The text without what was found. Tags in between stay, or the page would break."""
        pieces = []
        at = 0
        for start, end in self.spans(text):
            pieces += [text[at:start], REMOVED, *_TAG.findall(text[start:end])]
            at = end
        return "".join([*pieces, text[at:]])

    def _spans(self, text: str) -> Iterator[Span]:
        tokens, tags = _read(text)
        words = _words(tokens)
        for kind, length in self.lengths:
            windows = _windows(words, length) if kind is _WORDS else _numbers(tokens, length)
            for said, span in windows:
                if self.knows(kind, said):
                    yield span
        for start, tag in tags:  # an address stands in a link, a name in a picture's description
            yield from ((start + a, start + b) for a, b in self._spans(tag))


def term_of(text: str) -> Term | None:
    """What to look for; None where the text is too short to be told from any other."""
    tokens, _ = _read(text)
    words = [word.said for word in _words(tokens)]
    joined = "".join(words)
    if len(joined) < SHORTEST:
        return None
    if joined.isdecimal() and len(joined) >= LEAST_DIGITS:
        digits = _national(joined)
        return Term(TermKind.DIGITS, len(digits), digits)
    return Term(TermKind.WORDS, len(words), " ".join(words))


def matcher_of(needle: Term) -> Matcher:
    """A seeker for a text that is known."""
    return Matcher(
        frozenset({(needle.kind, needle.length)}),
        lambda _, said: said == needle.said,
        lambda text: _may_contain(text, needle),
    )


def _may_contain(text: str, needle: Term) -> bool:
    """Whether the longest word stands anywhere, with the tags inside words and without them."""
    longest = max(needle.said.split(), key=len)
    return any(
        longest in (_folded(said) if needle.kind is _WORDS else _NO_DIGIT.sub("", said))
        for said in (_decoded(text), _decoded(_INLINE.sub("", text)))
    )


def _decoded(text: str) -> str:
    return _ENTITY.sub(lambda match: unescape(match[0]), text) if "&" in text else text


def hashed_matcher(key: bytes, marks: frozenset[ErasedTerm]) -> Matcher:
    """A seeker for texts known by their hash: every window of their lengths is hashed."""
    hashes = {(mark.kind, mark.hash) for mark in marks}
    lengths = frozenset((mark.kind, mark.length) for mark in marks)
    return Matcher(lengths, lambda kind, said: (kind, _hash(key, kind, said)) in hashes)


def erased_term_of(needle: Term, key: bytes) -> ErasedTerm:
    return ErasedTerm(needle.kind, needle.length, _hash(key, needle.kind, needle.said))


def _hash(key: bytes, kind: TermKind, said: str) -> bytes:
    return hmac.digest(key, (kind.value + ":" + said).encode(errors="surrogatepass"), "sha256")


@dataclass(frozen=True, slots=True)
class _Token:
    """Letters or digits. `glued`: nothing but markup inside a word parts it from the one before."""

    said: str
    start: int
    end: int
    glued: bool


def _read(text: str) -> tuple[list[_Token], list[tuple[int, str]]]:
    """The tokens of the text that is shown, and the tags that say something, with their places."""
    tokens: list[_Token] = []
    tags: list[tuple[int, str]] = []
    joint = -1
    for match in _TOKEN.finditer(text):
        kind, said = match.lastgroup, match[0]
        if kind in ("inline", "tag"):
            if not _BARE_TAG.fullmatch(said):
                tags.append((match.start() + 1, said[1:-1]))
            if kind == "inline" and joint == match.start():
                joint = match.end()
            continue
        said = unescape(said) if kind == "entity" else said
        if kind == "letters" or (kind != "escape" and said.isalnum()):
            glued = joint == match.start()
            tokens.append(_Token(_folded(said), match.start(), match.end(), glued))
            joint = match.end()
    return tokens, tags


def _folded(said: str) -> str:
    return normalize("NFC", said).casefold()


def _words(tokens: Iterable[_Token]) -> list[_Token]:
    """The words: tokens that nothing but markup parts are one. Each is put together once."""
    groups: list[list[_Token]] = []
    for token in tokens:
        if token.glued:
            groups[-1].append(token)
        else:
            groups.append([token])
    return [group[0] if len(group) == 1 else _joined(group) for group in groups]


def _joined(group: list[_Token]) -> _Token:
    said = _folded("".join(token.said for token in group))
    return _Token(said, group[0].start, group[-1].end, glued=False)


def _windows(words: list[_Token], length: int) -> Iterator[tuple[str, Span]]:
    for at in range(len(words) - length + 1):
        window = words[at : at + length]
        yield " ".join(word.said for word in window), (window[0].start, window[-1].end)


def _numbers(tokens: list[_Token], length: int) -> Iterator[tuple[str, Span]]:
    """Neighbouring groups that have so many digits together, the country's code aside."""
    for at, first in enumerate(tokens):
        digits = ""
        # A group has a digit at least, so no more of them can matter, the country's code included.
        for token in tokens[at : at + length + _LONGEST_COUNTRY]:
            if not token.said.isdecimal() or len(digits) > length:
                break
            digits += token.said
            if len(national := _shortened(digits, first.said, length)) == length:
                yield national, (first.start, token.end)


def _shortened(digits: str, first: str, length: int) -> str:
    """Without the country's code, where that stands in one group with the number."""
    for code in _COUNTRY:
        if first.startswith(code) and len(digits) == length + len(code):
            return digits.removeprefix(code)
    return digits


def _national(digits: str) -> str:
    for code in _COUNTRY:
        if digits.startswith(code) and len(digits) == 8 + len(code):
            return digits.removeprefix(code)
    return digits


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
