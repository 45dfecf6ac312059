"""The withdrawn public-feed API, rule by rule: a test's number is the section of its description.

What NAV's own server was seen to do, `strict` does; `sane` differs where a test is about that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.support import ad, place, uuid_of
from navfeed.places import listed_names
from navfeed.serve.options import Compat
from serve.support import Answer, Service, serving

ADS = "/public-feed/api/v1/ads"
BOTH = pytest.mark.parametrize("compat", list(Compat))
TYPE = "application/json; charset=UTF-8"

ROOT_KEYS = [
    *("content", "totalElements", "pageNumber", "pageSize", "totalPages"),
    *("first", "last", "sort"),
]
AD_KEYS = [
    *("uuid", "published", "expires", "updated", "workLocations", "title", "description"),
    *("sourceurl", "source", "applicationUrl", "applicationDue", "occupationCategories"),
    *("jobtitle", "link", "employer", "engagementtype", "extent", "starttime"),
    *("positioncount", "sector"),
]

VARIED = (
    ad(
        1,
        published="2026-11-20T12:00:00+01:00",
        updated="2026-11-20T12:31:45.330066+01:00",
        workLocations=[place("BERGEN", "VESTLAND"), place("OSLO", "OSLO")],
        occupationCategories=[{"level1": "IT", "level2": "Utvikling"}],
        categoryList=[],
        source="AMEDIA",
    ),
    ad(
        2,
        published="2026-11-11T00:00:00+01:00",  # Oslo's midnight: the UTC day before
        workLocations=[place("VÅLER", "INNLANDET")],
        occupationCategories=[{"level1": "Helse og sosial", "level2": "Sykepleiere"}],
        employer={"name": "Ski AS", "orgnr": "300000027", "description": None, "homepage": ""},
    ),
    ad(
        3,
        published="2026-11-10T23:00:00Z",
        workLocations=[place("VÅLER", "ØSTFOLD"), place("HAMAR", "INNLANDET")],
        occupationCategories=[{"level1": "Utdanning", "level2": "Forskningsarbeid"}],
        categoryList=[{"categoryType": "ESCO", "code": "1", "name": "systemutvikler"}],
    ),
    ad(4, source="FINN", published="2026-11-19T12:00:00Z"),
)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Compat, Service]]:
    """One store, served in both ways."""
    db = tmp_path_factory.mktemp("old") / "navfeed.db"
    with serving(db, VARIED, {}) as sane, serving(db, [], {"compat": Compat.STRICT}) as strict:
        yield {Compat.SANE: sane, Compat.STRICT: strict}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Compat, Service]]:
    """332 ads, as in NAV's own test; the first of them published last."""
    db = tmp_path_factory.mktemp("old") / "navfeed.db"
    began = datetime(2026, 11, 10, tzinfo=UTC)
    ads = [ad(n, published=(began - timedelta(minutes=n)).isoformat()) for n in range(332)]
    with serving(db, ads, {}) as sane, serving(db, [], {"compat": Compat.STRICT}) as strict:
        yield {Compat.SANE: sane, Compat.STRICT: strict}


def found(answer: Answer) -> str:
    """The numbers of the ads that an answer holds, in its order."""
    assert answer.status == 200, answer.text
    return "".join(str(int(one["uuid"][:8], 16)) for one in answer.json["content"])


# 1. Paths


