"""faults.md, Payload: one test or more for each row, over real sockets."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

import pytest

from navfeed.errors import ExitCode
from navfeed.model import Reason
from navfeed.practice import World, faults
from support.clock import NOW
from support.socket_harness import SocketLab

UNKNOWN = "3c1d12c9-7a35-4f0a-8d0a-5e1f1f3a2b11"


# P1

NO_PAGES = {
    "an error": {"error": "noe gikk galt"},
    "an empty object": {},
    "null": None,
    "a list": [],
    "a text": "items",
    "a number": 1,
    "true": True,
    "items null": {"id": UNKNOWN, "next_url": None, "items": None},
    "items an object": {"id": UNKNOWN, "next_url": None, "items": {}},
    "no entry at all": {"id": UNKNOWN, "next_url": None, "items": []},
    "no id": {"next_url": None, "items": []},
}


@pytest.mark.parametrize(("kind", "name"), [*zip(cycle(["page", "seek"]), NO_PAGES, strict=False)])
def test_P1_what_is_no_page_is_a_contract_failure_and_not_the_end_of_the_feed(
    socket_lab, kind, name
):
    assert "invalid page" in socket_lab.stops_at(kind, faults.content(NO_PAGES[name]))


@pytest.mark.parametrize("field", ["items", "id"])
def test_P1_a_page_without_a_field_it_must_have(socket_lab, field):
    message = socket_lab.stops_at("page", faults.without(field))
    assert f"{field}: field required" in message


@pytest.mark.parametrize("body", [b"not json", b'{"id":', b"\xff\xfe{}", b"[" * 10, b"\x00"])
def test_P1_what_is_no_json(socket_lab, body):
    assert "the feed sent" in socket_lab.stops_at("page", faults.body(body))


def test_P1_a_page_of_another_name_is_not_the_page_requested(socket_lab):
    message = socket_lab.stops_at("page", faults.with_field("id", UNKNOWN))
    assert "answered with another page" in message


def test_P1_what_is_no_detail_keeps_the_ad_queued(socket_lab):
    socket_lab.leaves_out_each({name: faults.content(value) for name, value in NO_PAGES.items()})


def test_P1_a_public_token_without_a_token(socket_lab):
    message = socket_lab.stops_at("token", faults.body("Det offentlige tokenet er for tiden borte"))
    assert "with no token" in message
    assert "borte" not in message


# P2


@pytest.mark.parametrize("kind", ["seek", "page"])
def test_P2_a_missing_next_url_is_a_contract_failure(socket_lab, kind):
    message = socket_lab.stops_at(kind, faults.without("next_url"))
    assert "next_url: field required" in message


def test_P2_a_next_page_without_a_link_is_a_contract_failure(socket_lab):
    socket_lab.stops_at("page", faults.next_url(None))


@pytest.mark.parametrize("value", ["", 0, False, [], {}, "null"])
def test_P2_only_null_ends_the_feed(socket_lab, value):
    socket_lab.stops_at("page", faults.with_field("next_url", value))


def test_P2_the_tip_itself_without_next_url_is_no_tip(socket_lab):
    def forget_null(page: dict[str, Any]) -> None:
        if page["next_url"] is None:
            del page["next_url"]

    socket_lab.spoil("page", faults.edit(forget_null))
    assert socket_lab.sync().exit_code is ExitCode.FEED
    assert socket_lab.rows("SELECT caught_up_at FROM feed") == [(None,)]
    socket_lab.recovers()


# P3


def without_uuid(item: dict[str, Any]) -> None:
    del item["_feed_entry"]["uuid"]


WRONG_ITEMS = {
    "no id": lambda item: item.pop("id"),
    "no entry": lambda item: item.pop("_feed_entry"),
    "no uuid": without_uuid,
    "a bad id": lambda item: item.update(id="1234"),
    "a bad uuid": lambda item: item["_feed_entry"].update(uuid="1234"),
    "a number": lambda item: item.update(id=7),
    "null": lambda item: item.update(id=None),
    "a path": lambda item: item.update(id="../../publicToken"),
    "two ads in one": lambda item: item["_feed_entry"].update(uuid=UNKNOWN),
    "a lone surrogate": lambda item: item.update(id="\ud800" * 36),
}


@pytest.mark.parametrize(("name", "place"), [*zip(WRONG_ITEMS, cycle([0, -1, 1]), strict=False)])
def test_P3_one_item_without_a_good_uuid_refuses_the_whole_page(socket_lab, name, place):
    socket_lab.stops_at("page", faults.edit_item(place, WRONG_ITEMS[name]))


@pytest.mark.parametrize("item", [None, {}])
def test_P3_what_is_no_item_refuses_the_whole_page(socket_lab, item):
    socket_lab.stops_at("page", faults.edit(lambda page: page["items"].append(item)))


STATUSES = ["PAUSED", "active", "", None, 1, True, ["ACTIVE"], {}]


def test_P3_an_unknown_status_counts_as_not_ACTIVE(tmp_path):
    """Each of the stored ads gets a new entry, each with another status that nobody knows."""
    world = World(7, now=NOW)
    ads = [world.publish() for _ in range(len(STATUSES) + 2)]
    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        socket_lab.sync()
        assert set(socket_lab.stored()) == set(ads)
        strange = dict(zip(ads, STATUSES, strict=False))
        before = world.advance(timedelta(minutes=1))
        for ad in strange:
            world.update(ad)

        def disguise(page: dict[str, Any]) -> None:
            for item in page["items"]:
                is_new = datetime.fromisoformat(item["date_modified"]) > before
                if is_new and item["id"] in strange:
                    item["_feed_entry"]["status"] = strange[item["id"]]

        for kind in ("seek", "page"):
            socket_lab.spoil(kind, faults.edit(disguise))
        assert socket_lab.sync().exit_code is ExitCode.DONE
        assert set(socket_lab.stored()) == set(ads[-2:])
        socket_lab.recovers()


def test_P3_an_unknown_status_in_details_counts_as_not_ACTIVE(socket_lab):
    ads = socket_lab.world.active()
    strange = dict(zip(ads, ["PAUSED", "active", "", "ACTIVE ", "\ud800"], strict=False))
    for ad, status in strange.items():
        socket_lab.spoil(faults.on("detail", ad), faults.with_field("status", status))
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert set(socket_lab.stored()) == set(ads) - strange.keys()


def test_P3_details_without_a_status_are_refused_and_stay_queued(socket_lab):
    odd = {str(value): faults.with_field("status", value) for value in (None, 1, [], True)}
    problems = socket_lab.leaves_out_each(odd | {"missing": faults.without("status")})
    assert all("without the status" in problem for problem in problems.values())


def test_P3_uuids_in_capitals_are_the_same_uuids(socket_lab):
    def shout(page: dict[str, Any]) -> None:
        for item in page["items"]:
            item["id"] = item["id"].upper()
            item["_feed_entry"]["uuid"] = item["_feed_entry"]["uuid"].upper()

    socket_lab.spoil("page", faults.edit(shout))
    socket_lab.spoil("detail", faults.edit(lambda ad: ad.update(uuid=ad["uuid"].upper())))
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.is_exact()


# P4


@pytest.mark.parametrize(
    "events",
    [
        ("stop", "reactivate"),
        ("reactivate", "stop"),
        ("update", "update", "stop"),
        ("stop", "reactivate", "stop"),
        ("stop", "stop", "reactivate", "expire", "reactivate"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("stored", [True, False])
def test_P4_the_same_ad_several_times_at_one_moment_is_decided_by_feed_order(
    socket_lab, events, stored
):
    world, ad = socket_lab.world, socket_lab.world.active()[0]
    if stored:
        socket_lab.sync()
    with world.begin() as batch:
        for event in events:
            getattr(batch, event)(ad)
    written = [entry.written for entry in world.entries() if entry.ad == ad]
    assert len(set(written[-len(events) :])) == 1
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.is_exact()
    assert (ad in socket_lab.stored()) == (events[-1] == "reactivate")
    assert socket_lab.requests_of("detail").count(ad) <= 1


def test_P4_an_ad_on_every_line_of_a_page_is_fetched_once(socket_lab):
    ad = socket_lab.world.active()[0]
    for _ in range(9):
        socket_lab.world.update(ad)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.requests_of("detail").count(ad) == 1
    assert socket_lab.is_exact()


# P5

ODD_DATES = {
    "empty": "",
    "words": "i går",
    "impossible": "2026-11-31T12:00:00+01:00",
    "the first year": "0001-01-01T00:00:00",
    "the first moment": "0001-01-01T00:00:00+14:00",
    "the first moment in UTC": "0001-01-01T00:00:00Z",
    "the last moment": "9999-12-31T23:59:59.999999-12:00",
    "the last year": "9999-12-31T23:59:59+00:00",
    "nonsense offset": "2026-11-21T09:00:00+99:99",
    "no offset": "2026-11-21T09:00:00",
    "a day": "2026-11-21",
    "a week": "2026-W47-6",
    "long": "2026-11-21T09:00:00." + "1" * 5_000,
    "null": None,
    "a number": 1772528400,
    "a huge number": 10**300,
    "true": True,
    "a list": ["2026-11-21"],
    "an object": {"year": 2026},
    "NUL": "2026\x00",
    "a surrogate": "2026\ud800",
    "in the future": "2199-01-01T00:00:00+01:00",
    "in the past": "2000-01-01T00:00:00+01:00",
}
MISSING = object()


def date_everything(value: object) -> faults.Distort:
    def change(page: dict[str, Any]) -> None:
        for item in page["items"]:
            for place, name in ((item, "date_modified"), (item["_feed_entry"], "sistEndret")):
                if value is MISSING:
                    del place[name]
                else:
                    place[name] = value

    return faults.edit(change)


@pytest.mark.parametrize("value", [*ODD_DATES.values(), MISSING], ids=[*ODD_DATES, "missing"])
def test_P5_odd_dates_of_entries_never_crash_and_never_decide(socket_lab, value):
    """Every entry has the same nonsense, in three syncs with time and news between them."""
    for kind in ("seek", "page"):
        socket_lab.spoil(kind, date_everything(value))
    for _ in range(3):
        ended = socket_lab.sync()
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert socket_lab.is_exact()
        socket_lab.world.advance(timedelta(minutes=20))
        ads = socket_lab.world.active()
        socket_lab.world.stop(ads[0])
        socket_lab.world.update(ads[1])
        socket_lab.world.reactivate(ads[0])
        socket_lab.world.publish()


@pytest.mark.parametrize(
    "name", ["empty", "the first year", "the last year", "no offset", "in the future", "long"]
)
def test_P5_one_odd_date_does_not_blind_the_look_back(tmp_path, name):
    """The newest entry has it, in a page of its own; then an entry appears before that one."""
    world = World(4, now=NOW)
    for _ in range(4):
        world.publish()
    with SocketLab(tmp_path / "navfeed.db", world) as socket_lab:
        socket_lab.sync()
        late = world.begin()
        late.stop(world.active()[0])
        world.advance(timedelta(minutes=5))
        odd = world.publish()
        socket_lab.spoil(
            lambda request: request.kind in ("seek", "page"),
            faults.edit(lambda page: _date_of(page, odd, ODD_DATES[name])),
        )
        socket_lab.sync()
        world.advance(timedelta(minutes=5))
        late.commit()
        for _ in range(3):
            world.advance(timedelta(minutes=8))
            world.publish()
        assert socket_lab.sync().exit_code is ExitCode.DONE
        assert socket_lab.is_exact()


def _date_of(page: dict[str, Any], ad: str, value: object) -> None:
    for item in page["items"]:
        if item["id"] == ad:
            item["_feed_entry"].pop("sistEndret")
            item.pop("date_modified")
            item["_feed_entry"]["sistEndret"] = value


OVER = ("the first moment in UTC", "in the past")
NAMES = ("published", "expires", "updated", "applicationDue")


def test_P5_odd_dates_of_content_are_kept_as_served(tmp_path):
    """One ad with each of them; only a last day that can be read and is over takes an ad out."""
    world = World(4, now=NOW)
    odd = {name: world.publish() for name in ODD_DATES}
    plain = world.publish()
    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        for name, ad in odd.items():
            socket_lab.spoil(faults.on("detail", ad), date_content(ODD_DATES[name]))
        assert socket_lab.sync().exit_code is ExitCode.DONE
        stored = socket_lab.stored()
        assert stored.keys() == {plain, *odd.values()} - {odd[name] for name in OVER}
        for name, ad in odd.items():
            if ad in stored:
                assert [stored[ad][field] for field in NAMES] == [ODD_DATES[name]] * 4
        columns = socket_lab.rows("SELECT published, updated, expires, last_day FROM ads")
        moments = [text for row in columns for text in row if text is not None]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", text) for text in moments)
        socket_lab.world.advance(timedelta(days=1))
        assert socket_lab.sync().exit_code is ExitCode.DONE


def date_content(value: object) -> faults.Distort:
    return faults.edit(lambda ad: ad["ad_content"].update(dict.fromkeys(NAMES, value)))


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Mon, 01 Jun 2026 09:00:00 +99999999999999999999",
        "Mon, 01 Jun 99999999999999999999 09:00:00 GMT",
        "Mon, 01 Jun 2026 09:00:00 -0000",
        "i dag",
        "",
    ],
)
def test_P5_an_odd_clock_of_the_server_never_crashes(socket_lab, date):
    socket_lab.spoil(lambda request: request.kind != "token", faults.header("Date", date))
    for _ in range(2):
        ended = socket_lab.sync()
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert socket_lab.is_exact()
        socket_lab.world.update(socket_lab.world.active()[0])


# P6


def test_P6_details_of_another_ad_are_refused_and_counted(socket_lab):
    other = socket_lab.world.active()[0]
    message = socket_lab.leaves_out(lambda _: detail_of(socket_lab, other))
    assert "with another ad" in message


def test_P6_details_of_another_ad_do_not_touch_that_ad_or_this_one(socket_lab):
    socket_lab.sync()
    this, other = socket_lab.world.active()[:2]
    before = socket_lab.stored()
    socket_lab.world.update(this)
    socket_lab.world.rewrite_silently(other)
    socket_lab.spoil(faults.on("detail", this), lambda _: detail_of(socket_lab, other))
    assert socket_lab.sync().exit_code is ExitCode.WAITING
    assert socket_lab.stored() == before
    assert socket_lab.queued() == [this]
    assert socket_lab.rows("SELECT attempts FROM queue") == [(1,)]


def detail_of(socket_lab: SocketLab, ad: str) -> Any:
    return socket_lab.practice._detail(ad)


def test_P6_details_of_no_ad_are_refused(socket_lab):
    values = (None, "", 1, [], {}, "1234", "\ud800")
    problems = socket_lab.leaves_out_each(
        {repr(value): faults.with_field("uuid", value) for value in values}
    )
    assert all("not a uuid" in problem for problem in problems.values())


# P7


def test_P7_ACTIVE_without_content_stores_nothing_and_stays_queued(socket_lab):
    hollow = {
        str(value): faults.with_field("ad_content", value) for value in (None, [], "tekst", 1, True)
    }
    problems = socket_lab.leaves_out_each(hollow | {"missing": faults.without("ad_content")})
    assert all("sends no content" in problem for problem in problems.values())


HOLLOW = {
    "missing": faults.without("ad_content"),
    "null": faults.with_field("ad_content", None),
    "no object": faults.with_field("ad_content", []),
}


@pytest.mark.parametrize("hollow", HOLLOW.values(), ids=HOLLOW)
def test_P7_ACTIVE_without_content_hides_what_is_stored_at_once(socket_lab, hollow):
    socket_lab.sync()
    ad = socket_lab.world.active()[0]
    truth = socket_lab.world.truth()
    socket_lab.world.update(ad)
    socket_lab.spoil(faults.on("detail", ad), hollow)
    ended = socket_lab.sync()
    assert ended.exit_code is ExitCode.WAITING
    assert ended.counts.reasons[Reason.WITHHELD] == ended.counts.removed == 1
    assert socket_lab.stored().keys() == truth.keys() - {ad}
    name = truth[ad]["contactList"][0]["name"]
    assert name.encode() not in socket_lab.path.read_bytes()
    assert socket_lab.rows("SELECT ad, reason, attempts FROM queue") == [(ad, "withheld", 1)]
    socket_lab.recovers()


def test_P7_a_withheld_ad_is_requested_with_ever_longer_pauses(socket_lab):
    socket_lab.sync()
    ad = socket_lab.world.active()[0]
    socket_lab.world.update(ad)
    socket_lab.spoil(faults.on("detail", ad), faults.without("ad_content"))
    for _ in range(3):
        assert socket_lab.sync(retry_now=False).exit_code is ExitCode.WAITING
        assert socket_lab.requests_of("detail") == [ad]
    assert socket_lab.sync(retry_now=False).exit_code is ExitCode.WAITING
    assert socket_lab.requests_of("detail") == []
    socket_lab.practice.clear_script()
    socket_lab.world.advance(timedelta(minutes=5))
    assert socket_lab.sync(retry_now=False).exit_code is ExitCode.DONE
    assert socket_lab.is_exact()


def test_P7_a_withheld_ad_that_ends_is_no_longer_requested(socket_lab):
    socket_lab.sync()
    ad = socket_lab.world.active()[0]
    socket_lab.world.update(ad)
    socket_lab.spoil(faults.on("detail", ad), faults.without("ad_content"))
    assert socket_lab.sync().exit_code is ExitCode.WAITING
    socket_lab.world.stop(ad)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.queued() == []


def test_P7_an_ad_that_was_gone_and_is_withheld_waits_like_any_other(socket_lab):
    socket_lab.sync()
    ad = socket_lab.world.active()[0]
    socket_lab.world.vanish(ad)
    socket_lab.recheck()
    socket_lab.world.update(ad)
    socket_lab.spoil(faults.on("detail", ad), faults.without("ad_content"))
    assert socket_lab.sync().exit_code is ExitCode.WAITING
    assert socket_lab.queued() == [ad]
    socket_lab.recovers()


@pytest.mark.parametrize("stored", [True, False])
def test_P7_INACTIVE_with_content_is_INACTIVE(socket_lab, stored):
    ad = socket_lab.world.active()[0]
    name = socket_lab.world.truth()[ad]["contactList"][0]["name"]
    if stored:
        socket_lab.sync()
        assert name.encode() in socket_lab.path.read_bytes()
        socket_lab.world.update(ad)
    socket_lab.spoil(faults.on("detail", ad), faults.with_field("status", "INACTIVE"))
    assert socket_lab.sync().exit_code is ExitCode.DONE
    expected = socket_lab.world.truth()
    del expected[ad]
    assert socket_lab.stored() == expected
    assert socket_lab.rows("SELECT 1 FROM contacts WHERE ad = ?", ad) == []


def test_P7_content_under_the_name_that_NAVs_page_gives_it(socket_lab):
    socket_lab.spoil("detail", faults.edit(lambda ad: ad.update(json=ad.pop("ad_content"))))
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.is_exact()


# P8


def strict(text: str) -> Any:
    """Parse as a parser does that knows no NaN."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse, parse_int=lambda digits: digits)


