"""Convert untrusted HTML into text.

Everything takes time linear in the text, however hostile it is. That rules out the standard
library's `html.parser`: Python 3.11.7's takes seconds for 20 kB of `<a `, and raises
AssertionError for `<![<![`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from html import unescape

from navfeed.text.plaintext import sanitize


class BlockKind(Enum):
    """The kind of a block on the page."""

    TITLE = auto()
    HEADING = auto()
    PARAGRAPH = auto()
    ITEM = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """A separate piece of text, which may contain line breaks (`<br>`) but no other markup.

    `mark` is the bullet, number or label before an item; `depth` the number of lists around it.
    """

    kind: BlockKind
    text: str
    mark: str = ""
    depth: int = 0


BULLET = "•"

_ATTRIBUTES = r"""(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+"""  # possessive: never tries twice
_MARKUP = re.compile(
    r"<!--(?s:.*?)(?:-->|\Z)"
    rf"|<(?P<dropped>script|style|template)\b{_ATTRIBUTES}>(?s:.*?)(?:</(?P=dropped)[^<>]*>|\Z)"
    rf"|<(?P<end>/?)(?P<tag>[a-z][a-z0-9]*)\b(?P<attributes>{_ATTRIBUTES})>"
    r"|<[!?/][^<>]*>",
    re.IGNORECASE,
)
INLINE_TAGS = "a|abbr|b|big|code|em|font|i|mark|small|span|strong|sub|sup|u"
"""Tags that do not end a word, as alternatives of a pattern. `privacy` uses them too: a name that
is displayed as one piece must be found as one piece."""

_FIRST_LETTERS = "".join(sorted({tag[0] for tag in INLINE_TAGS.split("|")}))
# Looking at the first letter before the tags makes this five times as fast.
_INLINE = re.compile(rf"</?(?=[{_FIRST_LETTERS}])(?:{INLINE_TAGS})\b{_ATTRIBUTES}>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HUGE_NUMBER = re.compile(r"&#[0-9]{9,};?")
_SPACES = re.compile(r"\s+")
_PARAGRAPHS = re.compile(r"\n{2,}")


def words_of(html: str) -> str:
    """The text of HTML for searching: without tags, entities decoded."""
    return _decoded(_MARKUP.sub(" ", _INLINE.sub("", html)))


def blocks_of(html: str) -> list[Block]:
    """Turn HTML into paragraphs, headings and list items. Scripts and styles are dropped."""
    reading = _Reading()
    at = 0
    for match in _MARKUP.finditer(html):
        reading.text(html[at : match.start()])
        if match["tag"]:
            reading.tag(match["tag"].lower(), match["attributes"], ended=bool(match["end"]))
        at = match.end()
    reading.text(html[at:])
    return reading.done()


def _decoded(text: str) -> str:
    """`html.unescape` raises ValueError for a number beyond Python's limit of digits."""
    if "&" not in text:
        return text
    return unescape(_HUGE_NUMBER.sub("\ufffd", text))


_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ul", "ol"})
_CELLS = frozenset({"td", "th"})
_BREAKING = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "main"),
        *("nav", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr"),
    }
)
_DEEPEST = 8  # a list deeper than this is no deeper on the page


class _Reading:
    """Collects blocks from a stream of tags. Keeps no tree, so no depth of nesting can harm it."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._pieces: list[str] = []
        self._lists: list[int | None] = []  # the count of an ordered list, None for bullets
        self._mark = ""
        self._heading = False
        self._href: str | None = None

    def text(self, text: str) -> None:
        if text:
            self._pieces.append(_SPACES.sub(" ", _decoded(text)))

    def tag(self, tag: str, attributes: str, *, ended: bool) -> None:
        if tag == "br":
            self._pieces.append("\n")
        elif tag == "a":
            self._link(attributes, ended=ended)
        elif tag in _CELLS:
            self._pieces.append(" ")
        elif tag in _LISTS or tag == "li" or tag in _HEADINGS or tag in _BREAKING:
            self._break()
            self._open(tag, ended=ended)

    def done(self) -> list[Block]:
        self._break()
        return self._blocks

    def _open(self, tag: str, *, ended: bool) -> None:
        if tag in _HEADINGS:
            self._heading = not ended
        elif tag == "li":
            self._mark = "" if ended else self._next_mark()
        elif tag in _LISTS and not ended:
            self._lists.append(0 if tag == "ol" else None)
        elif tag in _LISTS and self._lists:
            self._lists.pop()

    def _next_mark(self) -> str:
        count = self._lists[-1] if self._lists else None
        if count is None:
            return BULLET
        self._lists[-1] = count + 1
        return f"{count + 1}."

    def _link(self, attributes: str, *, ended: bool) -> None:
        """A link's address follows its text, unless the text is the address."""
        if not ended:
            self._href = _address(attributes)
        elif self._href:
            if self._href not in self._pieces[-1:]:
                self._pieces.append(f" ({self._href})")
            self._href = None

    def _break(self) -> None:
        for text in _PARAGRAPHS.split(_tidy("".join(self._pieces))):
            if text.strip():
                self._emit(text.strip("\n"))
        self._pieces.clear()

    def _emit(self, text: str) -> None:
        kind = (
            BlockKind.HEADING
            if self._heading
            else BlockKind.ITEM
            if self._mark
            else BlockKind.PARAGRAPH
        )
        self._blocks.append(Block(kind, text, self._mark, min(len(self._lists), _DEEPEST)))
        self._mark = ""


def _address(attributes: str) -> str | None:
    match = _HREF.search(attributes)
    address = sanitize(_decoded(next(filter(None, match.groups()), ""))) if match else ""
    return address if address.startswith(("http://", "https://")) else None


def _tidy(text: str) -> str:
    return "\n".join(sanitize(_SPACES.sub(" ", line).strip()) for line in text.split("\n"))


def lines_of(blocks: list[Block], width: int | None) -> Iterator[tuple[BlockKind, str]]:
    """Lay blocks out in lines of at most `width` characters, or unwrapped if it is None.

    A longer word, such as an address, is never cut: it must survive being copied.
    """
    last: Block | None = None
    for block in blocks:
        if (
            last
            and not (last.kind is block.kind is BlockKind.ITEM)
            and last.kind is not BlockKind.HEADING
        ):
            yield BlockKind.PARAGRAPH, ""
        yield from ((block.kind, line) for line in _wrapped(block, width))
        last = block


def _wrapped(block: Block, width: int | None) -> Iterator[str]:
    indent = "  " * max(block.depth - (block.kind is BlockKind.ITEM), 0)
    first = indent + (f"{block.mark} " if block.mark else "")
    for line in block.text.split("\n"):
        yield from _wrap(line, width, first, " " * len(first)) if width else [first + line]
        first = " " * len(first)


def _wrap(line: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        line,
        max(width, len(first) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