@pytest.mark.parametrize(
    ("path", "strict", "sane"),
    [
        (ADS, 200, 200),
        (f"{ADS}/", 404, 404),
        (f"{ADS}/{uuid_of(1)}", 404, 200),
        (f"{ADS}/{uuid_of(9)}", 404, 404),
        (f"{ADS}/{uuid_of(4)}", 404, 404),
        ("/public-feed", 404, 404),
        ("/public-feed/swagger/", 404, 404),
        ("/public-feed/swagger/index.html", 200, 200),
        ("/public-feed/swagger/api/public-feed-api.yaml", 200, 200),
    ],
)
def test_1_paths(services: dict[Compat, Service], path: str, strict: int, sane: int) -> None:
    for compat, status in ((Compat.STRICT, strict), (Compat.SANE, sane)):
        answer = services[compat].get(path)
        assert answer.status == status
        assert answer.body or status == 404
        assert not (answer.body and status == 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@BOTH
def test_1_other_methods(services: dict[Compat, Service], method: str, compat: Compat) -> None:
    answer = services[compat].request(method, ADS)
    assert (answer.status, answer.body) == (404, b"")


def test_1_head(services: dict[Compat, Service]) -> None:
    assert services[Compat.STRICT].request("HEAD", ADS).status == 404
    assert services[Compat.SANE].request("HEAD", ADS).status == 200


def test_1_a_foreign_page(services: dict[Compat, Service]) -> None:
    refused = services[Compat.STRICT].get(ADS, Origin="https://other.example")
    assert (refused.status, refused.body) == (403, b"")
    answered = services[Compat.SANE].get(ADS, Origin="https://other.example")
    assert "access-control-allow-origin" not in answered.headers


@BOTH
def test_1_one_ad_is_had_by_the_parameter(services: dict[Compat, Service], compat: Compat) -> None:
    answer = services[compat].get(ADS, {"uuid": uuid_of(2)})
    assert found(answer) == "2"


def test_1_the_description_matches_the_answers(services: dict[Compat, Service]) -> None:
    answer = services[Compat.SANE].get("/public-feed/swagger/api/public-feed-api.yaml")
    assert answer.headers["content-type"] == "text/yaml; charset=UTF-8"
    text = yaml.safe_load(answer.body)
    schemas = text["components"]["schemas"]
    assert schemas["Page"]["required"] == list(schemas["Page"]["properties"]) == ROOT_KEYS
    assert schemas["Ad"]["required"] == list(schemas["Ad"]["properties"]) == AD_KEYS
    parameters = {one["name"]: one for one in text["paths"]["/api/v1/ads"]["get"]["parameters"]}
    assert parameters["size"]["schema"]["maximum"] == 100


# 2. Authentication


@pytest.mark.parametrize("shown", ["", "Bearer any.old.token", "any.old.token", "bearer x"])
@BOTH
def test_2_any_token_or_none_will_do(
    services: dict[Compat, Service], shown: str, compat: Compat
) -> None:
    assert services[compat].get(ADS, Authorization=shown).status == 200


@BOTH
def test_2_unless_one_is_requested(tmp_path: Path, compat: Compat) -> None:
    with serving(tmp_path / "a.db", [ad(1)], {"compat": compat, "token": "a.b.c"}) as service:
        refused = service.get(ADS, Authorization="a.b.c")
        assert (refused.status, refused.body) == (401, b"")
        assert refused.headers["www-authenticate"] == (
            'Bearer realm="feed-api-v1, contact support@arbeidsplassen.nav.no for access"'
        )
        let_in = service.get(ADS, Authorization="bearer a.b.c")
        assert let_in.status == 200
        assert let_in.headers["cache-control"] == "private, max-age=300"


# 3. Answer headers


@BOTH
def test_3_headers(services: dict[Compat, Service], compat: Compat) -> None:
    headers = services[compat].get(ADS).headers
    assert headers["cache-control"] == "public, max-age=300"
    assert headers["content-type"] == TYPE
    assert headers["vary"] == "Origin"


def test_3_headers_of_errors(services: dict[Compat, Service]) -> None:
    for path in (f"{ADS}?page=x", f"{ADS}/"):
        headers = services[Compat.STRICT].get(path).headers
        assert headers["cache-control"] == "public, max-age=300"
        assert headers["server"] == "ktor"
        assert "server" not in services[Compat.SANE].get(path).headers


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        *(("application/json", 200), ("*/*", 200), ("text/html,*/*;q=0.8", 200)),
        *(("application/xml", 406), ("text/html", 406)),
    ],
)
def test_3_accept(services: dict[Compat, Service], accept: str, status: int) -> None:
    answer = services[Compat.STRICT].get(ADS, Accept=accept)
    assert answer.status == status
    assert answer.body == b"" or status == 200
    assert services[Compat.SANE].get(ADS, Accept=accept).status == 200


def test_3_an_answer_that_is_known_is_not_sent_again(tmp_path: Path) -> None:
    db = tmp_path / "navfeed.db"
    with serving(db, [ad(1)], {}) as service:
        tag = service.get(ADS).headers["etag"]
        again = service.get(ADS, If_None_Match=tag)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == tag
        with serving(db, [], {"compat": Compat.STRICT}) as other:
            assert other.get(ADS, If_None_Match=tag).status == 200
        with serving(db, [ad(1), ad(2)], {}) as changed:
            assert changed.get(ADS, If_None_Match=tag).status == 200
        service.pass_time(timedelta(hours=11, minutes=30))  # another day in Oslo
        assert service.get(ADS, If_None_Match=tag).status == 503