KEPT = {
    "null for a list": '"workLocations":null,"contactList":null,"categoryList":null',
    "null for everything": ",".join(
        f'"{name}":null'
        for name in ("title", "description", "employer", "expires", "occupationCategories")
    ),
    "lists of nonsense": '"workLocations":[null,1,"x",[],{}],"categoryList":[{"score":"9"}]',
    "text for an object": '"employer":"Bakeriet","contactList":"Kari"',
    "unknown fields": '"nytt":{"a":[1,2,{"b":null}]},"\\u00e6":1',
    "numbers to the letter": '"x":[1.0,1e2,1E+2,-0,0.10,1e999,123456789012345678901234567890]',
    "a huge int": '"positioncount":' + "9" * 5_000,
    "a huge int among scores": '"categoryList":[{"score":' + "9" * 400 + '},{"score":1e999}]',
    "lone surrogates": '"title":"a\\ud800b","contactList":[{"name":"\\udfff"}]',
    "NUL": '"title":"a\\u0000b","description":"\\u0000"',
    "doubled names": '"title":"en","title":"to"',
    "escapes": '"title":"\\u00e5\\/\\"\\n\\t\\ud83d\\ude00"',
    "ninety levels": '"deep":' + faults.nested(90),
    "brackets in a text": '"description":"' + "[{" * 2_000 + '\\"]"',
    "white space": ' "title" :\r\n\t"x" , "link":  null ',
    "booleans for texts": '"title":true,"extent":false,"sector":{}',
}
REFUSED = {
    "NaN": '"x":NaN',
    "Infinity": '"x":-Infinity',
    "a hundred thousand levels": '"x":' + faults.nested(),
    "a thousand levels": '"x":' + faults.nested(990),
    "two hundred levels": '"x":' + faults.nested(200),
    "a raw control character": '"x":"\x01"',
    "a raw NUL": '"x":"\x00"',
    "a bare word": '"x":yes',
    "no value": '"x":',
    "a trailing comma": '"x":1,',
}


