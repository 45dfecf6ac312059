"""Bytes to model: what is kept, what is refused, and what is kept to the letter."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navfeed.errors import ContractError
from navfeed.model import (
    Category,
    Contact,
    Detail,
    Entry,
    Location,
    Occupation,
    Status,
    moment_text,
)
from navfeed.practice import Practice, Request, World
from navfeed.wire.detail import read_content, read_detail
from navfeed.wire.page import read_page
from navfeed.wire.token import read_token, token_expiry
from navfeed.wire.values import is_plausible
from support.clock import NOW

AD = "0c12d1b5-41c3-4d5e-9e0b-0d6c9fbd9f0a"
OTHER = "7d0b6a1e-8f0f-4a66-9d5e-2f5f4c1f0a11"
SERVED = datetime(2026, 5, 25, 6, tzinfo=UTC)
WRITTEN = "2026-05-25T07:47:08.935123+02:00"
MOMENT = datetime(2026, 5, 25, 5, 47, 8, 935123, tzinfo=UTC)


def item(ad: str = AD, **changes: Any) -> dict[str, Any]:
    """An item as the feed documents it; `entry` changes its `_feed_entry`."""
    entry = {
        "uuid": ad,
        "status": "ACTIVE",
        "title": "Kokk",
        "businessName": "Kroa",
        "municipal": "BERGEN",
        "sistEndret": WRITTEN,
        **changes.pop("entry", {}),
    }
    return {
        "id": ad,
        "url": f"/api/v1/feedentry/{ad}",
        "title": "Kokk",
        "content_text": "Stillingsannonse",
        "date_modified": "2026-05-25T07:00:00+02:00",
        "_feed_entry": entry,
        **changes,
    }


def page(**changes: Any) -> dict[str, Any]:
    return {
        "version": "1.0",
        "id": OTHER,
        "next_url": f"/api/v1/feed/{AD}",
        "next_id": AD,
        "items": [item()],
        **changes,
    }


def read(value: object) -> Any:
    return read_page(json.dumps(value).encode(), etag="bare", served_at=SERVED)


def entry_of(**changes: Any) -> Entry:
    (entry,) = read(page(items=[item(**changes)])).entries
    return entry


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key != name}


# Pages


def test_a_page_is_read():
    found = read(page(items=[item(), item(OTHER, entry={"status": "INACTIVE"})]))
    assert (found.id, found.next_id, found.is_tip) == (OTHER, AD, False)
    assert (found.etag, found.served_at) == ("bare", SERVED)
    assert found.entries == (
        Entry(AD, Status.ACTIVE, WRITTEN, MOMENT),
        Entry(OTHER, Status.INACTIVE, WRITTEN, MOMENT),
    )


def test_pages_of_the_practice_feed_are_read_to_the_last_entry():
    world = World.history(3, now=NOW, entries=300)
    practice = Practice(world, page_size=1_000)
    token = {"authorization": f"Bearer {practice.token}"}
    answer = practice.answer(Request("GET", "/api/v1/feed", token))
    found = read_page(answer.body, etag=None, served_at=None)
    assert [(one.ad, one.status.value) for one in found.entries] == [
        (one.ad, one.status) for one in world.entries()[:-1]
    ]


def test_null_and_only_null_is_the_end():
    assert read(page(next_url=None, next_id=None)).is_tip
    assert read(without(page(next_url=None), "next_id")).is_tip
    with pytest.raises(ContractError, match="next_url: field required"):
        read(without(page(), "next_url"))
    with pytest.raises(ContractError, match="no link to it"):
        read(page(next_url=None))


def test_the_id_of_the_next_page_may_be_left_out():
    assert read(without(page(), "next_id")).next_id == AD


def test_a_link_and_an_id_must_agree():
    with pytest.raises(ContractError, match="disagree"):
        read(page(next_id=OTHER))


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"https://pam-stilling-feed.nav.no/api/v1/feed/{AD}",
        f"//x/api/v1/feed/{AD}",
        f"/api/v1/feed/{AD}/",
        f"/api/v1/feed/{AD}?last",
        f"/api/v1/feed/{AD}\n",
        f"/api/v1/feedentry/{AD}",
        "/api/v1/feed/1234",
        f"/api/v1/feed/../feed/{AD}",
    ],
)
def test_a_link_leads_to_a_page_of_this_feed_or_nowhere(url):
    with pytest.raises(ContractError, match="next_url does not lead"):
        read(without(page(next_url=url), "next_id"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": "1234"}, "page id that is not a uuid"),
        ({"id": None}, "id: input should be a valid string"),
        ({"items": None}, "items: input should be a valid list"),
        ({"items": []}, "items: list should have at least 1 item"),
        ({"items": [None]}, r"items\.0: input should be a valid dictionary"),
        ({"items": [item(), item(id=1)]}, r"items\.1\.id: input should be a valid string"),
        ({"items": [item(id="1234")]}, "item id that is not a uuid"),
        ({"items": [item(entry={"uuid": "x"})]}, "entry uuid that is not a uuid"),
        ({"items": [item(entry={"uuid": OTHER})]}, "two different ads"),
        ({"items": [item(url=f"/api/v1/feedentry/{OTHER}")]}, "does not lead"),
        ({"items": [item(url="https://x.example/")]}, "does not lead"),
        ({"items": [item(url=f"//x/api/v1/feedentry/{AD}")]}, "does not lead"),
        ({"items": [item(url=f"/api/v1/feedentry/{AD}?x")]}, "does not lead"),
        ({"items": [without(item(), "_feed_entry")]}, r"items\.0\._feed_entry: field required"),
    ],
)
def test_one_wrong_part_refuses_the_whole_page(changes, problem):
    with pytest.raises(ContractError, match=problem):
        read(page(**changes))


@pytest.mark.parametrize("body", [b"", b"x", b"[", b'{"id":}', b"NaN", b"[NaN]", b"\xef\xbb\xbf{}"])
def test_what_is_no_json_is_no_page(body):
    with pytest.raises(ContractError, match="it is not JSON"):
        read_page(body, etag=None, served_at=None)


def test_what_is_not_utf8_is_no_page():
    with pytest.raises(ContractError, match="not UTF-8"):
        read_page(b'{"id":"\xe5"}', etag=None, served_at=None)


def test_depths_that_no_parser_reaches_are_no_page():
    with pytest.raises(ContractError, match="it is not JSON"):
        read_page(b"[" * 100_000 + b"]" * 100_000, etag=None, served_at=None)


@pytest.mark.parametrize("value", [None, [], "x", 1, {"error": "x"}])
def test_what_is_no_page_is_reported_without_its_words(value):
    with pytest.raises(ContractError, match="invalid page") as caught:
        read(value)
    assert "'x'" not in str(caught.value)


def test_an_item_may_have_no_url():
    assert entry_of(url=None).ad == AD
    (entry,) = read(page(items=[without(item(), "url")])).entries
    assert entry.ad == AD


def test_uuids_have_one_form():
    found = read(
        page(
            id=OTHER.upper(),
            next_url=f"/api/v1/feed/{AD.upper()}",
            next_id=AD.upper(),
            items=[item(AD.upper(), url=f"/api/v1/feedentry/{AD.upper()}")],
        )
    )
    assert (found.id, found.next_id, found.entries[0].ad) == (OTHER, AD, AD)


@pytest.mark.parametrize("status", ["active", "PAUSED", "", None, 1, True, ["ACTIVE"], "ACTIVE "])
def test_an_unknown_status_is_not_ACTIVE(status):
    assert entry_of(entry={"status": status}).status is Status.INACTIVE


def test_withdrawn_is_recognised_by_dots_and_no_business():
    def withdrawn(**entry: Any) -> bool:
        return entry_of(entry={"status": "INACTIVE", **entry}).withdrawn

    assert withdrawn(title="...", businessName="")
    assert withdrawn(title="...", businessName=None)
    assert not withdrawn(title="...", businessName="Kroa")
    assert not withdrawn(title="Kokk", businessName="")


@pytest.mark.parametrize(
    ("written", "kept", "moment"),
    [
        (WRITTEN, WRITTEN, MOMENT),
        ("2026-05-25T07:47:08", "2026-05-25T07:47:08", datetime(2026, 5, 25, 5, 47, 8, tzinfo=UTC)),
        ("i går", "i går", None),
        (None, "2026-05-25T07:00:00+02:00", datetime(2026, 5, 25, 5, tzinfo=UTC)),
        (20260525, "20260525", datetime(2026, 5, 24, 22, tzinfo=UTC)),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00", None),
        ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-12:00", None),
        ("1999-12-31T12:00:00Z", "1999-12-31T12:00:00Z", None),
        ("2199-12-31T12:00:00Z", "2199-12-31T12:00:00Z", datetime(2199, 12, 31, 12, tzinfo=UTC)),
        ("a\x00\ud800", "a\ufffd\ufffd", None),
    ],
)
def test_when_an_entry_was_written_is_kept_as_text_and_read_where_it_can_be(written, kept, moment):
    entry = entry_of(entry={"sistEndret": written})
    assert (entry.written, entry.moment) == (kept, moment)


def test_an_entry_without_any_date_has_none():
    entry = entry_of(entry={"sistEndret": None}, date_modified=None)
    assert (entry.written, entry.moment) == ("", None)


def test_plausible_is_what_sums_and_zones_cannot_push_over_the_end_of_the_calendar():
    years = (1, 1999, 2000, 2026, 2199, 2200, 9999)
    assert [is_plausible(datetime(year, 1, 1, tzinfo=UTC)) for year in years] == [
        *(False, False, True, True, True, False, False)
    ]


def test_too_many_parts_are_refused_before_they_are_parts():
    for piece in ("{},", "[],", "0,"):
        body = f'{{"items":[{piece * 200_000}0]}}'.encode()
        with pytest.raises(ContractError, match="too many parts"):
            read_page(body, etag=None, served_at=None)
        with pytest.raises(ContractError, match="too many parts"):
            read_detail(body, expected=AD)


def test_a_page_ten_times_as_long_as_NAVs_is_read():
    assert len(read(page(items=[item()] * 10_000)).entries) == 10_000


# Details


def detail(content: str, *, status: str = '"ACTIVE"', name: str = "ad_content") -> Detail:
    body = f'{{"uuid":"{AD}","{name}":{content},"sistEndret":"x","status":{status}}}'
    return read_detail(body.encode(), expected=AD)


def content_of(**fields: Any) -> Any:
    return detail(json.dumps(fields)).content


def test_details_are_read():
    found = content_of(
        uuid=AD,
        published="2026-05-25T07:47:08.935123+02:00",
        expires="2026-11-21T00:00:00",
        updated="2026-05-25T08:06:08.355+02:00",
        workLocations=[
            {
                "country": "NORGE",
                "address": "Torget 1",
                "city": "Bergen",
                "postalCode": "5003",
                "county": "VESTLAND",
                "municipal": "BERGEN",
            },
            {},
        ],
        contactList=[
            {"name": "Kari", "email": "k@x.no", "phone": "1", "role": "Leder", "title": "Sjef"}
        ],
        title="Kokk",
        description="<p>Mat</p>",
        sourceurl="https://x.no/1",
        source="IMPORTAPI",
        applicationUrl="https://x.no/2",
        applicationDue="Snarest",
        occupationCategories=[{"level1": "Reiseliv", "level2": "Kokk"}],
        categoryList=[
            {
                "categoryType": "STYRK08",
                "code": "5120",
                "name": "Kokker",
                "description": "De koker",
                "score": 0.5,
            }
        ],
        jobtitle="Kjøkkensjef",
        link="https://y.no",
        employer={"name": "Kroa", "orgnr": "9", "description": "Ei kro", "homepage": "x.no"},
        engagementtype="Fast",
        extent="Heltid",
        starttime="nå",
        positioncount="2",
        sector="Privat",
    )
    assert tuple(map(moment_text, (found.published, found.expires, found.updated))) == (
        "2026-05-25T05:47:08Z",
        "2026-11-20T23:00:00Z",
        "2026-05-25T06:06:08Z",
    )
    assert found.last_day == date(2026, 11, 21)
    assert found.locations == (
        Location("NORGE", "Torget 1", "Bergen", "5003", "VESTLAND", "BERGEN", "4601"),
        Location(None, None, None, None, None, None),
    )
    assert found.contacts == (Contact("Kari", "k@x.no", "1", "Leder", "Sjef"),)
    assert found.occupations == (Occupation("Reiseliv", "Kokk"),)
    assert found.categories == (Category("STYRK08", "5120", "Kokker", "De koker", 0.5),)
    assert (found.title, found.job_title, found.description) == (
        "Kokk",
        "Kjøkkensjef",
        "<p>Mat</p>",
    )
    assert (found.source, found.source_url) == ("IMPORTAPI", "https://x.no/1")
    assert (found.application_url, found.application_due) == ("https://x.no/2", "Snarest")
    assert (found.employer, found.employer_orgnr) == ("Kroa", "9")
    assert (found.employer_description, found.employer_homepage) == ("Ei kro", "x.no")
    assert (found.engagement_type, found.extent, found.start_time) == ("Fast", "Heltid", "nå")
    assert (found.positions, found.sector, found.link) == ("2", "Privat", "https://y.no")


def test_an_inactive_ad_has_no_content_whatever_came():
    for status in ('"INACTIVE"', '"PAUSED"', '"active"', '""'):
        assert detail('{"title":"Kokk"}', status=status) == Detail(AD, Status.INACTIVE, None)
    body = f'{{"uuid":"{AD}","sistEndret":"x","status":"INACTIVE"}}'.encode()
    assert read_detail(body, expected=AD).content is None


def test_content_is_found_under_either_name():
    assert detail('{"title":"Kokk"}', name="json").content.title == "Kokk"
    body = f'{{"uuid":"{AD}","ad_content":null,"json":{{"title":"Kokk"}},"status":"ACTIVE"}}'
    assert read_detail(body.encode(), expected=AD).content.raw == '{"title":"Kokk"}'


@pytest.mark.parametrize("content", ["null", "[]", '"x"', "1", "true"])
def test_an_active_ad_may_come_without_content(content):
    assert detail(content) == Detail(AD, Status.ACTIVE, None)


def test_an_active_ad_may_come_without_a_word_of_content():
    body = f'{{"uuid":"{AD}","sistEndret":"x","status":"ACTIVE"}}'.encode()
    assert read_detail(body, expected=AD) == Detail(AD, Status.ACTIVE, None)


@pytest.mark.parametrize("status", ["null", "1", "true", '["ACTIVE"]', "{}"])
def test_details_without_a_status_are_refused(status):
    with pytest.raises(ContractError, match="without the status"):
        detail("{}", status=status)


def test_another_ad_is_not_the_one_requested():
    with pytest.raises(ContractError, match=f"request for ad {OTHER}"):
        read_detail(f'{{"uuid":"{AD}","status":"INACTIVE"}}'.encode(), expected=OTHER)


@pytest.mark.parametrize("uuid", ["null", "1", '"1234"', "[" * 400 + "]" * 400, '"\\ud800"'])
def test_details_of_no_ad_are_refused(uuid):
    with pytest.raises(ContractError, match="not a uuid"):
        read_detail(f'{{"uuid":{uuid},"status":"ACTIVE"}}'.encode(), expected=AD)


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "[]",
        "{",
        "}",
        "{,}",
        '{"a"}',
        '{"a":}',
        '{"a":1',
        '{"a":1,',
        '{"a":1,}',
        '{"a":1 "b":2}',
        '{"a":1;"b":2}',
        "{a:1}",
        "{'a':1}",
        '{"a":1}}',
        '{"a":1} x',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
        '{"a":"\t"}',
        '{"\n":1}',
        '{"a":01}',
        '{"a":1.}',
        '{"a":"\\x"}',
        '\ufeff{"a":1}',
    ],
)
def test_what_is_no_object_is_no_detail(body):
    with pytest.raises(ContractError, match="not a JSON object"):
        read_detail(body.encode(), expected=AD)


def test_an_object_is_split_whatever_white_space_stands_in_it():
    body = f' \t{{\r\n "uuid" : "{AD}" ,\n"status":\t"ACTIVE", "ad_content" : {{ "a" : 1 }} \n}} \n'
    assert read_detail(body.encode(), expected=AD).content.raw == '{ "a" : 1 }'


def test_an_empty_object_has_no_uuid():
    for body in (b"{}", b" { } "):
        with pytest.raises(ContractError, match="not a uuid"):
            read_detail(body, expected=AD)


def test_the_last_of_two_equal_names_counts():
    body = f'{{"status":"INACTIVE","uuid":"{AD}","status":"ACTIVE","ad_content":{{}}}}'
    assert read_detail(body.encode(), expected=AD).status is Status.ACTIVE


def test_levels_are_limited_and_brackets_in_texts_are_none():
    assert detail('{"x":' + "[" * 99 + "]" * 99 + "}").content is not None
    with pytest.raises(ContractError, match="more levels"):
        detail('{"x":' + "[" * 100 + "]" * 100 + "}")
    assert detail('{"x":"' + "[{" * 500 + '\\"[","y":{}}').content is not None
    assert detail('{"x":[' + "[]," * 500 + "0]}").content is not None
    with pytest.raises(ContractError, match="more levels"):
        detail('{"x":"\\\\",' + '"y":{' * 101 + '"z":"]}"' + "}" * 101 + "}")


# To the letter

LETTERS = [
    "{}",
    '{"a":1.0,"b":1e2,"c":1E+2,"d":-0,"e":0.10,"f":1e999,"g":123456789012345678901234567890}',
    '{"z":1,"a":2,"z":3}',
    '{"title":"\\u00e5\\u00C5\\/\\"\\ud83d\\ude00 å"}',
    '{ "title" :\n[ ] }',
    '{"title":"\\ud800\\u0000"}',
    '{"n":' + "9" * 5_000 + "}",
    '{"\\u0074itle":"\u2028"}',
]


@pytest.mark.parametrize("raw", LETTERS)
def test_content_is_kept_to_the_letter(raw):
    assert detail(raw).content.raw == raw


SPACE = st.text(" \t\r\n", max_size=2)
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
)
PLAIN = st.characters(min_codepoint=32, exclude_characters='"\\', exclude_categories=("Cs",))
ESCAPES = st.one_of(
    st.sampled_from(["\\" + one for one in '"\\/bfnrt']),
    st.integers(0, 0xFFFF).map("\\u{:04x}".format),
    st.integers(0, 0xFFFF).map("\\u{:04X}".format),
)
STRINGS = st.lists(st.one_of(PLAIN, ESCAPES), max_size=8).map(lambda parts: f'"{"".join(parts)}"')
FIELDS = ("title", "expires", "employer", "workLocations", "categoryList", "score", "positioncount")
NAMES = st.one_of(STRINGS, st.sampled_from([f'"{name}"' for name in FIELDS]))


def lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(st.builds("{}{}{}".format, SPACE, values, SPACE), max_size=4)
    return parts.map(lambda each: f"[{','.join(each)}]")


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.builds("{}{}{}:{}{}{}".format, SPACE, NAMES, SPACE, SPACE, values, SPACE)
    return st.lists(member, max_size=4).map(lambda members: f"{{{','.join(members)}}}")


LITERALS = st.sampled_from(["null", "true", "false"])
JSON_TEXT = st.recursive(
    st.one_of(LITERALS, NUMBERS, STRINGS), lambda values: lists(values) | objects(values)
)
OBJECT_TEXT = objects(JSON_TEXT)


@given(OBJECT_TEXT, SPACE, SPACE)
def test_any_content_is_kept_to_the_letter_and_read_the_same_again(raw, before, after):
    found = detail(before + raw + after).content
    assert found.raw == raw
    assert read_content(raw) == found


# Columns


@pytest.mark.parametrize(
    ("served", "column"),
    [
        ("Kokk", "Kokk"),
        ("", ""),
        (None, None),
        (True, None),
        ([], None),
        ({}, None),
        (7, "7"),
        (1.5, "1.5"),
        ("a\x00b\ud800c", "a\ufffdb\ufffdc"),
    ],
)
def test_columns_are_text_that_can_be_stored(served, column):
    assert content_of(title=served, positioncount=served).title == column


def test_a_number_beyond_all_bounds_is_kept_in_the_raw_content_alone():
    found = detail('{"positioncount":' + "9" * 5_000 + "}").content
    assert found.positions == "inf"
    assert len(found.raw) > 5_000
    assert detail('{"positioncount":' + "9" * 3_999 + "}").content.positions == "9" * 3_999


@pytest.mark.parametrize(
    ("served", "score"),
    [
        ("1", 1.0),
        ("0.25", 0.25),
        ("null", None),
        ("true", None),
        ('"1"', None),
        ("[]", None),
        ("1e999", None),
        ("9" * 400, None),
        ("9" * 5_000, None),
    ],
)
def test_scores_are_finite_numbers(served, score):
    found = detail(f'{{"categoryList":[{{"score":{served}}}]}}').content
    assert found.categories[0].score == score


@pytest.mark.parametrize("served", [None, {}, "x", 1, [None, 1, "x", []]])
def test_what_is_no_list_of_objects_is_an_empty_one(served):
    found = content_of(
        workLocations=served, contactList=served, categoryList=served, occupationCategories=served
    )
    assert (found.locations, found.contacts) == ((), ())
    assert (found.categories, found.occupations) == ((), ())


@pytest.mark.parametrize("served", [None, [], "Kroa", 1])
def test_what_is_no_employer_is_none(served):
    found = content_of(employer=served)
    assert (found.employer, found.employer_orgnr) == (None, None)


@pytest.mark.parametrize(
    ("served", "moment", "day"),
    [
        ("2026-11-21T00:00:00", "2026-11-20T23:00:00Z", date(2026, 11, 21)),
        ("2026-07-01T00:00:00", "2026-06-30T22:00:00Z", date(2026, 7, 1)),
        ("2026-11-21", "2026-11-20T23:00:00Z", date(2026, 11, 21)),
        ("2026-11-21T23:30:00Z", "2026-11-21T23:30:00Z", date(2026, 11, 22)),
        ("2026-11-21T08:00:00.999+01:00", "2026-11-21T07:00:00Z", date(2026, 11, 21)),
        ("9999-12-31T12:00:00Z", "9999-12-31T12:00:00Z", date(9999, 12, 31)),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59-01:00", None, None),
        ("0001-01-01T00:00:00+01:00", None, None),
        ("0900-01-01T00:00:00Z", "0900-01-01T00:00:00Z", date(900, 1, 1)),
        ("21.11.2026", None, None),
        ("Snarest", None, None),
        ("", None, None),
        (None, None, None),
        (20261121, "2026-11-20T23:00:00Z", date(2026, 11, 21)),
    ],
)
def test_dates_are_utc_and_the_last_day_is_Oslo_s(served, moment, day):
    found = content_of(expires=served, published=served, updated=served)
    moments = (found.expires, found.published, found.updated)
    assert tuple(map(moment_text, moments)) == (moment, moment, moment)
    assert found.last_day == day


# Tokens


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b"Current public token for Nav Job Vacancy Feed:\na.b-_9.c", "a.b-_9.c"),
        (b"Setning.\r\n\r\n  a.b.c  \r\n", "a.b.c"),
        (b"a.b.c", "a.b.c"),
        (b"first: a.b.c\nd.e.f\ng.h.i", "d.e.f"),
        (b"Les mer om arbeidsplassen.nav.no her", None),
        (b"a.b", None),
        (b"a.b.c.d", None),
        (b"a..c", None),
        (b"\xe6.b.c", None),
        (b"", None),
    ],
)
def test_the_token_stands_on_a_line_of_its_own(body, token):
    assert read_token(body) == token


def test_a_token_is_looked_for_in_no_time():
    """64 kB of blank lines took a pattern over the whole text half a minute."""
    assert read_token(b"\n" * 65_000 + b"x!") is None


def jwt(claims: bytes) -> str:
    return f"h.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.s"


@pytest.mark.parametrize(
    ("token", "end"),
    [
        (jwt(b'{"exp":1764000000}'), datetime(2025, 11, 24, 16, tzinfo=UTC)),
        (jwt(b'{"exp":1764000000.5}'), datetime(2025, 11, 24, 16, 0, 0, 500_000, tzinfo=UTC)),
        (jwt(b"{}"), None),
        (jwt(b'{"exp":null}'), None),
        (jwt(b'{"exp":"1764000000"}'), None),
        (jwt(b'{"exp":1e400}'), None),
        (jwt(b'{"exp":NaN}'), None),
        (jwt(b'{"exp":99999999999999}'), None),
        (jwt(b"[]"), None),
        (jwt(b"[" * 40_000), None),
        (jwt(b"\xff\xfe"), None),
        ("h.!.s", None),
        ("h.\u00e6.s", None),
        ("nothing", None),
        ("", None),
    ],
    ids=range(15),
)
def test_the_end_of_a_token_is_its_exp_where_that_can_be_read(token, end):
    assert token_expiry(token) == end
