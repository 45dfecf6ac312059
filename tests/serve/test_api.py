"""The JSON API and the Atom feed: the filters of `list` by their names, each ad once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree import ElementTree as ET

import pytest
import time_machine

from cli.support import ad, add_ads, answer, place, store_ads, uuid_of
from navfeed.cli._filters import FilterOptions
from navfeed.export.columns import LIST_FIELDS
from navfeed.model import By, DetailDecision, Reason
from navfeed.names import parameter_of
from navfeed.serve.options import Limits
from navfeed.store.query import Reader
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from serve.conftest import Serve
from serve.support import Answer, Service, serving
from support.clock import NOW

ADS = (
    ad(1, title="Kokk", extent="Deltid", published="2026-11-12T09:00:00+01:00"),
    ad(2, workLocations=[place("OSLO", "OSLO"), place("BÆRUM", "AKERSHUS")]),
    ad(3, workLocations=[place("OSLO", "OSLO")], engagementtype="Vikariat"),
)
CONTENT = read_content(json.dumps(ad(2), ensure_ascii=False))
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("api") / "navfeed.db", ADS, {}) as service:
        yield service


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    return [one["uuid"] for one in answer.json["ads"]]


def test_a_list_is_what_the_command_lists(service: Service) -> None:
    with time_machine.travel(NOW, tick=False):
        listed = json.loads(answer(service.db, "list", "--format", "json"))
    body = service.get("/api/ads")
    assert body.json["ads"] == listed
    assert list(body.json["ads"][0]) == list(LIST_FIELDS)
    assert body.headers["content-type"] == "application/json; charset=UTF-8"
    assert (body.json["total"], body.json["next"], body.json["changed"]) == (3, None, False)
    assert body.json["caught_up_at"] == "2026-11-21T12:00:00Z"
    assert b"Kari" not in body.body


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("municipal=oslo", [2, 3]),
        ("municipal=oslo&county=akershus", []),
        ("municipal=oslo,bergen", [1, 2, 3]),
        ("municipal=oslo&municipal=bergen", [1, 2, 3]),
        ("municipal=!oslo", [1]),
        ("municipality=oslo", [2, 3]),
        ("municipality=oslo&municipal=bergen", [1, 2, 3]),
        ("occupation-group=helse*", [1, 2, 3]),
        ("occupation_group=helse*", [1, 2, 3]),
        ("level1=helse*", [1, 2, 3]),
        ("published_since=2026-11-12", [1]),
        ("sort=municipality", [1, 2, 3]),
        ("sort=municipal", [1, 2, 3]),
        ("extent=deltid", [1]),
        ("engagement=vik*", [3]),
        ("text=kokk", [1]),
        ("published-since=2026-11-12", [1]),
        ("published=[2026-11-12,*)", [1]),
        ("positions=[2,5]", [1, 2, 3]),
        ("municipal=", [1, 2, 3]),
        (f"uuid={uuid_of(2)}", [2]),
        ("sort=title", [1, 2, 3]),
    ],
)
def test_filters_are_those_of_the_command(service: Service, query: str, numbers: list[int]) -> None:
    assert ids(service.get(f"/api/ads?{query}")) == list(map(uuid_of, numbers))


def test_every_filter_of_the_command_is_one_here(service: Service) -> None:
    known = {parameter_of(field.name) for field in fields(FilterOptions)}
    assert {"municipality", "occupation-group"} <= known
    paths = service.get("/api/openapi.json").json["paths"]
    for path in ("/api/ads", "/api/stats"):
        parameters = {one["name"] for one in paths[path]["get"]["parameters"]}
        assert parameters >= known
    for name in known:
        assert service.get("/api/ads", {name: "2026-11-01" if "e" in name else "1"}).status in (
            *(200, 400),
        )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("kommune=OSLO", "'kommune' is not a parameter. Known: text, title, municipality"),
        ("municipalty=OSLO", "'municipalty' is not a parameter (did you mean municipality?)"),
        ("published=soon", "published takes a day"),
        ("text=%22", "cannot search for"),
        ("text=" + "x" * 201, "200 letters at most"),
        ("&".join(["municipal=x"] * 51), "50 filters at most"),
        ("sort=price", "sort takes relevance, published"),
        ("limit=0", "limit takes a number from 1 to 100, not '0'"),
        ("limit=101", "limit takes a number"),
        ("limit=-1", "limit takes a number"),
        ("limit=%D9%A3", "limit takes a number"),
        ("limit=1.5", "limit takes a number"),
        ("after=3", "after takes the value"),
        ("after=0123456789abcdef.9999999999999", "after takes the value"),
        ("municipal=!", " is empty"),
    ],
)
def test_what_cannot_be_read_is_reported(service: Service, query: str, message: str) -> None:
    answer = service.get(f"/api/ads?{query}")
    assert answer.status == 400
    assert answer.json["status"] == 400
    assert message in answer.json["error"]
    assert not answer.json["error"].startswith("--")


@pytest.mark.parametrize("query", ["", "sort=title", "text=sykepleier", "sort=due"])
def test_pages_hold_each_ad_once(tmp_path: Path, query: str) -> None:
    with serving(tmp_path / "a.db", [ad(number) for number in range(25)], {}) as service:
        seen: list[str] = []
        at = f"?limit=7&{query}"
        while at:
            page = service.get(f"/api/ads{at}").json
            assert not page["changed"]
            seen += [one["uuid"] for one in page["ads"]]
            at = page["next"]
    assert sorted(seen) == list(map(uuid_of, range(25)))


def test_a_list_that_changed_meanwhile_is_marked(tmp_path: Path) -> None:
    with serving(tmp_path / "a.db", [ad(number) for number in range(9)], {}) as service:
        first = service.get("/api/ads?limit=4").json
        with Store(service.db) as store:
            store_ads(store, [ad(20)], service.now + timedelta(minutes=1))
        second = service.get(f"/api/ads{first['next']}").json
        assert second["changed"]
        assert second["state"] != first["state"]
        third = service.get(f"/api/ads{second['next']}").json
        assert not third["changed"]


def test_an_ad_has_everything_but_its_contacts(serve: Serve) -> None:
    answer = serve(ad(1)).get(f"/api/ads/{uuid_of(1)}")
    body = answer.json
    assert body["uuid"] == uuid_of(1)
    assert body["title"] == "Sykepleier natt"
    assert body["due_date"] == "2026-12-10"
    assert body["locations"][0]["municipal"] == "BERGEN"
    assert not {"contacts", "raw"} & body.keys()
    assert b"Kari" not in answer.body


def test_contacts_are_served_where_that_is_configured(serve: Serve) -> None:
    service = serve(ad(1), with_contacts=True)
    assert service.get(f"/api/ads/{uuid_of(1)}").json["contacts"][0]["name"] == "Kari Nordmann"
    assert "Kari Nordmann" in service.get("/api/ads").json["ads"][0]["contacts"][0]


@pytest.mark.parametrize(
    "wanted",
    [
        uuid_of(9),
        uuid_of(1)[:8],
        uuid_of(10).upper(),
        "..%2f..%2fetc%2fpasswd",
        "'; DROP TABLE ads",
    ],
)
def test_what_is_no_active_ad_is_not_found(serve: Serve, wanted: str) -> None:
    service = serve(ad(1), ad(10), ad(9, expires="2026-11-20T12:00:00Z"))
    answer = service.get(f"/api/ads/{wanted.replace(' ', '%20')}")
    assert answer.status == 404
    assert b"no such active ad" in answer.body or b"nothing at this address" in answer.body


def test_counts(service: Service) -> None:
    body = service.get("/api/stats?by=municipal&by=extent&top=1").json
    assert body["ads"] == 3
    assert body["by"] == {
        "municipal": [{"name": "OSLO", "ads": 2}],
        "extent": [{"name": "Heltid", "ads": 2}],
    }
    by = service.get("/api/stats?by=municipality&by=occupation-group&top=1").json["by"]
    assert by["municipality"] == [{"name": "OSLO", "ads": 2}]
    assert by["occupation-group"] == service.get("/api/stats?by=group&top=1").json["by"]["group"]
    assert service.get("/api/stats?municipal=bergen").json["ads"] == 1
    assert len(service.get("/api/stats").json["by"]) == len(By) - 1  # all but the flow
    for wrong in ("by=flow", "by=x", "top=0", "limit=3"):
        assert service.get(f"/api/stats?{wrong}").status == 400


def test_an_answer_that_is_known_is_not_sent_again(service: Service) -> None:
    for path in ("/api/ads", f"/api/ads/{uuid_of(1)}", "/api/stats", "/feed.atom"):
        tag = service.get(path).headers["etag"]
        again = service.get(path, If_None_Match=tag)
        assert (again.status, again.body) == (304, b"")


TAGGED = (
    *("/", "/api/ads", f"/api/ads/{uuid_of(1)}", "/api/stats", "/api/changes", "/feed.atom"),
    *("/public-feed/api/v1/ads", f"/ads/{uuid_of(1)}"),
)


@pytest.mark.parametrize("path", TAGGED)
def test_a_tag_lasts_as_long_as_the_answer(tmp_path: Path, path: str) -> None:
    """It names the store and the number of its last change."""
    with serving(tmp_path / "a.db", [ad(1), ad(2)], {"max_age": None}) as service:
        with Reader(service.db, NOW.date()) as reader:
            cursor = reader.cursor()
        tag = service.get(path).headers["etag"]
        assert tag.startswith(f'W/"{cursor.store}-{cursor.number}-20261121-')

        def is_known(address: str = path) -> bool:
            answer = service.get(address, If_None_Match=tag)
            assert (answer.status == 304) == (answer.headers["etag"] == tag)
            assert (answer.status, answer.body) == (304, b"") or answer.status == 200
            return answer.status == 304

        assert is_known()
        service.pass_time(timedelta(minutes=59))
        assert is_known()
        service.pass_time(timedelta(hours=12))
        assert not is_known()  # another day in Oslo
        service.pass_time(-timedelta(hours=12, minutes=59))
        with Store(service.db) as store:
            store.commit_details([DetailDecision(uuid_of(2), Reason.UNCHANGED, CONTENT)], [], NOW)
        assert is_known()  # the sync found nothing new
        with Store(service.db) as store:
            store_ads(store, [ad(1, title="Kokk")])
        assert not is_known()


def test_the_tag_of_one_address_is_of_no_other(service: Service) -> None:
    tag = service.get("/api/ads?limit=1").headers["etag"]
    for other in ("/api/ads", "/api/ads?limit=2", "/api/stats"):
        assert service.get(other, If_None_Match=tag).status == 200


def test_a_tag_of_an_answer_about_now_is_of_that_moment(tmp_path: Path) -> None:
    with serving(tmp_path / "a.db", ADS, {}) as service:
        for path in ("/api/ads?published=[*,no%77)", "/public-feed/api/v1/ads?updated=[*,now)"):
            tag = service.get(path).headers["etag"]
            assert service.get(path, If_None_Match=tag).status == 304
            service.pass_time(timedelta(seconds=1))
            assert service.get(path, If_None_Match=tag).status == 200


@pytest.mark.parametrize(
    "path", ["/api/openapi.json", "/public-feed/swagger/api/public-feed-api.yaml"]
)
def test_a_description_is_tagged_by_itself(service: Service, path: str) -> None:
    tag = service.get(path).headers["etag"]
    again = service.get(path, If_None_Match=tag)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)


def test_another_store_has_other_tags(tmp_path: Path) -> None:
    """The same ads under the same numbers: as after a restore."""
    tags = set()
    for name in ("a.db", "b.db"):
        with serving(add_ads(tmp_path / name, ad(1)), [], {}) as service:
            tags.add(service.get("/api/ads").headers["etag"])
    assert len(tags) == 2


def test_a_page_in_another_language_has_another_tag(service: Service) -> None:
    tag = service.get("/").headers["etag"]
    assert service.get("/", If_None_Match=tag).status == 304
    assert service.get("/", If_None_Match=tag, Accept_Language="en").status == 200


def test_old_data_is_refused_in_the_same_form(serve: Serve) -> None:
    service = serve(ad(1))
    service.pass_time(timedelta(hours=2))
    for path in ("/api/ads", f"/api/ads/{uuid_of(1)}", "/api/stats", "/feed.atom"):
        answer = service.get(path)
        assert answer.status == 503
        assert "too old" in answer.text
        assert answer.headers["retry-after"] == "60"


# OpenAPI


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    part: Any = document
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return dict(part)


def fits(document: dict[str, Any], schema: dict[str, Any], value: object) -> bool:
    """Whether a value matches a schema of ours; no more of JSON Schema than is used."""
    schema = resolved(document, schema)
    if not schema:
        return True
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    match value:
        case None:
            return "null" in types
        case bool():
            return "boolean" in types
        case int() | float():
            return bool({"integer", "number"} & {*types})
        case str():
            return "string" in types
        case list():
            return "array" in types and all(fits(document, schema["items"], one) for one in value)
        case dict() if "additionalProperties" in schema:
            more = schema["additionalProperties"]
            return all(fits(document, more, one) for one in value.values())
        case dict():
            properties = schema["properties"]
            return list(value) == list(properties) == schema["required"] and all(
                fits(document, properties[name], one) for name, one in value.items()
            )
    return False


@pytest.mark.parametrize("contacts", [False, True])
def test_the_description_is_of_what_is_answered(serve: Serve, contacts: bool) -> None:
    service = serve(*ADS, with_contacts=contacts)
    document = service.get("/api/openapi.json").json
    assert document["openapi"].startswith("3.1.")
    for path, example in (
        ("/api/ads", "/api/ads?limit=1"),
        ("/api/ads/{uuid}", f"/api/ads/{uuid_of(1)}"),
        ("/api/stats", "/api/stats"),
    ):
        operation = document["paths"][path]["get"]
        for status, path_and_query in (("200", example), ("400", f"{path}?nonsense=1")):
            if status in operation["responses"] and "{" not in path_and_query:
                answer = service.get(path_and_query)
                assert answer.status == int(status)
                content = operation["responses"][status]["content"]["application/json"]
                assert fits(document, content["schema"], answer.json), answer.text
    schemas = document["components"]["schemas"]
    assert not fits(document, schemas["Ad"], {"uuid": 1})
    *changes, last = map(json.loads, service.get("/api/changes").text.splitlines())
    assert all(fits(document, schemas["Change"], one) for one in changes)
    assert fits(document, schemas["CaughtUp"], last)


# Atom


def test_a_feed_reader_finds_the_newest_ads(service: Service) -> None:
    answer = service.get("/feed.atom?municipal=oslo&municipal=bergen")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(answer.body)
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}title") == "Ledige stillinger i oslo, bergen"
    entries = root.findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}id") for one in entries] == [
        f"urn:uuid:{uuid_of(number)}" for number in (1, 2, 3)
    ]
    first = entries[0]
    assert first.findtext(f"{ATOM}title") == "Kokk"
    assert first.findtext(f"{ATOM}published") == "2026-11-12T08:00:00Z"
    assert first.findtext(f"{ATOM}author/{ATOM}name") == "Bergen kommune, Fana sykehjem"
    assert "Søknadsfrist: 2026-12-10" in str(first.findtext(f"{ATOM}summary"))
    links = {one.get("rel"): one.get("href") for one in first.findall(f"{ATOM}link")}
    assert links["related"] == "https://sykehjem.example/sok/1"
    assert b"Kari" not in answer.body


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("", "Ledige stillinger"),
        ("?municipality=OSLO,BERGEN", "Ledige stillinger i OSLO,BERGEN"),
        ("?county=VESTLAND&text=natt", "Ledige stillinger i VESTLAND: natt"),
        (
            "?county=NORDLAND&municipal=HERØY",
            "Ledige stillinger: municipality HERØY; county NORDLAND",
        ),
        ("?municipal=!OSLO&text=a&text=b", "Ledige stillinger: a; b; municipality !OSLO"),
        ("?municipal=0301&occupation_group=IT", "Ledige stillinger: municipality 0301; occ"),
    ],
)
def test_a_feed_has_a_title_for_people(service: Service, query: str, title: str) -> None:
    feed = ET.fromstring(service.get(f"/feed.atom{quote(query, safe='?=&!,')}").body)
    assert str(feed.findtext(f"{ATOM}title")).startswith(title)


def test_a_feed_keeps_its_id_under_either_name_of_a_filter(service: Service) -> None:
    for name in ("municipal", "municipality"):
        feed = ET.fromstring(service.get(f"/feed.atom?{name}=OSLO&postal-code=01*").body)
        ident = uuid5(NAMESPACE_URL, "navfeed:municipal OSLO; postal-code 01*")
        assert feed.findtext(f"{ATOM}id") == f"urn:uuid:{ident}"


def test_a_feed_has_the_same_id_each_time_and_another_filter_another(service: Service) -> None:
    def id_of(query: str) -> str:
        return str(ET.fromstring(service.get(f"/feed.atom?{query}").body).findtext(f"{ATOM}id"))

    assert id_of("text=kokk") == id_of("text=kokk")
    assert id_of("text=kokk") != id_of("text=natt")
    UUID(id_of("text=kokk").removeprefix("urn:uuid:"))


def test_a_feed_of_hostile_ads_is_xml(serve: Serve) -> None:
    service = serve(
        ad(
            1,
            title="\x00\x1b[31m<script>]]>&\ufffe\uffff\u202e",
            link="javascript:alert(1)",
            applicationUrl="data:text/html,x",
            published=None,
            updated=None,
            employer=None,
            applicationDue=None,
        )
    )
    root = ET.fromstring(service.get("/feed.atom").body)
    (entry,) = root.findall(f"{ATOM}entry")
    assert entry.findall(f"{ATOM}link") == []
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "?"
    assert "<script>]]>&" in str(entry.findtext(f"{ATOM}title"))


def test_a_feed_takes_known_parameters_only(service: Service) -> None:
    answer = service.get("/feed.atom?nonsense=1")
    assert answer.status == 400
    assert re.match("'nonsense' is not a parameter", answer.text)


def test_limits_are_those_of_the_service(serve: Serve) -> None:
    service = serve(*ADS, limits=Limits(page_size=2))
    assert service.get("/api/ads?limit=3").status == 400
