"""faults.md: rules pick requests, distortions spoil the answers."""

import json
import threading

import pytest

from navfeed.practice import Answer, Request, faults
from navfeed.practice.dates import http_date


@pytest.fixture
def ads(publish):
    return publish(9)


@pytest.fixture
def first(reader, ads):
    """The first page, as it should be."""
    del ads
    return reader.get("/api/v1/feed").json()


def test_requests_are_recorded_in_order(practice, reader, first, ads):
    practice.forget_requests()
    reader.page(first["id"], accept_encoding="gzip")
    reader.detail(ads[0])
    practice.answer(Request("GET", "/api/publicToken"))
    reader.get("/api/v1/feed?last")
    requests = practice.requests
    assert [request.kind for request in requests] == ["page", "detail", "token", "seek"]
    assert requests[0].target == first["feed_url"]
    assert requests[0].headers["accept-encoding"] == "gzip"
    assert requests[1].ident == ads[0]
    assert requests[3].method == "GET"


def test_requests_are_recorded_from_many_threads(practice, reader):
    threads = [
        threading.Thread(target=lambda: [reader.get("/x") for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(practice.requests) == 200


def test_every_answer_carries_the_world_s_date(reader, world, ads):
    for target in ("/api/v1/feed", f"/api/v1/feedentry/{ads[0]}", "/api/publicToken", "/nowhere"):
        assert reader.get(target).header("Date") == http_date(world.now)


@pytest.mark.usefixtures("first")
def test_a_rule_applies_so_many_times_after_so_many(practice, reader):
    rule = practice.script(faults.on("seek"), faults.status(503), times=2, skip=1)
    assert [reader.get("/api/v1/feed").status for _ in range(5)] == [200, 503, 503, 200, 200]
    assert rule.used == 2


@pytest.mark.usefixtures("first")
def test_a_rule_may_apply_for_good_and_be_cleared(practice, reader):
    practice.script(faults.anything, faults.status(500), times=None)
    assert {reader.get("/api/v1/feed").status for _ in range(5)} == {500}
    practice.clear_script()
    assert reader.get("/api/v1/feed").status == 200


@pytest.mark.usefixtures("first")
def test_rules_take_turns(practice, reader):
    practice.script(faults.on("seek"), faults.status(502))
    practice.script(faults.on("seek"), faults.status(504))
    assert [reader.get("/api/v1/feed").status for _ in range(3)] == [502, 504, 200]


def test_a_rule_may_pick_a_kind_an_id_or_what_it_likes(practice, reader, ads, first):
    practice.script(faults.on("detail", ads[1]), faults.status(410))
    practice.script(faults.on("page", first["next_id"]), faults.status(404))
    practice.script(lambda request: "pageSize" in request.query, faults.status(429))
    assert [reader.detail(ad).status for ad in ads[:3]] == [200, 410, 200]
    assert reader.get(first["feed_url"]).status == 200
    assert reader.get(first["next_url"]).status == 404
    assert reader.get("/api/v1/feed?pageSize=2").status == 429


@pytest.mark.usefixtures("first")
def test_a_rule_may_look_at_the_requests_before_it(practice, reader):
    practice.script(lambda _: len(practice.requests) > 2, faults.status(500))
    assert [reader.get("/api/v1/feed").status for _ in range(3)] == [200, 500, 200]


def spoilt(practice, reader, distort):
    practice.script(faults.on("seek"), distort)
    return reader.get("/api/v1/feed", accept_encoding="gzip, deflate")


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("when", ["7", "Mon, 01 Jun 2026 09:00:07 GMT"])
def test_a_retry_after_is_in_seconds_or_a_date(practice, reader, when):
    busy = faults.then(faults.status(503), faults.retry_after(when))
    answer = spoilt(practice, reader, busy)
    assert (answer.status, answer.header("Retry-After")) == (503, when)


@pytest.mark.usefixtures("first")
def test_answers_that_are_no_pages(practice, reader):
    portal = spoilt(practice, reader, faults.captive_portal)
    assert (portal.status, portal.header("Content-Type")) == (200, "text/html")
    elsewhere = spoilt(practice, reader, faults.redirect("https://login.example/", 307))
    assert (elsewhere.status, elsewhere.header("Location")) == (307, "https://login.example/")
    unasked = spoilt(practice, reader, faults.not_modified)
    assert (unasked.status, unasked.body) == (304, b"")
    for code in (204, 206):
        assert spoilt(practice, reader, faults.status(code)).status == code
    empty = spoilt(practice, reader, faults.body(""))
    assert (empty.status, empty.body) == (200, b"")
    assert empty.header("ETag")


def seen(practice, reader, distort):
    practice.script(faults.on("seek"), distort)
    return reader.get("/api/v1/feed").json()


def test_bodies_that_are_no_pages(practice, reader, first):
    assert seen(practice, reader, faults.content(None)) is None
    assert seen(practice, reader, faults.content([])) == []
    assert seen(practice, reader, faults.content({"error": "nei"})) == {"error": "nei"}
    assert "items" not in seen(practice, reader, faults.without("items"))
    assert "next_url" not in seen(practice, reader, faults.without("next_url"))
    assert seen(practice, reader, faults.with_field("extra", 1)) == {**first, "extra": 1}


@pytest.mark.usefixtures("first")
def test_items_and_entries_can_be_spoilt_one_by_one(practice, reader):
    page = seen(
        practice,
        reader,
        faults.then(
            faults.edit_item(0, lambda item: item.pop("id")),
            faults.edit_entry(1, lambda entry: entry.update(status="SLETTET")),
            faults.edit_item(-1, lambda item: item.update(url="//elsewhere.example/x")),
        ),
    )
    assert "id" not in page["items"][0]
    assert page["items"][1]["_feed_entry"]["status"] == "SLETTET"
    assert page["items"][-1]["url"] == "//elsewhere.example/x"


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(
    "url",
    ["https://x.example/api", "//x.example", "\\\\x.example", "/a@b", "../x", "file:///etc", None],
)
def test_next_url_can_lead_anywhere(practice, reader, url):
    assert seen(practice, reader, faults.next_url(url))["next_url"] == url


def test_next_url_can_lead_in_circles(practice, reader, first):
    assert seen(practice, reader, faults.next_is_itself)["next_url"] == first["feed_url"]
    second = reader.get(first["next_url"]).json()
    practice.script(faults.on("page", second["id"]), faults.next_page(first["id"]))
    back = reader.get(first["next_url"]).json()
    assert (back["next_url"], back["next_id"]) == (first["feed_url"], first["id"])


def test_details_can_contradict_themselves(practice, reader, world, ads):
    world.stop(ads[0])
    for distort in (
        faults.with_field("uuid", ads[2]),
        faults.without("ad_content"),
        faults.with_field("status", "INACTIVE"),
    ):
        practice.script(faults.on("detail", ads[1]), distort)
    foreign, hollow, stale = (reader.detail(ads[1]).json() for _ in range(3))
    assert foreign["uuid"] == ads[2]
    assert (hollow["status"], "ad_content" in hollow) == ("ACTIVE", False)
    assert (stale["status"], "ad_content" in stale) == ("INACTIVE", True)


def test_json_may_be_odd_to_the_letter(practice, reader, ads):
    practice.script(faults.anything, faults.with_raw("score", "9" * 5_000))
    assert b'"score": ' + b"9" * 5_000 in reader.detail(ads[0]).body
    practice.script(faults.anything, faults.with_raw("deep", faults.nested(100_000)))
    assert reader.detail(ads[0]).body.count(b"[") > 100_000
    practice.script(faults.anything, faults.with_field("odd", [float("nan"), "\ud800", "\0"]))
    assert rb'[NaN, "\ud800", "\u0000"]' in reader.detail(ads[0]).body


@pytest.mark.parametrize("text", faults.HOSTILE_TEXTS)
def test_hostile_texts_come_through_as_data(reader, world, text):
    ad = world.publish(content={"title": text, "employer": {"name": text}})
    entry = reader.get("/api/v1/feed?last").json()["items"][0]["_feed_entry"]
    assert (entry["title"], entry["businessName"]) == (text, text)
    assert reader.detail(ad).json()["ad_content"]["title"] == text


@pytest.mark.parametrize("name", faults.NAMED)
def test_every_named_fault_changes_the_answer(reader, name, first):
    plain = reader.get(first["feed_url"])
    assert faults.NAMED[name](plain) != plain


def test_answers_are_edited_without_their_headers_being_lost():
    plain = Answer(200, (("A", "1"), ("B", "2")), b'{"x": 1}')
    assert plain.with_header("a", "3").headers == (("B", "2"), ("a", "3"))
    assert plain.without_header("b").headers == (("A", "1"),)
    assert faults.no_header("A")(plain).header("A") is None
    assert json.loads(faults.edit(dict.clear)(plain).body) == {}
    assert faults.edit(dict.clear)(Answer(304)).body == b""
