"""`/api/changes`: the lines of `navfeed changes` over HTTP, part by part, and never a hole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from cli.support import ad, answer, fill, store_ads, uuid_of
from navfeed.model import DetailDecision, Reason
from navfeed.store.writer import Store
from serve.conftest import Serve
from serve.support import Answer, Service, serving
from support.clock import NOW

Line = dict[str, Any]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    ads = [ad(1), ad(2, sector="Privat"), ad(3)]
    with serving(tmp_path / "navfeed.db", ads, {}) as service:
        yield service


def lines(answer: Answer) -> list[Line]:
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "application/jsonl; charset=UTF-8"
    return [json.loads(line) for line in answer.text.splitlines()]


def parts(service: Service, query: str) -> Iterator[list[Line]]:
    """Follow `Link` as a program does."""
    while query:
        answer = service.get(f"/api/changes{query}")
        yield lines(answer)
        found = re.fullmatch(r'<(\?.*)>; rel="next"', answer.headers.get("link", ""))
        query = found[1] if found else ""


def stop(service: Service, number: int) -> None:
    with Store(service.db) as store:
        store.commit_details([DetailDecision(uuid_of(number), Reason.STOPPED)], [], NOW)


def add(service: Service, *ads: Line) -> None:
    with Store(service.db) as store:
        store_ads(store, ads)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", []),
        ("?limit=2", ["--limit", "2"]),
        ("?content=0", ["--no-content"]),
        ("?sector=privat", ["--sector", "privat"]),
        ("?snapshot=1", ["--snapshot"]),
        (
            "?snapshot=1&sector=!privat&content=0",
            ["--snapshot", "--sector", "!privat", "--no-content"],
        ),
    ],
)
def test_the_lines_are_those_of_the_command(service: Service, query: str, words: list[str]) -> None:
    with time_machine.travel(NOW, tick=False):
        expected = answer(service.db, "changes", *words)
    assert service.get(f"/api/changes{query}").text == expected
    assert "Kari" not in expected


def test_contacts_only_where_the_service_shows_them(serve: Serve) -> None:
    assert "Kari Nordmann" in serve(ad(1), with_contacts=True).get("/api/changes").text


def test_what_happened_since_a_cursor(service: Service) -> None:
    cursor = lines(service.get("/api/changes"))[-1]["cursor"]
    (nothing,) = lines(service.get("/api/changes", {"after": cursor}))
    assert (nothing["kind"], nothing["cursor"]) == ("caught_up", cursor)
    stop(service, 1)
    gone, last = lines(service.get("/api/changes", {"after": cursor}))
    assert (gone["kind"], gone["uuid"], gone["content"]) == ("removed", uuid_of(1), None)
    assert last["cursor"] == gone["cursor"] != cursor


def test_parts_lead_on_and_each_has_a_cursor_to_keep(service: Service) -> None:
    found = list(parts(service, "?limit=2"))
    assert [[one["kind"] for one in part] for part in found] == [
        ["added", "added", "caught_up"],
        ["added", "caught_up"],
    ]
    assert {one["uuid"] for part in found for one in part[:-1]} == {uuid_of(n) for n in (1, 2, 3)}


def test_a_snapshot_in_parts_joins_what_follows_without_a_hole(service: Service) -> None:
    """While it is read, an ad behind it is removed, one before it added, one ahead changed."""
    reading = parts(service, "?snapshot=1&limit=1")
    first = next(reading)
    assert [one["kind"] for one in first] == ["snapshot"]
    stop(service, 1)
    add(service, ad(0))
    with Store(service.db) as store:
        store_ads(store, [ad(3, title="Kokk")])
    rest = list(reading)
    assert [one["kind"] for one in rest[-1]] == ["caught_up"]
    held = {one["uuid"]: one["content"]["title"] for part in (first, *rest[:-1]) for one in part}
    for part in parts(service, f"?after={rest[-1][-1]['cursor']}"):
        for one in part[:-1]:
            if one["kind"] in ("removed", "expired"):
                held.pop(one["uuid"], None)
            else:
                held[one["uuid"]] = one["content"]["title"]
    listed = service.get("/api/ads").json["ads"]
    assert held == {one["uuid"]: one["title"] for one in listed}


@pytest.mark.parametrize("parameter", ["after", "snapshot"])
def test_K3_a_cursor_that_cannot_be_continued_is_gone(service: Service, parameter: str) -> None:
    more = f":{uuid_of(1)}" if parameter == "snapshot" else ""
    store = lines(service.get("/api/changes"))[-1]["cursor"].partition(":")[0]
    for lost in ("0" * 16 + ":1", f"{store}:9"):
        answer = service.get("/api/changes", {parameter: lost + more})
        assert answer.status == 410
        assert answer.json == {
            "status": 410,
            "error": "The changes since this cursor are not kept. Take a snapshot",
        }
    stop(service, 1)
    with Store(service.db) as opened:
        opened.prune_changes(NOW + timedelta(days=1))
    assert service.get("/api/changes", {parameter: f"{store}:1{more}"}).status == 410


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("after=x", "after takes a cursor"),
        ("snapshot=x", "snapshot takes 1"),
        ("snapshot=1&after=0123456789abcdef:1", "exclude each other"),
        ("limit=501", "limit takes a number from 1 to 500"),
        ("content=no", "content takes 0 or 1"),
        ("munic=x", "is not a parameter"),
    ],
)
def test_what_cannot_be_read_is_refused(service: Service, query: str, message: str) -> None:
    answer = service.get(f"/api/changes?{query}")
    assert answer.status == 400
    assert message in answer.json["error"]


def test_nothing_of_old_data(service: Service) -> None:
    service.pass_time(timedelta(hours=2))
    assert service.get("/api/changes").status == 503


def test_an_answer_that_is_known_is_not_sent_again(service: Service) -> None:
    tag = service.get("/api/changes").headers["etag"]
    assert service.get("/api/changes", If_None_Match=tag).status == 304
    assert service.get("/api/changes?content=0", If_None_Match=tag).status == 200
    stop(service, 1)
    assert service.get("/api/changes", If_None_Match=tag).status == 200


def test_an_empty_store(tmp_path: Path) -> None:
    with serving(fill(tmp_path / "a.db"), [], {"max_age": None}) as service:
        for query in ("", "?snapshot=1"):
            (last,) = lines(service.get(f"/api/changes{query}"))
            assert (last["kind"], last["caught_up_at"]) == ("caught_up", None)
