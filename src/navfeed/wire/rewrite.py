"""Content with other texts or without contacts; all that is left alone stays to the letter."""

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
"""Codes and dates: nobody writes prose there, and digits there are no numbers to call."""

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
"""NAV's own names of members: they say nothing of anybody, whatever is looked for."""

Reword = Callable[[str], str]


def as_it_is(text: str) -> str:
    """What changes no text."""
    return text


def rewrite_texts(
    content: Content,
    reword: Reword,
    drops: Callable[[Contact], bool],
    *,
    recode: Reword = as_it_is,
) -> Content:
    """Content whose texts `reword` may have changed, without the contacts that `drops` names.

    Every text that people write is shown to it, known field or not; codes, dates that are none and
    names of members that are not NAV's to `recode`. What they leave alone stays to the letter, so
    the same content served again comes out the same.
    """
    raw = _rewritten(content.raw, reword, drops, recode)
    return content if raw == content.raw else read_content(raw)


def drop_contacts(raw: str) -> str:
    """Content without its list of contacts; all else stays to the letter."""
    return _rewritten(raw, as_it_is, lambda _: True, as_it_is)


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
    """Whether a field of an ad says what it is for: an id, a moment. Nobody's name is in that."""
    if field == "uuid":
        return UUID_PATTERN.fullmatch(text) is not None
    return field in ("published", "expires", "updated") and moment_of(text) is not None


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


def _rewritten_text(text: str, reword: Reword, recode: Reword) -> str:
    """Reword the strings in a piece of JSON; names of members that are not NAV's, recode."""
    pieces = []
    at = kept = 0
    while (start := text.find('"', at)) >= 0:
        # The parser's own: a pattern for strings took 140 bytes of memory for each letter.
        said, at = scanstring(text, start + 1, True)
        named = skip_space(text, at)
        if text[named : named + 1] != ":":
            new = reword(said)
        else:
            new = said if said in _NAMES else recode(said)
        if new != said:
            pieces += [text[kept:start], json.dumps(new, ensure_ascii=_is_odd(new))]
            kept = at
    return "".join([*pieces, text[kept:]])


def iter_texts(raw: str, *, names: bool = False) -> Iterator[tuple[str, str]]:
    """Every text in stored content, each with the field it stands in, as NAV names it.

    Doubled names count twice. No recursion: what the parser could nest, this can read. With
    `names`, names of members count as texts too, but for NAV's own; and ids and moments do not,
    for they say nothing of anybody.
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
"""Letters of a field's name that are told: an ad may name its fields as it likes."""


def _parts_of(field: str, value: tuple[Any, ...] | list[Any]) -> Iterator[tuple[str, Any]]:
    """What stands in an object, a tuple of members, or in a list; each with its field."""
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
    """Lone surrogates can stand in JSON as escapes alone."""
    return not is_storable(text)
