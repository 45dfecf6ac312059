"""Watches and marks on the page: shown and written only with `--personal`, by its own page."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
import time_machine

from cli import support
from cli.support import ad, answer, place, uuid_of
from navfeed.errors import ExitCode
from navfeed.model import DetailDecision, Reason
from navfeed.serve.personal import Personal
from navfeed.store.writer import Store
from navfeed.watches.state import State
from navfeed.watches.state_file import state_path
from serve.support import Answer, Service, serving
from serve.test_page import seen
from support.clock import NOW

ADS = (ad(1), ad(2, workLocations=[place("OSLO", "OSLO")]), ad(3))
ATOM = "{http://www.w3.org/2005/Atom}"
WATCHES = """
[watch.oslo-natt]
municipal = ["OSLO"]
text = ["natt"]
"""


def personal_of(db: Path) -> Personal:
    return Personal(db.with_name("watches.toml"), state_path(db), ("municipal", "text"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    db = tmp_path / "navfeed.db"
    personal = personal_of(db)
    personal.watches_file.write_text(WATCHES, encoding="utf-8")
    with serving(db, ADS, {"personal": personal}) as service:
        yield service


def form_of(service: Service, path: str) -> tuple[str, dict[str, str]]:
    """Where the form of an ad's marks goes, and the hidden fields in it."""
    page = seen(service.get(path))
    (form,) = page.all("form", **{"class": "triage"})
    hidden = page.all("input", type="hidden")
    return form["action"], {one["name"]: one["value"] for one in hidden if "value" in one}


def post(service: Service, target: str, fields: dict[str, Any], **headers: str) -> Answer:
    own = {"Origin": f"http://127.0.0.1:{service.port}"}
    return service.request("POST", target, {**own, **headers}, urlencode(fields).encode())


def mark(service: Service, number: int, value: str, path: str = "") -> Answer:
    action, fields = form_of(service, path or f"/?ad={uuid_of(number)}")
    return post(service, action, {**fields, "mark": value})


def marks(service: Service) -> dict[str, str]:
    with State(state_path(service.db)) as state:
        return {ad: one.mark.value for ad, one in state.marks().items()}


def titles(service: Service, path: str) -> list[str]:
    return re.findall(r"[?&;]ad=([0-9a-f-]{36})#reading", service.get(path).text)


def test_an_ad_is_saved_and_the_page_comes_back_to_it(service: Service) -> None:
    address = f"/?text=natt&ad={uuid_of(1)}"
    written = mark(service, 1, "saved", address)
    assert (written.status, written.headers["location"]) == (303, address)
    assert marks(service) == {uuid_of(1): "saved"}
    page = service.get(written.headers["location"]).text
    assert 'value="none" id="mark-saved" aria-pressed="true"' in page
    assert '<span class="mark">Lagret</span>' in page
    assert titles(service, "/?mark=saved") == [uuid_of(1)]
    assert "navfeed list --saved" in service.get("/?mark=saved").text
    with time_machine.travel(NOW, tick=False):
        listed = json.loads(answer(service.db, "list", "--saved", "--format", "json"))
    assert [one["uuid"] for one in listed] == [uuid_of(1)]


def test_a_mark_is_taken_away(service: Service) -> None:
    mark(service, 1, "applied")
    assert mark(service, 1, "none").status == 303
    assert marks(service) == {}


def test_an_ignored_ad_leaves_the_list_and_can_be_brought_back(service: Service) -> None:
    mark(service, 1, "ignored")
    assert titles(service, "/") == [uuid_of(2), uuid_of(3)]
    assert titles(service, "/?mark=ignored") == [uuid_of(1)]
    assert titles(service, f"/?uuid={uuid_of(1)}") == [uuid_of(1)]
    mark(service, 1, "none", f"/ads/{uuid_of(1)}")
    assert len(titles(service, "/")) == 3


def test_a_mark_changes_the_tag_of_the_page(service: Service) -> None:
    tag = service.get("/").headers["etag"]
    mark(service, 1, "saved")
    assert service.get("/", If_None_Match=tag).status == 200


def test_marks_that_no_active_ad_has_are_not_counted(service: Service) -> None:
    mark(service, 1, "saved")
    with Store(service.db) as store:
        store.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED)], [], NOW)
    assert "mark=saved" not in service.get("/").text
    assert titles(service, "/?mark=saved") == []
    assert service.get("/?mark=nonsense").status == 400


def test_a_watch_is_a_link_and_a_feed(service: Service) -> None:
    page = service.get("/?lang=en").text
    assert 'href="/?lang=en&amp;municipality=OSLO&amp;text=natt"' in page
    assert 'href="/feed.atom?watch=oslo-natt"' in page
    feed = service.get("/feed.atom?watch=oslo-natt")
    root = ET.fromstring(feed.body)
    assert root.findtext(f"{ATOM}title") == "oslo-natt"
    assert [one.text for one in root.iter(f"{ATOM}id")][1:] == [f"urn:uuid:{uuid_of(2)}"]
    assert service.get("/feed.atom?watch=none").status == 400