def content_of(raw: str) -> faults.Distort:
    return faults.with_raw("ad_content", "{" + raw + "}")


def test_P8_odd_content_is_kept_to_the_letter_and_can_be_read(tmp_path):
    """One ad with each kind of it."""
    world = World(5, now=NOW)
    odd = {name: world.publish() for name in KEPT}
    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        for name, ad in odd.items():
            socket_lab.spoil(faults.on("detail", ad), content_of(KEPT[name]))
        ended = socket_lab.sync()
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        kept = dict(socket_lab.rows("SELECT uuid, content FROM ads"))
        assert kept == {ad: "{" + KEPT[name] + "}" for name, ad in odd.items()}
        for raw in kept.values():
            strict(raw)
        assert socket_lab.rows("PRAGMA integrity_check") == [("ok",)]
        everything_is_text(socket_lab)
        again = socket_lab.sync(recheck_after=timedelta(0))
        assert (again.exit_code, again.counts.changed) == (ExitCode.DONE, 0)
        socket_lab.recheck()
        assert socket_lab.is_exact()


def everything_is_text(socket_lab: SocketLab) -> None:
    """Every text in the store comes back whole: none is cut at a NUL, none is beyond Unicode."""
    connection = sqlite3.connect(socket_lab.path)
    try:
        for table in ("ads", "locations", "occupations", "categories", "contacts"):
            for row in connection.execute(f"SELECT * FROM {table}"):
                for value in row:
                    str(value).encode()
                    assert "\x00" not in str(value)
    finally:
        connection.close()


