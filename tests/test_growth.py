"""Work and memory grow in proportion to what comes from outside (faults.md X6).

Each parser is given the worst that it knows, at one size and at ten times that. Compared are two
measurements of one run, so that a slow machine changes nothing: what grows with the square takes a
hundred times as long.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from navfeed.errors import ContractError
from navfeed.privacy.matcher import erased_term_of, hashed_matcher, term_of
from navfeed.privacy.redact import without_contacts
from navfeed.text.due import read_due
from navfeed.text.html import words_of
from navfeed.wire.detail import read_detail

SMALL = 20_000
LARGE = 200_000
MOST = 40
"""Between 10, which is in proportion, and 100, which is the square."""

MARKS = frozenset(
    erased_term_of(needle, b"key")
    for said in ("19 00 00 01", "Kari Nordmann")
    if (needle := term_of(said))
)


def forget(text: str) -> object:
    return hashed_matcher(b"key", MARKS).without(text)


WORST: dict[str, tuple[Callable[[str], object], str]] = {
    "numbers": (forget, "1 "),
    "digits": (forget, "1"),
    "one word of many pieces": (forget, "a<b>"),
    "open tags": (forget, "<a "),
    "entities": (forget, "&shy;"),
    "half entities": (forget, "&#"),
    "escapes": (forget, "%20"),
    "combining marks": (forget, "a\u0301\u0301\u0301"),
    "html: open tags": (words_of, "<p"),
    "html: comments": (words_of, "<!--"),
    "html: lists": (words_of, "<ul><li>"),
    "html: links": (words_of, "<a href="),
    "html: white space": (words_of, " \n"),
    "html: entities": (words_of, "&#9"),
    "contacts: addresses": (without_contacts, "a@"),
    "contacts: letters": (without_contacts, "a."),
    "contacts: numbers": (without_contacts, "90 "),
    "contacts: digits": (without_contacts, "1"),
    "contacts: labels": (without_contacts, "tlf "),
    "contacts: links": (without_contacts, "http://a."),
    "contacts: open tags": (without_contacts, "<a "),
    "a due date": (read_due, "1.1."),
    "a due date of blanks": (read_due, " "),
}


@pytest.mark.parametrize("name", WORST)
def test_X6_work_grows_in_proportion(name: str) -> None:
    parse, piece = WORST[name]
    small, large = (piece * (size // len(piece)) for size in (SMALL, LARGE))
    assert min(seconds(parse, large) for _ in range(2)) < MOST * seconds(parse, small) + 0.05


def seconds(parse: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    parse(text)
    return time.process_time() - began


@pytest.mark.parametrize(("depth", "refused"), [(60, False), (150, True)])
def test_X6_a_string_of_megabytes_takes_a_few_copies_of_memory(depth: int, refused: bool) -> None:
    text = "x" * 2_000_000 + r"\"" * 500_000
    ad = "00000000-0000-4000-8000-000000000001"
    lists = "[" * depth + "]" * depth
    body = f'{{"uuid":"{ad}","status":"ACTIVE","ad_content":{{"title":"{text}","x":{lists}}}}}'
    tracemalloc.start()
    try:
        with pytest.raises(ContractError, match="levels") if refused else nullcontext():
            read_detail(body.encode(), asked=ad)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(body)
