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
from navfeed.privacy.matcher import hashed_matcher, marks_of, matcher_of, term_of
from navfeed.privacy.redact import places_of, without_contacts, without_person
from navfeed.store.search import searchable
from navfeed.text.due_dates import read_due
from navfeed.text.html import blocks_of, lines_of, words_of
from navfeed.text.letters import composed
from navfeed.text.plaintext import sanitize
from navfeed.wire.detail import read_content, read_detail
from support.scripted import scripted_content

SMALL = 4_000
LARGE = 40_000
MEDIUM = 16_000
"""Where memory is measured, which makes Python eight times slower."""

MOST = 40
"""Between 10, which is in proportion, and 100, which is the square."""

KEY = b"key"
SOUGHT = [
    needle for said in ("19 00 00 01", "Kari Nordmann") if (needle := term_of(said)) is not None
]
MARKS = frozenset(mark for needle in SOUGHT for mark in marks_of(needle, KEY))


def forget(text: str) -> object:
    return hashed_matcher(KEY, MARKS).without(text)


def find(text: str) -> object:
    return matcher_of(SOUGHT[-1]).without(text)


def draw(text: str) -> object:
    return list(lines_of(blocks_of(text), 80))


def index(text: str) -> object:
    return searchable(scripted_content(AD, title=text, description=text))


AD = "00000000-0000-4000-8000-000000000001"

WORST: dict[str, tuple[Callable[[str], object], str]] = {
    "numbers": (forget, "1 "),
    "digits": (forget, "1"),
    "one word of many pieces": (forget, "a<b>"),
    "one number of many pieces": (forget, "1<b>"),
    "open tags": (forget, "<a "),
    "tags that say something": (forget, "<b x=Kari>"),
    "entities": (forget, "&shy;"),
    "entities of entities": (forget, "&amp;shy;"),
    "entities that become tags": (forget, "&lt;a&gt;"),
    "entities in tags": (forget, "<a x='&lt;'>"),
    "half entities": (forget, "&#"),
    "ampersands of ampersands": (forget, "&#38;"),
    "escapes": (forget, "%20"),
    "escapes of escapes": (forget, "%25"),
    "comments": (forget, "<!-->"),
    "open comments": (forget, "<!--"),
    "open comments, escaped": (forget, "&amp;lt;!--"),
    "nothing to be seen": (forget, "\u00ad"),
    "addresses": (forget, "a@"),
    "links": (forget, "www."),
    "combining marks": (forget, "a\u0301\u0301\u0301"),
    "combining marks in disorder": (forget, "\u0301\u0316"),
    "found everywhere": (forget, "Kari Nordmann "),
    "find: found everywhere": (find, "Kari Nordmann "),
    "find: entities": (find, "&shy;"),
    "find: open comments": (find, "<!--"),
    "find: combining marks in disorder": (find, "\u0301\u0316"),
    "composed: combining marks in disorder": (composed, "\u0301\u0316"),
    "composed: of another script": (composed, "\u05b0\u05b1"),
    "index: combining marks in disorder": (index, "\u0301\u0316\u0334"),
    "html: open tags": (words_of, "<p"),
    "html: comments": (words_of, "<!--"),
    "html: lists": (words_of, "<ul><li>"),
    "html: links": (words_of, "<a href="),
    "html: white space": (words_of, " \n"),
    "html: entities": (words_of, "&#9"),
    "drawn: lists": (draw, "<ul><li>"),
    "drawn: words": (draw, "a "),
    "drawn: breaks": (draw, "<br>"),
    "drawn: headings": (draw, "<h1>"),
    "harmless: controls": (sanitize, "\x1b"),
    "harmless: fillers": (sanitize, "\u3164"),
    "contacts: addresses": (without_contacts, "a@"),
    "contacts: whole addresses": (without_contacts, "a@a."),
    "contacts: letters": (without_contacts, "a."),
    "contacts: numbers": (without_contacts, "90 "),
    "contacts: whole numbers": (without_contacts, "90000000 "),
    "contacts: digits": (without_contacts, "1"),
    "contacts: labels": (without_contacts, "tlf "),
    "contacts: links": (without_contacts, "http://a."),
    "contacts: open tags": (without_contacts, "<a "),
    "contacts: soft hyphens": (without_contacts, "\u00ad"),
    "a due date": (read_due, "1.1."),
    "a due date of blanks": (read_due, " "),
}


@pytest.mark.parametrize("name", WORST)
def test_X6_work_grows_in_proportion(name: str) -> None:
    parse, piece = WORST[name]
    small, large = (piece * (size // len(piece)) for size in (SMALL, LARGE))
    assert grows_in_proportion(parse, small, large)


@pytest.mark.parametrize("name", WORST)
def test_X6_memory_is_a_few_copies(name: str) -> None:
    parse, piece = WORST[name]
    text = piece * (MEDIUM // len(piece))
    assert peak(lambda: parse(text)) < 60 * len(text) + 300_000


def peak(call: Callable[[], object]) -> int:
    """The most bytes that were allocated at once."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


ODD_AD: dict[str, Callable[[int], str]] = {
    "quotes in a text": lambda size: '{"title":"' + r"\"" * (size // 2) + '"}',
    "a name of a member as long as the ad": lambda size: (
        '{"' + "x" * (size // 2) + '":[' + ",".join(['"a"'] * (size // 8)) + "]}"
    ),
    "many members": lambda size: "{" + ",".join(f'"{at}":""' for at in range(size // 9)) + "}",
    "names of members": lambda size: '{"x":{' + ",".join(['"kari":""'] * (size // 10)) + "}}",
    "deep lists": lambda size: '{"x":[' + ",".join(["[" * 90 + "]" * 90] * (size // 181)) + "]}",
    "contacts": lambda size: (
        '{"contactList":[' + ",".join(['{"name":"Kari Nordmann"}'] * (size // 25)) + "]}"
    ),
    "blanks": lambda size: '{"x"' + " " * size + ":1}",
}


@pytest.mark.parametrize("name", ODD_AD)
def test_X6_an_odd_ad_is_read_and_rewritten_in_proportion(name: str) -> None:
    def work(raw: str) -> object:
        stored = read_content(raw)
        seeker = matcher_of(SOUGHT[-1])
        left = without_person(stored, seeker)
        return sum(1 for _ in places_of(left.raw, seeker))

    small, medium, large = map(ODD_AD[name], (SMALL, MEDIUM, LARGE))
    assert work(large) == 0
    assert grows_in_proportion(work, small, large)
    assert peak(lambda: work(medium)) < 60 * len(medium) + 300_000


def grows_in_proportion(parse: Callable[[str], object], small: str, large: str) -> bool:
    """Whether the large text takes no longer than it may, in one of two tries."""
    most = MOST * min(seconds(parse, small) for _ in range(2)) + 0.1
    return any(seconds(parse, large) < most for _ in range(2))


def seconds(parse: Callable[[str], object], text: str) -> float:
    """Processor time."""
    began = time.process_time()
    parse(text)
    return time.process_time() - began


@pytest.mark.parametrize(("depth", "refused"), [(60, False), (150, True)])
def test_X6_a_string_of_megabytes_takes_a_few_copies_of_memory(depth: int, refused: bool) -> None:
    text = "x" * 2_000_000 + r"\"" * 500_000
    lists = "[" * depth + "]" * depth
    body = f'{{"uuid":"{AD}","status":"ACTIVE","ad_content":{{"title":"{text}","x":{lists}}}}}'
    tracemalloc.start()
    try:
        with pytest.raises(ContractError, match="levels") if refused else nullcontext():
            read_detail(body.encode(), expected=AD)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(body)