def test_P8_content_that_is_no_json_is_refused_and_stays_queued(socket_lab):
    socket_lab.leaves_out_each({name: content_of(raw) for name, raw in REFUSED.items()})


ODD_VALUES = {
    "NaN": "NaN",
    "deep": faults.nested(300),
    "deeper": faults.nested(),
    "huge": "9" * 5_000,
    "surrogate": '"\\ud800"',
    "NUL": '"\\u0000"',
    "inf": "1e999",
}


@pytest.mark.parametrize(
    ("name", "field"), [*zip(ODD_VALUES, cycle(["extra", "title", "id"]), strict=False)]
)
def test_P8_an_odd_page_is_kept_or_refused_and_never_crashes(socket_lab, name, field):
    socket_lab.spoil("page", faults.with_raw(field, ODD_VALUES[name]))
    assert socket_lab.sync().exit_code in (ExitCode.DONE, ExitCode.FEED)
    socket_lab.recovers()


@pytest.mark.parametrize("field", ["title", "businessName", "municipal", "sistEndret", "status"])
def test_P8_odd_entries_are_read_and_recognised_again(tmp_path, field):
    """A page whose entries each say something else that is odd."""
    values = [None, [], {}, 10**400, "\ud800", "a\x00b", True, 1.5]
    world = World(5, now=NOW)
    ads = [world.publish() for _ in values]

    def make_odd(page: dict[str, Any]) -> None:
        for item in page["items"]:
            item["_feed_entry"][field] = values[ads.index(item["id"])]

    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        for kind in ("seek", "page"):
            socket_lab.spoil(kind, faults.edit(make_odd))
        assert socket_lab.sync().exit_code is ExitCode.DONE
        again = socket_lab.sync()
        assert (again.exit_code, again.counts.entries) == (ExitCode.DONE, 0)