# 4. Paging


@pytest.mark.parametrize(
    ("size", "coerced"),
    [
        *(("20", 20), ("1", 1), ("100", 100), ("0", 1), ("-10", 1), ("101", 100)),
        *(("4999", 100), ("2147483647", 100), ("-2147483648", 1), ("+5", 5), ("٣", 3)),
    ],
)
@BOTH
def test_4_size(many: dict[Compat, Service], size: str, coerced: int, compat: Compat) -> None:
    answer = many[compat].get(ADS, {"size": size}).json
    assert answer["pageSize"] == len(answer["content"]) == coerced


@BOTH
def test_4_defaults(many: dict[Compat, Service], compat: Compat) -> None:
    answer = many[compat].get(ADS).json
    assert (answer["pageSize"], answer["pageNumber"], len(answer["content"])) == (20, 0, 20)
    assert many[compat].get(ADS, {"page": "-3"}).json == answer


@pytest.mark.parametrize(
    "number", ["abc", "", "1.5", "99999999999", "2147483648", "1 ", "0x1", "1" * 5_000]
)
@pytest.mark.parametrize("name", ["size", "page"])
@BOTH
def test_4_no_number(
    services: dict[Compat, Service], number: str, name: str, compat: Compat
) -> None:
    answer = services[compat].get(ADS, {name: number})
    if len(number) > 4_000:
        assert answer.status == 414  # such an address goes too far here
        return
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.text == f'Bad numeric parameter value: For input string: "{number}"'


@pytest.mark.parametrize(
    ("size", "page", "number"),
    [(100, 49, 49), (100, 50, 49), (100, 100, 49), (30, 165, 165), (30, 166, 165), (1, 9999, 4999)],
)
def test_4_the_number_of_a_page_far_behind(
    many: dict[Compat, Service], size: int, page: int, number: int
) -> None:
    strict = many[Compat.STRICT].get(ADS, {"size": size, "page": page}).json
    assert strict["pageNumber"] == number
    sane = many[Compat.SANE].get(ADS, {"size": size, "page": page}).json
    assert sane["pageNumber"] == page


@BOTH
def test_4_behind_the_last_page(many: dict[Compat, Service], compat: Compat) -> None:
    answer = many[compat].get(ADS, {"size": "100", "page": "4"}).json
    assert answer["content"] == []
    assert (answer["last"], answer["first"], answer["pageNumber"]) == (True, False, 4)
    furthest = many[Compat.SANE].get(ADS, {"size": "100", "page": str(2**31 - 1)}).json
    assert (furthest["content"], furthest["pageNumber"]) == ([], 2**31 - 1)


@BOTH
def test_4_the_first_of_two_counts(many: dict[Compat, Service], compat: Compat) -> None:
    assert many[compat].get(f"{ADS}?size=3&size=abc&page=1&page=7").json["pageNumber"] == 1


@pytest.mark.parametrize(
    "unknown", ["pageNumber=3", "municipalities=0402", "counties=x", "foo=1", "sort=nonsense"]
)
@BOTH
def test_4_what_is_unknown_is_ignored(
    services: dict[Compat, Service], unknown: str, compat: Compat
) -> None:
    assert found(services[compat].get(f"{ADS}?{unknown}")) == "123"


def test_4_only_strict_ignores_what_people_expected(services: dict[Compat, Service]) -> None:
    for query, sane in (("q=Sykepleier", "123"), ("q=finnesikke", ""), ("sort=updated", "123")):
        assert found(services[Compat.STRICT].get(f"{ADS}?{query}")) == "123"
        assert found(services[Compat.SANE].get(f"{ADS}?{query}")) == sane
    assert services[Compat.SANE].get(f"{ADS}?sort=updated").json["sort"] == "updated:desc"
    assert services[Compat.SANE].get(f"{ADS}?q=%22").status == 400