def test_a_feed_of_a_watch_has_no_ignored_ad_and_another_tag(service: Service) -> None:
    tag = service.get("/feed.atom?watch=oslo-natt").headers["etag"]
    assert service.get("/feed.atom?watch=oslo-natt", If_None_Match=tag).status == 304
    mark(service, 2, "ignored")
    feed = service.get("/feed.atom?watch=oslo-natt", If_None_Match=tag)
    assert feed.status == 200
    assert ET.fromstring(feed.body).findall(f"{ATOM}entry") == []


def test_a_file_of_watches_that_cannot_be_read_hides_no_ad(service: Service) -> None:
    personal_of(service.db).watches_file.write_text("nonsense", encoding="utf-8")
    assert len(titles(service, "/")) == 3
    refused = service.get("/feed.atom?watch=oslo-natt")
    assert refused.status == 400
    assert "navfeed watch list" in refused.text
    assert str(service.db.parent) not in refused.text


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"secret": "wrong"}, {}),
        ({"secret": ""}, {}),
        ({"secret": "ø"}, {}),
        ({}, {"Origin": "http://evil.example"}),
        ({}, {"Origin": "null"}),
        ({}, {"Origin": ""}),
        ({"padding": "x" * 9_000}, {}),
    ],
)
def test_another_page_cannot_mark(
    service: Service, fields: dict[str, str], headers: dict[str, str]
) -> None:
    action, own = form_of(service, f"/?ad={uuid_of(1)}")
    assert post(service, action, {**own, "mark": "saved", **fields}, **headers).status == 403
    assert not state_path(service.db).exists()


@pytest.mark.parametrize(
    ("target", "value", "status"),
    [
        (uuid_of(9), "saved", 404),
        (uuid_of(1), "loved", 400),
        (uuid_of(1), "", 400),
        ("%2e%2e", "saved", 404),
    ],
)
def test_what_cannot_be_marked(service: Service, target: str, value: str, status: int) -> None:
    _, fields = form_of(service, f"/?ad={uuid_of(1)}")
    assert post(service, f"/marks/{target}", {**fields, "mark": value}).status == status
    assert not state_path(service.db).exists()


def test_a_form_leads_nowhere_else(service: Service) -> None:
    action, fields = form_of(service, f"/?ad={uuid_of(1)}")
    for back in ("//evil.example", "https://evil.example/", "a=b\r\nSet-Cookie: x=y", "\\evil"):
        answer = post(service, action, {**fields, "mark": "saved", "back": back})
        assert answer.headers["location"].startswith("/?")
        assert "set-cookie" not in answer.headers


def test_no_other_request_writes(service: Service) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert service.request(method, f"/marks/{uuid_of(1)}").status == 405
    for path in ("/", "/api/ads", f"/ads/{uuid_of(1)}"):
        assert service.request("POST", path).status == 405


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxy_is_refused(service: Service, header: str) -> None:
    assert service.get("/", **{header.replace("-", "_"): "x"}).status == 403


def test_its_pages_send_an_origin_home_and_no_address_elsewhere(service: Service) -> None:
    assert service.get("/").headers["referrer-policy"] == "same-origin"


def test_without_the_option_nothing_personal_is_there(tmp_path: Path) -> None:
    db = tmp_path / "navfeed.db"
    personal_of(db).watches_file.write_text(WATCHES, encoding="utf-8")
    with serving(db, ADS, {}) as service:
        with State(state_path(db)) as state:
            state.mark(uuid_of(1), *personal_mark())
        for path in (f"/?ad={uuid_of(1)}", f"/ads/{uuid_of(1)}"):
            page = service.get(path).text
            assert "Lagret" not in page
            assert "oslo-natt" not in page
            assert '<form class="triage"' not in page
        assert service.get("/?mark=saved").status == 400
        assert service.get("/feed.atom?watch=oslo-natt").status == 400
        assert service.request("POST", f"/marks/{uuid_of(1)}").status == 405
        assert len(titles(service, "/")) == 3


def personal_mark() -> tuple[Any, str | None, Any]:
    from navfeed.watches.choices import Mark

    return Mark.IGNORED, None, NOW


def test_data_too_old_to_be_shown_can_still_be_unmarked(service: Service) -> None:
    action, fields = form_of(service, f"/?ad={uuid_of(1)}")
    service.pass_time(timedelta(hours=2))
    assert post(service, action, {**fields, "mark": "saved"}).status == 303


@pytest.mark.parametrize(
    "words", [["--cors", "https://jobs.example"], ["--allow-host", "jobs"], ["--host", "0.0.0.0"]]
)
def test_it_is_for_this_machine_alone(tmp_path: Path, words: list[str]) -> None:
    db = support.fill(tmp_path / "navfeed.db", ad(1))
    ended = support.run_command(db, "serve", "--personal", "--port", "0", *words)
    assert ended.exit_code == ExitCode.USAGE
    assert "for this machine alone" in ended.stderr


def test_the_command_hands_over_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(
        "navfeed.cli.serve._serve", lambda options, door: (door.close(), started.append(options))
    )
    db = support.fill(tmp_path / "navfeed.db", ad(1))
    monkeypatch.setitem(os.environ, "NAVFEED_WATCHES_FILE", str(tmp_path / "watches.toml"))
    for words in ([], ["--personal"]):
        assert support.run_command(db, "serve", "--port", "0", *words).exit_code == 0
    plain, personal = (one.personal for one in started)
    assert plain is None
    assert personal.state_file == state_path(db)
    assert "municipal" in personal.filters
    assert personal.secret not in repr(personal)
