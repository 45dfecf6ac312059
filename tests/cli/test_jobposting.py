"""JobPosting: what schema.org and Google ask of it, and nothing in it that a page would run.

The properties and their types are those of https://schema.org/JobPosting; what is required, and the
values of employmentType, those of
https://developers.google.com/search/docs/appearance/structured-data/job-posting
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from cli.support import Fields, ad, answer, fill, place, run_command, store_ads, uuid_of
from cli.test_hostile import hostile, texts
from navfeed.practice import World
from navfeed.store.writer import Store
from support.clock import NOW

pytestmark = pytest.mark.usefixtures("noon")

REQUIRED = {"title", "description", "datePosted", "hiringOrganization", "jobLocation"}
EMPLOYMENT_TYPES = {
    *("FULL_TIME", "PART_TIME", "CONTRACTOR", "TEMPORARY"),
    *("INTERN", "VOLUNTEER", "PER_DIEM", "OTHER"),
}
PROPERTIES = {
    "JobPosting": {
        *("@context", *REQUIRED, "validThrough", "employmentType", "identifier", "url"),
        *("occupationalCategory", "totalJobOpenings", "potentialAction", "applicationContact"),
    },
    "PropertyValue": {"name", "value"},
    "Organization": {"name", "sameAs", "identifier"},
    "Place": {"address"},
    "PostalAddress": {
        *("streetAddress", "postalCode", "addressLocality", "addressRegion", "addressCountry"),
    },
    "CategoryCode": {"inCodeSet", "codeValue", "name"},
    "ApplyAction": {"target"},
    "ContactPoint": {"name", "contactType", "telephone", "email"},
}
"""The types that are used, with such of their properties as navfeed writes."""


class Tags(HTMLParser):
    """What a browser would make of a description."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[Any] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def check(posting: Fields) -> None:
    """What both ask for."""
    assert posting["@context"] == "https://schema.org"
    assert posting["@type"] == "JobPosting"
    assert posting.keys() >= REQUIRED
    for thing in things(posting):
        assert thing.keys() - {"@type"} <= PROPERTIES[thing["@type"]]
    assert all(value not in ("", None, [], {}) for value in values(posting))
    assert datetime.fromisoformat(posting["datePosted"]).tzinfo
    if "validThrough" in posting:
        assert datetime.fromisoformat(posting["validThrough"]).tzinfo
    assert set(posting.get("employmentType", [])) <= EMPLOYMENT_TYPES
    assert isinstance(posting["hiringOrganization"]["name"], str)
    for one in posting["jobLocation"]:
        assert one["address"]["addressCountry"]
    assert isinstance(posting.get("totalJobOpenings", 1), int)
    html = Tags(posting["description"])
    assert html.tags <= {"p", "ul", "li", "br"}
    assert html.attributes == []


def things(value: object) -> Iterator[Fields]:
    if isinstance(value, dict):
        yield value
    for one in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    ):
        yield from things(one)


def values(value: object) -> Iterator[object]:
    yield value
    for one in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    ):
        yield from values(one)


def postings(db: Path, *arguments: str) -> list[Fields]:
    lines = answer(db, "export", "--format", "jobposting", *arguments).splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


def test_what_an_ad_has_for_each_property(db: Path) -> None:
    fill(db, ad(1, extent="Deltid", engagementtype="Vikariat"))
    (posting,) = postings(db)
    check(posting)
    assert posting == {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "identifier": {"@type": "PropertyValue", "name": "NAV", "value": uuid_of(1)},
        "title": "Nattsykepleier",
        "description": "<p>Vi søker sykepleier.</p><ul><li>Turnus</li></ul>",
        "datePosted": "2026-11-10T08:00:00Z",
        "validThrough": "2026-12-10T23:59:59+01:00",
        "employmentType": ["PART_TIME", "TEMPORARY"],
        "hiringOrganization": {
            "@type": "Organization",
            "name": "Bergen kommune, Fana sykehjem",
            "sameAs": "https://sykehjem.example",
            "identifier": "300000019",
        },
        "jobLocation": [
            {
                "@type": "Place",
                "address": {
                    "@type": "PostalAddress",
                    "streetAddress": "Storgata 1",
                    "postalCode": "5003",
                    "addressLocality": "BERGEN",
                    "addressRegion": "VESTLAND",
                    "addressCountry": "NO",
                },
            }
        ],
        "occupationalCategory": [
            {
                "@type": "CategoryCode",
                "inCodeSet": "STYRK-08",
                "codeValue": "2223",
                "name": "Sykepleiere",
            }
        ],
        "totalJobOpenings": 2,
        "url": f"https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(1)}",
        "potentialAction": {"@type": "ApplyAction", "target": "https://sykehjem.example/sok/1"},
    }