@pytest.mark.parametrize("field", ["uuid", "extra"])
def test_P8_odd_details_are_kept_or_refused_and_never_crash(tmp_path, field):
    world = World(5, now=NOW)
    odd = {name: world.publish() for name in ODD_VALUES}
    with SocketLab(tmp_path / "navfeed.db", world, page_size=100) as socket_lab:
        for name, ad in odd.items():
            socket_lab.spoil(faults.on("detail", ad), faults.with_raw(field, ODD_VALUES[name]))
        assert socket_lab.sync().exit_code is ExitCode.WAITING
        kept = {"deep", "huge", "surrogate", "NUL", "inf"} if field == "extra" else set()
        assert socket_lab.stored().keys() == {odd[name] for name in kept}
        socket_lab.recheck()
        assert socket_lab.is_exact()


# P9


def hostile(text: str) -> dict[str, Any]:
    return {
        "title": text,
        "jobtitle": text,
        "description": text,
        "source": text,
        "sourceurl": text,
        "applicationUrl": text,
        "applicationDue": text,
        "link": text,
        "extent": text,
        "sector": text,
        "employer": {"name": text, "orgnr": text, "description": text, "homepage": text},
        "workLocations": [{"municipal": text, "county": text, "city": text, "address": text}],
        "contactList": [{"name": text, "email": text, "phone": text, "role": text, "title": text}],
        "categoryList": [{"categoryType": text, "code": text, "name": text, "score": 1}],
        "occupationCategories": [{"level1": text, "level2": text}],
        text: text,
    }