@BOTH
def test_4_a_storm_of_ties(tmp_path: Path, compat: Compat) -> None:
    """A thousand ads of one moment, ten pages, each ad once."""
    with serving(tmp_path / "a.db", [ad(n) for n in range(1_000)], {"compat": compat}) as service:
        pages = [service.get(ADS, {"size": "100", "page": str(page)}).json for page in range(10)]
    ids = [one["uuid"] for page in pages for one in page["content"]]
    assert ids == sorted(set(ids))
    assert len(ids) == 1_000


# 5. The root


@pytest.mark.parametrize(
    ("size", "pages", "last"), [(20, 17, 16), (10, 34, 33), (1, 332, 331), (100, 4, 3)]
)
@BOTH
def test_5_the_root(
    many: dict[Compat, Service], size: int, pages: int, last: int, compat: Compat
) -> None:
    first = many[compat].get(ADS, {"size": size}).json
    assert list(first) == ROOT_KEYS
    assert (first["totalElements"], first["totalPages"]) == (332, pages)
    assert (first["first"], first["last"], first["sort"]) == (True, False, "published:desc")
    assert many[compat].get(ADS, {"size": size, "page": last}).json["last"]
    assert not many[compat].get(ADS, {"size": size, "page": last - 1}).json["last"]


@pytest.mark.parametrize(("hits", "pages"), [(0, 0), (1, 1), (20, 1), (21, 2)])
@BOTH
def test_5_few_hits(tmp_path: Path, hits: int, pages: int, compat: Compat) -> None:
    ads = [ad(99, source="FINN"), *(ad(n) for n in range(hits))]
    with serving(tmp_path / "a.db", ads, {"compat": compat}) as service:
        answer = service.get(ADS).json
    assert (answer["totalElements"], answer["totalPages"]) == (hits, pages)
    assert (answer["first"], answer["last"]) == (True, pages < 2)