def test_every_ad_of_the_practice_feed_makes_one(tmp_path: Path) -> None:
    world = World.history(7, now=NOW, entries=800)
    with Store(tmp_path / "navfeed.db") as store:
        store_ads(store, [world.detail(one)["ad_content"] for one in world.active()])
    found = postings(tmp_path / "navfeed.db")
    assert len(found) > 50
    for posting in found:
        check(posting)


@pytest.mark.parametrize(
    "lacking",
    [
        {"title": "", "jobtitle": " "},
        {"description": "<p> </p>"},
        {"published": "soon"},
        {"employer": {"name": ""}},
        {"employer": None},
        {"workLocations": []},
        {"workLocations": [{"city": "Paris"}]},
    ],
)
def test_an_ad_that_lacks_what_is_required_is_left_out_and_reported(
    db: Path, lacking: Fields
) -> None:
    fill(db, ad(1, **lacking), ad(2))
    output = db.parent / "ads.jsonl"
    result = run_command(db, "export", "--format", "jobposting", "--output", str(output))
    assert "1 ad left out" in result.stderr
    (line,) = output.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["identifier"]["value"] == uuid_of(2)


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"jobtitle": ""}, "title", "Sykepleier natt"),
        ({"expires": None}, "validThrough", None),
        ({"expires": "2026-12-10T22:59:00Z"}, "validThrough", "2026-12-10T23:59:59+01:00"),
        ({"expires": "2027-07-01T10:00:00Z"}, "validThrough", "2027-07-01T23:59:59+02:00"),
        (
            {"extent": "Heltid og deltid", "engagementtype": "Fast"},
            "employmentType",
            ["FULL_TIME", "PART_TIME"],
        ),
        ({"extent": "?", "engagementtype": ""}, "employmentType", None),
        ({"positioncount": "0"}, "totalJobOpenings", 0),
        ({"positioncount": "flere"}, "totalJobOpenings", None),
        ({"positioncount": "²"}, "totalJobOpenings", None),
        ({"positioncount": "9" * 40}, "totalJobOpenings", None),
        ({"applicationUrl": "javascript:alert(1)"}, "potentialAction", None),
        ({"applicationUrl": "post@sykehjem.example"}, "potentialAction", None),
        ({"link": ""}, "url", None),
        ({"categoryList": [{"categoryType": "ESCO", "code": "x"}]}, "occupationalCategory", None),
    ],
)
def test_what_an_ad_lacks_is_left_out(db: Path, fields: Fields, name: str, value: object) -> None:
    fill(db, ad(1, **fields))
    (posting,) = postings(db)
    check(posting)
    assert posting.get(name) == value


@pytest.mark.parametrize(
    ("where", "country"),
    [
        (place("BERGEN"), "NO"),
        (place("BERGEN", country="Norge"), "NO"),
        (place("BERGEN", country=""), "NO"),
        (place(None, "VESTLAND", country=None), "NO"),
        (place(None, country="SVERIGE"), "SVERIGE"),
    ],
)
def test_the_country(db: Path, where: Fields, country: str) -> None:
    fill(db, ad(1, workLocations=[where]))
    (posting,) = postings(db)
    assert [one["address"]["addressCountry"] for one in posting["jobLocation"]] == [country]


def test_contacts_come_on_request(db: Path) -> None:
    fill(db, ad(1))
    (without,) = postings(db)
    assert "Kari" not in json.dumps(without)
    (posting,) = postings(db, "--with-contacts")
    check(posting)
    assert posting["applicationContact"] == [
        {
            "@type": "ContactPoint",
            "name": "Kari Nordmann",
            "contactType": "Avdelingsleder",
            "telephone": "19 00 00 01",
            "email": "kari@sykehjem.example",
        }
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("postings") / "navfeed.db") as store:
        yield store


@given(text=texts)
def test_hostile_text_stays_text(store: Store, text: str) -> None:
    given = hostile(text)
    given["workLocations"][0]["country"] = given["workLocations"][0]["country"] or "NORGE"
    store_ads(store, [json.dumps(given)])
    output = answer(store.path, "export", "--format", "jobposting", "--with-contacts")
    assert not re.search("[<>&]", output)
    for line in output.split("\n")[:-1]:
        posting = json.loads(line)
        check(posting)
