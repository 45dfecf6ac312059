"""Hostile text in every field: stored as it is, harmless wherever it is shown (faults.md P9)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.support import UNSAFE, Fields, ad, answer, place, store_ads, uuid_of
from navfeed.model import By
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.writer import Store
from support.clock import NOW

PIECES = (
    *("\x1b[31m", "\x1b]0;x\x07", "\x9b2J", "\x00", "\x7f", "\r", "\n", "\t", "\u2028", "\u202e"),
    *("\ufeff", "\U000e0041", "\u3164"),
    *("\u2066", "\u200f", "\ud800", "[bold]", "[/]", ":smile:", "=1+1", "+", "-", "@", '"', "'"),
    *(",", ";", "<b>", "</p>", "<script>", "&lt;", "&#27;", "'; DROP TABLE ads; --", "%s", "{0}"),
    *("Førskolelærer", "å", "\u0301", "👩", " ", "\\", "\\u0000"),
)
texts = st.lists(st.sampled_from(PIECES) | st.characters()).map("".join)


def hostile(text: str) -> Fields:
    """An ad that has it everywhere."""
    contact = dict.fromkeys(("name", "email", "phone", "role", "title"), text)
    categories = {"categoryType": text, "code": text, "name": text, "description": text}
    fields = ("title", "description", "sourceurl", "source", "applicationUrl", "applicationDue")
    more = ("jobtitle", "link", "engagementtype", "extent", "starttime", "positioncount", "sector")
    return ad(
        1,
        **dict.fromkeys((*fields, *more), text),
        workLocations=[place(text, text, address=text, postalCode=text, country=text)],
        contactList=[contact],
        occupationCategories=[{"level1": text, "level2": text}],
        categoryList=[{**categories, "score": 1}],
        employer=dict.fromkeys(("name", "orgnr", "description", "homepage"), text),
    )


def storable(text: str) -> str:
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("hostile") / "navfeed.db") as store:
        yield store


@pytest.fixture
def db(store: Store) -> Path:
    return store.path


@pytest.mark.usefixtures("noon")
@given(text=texts)
def test_counts_and_snippets(store: Store, db: Path, text: str) -> None:
    store_ads(store, [json.dumps({**hostile(text), "description": f"ankerord, {text}"})])

    lines = answer(db, "stats", *(f"--by={by}" for by in By if by is not By.FLOW)).splitlines()
    assert {line.count("\t") for line in lines} == {2}
    assert not UNSAFE.search("".join(lines).replace("\t", ""))
    named = json.loads(answer(db, "stats", "--format", "json", "--by", "sector"))["sector"]
    assert [one["name"] for one in named] == ([storable(text)] if storable(text) else [])
    table = io.StringIO(answer(db, "stats", "--format", "csv", "--by", "sector"), newline="")
    assert all(
        not row["name"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        for row in csv.DictReader(table, strict=True)
    )

    shown = answer(db, "list", "--text", "ankerord", "--snippets")
    assert (shown.count("\t"), shown.count("\n")) == (6, 1)
    assert "**ankerord**" in shown
    assert not UNSAFE.search(shown.replace("\t", ""))
    (listed,) = json.loads(answer(db, "list", "--text", "ankerord", "--snippets", "--format=json"))
    assert not UNSAFE.search(listed["snippet"])


@pytest.mark.usefixtures("noon")
@given(text=texts)
def test_any_value_of_a_filter_is_just_a_value(store: Store, db: Path, text: str) -> None:
    """It finds the ad that has it, whatever it is, and never what does not."""
    store_ads(store, [json.dumps(hostile(text))])
    value = storable(text).strip()
    with Reader(db, NOW.date()) as reader:
        for name in ("sector", "level1", "styrk", "employer", "occupation"):
            for values in ((value,), (f"!{value}",)):
                known: dict[str, Any] = {name: values}
                assert reader.count(Filters(**known)) in (0, 1)
        if value and value == storable(text) and not value.startswith("!") and "*" not in value:
            assert reader.count(Filters(sector=(value,))) == 1
            assert reader.count(Filters(sector=(f"!{value}",))) == 0


@pytest.mark.usefixtures("noon")
@given(text=texts)
def test_every_format(store: Store, db: Path, text: str) -> None:
    served = json.dumps(hostile(text))
    store_ads(store, [served])
    kept = storable(text)

    shown = answer(db, "list")
    assert (shown.count("\t"), shown.count("\n")) == (5, 1)
    assert not UNSAFE.search(shown.replace("\t", ""))
    assert not UNSAFE.search(answer(db, "show", uuid_of(1)))
    (listed,) = json.loads(answer(db, "list", "--format", "json"))
    assert (listed["title"], listed["municipalities"]) == (kept, [kept] if kept else [])
    assert answer(db, "export", "--format", "jsonl") == served + "\n"
    for command in (["list"], ["export"]):
        table = io.StringIO(answer(db, *command, "--format", "csv"), newline="")
        (record,) = csv.DictReader(table, strict=True)
        assert record["title"].removeprefix("'") == kept.removeprefix("'")
        assert not record["title"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
