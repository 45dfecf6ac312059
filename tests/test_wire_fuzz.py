"""Whatever bytes come, the readers answer with a model that can be stored or with an error of ours.

The quick run draws a few hundred pages, details and tokens; `-m campaign` draws 120,000.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import astuple, is_dataclass
from datetime import UTC
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from navfeed.client.http import http_date
from navfeed.errors import NavfeedError
from navfeed.model import Content, Detail, Page, moment_text
from navfeed.practice import Practice, Request, World
from navfeed.practice.dates import http_date as written
from navfeed.wire.detail import read_content, read_detail
from navfeed.wire.page import read_page
from navfeed.wire.rewrite import drop_contacts, iter_texts, rewrite_texts
from navfeed.wire.token import read_token, token_expiry
from support.clock import NOW

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SECRET = "Kari Hemmelig 22 22 22 22"
"""Stands in every page and detail to begin with, and in no message ever."""

CAMPAIGN = 40_000
"""Examples of each kind in the campaign."""


@cache
def samples() -> dict[str, tuple[bytes, ...]]:
    """Answers as they should be, small enough that a change hits something."""
    world = World(8, now=NOW)
    ads = [world.publish(content={"title": SECRET, "employer": {"name": SECRET}}) for _ in range(4)]
    world.stop(ads[1])
    practice = Practice(world, page_size=2)

    def body(target: str) -> bytes:
        token = {"authorization": f"Bearer {practice.token}"}
        return practice.answer(Request("GET", target, token)).body

    return {
        "page": (body("/api/v1/feed"), body("/api/v1/feed?last")),
        "detail": tuple(body(f"/api/v1/feedentry/{ad}") for ad in ads),
        "token": (body("/api/publicToken"),),
    }


# Changes to JSON as a value, as a text, and as bytes

ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        10**400,
        float("inf"),
        float("nan"),
        "",
        "ACTIVE",
        "INACTIVE",
        "\x00",
        "\ud800",
        "../..",
        "https://x.example/",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "12345678-1234-1234-1234-123456789ABC",
        [],
        {},
        [None],
        [[]],
        {"uuid": None},
    ]
)
RAW = st.sampled_from(
    [
        *(b"NaN", b"-Infinity", b"1e999", b"9" * 5_000, b"[" * 2_000, b"[" * 150 + b"]" * 150),
        *(
            b'"\\ud800"',
            b'"\\u0000"',
            b'"\x00"',
            b"{}",
            b"[]",
            b",",
            b":",
            b'"',
            b"}",
            b"]",
            b"\xff",
        ),
        *(b"\xef\xbb\xbf", b"\\", b"\r\n", b"{,}", b'"a":1,', b"[" + b"{}," * 300 + b"{}]"),
    ]
)


@st.composite
def spoilt_values(draw: st.DrawFn, sample: bytes) -> bytes:
    """Some members of the JSON replaced, left out, or put in another place."""
    value = json.loads(sample)
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(value))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "remove", "move", "double"])):
            case "replace":
                holder[key] = deepcopy(draw(ODD))
            case "remove":
                del holder[key]
            case "move":
                other, there = draw(st.sampled_from(places))
                holder[key] = deepcopy(other[there]) if _has(other, there) else None
            case "double" if isinstance(holder, list):
                holder.append(deepcopy(holder[key]))
    return json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Any:
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


@st.composite
def spoilt_bytes(draw: st.DrawFn, body: bytes) -> bytes:
    """Pieces cut out, put in, doubled; or the end left off."""
    spoilt = bytearray(body)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(spoilt)))
        end = min(len(spoilt), at + draw(st.sampled_from([0, 0, 1, 2, 40])))
        spoilt[at:end] = draw(st.one_of(RAW, st.binary(max_size=3), st.just(bytes(spoilt[at:end]))))
    if draw(st.integers(0, 9)) == 0:
        del spoilt[draw(st.integers(0, len(spoilt))) :]
    return bytes(spoilt)


def bodies(kind: str) -> st.SearchStrategy[bytes]:
    whole = st.sampled_from(samples()[kind])
    values = whole.flatmap(spoilt_values) if kind != "token" else whole
    return st.one_of(values, values.flatmap(spoilt_bytes), whole.flatmap(spoilt_bytes), st.binary())


CLOCKS = st.one_of(st.none(), st.just(NOW))


# What must hold whatever came


def texts(value: object) -> list[str]:
    """Every text in a model."""
    if isinstance(value, str):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        return [text for part in astuple(value) for text in texts(part)]
    if isinstance(value, tuple | list):
        return [text for part in value for text in texts(part)]
    return []


def is_storable(value: object) -> None:
    for text in texts(value):
        assert "\x00" not in text
        text.encode()


def is_told_well(error: NavfeedError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) < 300
    assert "Hemmelig" not in str(error)


def page_is_sound(body: bytes, served_at: Any) -> bool:
    try:
        page = read_page(body, etag=None, served_at=served_at)
    except NavfeedError as error:
        is_told_well(error)
        return False
    assert isinstance(page, Page)
    assert UUID.fullmatch(page.id)
    assert page.next_id is None or UUID.fullmatch(page.next_id)
    assert page.entries
    assert all(UUID.fullmatch(entry.ad) for entry in page.entries)
    assert all(entry.moment is None or entry.moment.tzinfo for entry in page.entries)
    is_storable(page.entries)
    return True


def detail_is_sound(body: bytes) -> bool:
    requested = json.loads(samples()["detail"][0])["uuid"]
    try:
        detail = read_detail(body, expected=requested)
    except NavfeedError as error:
        is_told_well(error)
        return False
    assert isinstance(detail, Detail)
    assert detail.ad == requested
    if detail.content is not None:
        content_is_sound(detail.content, body)
    return True


def content_is_sound(content: Content, body: bytes) -> None:
    assert content.raw.encode() in body
    assert read_content(content.raw) == content
    strict(content.raw)
    is_storable(content)
    for name in ("published", "updated", "expires"):
        moment = getattr(content, name)
        assert moment is None or moment.tzinfo is UTC
        assert moment is None or re.fullmatch(MOMENT, moment_text(moment) or "")
    privacy_policy_is_sound(content)


def privacy_policy_is_sound(content: Content) -> None:
    """What is done to content before it is stored leaves JSON, and the rest of it alone."""
    if has_contacts_or_none(content.raw):
        assert rewrite_texts(content, lambda text: text, lambda _: False) == content
    changed = rewrite_texts(content, lambda text: f"\x00{text[::-1]}", lambda _: True)
    strict(changed.raw)
    is_storable(changed)
    assert changed.contacts == ()
    assert without_contacts(drop_contacts(content.raw)) == without_contacts(content.raw)
    assert read_content(drop_contacts(content.raw)).contacts == ()
    assert all(field for field, _ in iter_texts(content.raw))


def has_contacts_or_none(raw: str) -> bool:
    """Of what else stands in their place, nobody can tell whose it is: it goes as a whole."""
    fields = json.loads(raw, object_pairs_hook=tuple, parse_int=str)
    for lists in (value for name, value in fields if name == "contactList"):
        if lists is not None and not isinstance(lists, list):
            return False
        if not all(isinstance(contact, tuple) for contact in lists or ()):
            return False
    return True


def without_contacts(raw: str) -> dict[str, Any]:
    return {name: value for name, value in strict(raw).items() if name != "contactList"}


def strict(raw: str) -> Any:
    """Parse as whoever reads an export may: without NaN."""
    return json.loads(raw, parse_constant=_refuse, parse_int=str)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def token_is_sound(body: bytes) -> bool:
    token = read_token(body)
    if token is None:
        return False
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token, re.ASCII)
    token_expiry(token)
    return True


# Few in every run, many when asked for


@given(bodies("page"), CLOCKS)
def test_no_page_raises_anything_but_an_error_of_ours(body, served_at):
    page_is_sound(body, served_at)


@given(bodies("detail"))
def test_no_detail_raises_anything_but_an_error_of_ours(body):
    detail_is_sound(body)


@given(bodies("token"))
def test_no_token_raises_anything_at_all(body):
    token_is_sound(body)


@given(st.text())
def test_no_text_in_the_place_of_a_token_raises_anything(text):
    token_expiry(text)
    token_expiry(f"a.{text}.c")


def test_what_is_fuzzed_is_good_before_it_is_spoilt():
    """Else the fuzzing would prove nothing."""
    assert all(page_is_sound(body, NOW) for body in samples()["page"])
    assert detail_is_sound(samples()["detail"][0])
    assert token_is_sound(samples()["token"][0])
    assert any(SECRET.encode() in body for body in samples()["page"])
    assert http_date(written(NOW)) == NOW


CAMPAIGNS: dict[str, tuple[st.SearchStrategy[Any], Callable[..., bool]]] = {
    "page": (st.tuples(bodies("page"), CLOCKS), page_is_sound),
    "detail": (st.tuples(bodies("detail")), detail_is_sound),
    "token": (st.tuples(bodies("token")), token_is_sound),
}


@pytest.mark.campaign
@pytest.mark.parametrize("kind", CAMPAIGNS)
def test_campaign_no_answer_raises_anything_but_an_error_of_ours(kind):
    """`-rP` shows how many were drawn, and how many of them could be read in spite of all."""
    strategy, is_sound = CAMPAIGNS[kind]
    tally = {"drawn": 0, "read": 0}

    @settings(max_examples=CAMPAIGN, derandomize=False, database=None)
    @given(strategy)
    def draw(arguments: tuple[Any, ...]) -> None:
        tally["drawn"] += 1
        tally["read"] += is_sound(*arguments)

    draw()
    sys.stdout.write(f"{kind}: {tally['drawn']:,} drawn, {tally['read']:,} read\n")
    assert tally["drawn"] >= CAMPAIGN
    assert tally["read"] > CAMPAIGN // 20
