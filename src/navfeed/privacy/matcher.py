"""Find a name, an address or a number in text, by its own text or by its keyed hash alone.

Names and addresses are compared word by word, ignoring case, white space, punctuation and
the tags between; numbers by their digits, however they are grouped. Text is HTML or plain. It is
read as it is, and as a person would see it: escapes decoded, however deeply nested,
without comments and invisible characters. Finding and erasing both read texts here, so that
nothing that was erased is found again.

Everything takes time and memory in proportion to the text (faults.md X6).
"""

from __future__ import annotations

import hmac
import re
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import chain
from urllib.parse import unquote

from navfeed.model import ErasedTerm, TermKind
from navfeed.text.html import INLINE_TAGS
from navfeed.text.letters import UNSEEN_CLASS, composed

REMOVED = "[removed]"
"""The text that replaces what was removed."""

SHORTEST = 3
"""Shorter texts occur everywhere."""

LEAST_DIGITS = 5
"""Fewer digits are no phone number, and are compared as a word."""

SHORTEST_HANDLE = 6
"""Minimum length of a name written as one word in an address: `lian` is Lian's, not Li An's."""

_LONGEST_WORD = 200
"""Letters in a word; a longer word is nobody's name, and matches nothing."""

_READINGS = 3
"""How many times a text is decoded. A whole chain (`&amp;amp;shy;`) counts once."""

_PASSES = 4
"""How many times a text is cleaned; if tags still contain a match then, the text is dropped."""

_INLINE = re.compile(rf"</?(?:{INLINE_TAGS}|wbr)\b[^<>]*+>", re.IGNORECASE)
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

_ESCAPED_AMP = r"(?:amp;|\#0*+38;|\#x0*+26;)"
_VEILED = re.compile(
    rf"(?P<unseen>{UNSEEN_CLASS}++)"
    r"|(?P<escapes>(?:%(?:25)*+[0-9a-f]{2}){1,64}+)"
    rf"|&{_ESCAPED_AMP}*+(?P<entity>\#\d{{1,7}};?|\#x[0-9a-f]{{1,6}};?|[a-z][a-z0-9]{{1,31}};?)",
    re.IGNORECASE,
)
_ESCAPED_PERCENT = re.compile(r"%(?:25)++(?=[0-9a-f]{2})", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![\w.+-])[\w.+-]++@[\w.-]*+|(?:https?://|www\.)[^\s\"'<>]++", re.IGNORECASE
)

_COUNTRY = ("0047", "47")
_LONGEST_COUNTRY = max(map(len, _COUNTRY))

_WORDS, _DIGITS, _HANDLE = TermKind.WORDS, TermKind.DIGITS, TermKind.HANDLE

