"""Split JSON text into members and elements, each with its exact source text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import NoReturn

from navfeed.errors import ContractError

_MOST_PARTS = 200_000
"""Commas and brackets in one answer: 4 MB of `{},` would otherwise become a gigabyte of objects.
A page of 1,000 entries has 11,000, a detail a few hundred."""

_DEEPEST = 100
"""Levels in an ad's details. Parsers give up near 1,000, not all at the same depth, and what
is stored must be readable by everyone."""


def _refuse(_: str) -> NoReturn:
    raise ValueError("not a JSON number")


def lenient_int(digits: str) -> float | int:
    """Parse an integer; one too long for Python (over 4,300 digits) becomes infinity."""
    return int(digits) if len(digits) < 4_000 else float("inf")


JSON = json.JSONDecoder(parse_constant=_refuse, parse_int=lenient_int)


def decode(body: bytes) -> str:
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_PARTS:
        raise ContractError("the feed sent an answer with too many parts")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError("the feed sent something that is not UTF-8") from error


Parts = dict[str, tuple[object, str]]

_QUOTE_OR_BRACKET = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
"""One mark at a time: a pattern for whole strings took 140 bytes of memory for each letter."""

_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def refuse_depths(raw: str) -> None:
    if raw.count("[") + raw.count("{") <= _DEEPEST:
        return
    depth = 0
    in_string = False
    for match in _QUOTE_OR_BRACKET.finditer(raw):
        if match[0] == '"':
            in_string = not in_string
        elif not in_string:
            depth += _STEPS.get(match[0], 0)
        if depth > _DEEPEST:
            raise ContractError("the feed sent details with more levels than can be read back")


def value_of(parts: Parts, name: str) -> object:
    return parts.get(name, (None, ""))[0]


_SPACE = re.compile(r"[ \t\n\r]*")


def split_object(text: str) -> Parts:
    """Split a JSON object into its members, each with its value and its source text.

    The source text keeps "exactly as served" true: number formats, escapes, the order and even
    duplicate names survive.
    """
    try:
        return _members(text)
    except (ValueError, RecursionError, IndexError) as error:
        raise ContractError("the feed sent details that are not a JSON object") from error


def _members(text: str) -> Parts:
    return {name: (value, text[start:end]) for name, value, start, end in iter_members(text)}


def iter_members(text: str) -> Iterator[tuple[str, object, int, int]]:
    """The members of an object: name, value, and the span of the value."""
    at = _expect(text, "{", 0)
    more = text[at] != "}"
    while more:
        name, at = scanstring(text, _expect(text, '"', at), True)
        start = _expect(text, ":", skip_space(text, at))
        value, end = JSON.raw_decode(text, start)
        yield name, value, start, end
        at = skip_space(text, end)
        more = text[at] != "}"
        if more:
            at = _expect(text, ",", at)
    if skip_space(text, at + 1) != len(text):
        raise ValueError("something follows the object")


def skip_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _expect(text: str, mark: str, at: int) -> int:
    """The place after `mark`, white space around it skipped (but never inside a string)."""
    at = skip_space(text, at)
    if text[at] != mark:
        raise ValueError(f"{mark} is missing")
    return at + 1 if mark == '"' else skip_space(text, at + 1)


def elements(text: str) -> Iterator[tuple[object, str]]:
    """The elements of a list, each with its source text."""
    at = _expect(text, "[", 0)
    while text[at] != "]":
        value, end = JSON.raw_decode(text, at)
        yield value, text[at:end]
        at = skip_space(text, end)
        if text[at] == ",":
            at = skip_space(text, at + 1)
