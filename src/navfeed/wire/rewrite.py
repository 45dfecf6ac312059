"""Content with other texts or without contacts; all that is left alone stays to the letter."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from navfeed.model import Contact, Content
from navfeed.wire.detail import CONTACTS, contact_of, read_content
from navfeed.wire.json_text import elements, lenient_int, spans
from navfeed.wire.values import is_storable

NO_PROSE = frozenset(
    {"uuid", "published", "expires", "updated", "categoryList", "occupationCategories"}
)
"""Codes and dates: nobody writes prose there, and digits there are no numbers to call."""

_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*:)?', re.DOTALL)


def rewrite_texts(
    content: Content, reword: Callable[[str], str], drops: Callable[[Contact], bool]
) -> Content:
    """Content whose texts `reword` may have changed, without the contacts that `drops` names.

    Every text that people write is shown to it, known field or not. What it leaves alone stays to
    the letter, so the same content served again comes out the same.
    """
    raw = _rewritten(content.raw, reword, drops)
    return content if raw == content.raw else read_content(raw)


def drop_contacts(raw: str) -> str:
    """Content without its list of contacts; all else stays to the letter."""
    return _rewritten(raw, lambda text: text, lambda _: True)


def _rewritten(raw: str, reword: Callable[[str], str], drops: Callable[[Contact], bool]) -> str:
    pieces = []
    at = 0
    for name, value, start, end in spans(raw):
        text = raw[start:end]
        if name == CONTACTS:
            text = _without(value, text, drops)
        pieces += [raw[at:start], text if name in NO_PROSE else _rewritten_text(text, reword)]
        at = end
    return "".join([*pieces, raw[at:]])


def _without(contacts: object, text: str, drops: Callable[[Contact], bool]) -> str:
    """A list of contacts without some of them; whatever else stands there, without all of it."""
    if contacts is None:
        return text
    if not isinstance(contacts, list):
        return "[]"
    kept = [
        raw for one, raw in elements(text) if isinstance(one, dict) and not drops(contact_of(one))
    ]
    return text if len(kept) == len(contacts) else f"[{','.join(kept)}]"


def _rewritten_text(text: str, reword: Callable[[str], str]) -> str:
    """Reword the strings in a piece of JSON, names of members aside."""

    def one(match: re.Match[str]) -> str:
        if match[2] is not None or not match[1]:
            return match[0]
        said = json.loads(match[0]) if "\\" in match[1] else match[1]
        new = reword(said)
        return match[0] if new == said else json.dumps(new, ensure_ascii=_is_odd(new))

    return _STRING.sub(one, text)


def iter_texts(raw: str) -> Iterator[tuple[str, str]]:
    """Every text that stored content says, each with the field it stands in, as NAV names it.

    Doubled names count twice. No recursion: what the parser could nest, this can read.
    """
    value = json.loads(raw, parse_int=lenient_int, object_pairs_hook=tuple)
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        field, value = waiting.pop()
        match value:
            case str():
                yield field, value
            case tuple():
                members = ((f"{field}.{name}".lstrip("."), one) for name, one in value)
                waiting += reversed(list(members))
            case list():
                places = ((f"{field}[{place}]", one) for place, one in enumerate(value))
                waiting += reversed(list(places))


def _is_odd(text: str) -> bool:
    """Lone surrogates can stand in JSON as escapes alone."""
    return not is_storable(text)