def test_P9_hostile_texts_are_stored_as_data_and_shown_nowhere_by_sync(tmp_path):
    world = World(6, now=NOW)
    plain = world.publish()
    hostiles = [world.publish(content=hostile(text)) for text in faults.HOSTILE_TEXTS]
    with SocketLab(tmp_path / "navfeed.db", world) as socket_lab:
        run = socket_lab.command("--format", "json")
        assert run.code == ExitCode.DONE
        assert (run.out + run.err).replace("\n", "").isprintable()
        assert socket_lab.is_exact()
        assert set(socket_lab.stored()) == {plain, *hostiles}
        expected = {text.replace("\x00", "\ufffd") for text in faults.HOSTILE_TEXTS}
        for table, column in (
            ("ads", "title"),
            ("ads", "employer"),
            ("locations", "municipal"),
            ("contacts", "phone"),
            ("categories", "code"),
            ("occupations", "level1"),
        ):
            found = {text for (text,) in socket_lab.rows(f"SELECT {column} FROM {table}")}
            assert expected <= found
        for ad in hostiles:
            world.stop(ad)
        socket_lab.recovers()


@pytest.mark.parametrize("text", faults.HOSTILE_TEXTS, ids=range(len(faults.HOSTILE_TEXTS)))
def test_P9_hostile_texts_in_the_place_of_answers_are_not_repeated_in_messages(socket_lab, text):
    """What cannot be used is reported by its kind and size, never by its words."""
    for kind, distortion in (
        ("token", faults.body(text)),
        ("seek", faults.content({"id": text, "next_url": text, "items": [text]})),
        ("page", faults.edit_item(0, lambda item: item.update(url=text))),
    ):
        socket_lab.practice.clear_script()
        socket_lab.spoil(kind, distortion)
        ended = socket_lab.sync()
        assert ended.exit_code is ExitCode.FEED
        assert ended.outcome.isprintable()
        assert text[:12] not in ended.outcome


@pytest.mark.parametrize("kind", ["text/\x9b31mplain", "x" * 3_000, "[bold]/[/bold]", "a b/c"])
def test_P9_a_hostile_content_type_is_not_repeated(socket_lab, kind):
    message = socket_lab.stops_at("seek", faults.status(204, b"", kind))
    assert kind not in message
    assert len(message) < 300
