"""Rewrite the texts of content or drop its contacts; everything else is preserved exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from navfeed.model import Contact, Content
from navfeed.wire.detail import CONTACTS, contact_of, read_content
from navfeed.wire.json_text import elements, iter_members, lenient_int, skip_space
from navfeed.wire.values import UUID_PATTERN, is_storable, moment_of

NO_PROSE = frozenset(
    {"uuid", "published", "expires", "updated", "categoryList", "occupationCategories"}
)
"""Codes and dates: they contain no prose, and their digits are no phone numbers."""

_NAMES = frozenset(
    {
        *("uuid", "published", "expires", "updated", "title", "description", "sourceurl", "source"),
        *("applicationUrl", "applicationDue", "jobtitle", "link", "engagementtype", "extent"),
        *("starttime", "positioncount", "sector", "workLocations", "contactList", "employer"),
        *("occupationCategories", "categoryList", "country", "address", "city", "postalCode"),
        *("county", "municipal", "name", "email", "phone", "role", "orgnr", "homepage"),
        *("level1", "level2", "categoryType", "code", "score"),
    }
)
"""NAV's own member names: they are never personal data, whatever the search term."""

Reword = Callable[[str], str]


def as_it_is(text: str) -> str:
    """Return the text unchanged."""
    return text


def rewrite_texts(
    content: Content,
    reword: Reword,
    drops: Callable[[Contact], bool],
    *,
    recode: Reword = as_it_is,
) -> Content:
    """Content whose texts `reword` may have changed, without the contacts that `drops` names.

    `reword` gets every text that people write, in known fields or not; `recode` gets codes, invalid
    dates and member names that are not NAV's. Everything else is preserved exactly, so the same
    content always gives the same result.
    """
    raw = _rewritten(content.raw, reword, drops, recode)
    return content if raw == content.raw else read_content(raw)


def drop_contacts(raw: str) -> str:
    """Content without its list of contacts; everything else is preserved exactly."""
    pieces = []
    at = 0
    for name, value, start, end in iter_members(raw):
        if name == CONTACTS:
            pieces += [raw[at:start], _without(value, raw[start:end], lambda _: True)]
            at = end
    return "".join([*pieces, raw[at:]])


def _rewritten(raw: str, reword: Reword, drops: Callable[[Contact], bool], recode: Reword) -> str:
    pieces = []
    at = 0
    for name, value, start, end in iter_members(raw):
        text = raw[start:end]
        if name == CONTACTS:
            text = _without(value, text, drops)
        pieces.append(_rewritten_text(raw[at:start], as_it_is, recode))
        if name not in NO_PROSE:
            pieces.append(_rewritten_text(text, reword, recode))
        elif isinstance(value, str) and is_form(name, value):
            pieces.append(text)
        else:
            pieces.append(_rewritten_text(text, recode, recode))
        at = end
    return "".join([*pieces, raw[at:]])


def is_form(field: str, text: str) -> bool:
    """Whether a field has its proper form, an id or a time, and so contains nobody's name."""
    if field == "uuid":
        return UUID_PATTERN.fullmatch(text) is not None
    return field in ("published", "expires", "updated") and moment_of(text) is not None


def _without(contacts: object, text: str, drops: Callable[[Contact], bool]) -> str:
    """The list without the dropped contacts; an empty list if it is not a list."""
    if contacts is None:
        return text
    if not isinstance(contacts, list):
        return "[]"
    kept = [
        raw for one, raw in elements(text) if isinstance(one, dict) and not drops(contact_of(one))
    ]
    return text if len(kept) == len(contacts) else f"[{','.join(kept)}]"


def _rewritten_text(text: str, reword: Reword, recode: Reword) -> str:
    """Reword the strings in a piece of JSON; names of members that are not NAV's, recode."""
    pieces = []
    at = kept = 0
    while (start := text.find('"', at)) >= 0:
        # The parser's own: a pattern for strings took 140 bytes of memory for each letter.
        string, at = scanstring(text, start + 1, True)
        named = skip_space(text, at)
        if text[named : named + 1] != ":":
            new = reword(string)
        else:
            new = string if string in _NAMES else recode(string)
        if new != string:
            pieces += [text[kept:start], json.dumps(new, ensure_ascii=_is_odd(new))]
            kept = at
    return "".join([*pieces, text[kept:]])


def iter_texts(raw: str, *, names: bool = False) -> Iterator[tuple[str, str]]:
    """Every text in stored content, each with its field under NAV's name.

    Duplicate names count twice. No recursion: what the parser could nest, this can read. With
    `names`, names of members count as texts too, but for NAV's own; and ids and times do not,
    as they are never personal data.
    """
    value = json.loads(raw, parse_int=lenient_int, object_pairs_hook=tuple)
    waiting = [iter([("", value)])]
    while waiting:
        for field, one in waiting[-1]:
            if isinstance(one, str):
                if not (names and is_form(field, one)):
                    yield field, one
            elif isinstance(one, tuple | list):
                if names:
                    yield from _names_in(field, one)
                waiting.append(_parts_of(field, one))
                break
        else:
            waiting.pop()


_LONGEST_FIELD = 200
"""Letters of a field's name to show: an ad may give its fields any name."""


def _parts_of(field: str, value: tuple[Any, ...] | list[Any]) -> Iterator[tuple[str, Any]]:
    """The values in an object (a tuple of members) or a list, each with its field."""
    if isinstance(value, tuple):
        for name, one in value:
            yield f"{field}.{name[:_LONGEST_FIELD]}".lstrip(".")[:_LONGEST_FIELD], one
    else:
        for place, one in enumerate(value):
            yield f"{field}[{place}]"[:_LONGEST_FIELD], one


def _names_in(field: str, value: tuple[Any, ...] | list[Any]) -> Iterator[tuple[str, str]]:
    if isinstance(value, tuple):
        yield from ((field, name) for name, _ in value if name not in _NAMES)


def _is_odd(text: str) -> bool:
    """Whether the text has lone surrogates, which JSON can only contain as escapes."""
    return not is_storable(text)