def test_5_more_than_there_could_be(
    many: dict[Compat, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 300 in place of 5,000, as there are 332 ads."""
    monkeypatch.setattr("navfeed.serve.old_request.MOST", 300)
    strict = many[Compat.STRICT].get(ADS).json
    assert (strict["totalElements"], strict["totalPages"]) == (300, 15)
    sane = many[Compat.SANE].get(ADS).json
    assert (sane["totalElements"], sane["totalPages"]) == (332, 17)
    beyond = many[Compat.STRICT].get(ADS, {"page": "20"}).json
    assert (beyond["pageNumber"], len(beyond["content"])) == (14, 20)


# 6. An ad


@BOTH
def test_6_every_key_in_its_order(services: dict[Compat, Service], compat: Compat) -> None:
    for one in services[compat].get(ADS).json["content"]:
        assert list(one) == AD_KEYS
        assert list(one["employer"]) == ["name", "orgnr", "description", "homepage"]
        assert [*one["workLocations"][0]] == [
            *("country", "address", "city", "postalCode", "county", "municipal")
        ]
        assert list(one["occupationCategories"][0]) == ["level1", "level2"]


@BOTH
def test_6_nobody_is_named(services: dict[Compat, Service], compat: Compat) -> None:
    assert b"Kari Nordmann" not in services[compat].get(ADS).body


def old(tmp_path: Path, compat: Compat, **fields: object) -> dict[str, Any]:
    with serving(tmp_path / f"{compat}.db", [ad(1, **fields)], {"compat": compat}) as service:
        (one,) = service.get(ADS).json["content"]
    return dict(one)


@pytest.mark.parametrize(
    ("served", "shown"),
    [
        ("2024-12-07T19:05:47+01:00", "2024-12-07T18:05:47Z"),
        ("2024-12-07T19:05:47.000000+01:00", "2024-12-07T18:05:47Z"),
        ("2024-06-07T11:39:33.77+00:00", "2024-06-07T11:39:33.77Z"),
        ("2024-06-07T11:39:33.774Z", "2024-06-07T11:39:33.774Z"),
        ("2024-06-07T14:31:45.330066+02:00", "2024-06-07T12:31:45.330066Z"),
        ("2024-06-07T00:00:00", "2024-06-06T22:00:00Z"),
        ("soon", "soon"),
        (None, None),
    ],
)
@BOTH
def test_6_moments(tmp_path: Path, served: object, shown: object, compat: Compat) -> None:
    assert old(tmp_path, compat, updated=served)["updated"] == shown


@pytest.mark.parametrize(
    "name",
    [
        *("sourceurl", "applicationUrl", "applicationDue", "jobtitle", "engagementtype"),
        *("starttime", "sector"),
    ],
)
@BOTH
def test_6_what_is_empty_is_null(tmp_path: Path, name: str, compat: Compat) -> None:
    assert old(tmp_path, compat, **{name: ""})[name] is None


@BOTH
def test_6_what_is_left_as_it_stands(tmp_path: Path, compat: Compat) -> None:
    html = "<p onclick=x>Hei &amp; hå</p>"
    one = old(
        tmp_path, compat, applicationDue="Snarest", starttime="Etter avtale", description=html
    )
    assert (one["applicationDue"], one["starttime"], one["description"]) == (
        *("Snarest", "Etter avtale", html),
    )


@BOTH
def test_6_nulls_are_written(tmp_path: Path, compat: Compat) -> None:
    one = old(
        tmp_path,
        compat,
        **dict.fromkeys(AD_KEYS[3:], None),
        contactList=[],
    )
    assert list(one) == AD_KEYS
    assert one["workLocations"] == []
    assert one["title"] == ""
    assert one["employer"] == {"name": "", "orgnr": None, "description": None, "homepage": None}


def test_6_an_ad_without_an_occupation(tmp_path: Path) -> None:
    """Clients index [0] blindly; the old index wrote a pair of its own."""
    half = [{"level1": "IT", "level2": None}]
    for served in ([], half):
        strict = old(tmp_path / str(len(served)), Compat.STRICT, occupationCategories=served)
        assert strict["occupationCategories"] == [
            {"level1": "Uoppgitt/ ikke identifiserbare", "level2": "Ikke identifiserbare"}
        ]
    assert old(tmp_path, Compat.SANE, occupationCategories=[])["occupationCategories"] == []


@pytest.mark.parametrize(
    ("served", "strict"),
    [
        *(("Deltid", "Deltid"), ("DELTID", "Deltid"), ("Heltid", "Heltid")),
        *(("Heltid og deltid", "Heltid"), ("", "Heltid"), (None, "Heltid")),
    ],
)
def test_6_extent(tmp_path: Path, served: object, strict: str) -> None:
    assert old(tmp_path, Compat.STRICT, extent=served)["extent"] == strict
    assert old(tmp_path, Compat.SANE, extent=served)["extent"] == served


@BOTH
def test_6_positions_are_a_text(tmp_path: Path, compat: Compat) -> None:
    assert old(tmp_path, compat, positioncount="1")["positioncount"] == "1"


@BOTH
def test_6_the_link_is_navs(tmp_path: Path, compat: Compat) -> None:
    one = old(tmp_path, compat, link="https://elsewhere.example/")
    assert one["link"] == f"https://arbeidsplassen.nav.no/stillinger/stilling/{uuid_of(1)}"


# 7. Always-on conditions


@BOTH
def test_7_only_active_ads_and_nothing_of_finn(tmp_path: Path, compat: Compat) -> None:
    ads = [ad(1, expires="2026-11-20T12:00:00Z"), ad(2), ad(3, source="FINN"), ad(5, source=None)]
    with serving(tmp_path / "a.db", ads, {"compat": compat}) as service:
        assert found(service.get(ADS)) == "25"
        assert found(service.get(ADS, {"source": "FINN"})) == ""
        assert found(service.get(ADS, {"uuid": uuid_of(1)})) == ""


# 8. Filters

FILTERS = [
    # query, strict, sane
    ("municipal=", "123", "123"),
    ("municipal=!", "123", "123"),
    ("municipal=%20", "123", "123"),
    ("municipal=,", "123", "123"),
    ("municipal=BERGEN", "1", "1"),
    ("municipal=bergen", "1", "1"),
    ("municipal=v%C3%A5ler", "23", "23"),
    ("municipal=BERGEN,Hamar", "13", "13"),
    ("municipal=%20BERGEN%20,%20,HAMAR", "13", "13"),
    ("municipal=!BERGEN", "1", "23"),
    ("municipal=!BERGEN,HAMAR", "13", "2"),
    ("municipal=%20!BERGEN", "", ""),
    ("municipal=BERG", "", ""),
    ("municipal=BERG*", "", ""),
    ("municipal=4601", "", "1"),  # numbers, which people expected
    ("municipal=0301,4601", "", "1"),
    ("municipal=!4601", "", "23"),
    ("municipal=3419", "", "23"),  # two municipalities are called Våler
    ("municipal=9999", "", ""),
    ("municipalities=4601", "123", "123"),
    ("county=INNLANDET", "23", "23"),
    ("county=!INNLANDET", "23", "1"),
    ("county=innlandet&municipal=V%C3%A5ler", "2", "2"),
    ("county=VESTLAND&municipal=OSLO", "", ""),
    ("county=!VESTLAND&municipal=V%C3%85LER", "", "23"),
    (f"uuid={uuid_of(1)}", "1", "1"),
    (f"uuid={uuid_of(1)},{uuid_of(2)}", "", "12"),
    (f"uuid={uuid_of(1)},{uuid_of(1)}", "1", "1"),
    (f"uuid=!{uuid_of(1)}", "23", "23"),
    (f"uuid=!{uuid_of(1)},{uuid_of(2)}", "3", "3"),
    (f"uuid={uuid_of(10).upper()}", "", ""),
    ("source=AMEDIA", "1", "1"),
    ("source=amedia", "", ""),
    ("source=AMEDIA,IMPORTAPI", "", "123"),
    ("source=!AMEDIA", "23", "23"),
    ("source=!AMEDIA,IMPORTAPI", "", ""),
    ("orgnr=300000027", "2", "2"),
    ("orgnr=!300000027", "13", "13"),
    ("orgnr=300000027,300000019", "", "123"),
    ("category=Utvikling", "1", "1"),
    ("category=utviklinger", "1", "1"),
    ("category=IT", "1", "1"),
    ("category=Helse%20og%20sosial", "2", "2"),
    ("category=sosial%20sykepleier", "2", "2"),
    ("category=sykepleier", "2", "2"),
    ("category=og", "", ""),
    ("category=Utvikling,IT", "1", "1"),
    ("category=Utvikling,Helse", "", ""),
    ("category=!Utvikling", "1", "23"),
    ("category=!Utvikling,Helse", "", "3"),
    ("category=systemutvikler", "3", "3"),
    ("category=Nattsykepleier", "", ""),  # a job title
    ("municipal=BERGEN&source=IMPORTAPI", "", ""),
    ("city=BERGEN&extent=Deltid&title=x", "123", "123"),
]


@pytest.mark.parametrize(("query", "strict", "sane"), FILTERS)
def test_8_filters(services: dict[Compat, Service], query: str, strict: str, sane: str) -> None:
    assert found(services[Compat.STRICT].get(f"{ADS}?{query}")) == strict
    assert found(services[Compat.SANE].get(f"{ADS}?{query}")) == sane


def test_8_every_municipality_has_its_number() -> None:
    assert listed_names("5501") == ("TROMSØ",)
    assert listed_names("1818") == ("HERØY (NORDLAND)", "HERØY")
    assert listed_names("0000") == ()


DATES = [
    ("2026-11-20", "1"),
    ("2026-11-11", ""),
    ("2026-11-10", "23"),  # a UTC day: what Oslo publishes at midnight falls on the day before
    ("2026-11-10T23:00:00", "23"),
    ("2026-11-10T23:00:00Z", "23"),
    ("2026-11-11T00:00:00%2B01:00", "23"),
    ("2026-11-10T23:00", "23"),
    ("2026-11-10T23:00:00.000", "23"),
    ("2026-11-10T23:00:00.5", ""),
    ("2026-11-20%2B02:00", "1"),
    ("[2026-11-10,2026-11-20]", "123"),
    ("(2026-11-10,2026-11-20]", "1"),
    ("[2026-11-10,2026-11-20)", "23"),
    ("(2026-11-10,2026-11-20)", ""),
    ("[2026-11-10T23:00:00,2026-11-20T11:00:00)", "23"),
    ("(2026-11-10T23:00:00,2026-11-20T11:00:00]", "1"),
    ("[*,2026-11-20)", "23"),
    ("[2026-11-20,*]", "1"),
    ("*", "123"),
    ("[*,*)", "123"),
    ("", "123"),
    ("[%202026-11-10%20,%202030-12-31T00:00:00%20]", "123"),
    ("[2026-11-20,2026-11-10]", ""),
    ("[0001-01-01,9999-12-31]", "123"),
    ("[0001-01-01T00:00:00%2B14:00,9999-12-31T23:59:59-14:00]", "123"),
    ("(9999-12-31,*]", ""),
]


@pytest.mark.parametrize(("value", "expected"), DATES)
@BOTH
def test_8_dates(
    services: dict[Compat, Service], value: str, expected: str, compat: Compat
) -> None:
    assert found(services[compat].get(f"{ADS}?published={value}")) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("12.06.2019", "2019-6-1", "20190612", "2019-W24-3", "2019-163", "2019-13-01", "Today"),
        *(" 2019-06-12", "2019-06-12 ", "2019-06-12 23:00:00", "[2019-06-01", "[2019-06-01,]"),
        *("2019-06-12T23:00:00 02:00", "NOW", "2019-02-30", "2019-06-12T24:00:00", "[now]", "x"),
        *("2019-06-12T23", "2019-06-12T23:00.5", "[2019-06-01,2019-06-02", "[a,b]", "٢٠١٩-06-12"),
        *("[2019-06-01,2019-06-02,2019-06-03]", "[" * 3_000, "2019-06-12T23:00+01:00[Europe/Oslo]"),
    ],
)
@pytest.mark.parametrize("name", ["published", "updated"])
@BOTH
def test_8_no_date(services: dict[Compat, Service], value: str, name: str, compat: Compat) -> None:
    answer = services[compat].get(ADS, {name: value})
    assert answer.status in ((400, 414) if len(value) > 99 else (400,))
    if answer.status == 400:
        assert answer.text == "Date is badly formatted"
        assert answer.headers["content-type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize(
    ("value", "at", "expected"),
    [
        ("today", "2026-11-20T22:30:00Z", "1"),
        ("today", "2026-11-20T23:30:00Z", ""),  # in Oslo it is the 21st
        ("yesterday", "2026-11-20T23:30:00Z", "1"),
        ("tomorrow", "2026-11-19T12:00:00Z", "1"),
        ("[*,now]", "2026-11-20T09:59:00Z", "23"),  # Oslo's clock shows 10:59, the ad says 11:00
        ("[*,now]", "2026-11-20T10:00:00Z", "123"),
        ("[now,tomorrow]", "2026-11-20T10:00:00Z", "1"),
        ("(now,tomorrow]", "2026-11-20T10:00:00Z", ""),
    ],
)
@BOTH
def test_8_words_for_dates(
    tmp_path: Path, value: str, at: str, expected: str, compat: Compat
) -> None:
    options = {"compat": compat, "max_age": None}
    with serving(tmp_path / "a.db", VARIED, options) as service:
        service.now = datetime.fromisoformat(at)
        assert found(service.get(ADS, {"published": value})) == expected


@BOTH
def test_8_updated(services: dict[Compat, Service], compat: Compat) -> None:
    assert found(services[compat].get(ADS, {"updated": "2026-11-20"})) == "1"
    both = {"updated": "[2026-11-01,*]", "published": "2026-11-10"}
    assert found(services[compat].get(ADS, both)) == "23"


# 9. Errors, and 10. what a drop-in should do


@BOTH
def test_10_old_ads_are_not_served(tmp_path: Path, compat: Compat) -> None:
    options = {"compat": compat, "max_age": timedelta(minutes=15)}
    with serving(tmp_path / "a.db", [ad(1)], options) as service:
        service.pass_time(timedelta(minutes=15))
        fresh = service.get(ADS)
        assert fresh.status == 200
        assert fresh.headers["x-navfeed-feed-time"] == "2026-11-21T12:00:00Z"
        assert fresh.headers["x-navfeed-age"] == "900"
        service.pass_time(timedelta(seconds=1))
        stale = service.get(ADS)
        assert stale.status == 503
        assert stale.headers["retry-after"] == "60"
        assert stale.headers["cache-control"] == "no-store"
        assert uuid_of(1).encode() not in stale.body
        assert service.get(ADS, If_None_Match=fresh.headers["etag"]).status == 503


def test_10_a_page_of_a_named_origin_may_ask(tmp_path: Path) -> None:
    for compat in Compat:
        options = {"compat": compat, "origins": ("https://jobs.example",)}
        with serving(tmp_path / f"{compat}.db", [ad(1)], options) as service:
            answer = service.get(ADS, Origin="https://jobs.example")
            assert answer.headers["access-control-allow-origin"] == "https://jobs.example"
            preflight = service.request("OPTIONS", ADS, {"Origin": "https://jobs.example"})
            assert preflight.status == 204