Span = tuple[int, int]
Matches = Callable[[TermKind, str], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """A search term: words joined by spaces, digits, or the letters of words without a gap.

    `length` counts the words, digits or letters of `text`.
    """

    kind: TermKind
    length: int
    text: str


@dataclass(frozen=True, slots=True)
class Matcher:
    """Finds terms of some lengths.

    `may_contain` is a cheap pre-check: it rejects most texts, and never one that has a match.
    """

    lengths: frozenset[tuple[TermKind, int]]
    matches: Matches
    may_contain: Callable[[str], bool] = bool

    def find(self, text: str) -> list[Span]:
        """Return where in the text a term occurs, in order and without overlaps."""
        return _merged(self._spans(text, _READINGS))

    def without(self, text: str) -> str:
        """Return the text without its matches. Tags between stay, or the page would break.

        Nothing is found in the result.
        """
        for _ in range(_PASSES):
            if not (spans := self.find(text)):
                return text
            text = _cut(text, spans)
        return _cut(text, [(0, len(text))], keep=False) if self.find(text) else text

    def _spans(self, text: str, resolved: int) -> Iterator[Span]:
        for reading in _readings(text, resolved):
            for start, end in self._within(reading.text, resolved):
                yield reading.back(start, end)

    def _within(self, text: str, resolved: int) -> Iterator[Span]:
        if self.may_contain(text):
            yield from self._matches_in(text)
        if resolved:
            # A link may contain an address; a picture's description or a comment, a name.
            for start, inner in _inner(text):
                for a, b in self._spans(inner, resolved - 1):
                    yield start + a, start + b

    def _matches_in(self, text: str) -> Iterator[Span]:
        for kind, windows in _WINDOWS.items():
            lengths = sorted(length for one, length in self.lengths if one is kind)
            if lengths:
                yield from (
                    span for window, span in windows(text, lengths) if self.matches(kind, window)
                )


def term_of(text: str) -> Term | None:
    """Make a search term of a text; None if the text is too short to identify anything."""
    *_, reading = _readings(text, _READINGS)
    words = [word.text for word in _words(reading.text)]
    joined = "".join(words)
    if len(joined) < SHORTEST or not all(words) or " ".join(words) in _OURS:
        return None
    if joined.isdecimal() and len(joined) >= LEAST_DIGITS:
        digits = _national(joined)
        return Term(_DIGITS, len(digits), digits)
    return Term(_WORDS, len(words), " ".join(words))


_OURS = frozenset({"removed", "removed removed"})
"""The words of `REMOVED` itself, which would be found forever."""


def _with_handle(term: Term) -> Iterator[Term]:
    """The term, and its form as one word in an address."""
    yield term
    letters = term.text.replace(" ", "")
    if term.kind is _WORDS and term.length > 1 and len(letters) >= SHORTEST_HANDLE:
        yield Term(_HANDLE, len(letters), letters)


def matcher_of(term: Term) -> Matcher:
    """A matcher for a text that is known."""
    terms = {(one.kind, one.text) for one in _with_handle(term)}
    return Matcher(
        frozenset((one.kind, one.length) for one in _with_handle(term)),
        lambda kind, window: (kind, window) in terms,
        lambda text: _may_contain(text, term),
    )


def _may_contain(text: str, term: Term) -> bool:
    """Whether the longest word occurs anywhere, with the tags inside words and without them."""
    longest = max(term.text.split(), key=len)
    return any(
        longest in (_folded(form) if term.kind is _WORDS else _NO_DIGIT.sub("", form))
        for form in {text, _decoded(text), _decoded(_INLINE.sub("", text))}
    )


def _decoded(text: str) -> str:
    return _ENTITY.sub(lambda match: unescape(match[0]), text) if "&" in text else text


def hashed_matcher(key: bytes, marks: frozenset[ErasedTerm]) -> Matcher:
    """A matcher for texts known by their hash: it hashes every window of their lengths."""
    hashes = {(mark.kind, mark.hash) for mark in marks}
    lengths = frozenset((mark.kind, mark.length) for mark in marks)
    return Matcher(lengths, lambda kind, window: (kind, _hash(key, kind, window)) in hashes)


def marks_of(term: Term, key: bytes) -> frozenset[ErasedTerm]:
    """The hashes to keep of a text, so that all its forms are recognised later."""
    return frozenset(erased_term_of(one, key) for one in _with_handle(term))


def erased_term_of(term: Term, key: bytes) -> ErasedTerm:
    return ErasedTerm(term.kind, term.length, _hash(key, term.kind, term.text))


def _hash(key: bytes, kind: TermKind, text: str) -> bytes:
    return hmac.digest(key, (kind.value + ":" + text).encode(errors="surrogatepass"), "sha256")


# Ways to read a text


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text as a person reads it, with the origin of each of its parts.

    Part `i` begins at `at[i]`, and was read from `start[i]` to `end[i]` of the reading `before`.
    """

    text: str
    before: _Reading | None = None
    at: array[int] = field(default_factory=lambda: array("q"))
    start: array[int] = field(default_factory=lambda: array("q"))
    end: array[int] = field(default_factory=lambda: array("q"))

    def back(self, start: int, end: int) -> Span:
        """Map a span of this reading to the original text."""
        if self.before is None:
            return start, end
        first, last = bisect_right(self.at, start) - 1, bisect_right(self.at, end - 1) - 1
        if self._is_literal(first):
            start = self.start[first] + start - self.at[first]
        else:
            start = self.start[first]
        end = self.start[last] + end - self.at[last] if self._is_literal(last) else self.end[last]
        return self.before.back(start, end)

    def _is_literal(self, part: int) -> bool:
        """Whether the part was copied unchanged: decoding makes a part shorter or longer."""
        following = self.at[part + 1] if part + 1 < len(self.at) else len(self.text)
        return following - self.at[part] == self.end[part] - self.start[part]

    def resolved(self) -> _Reading:
        """The text with its escapes decoded, without comments and invisible characters."""
        parts = _Reading("", self, array("q"), array("q"), array("q"))
        pieces: list[str] = []
        at = length = 0
        for start, end, read in _unveiled(self.text):
            for piece, since, till in ((self.text[at:start], at, start), (read, start, end)):
                if piece:
                    pieces.append(piece)
                    parts.at.append(length)
                    parts.start.append(since)
                    parts.end.append(till)
                    length += len(piece)
            at = end
        return _Reading("".join(pieces), self, parts.at, parts.start, parts.end)


def _readings(text: str, most: int) -> Iterator[_Reading]:
    """The text as it is, and decoded up to `most` times."""
    reading = _Reading(text)
    yield reading
    for _ in range(most):
        if not _VEILED.search(reading.text) and "<!--" not in reading.text:
            return
        resolved = reading.resolved()
        if resolved.text == reading.text:
            return
        reading = resolved
        yield reading


def _unveiled(text: str) -> Iterator[tuple[int, int, str]]:
    """Escapes, invisible characters and comments: the place, and the text that is read there."""
    at = 0
    for start, end in chain(_comments(text), [(len(text), len(text))]):
        for match in _VEILED.finditer(text, at, start):
            yield match.start(), match.end(), _resolved(match)
        yield start, end, ""
        at = end


def _resolved(match: re.Match[str]) -> str:
    if match["unseen"]:
        return ""
    if match["escapes"]:
        return unquote(_ESCAPED_PERCENT.sub("%", match[0]))
    return unescape(f"&{match['entity']}")


def _comments(text: str) -> Iterator[Span]:
    """Where the comments are. An unclosed one is none: searching for each end would be quadratic.

    By HTML's rules `<!-->` is one as well.
    """
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 2)) >= 0:
        at = end + len("-->")
        yield start, at


def _inner(text: str) -> Iterator[tuple[int, str]]:
    """The texts inside tags and comments, with their places."""
    for match in _TAG.finditer(text):
        if not _BARE_TAG.fullmatch(match[0]):
            yield match.start() + 1, match[0][1:-1]
    for start, end in _comments(text):
        yield start + 4, text[start + 4 : end - 3]


def _cut(text: str, spans: list[Span], *, keep: bool = True) -> str:
    pieces = []
    at = 0
    for start, end in spans:
        pieces += [text[at:start], REMOVED]
        if keep and "<" in text[start:end]:
            pieces += _TAG.findall(_uncommented(text[start:end]))
        at = end
    return "".join([*pieces, text[at:]])


def _uncommented(text: str) -> str:
    """A comment is kept whole or not at all: half of one would hide the rest of the page."""
    pieces = []
    at = 0
    for start, end in _comments(text):
        pieces.append(text[at:start])
        at = end
    return "".join([*pieces, text[at:]])


# Tokens and windows of a reading


@dataclass(frozen=True, slots=True)
class _Token:
    """Letters or digits. `glued`: only inline markup separates it from the token before."""

    text: str
    start: int
    end: int
    glued: bool


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens of the text that is shown."""
    joint = -1
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match[0]
        if kind in ("inline", "tag"):
            if kind == "inline" and joint == match.start():
                joint = match.end()
            continue
        piece = unescape(piece) if kind == "entity" else piece
        if kind == "letters" or (kind != "escape" and piece.isalnum()):
            glued = joint == match.start()
            yield _Token(_word(piece), match.start(), match.end(), glued)
            joint = match.end()


def _folded(text: str) -> str:
    return composed(text).casefold()


def _word(text: str) -> str:
    """A word to compare; empty if it is too long for a name."""
    return _folded(text) if len(text) <= _LONGEST_WORD else ""


def _words(text: str) -> Iterator[_Token]:
    """The words; tokens that only inline markup separates are one word. Each is joined once."""
    group: list[_Token] = []
    for token in _tokens(text):
        if group and not token.glued:
            yield _joined(group)
            group.clear()
        if len(group) > _LONGEST_WORD:  # too long already, and no longer in memory
            group[-1] = token
        else:
            group.append(token)
    if group:
        yield _joined(group)


def _joined(group: list[_Token]) -> _Token:
    if len(group) == 1:
        return group[0]
    whole = all(token.text for token in group)
    text = _word("".join(token.text for token in group)) if whole else ""
    return _Token(text, group[0].start, group[-1].end, glued=False)


Windows = Iterator[tuple[str, Span]]


def _phrases(text: str, lengths: list[int]) -> Windows:
    """Runs of this many words; also without the last one's genitive -s."""
    last: deque[_Token] = deque(maxlen=lengths[-1])
    for word in _words(text):
        last.append(word)
        for length in lengths[: bisect_right(lengths, len(last))]:
            window = list(last)[-length:]
            phrase = " ".join(one.text for one in window)
            span = (window[0].start, word.end)
            yield phrase, span
            if phrase.endswith("s"):
                yield phrase[:-1], span


def _numbers(text: str, lengths: list[int]) -> Windows:
    """Adjacent groups with this many digits in total, not counting the country code."""
    most = lengths[-1] + _LONGEST_COUNTRY
    last: deque[_Token] = deque(maxlen=most)
    for token in _tokens(text):
        if not token.text.isdecimal():
            last.clear()
            continue
        last.append(token)
        digits = ""
        for first in reversed(last):
            digits = first.text + digits
            if len(digits) > most:
                break
            for national in _national_forms(digits, first.text):
                if len(national) in lengths:
                    yield national, (first.start, token.end)


def _national_forms(digits: str, first: str) -> Iterator[str]:
    """The digits; also without the country code, if its group contains other digits."""
    yield digits
    for code in _COUNTRY:
        if first.startswith(code):
            yield digits.removeprefix(code)


def _handles(text: str, lengths: list[int]) -> Windows:
    """Adjacent words of an address with this many letters in total."""
    for address in _ADDRESS.finditer(text):
        last: deque[_Token] = deque(maxlen=lengths[-1])
        for token in _tokens(address[0]):
            last.append(token)
            letters = ""
            for first in reversed(last):
                letters = first.text + letters
                if len(letters) > lengths[-1]:
                    break
                if len(letters) in lengths:
                    yield letters, (address.start() + first.start, address.start() + token.end)


_WINDOWS: dict[TermKind, Callable[[str, list[int]], Windows]] = {
    _WORDS: _phrases,
    _DIGITS: _numbers,
    _HANDLE: _handles,
}


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
