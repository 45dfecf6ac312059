"""feed.md 5: seeks, filters and ETags that lie."""

from datetime import timedelta

import pytest

from navfeed.practice import Practice
from navfeed.practice.dates import http_date, iso, last_modified, parse_since

MINUTE = timedelta(minutes=1)
RFC_1123 = "Sat, 21 Nov 2026 13:00:00 +0100"


def ads_of(page):
    return [item["id"] for item in page["items"]]


@pytest.fixture
def spaced(world):
    """Publish nine ads, a minute between them."""
    ads = []
    for _ in range(9):
        ads.append(world.publish())
        world.advance(MINUTE)
    return ads


def after(entry):
    """A date that lies after that entry and before the next of the spaced ones."""
    return http_date(entry.written + MINUTE / 2)


def test_validators_are_a_bare_uuid_and_a_date_with_a_numeric_offset(reader, world, publish):
    publish(9)
    page = reader.get("/api/v1/feed")
    last_shown = world.entries()[3]
    assert page.header("ETag") == last_shown.page_id == page.json()["next_id"]
    assert page.header("Last-Modified") == last_modified(last_shown.written)
    assert last_modified(parse_since(RFC_1123)) == RFC_1123


def test_if_none_match_alone_answers_304_with_no_body(reader, publish):
    publish(2)
    page = reader.get("/api/v1/feed")
    etag = page.header("ETag")
    assert (again := reader.get("/api/v1/feed", if_none_match=etag)).status == 304
    assert again.body == b""
    assert again.header("ETag") == etag
    assert reader.get("/api/v1/feed", if_none_match=f'"{etag}"').status == 200


def test_first_lie_a_full_page_answers_304_forever_though_next_url_leads_on(reader, publish):
    publish(5)
    page = reader.get("/api/v1/feed").json()
    etag = reader.page(page["id"]).header("ETag")
    publish(40)
    assert page["next_url"]
    assert reader.page(page["id"], if_none_match=etag).status == 304


def test_second_lie_one_entry_after_a_tip_of_two_changes_no_etag(reader, publish):
    publish(2)
    tip = reader.get("/api/v1/feed")
    publish(1)
    hidden = reader.get("/api/v1/feed", if_none_match=tip.header("ETag"))
    assert hidden.status == 304
    assert tip.json()["next_url"] is None
    assert reader.get("/api/v1/feed").json()["next_url"]
    publish(1)
    assert reader.get("/api/v1/feed", if_none_match=tip.header("ETag")).status == 200


def test_a_tip_of_one_changes_its_etag_as_it_grows(reader, publish):
    publish(1)
    etag = reader.get("/api/v1/feed").header("ETag")
    publish(1)
    assert reader.get("/api/v1/feed", if_none_match=etag).status == 200


def test_third_lie_a_late_entry_inside_a_page_changes_no_etag(reader, world, publish):
    a = publish(1)[0]
    late = world.begin()
    hidden = late.publish()
    b, c = publish(2)
    page = reader.get("/api/v1/feed")
    assert ads_of(page.json()) == [a, b]
    late.commit()
    assert ads_of(reader.get("/api/v1/feed").json()) == [a, hidden, b]
    assert reader.get("/api/v1/feed", if_none_match=page.header("ETag")).status == 304
    assert c in ads_of(reader.walk()[-1])


def test_seek_finds_the_page_that_starts_at_the_first_entry_after_the_date(reader, world, spaced):
    page = reader.get("/api/v1/feed", if_modified_since=after(world.entries()[4])).json()
    assert ads_of(page) == spaced[5:8]
    assert page["id"] == world.entries()[5].page_id


def test_seek_before_everything_is_the_first_page(reader, world, spaced):
    page = reader.get(
        "/api/v1/feed", if_modified_since=http_date(world.entries()[0].written - MINUTE)
    ).json()
    assert ads_of(page) == spaced[:4]


@pytest.mark.usefixtures("spaced")
def test_seek_past_the_end_is_404_with_an_empty_body(reader, world):
    answer = reader.get("/api/v1/feed", if_modified_since=http_date(world.now + MINUTE))
    assert (answer.status, answer.body) == (404, b"")


def test_seek_goes_by_log_order_not_by_date(reader, world):
    """The first row written after the date wins, even where older rows follow it."""
    late = world.begin()
    world.advance(5 * MINUTE)
    newer = world.publish()
    older = late.publish()
    late.commit()
    since = http_date(world.now - MINUTE)
    page = reader.get("/api/v1/feed", if_modified_since=since).json()
    assert page["id"] == world.entries()[0].page_id
    assert ads_of(page) == [newer]
    assert ads_of(reader.page(page["id"]).json()) == [newer, older]


def test_seek_sees_a_late_entry_once_it_is_committed(reader, world):
    world.publish()
    world.advance(5 * MINUTE)
    since = http_date(world.now - MINUTE)
    late = world.begin()
    hidden = late.publish()
    seen = world.publish()
    assert ads_of(reader.get("/api/v1/feed", if_modified_since=since).json()) == [seen]
    late.commit()
    assert ads_of(reader.get("/api/v1/feed", if_modified_since=since).json()) == [hidden, seen]


@pytest.mark.parametrize(
    "date",
    [
        "i går",
        "",
        "2026-11-21T13:00:00+01:00",
        "Sun, 21 Nov 2026 13:00:00 +0100",
        "lør., 21 november 2026 13:00:00 +0100",
        "Mon, 21 Des 2026 13:00:00 +0100",
        "Sat, 21 Nov 26 13:00:00 +0100",
        "Sat, 21 Nov 2026 25:00:00 +0100",
        "Sat, 21 Nov 2026 13:00:00 +01:00",
        "Sat, 21 Nov 2026 13:00:00 CET",
        "Sat, 21 Nov 2026 13:00:00 +9900",
    ],
)
def test_a_date_it_cannot_read_leads_to_the_oldest_page(reader, spaced, date):
    answer = reader.get("/api/v1/feed", if_modified_since=date)
    assert answer.status == 200
    assert ads_of(answer.json()) == spaced[:4]


@pytest.mark.parametrize(
    "date",
    [
        "Sat, 21 Nov 2026 13:00:00 +0100",
        "Sat, 21 Nov 2026 12:00:00 GMT",
        "sat, 21 NOV 2026 12:00:00 gmt",
        "21 Nov 2026 12:00:00 GMT",
        "Sat, 21 Nov 2026 12:00 GMT",
        "Sat, 21 Nov 2026 07:30:00 -0430",
    ],
)
def test_dates_it_can_read(date):
    assert iso(parse_since(date)) == "2026-11-21T13:00:00+01:00"


def test_last_wins_over_a_date(reader, world, spaced):
    since = after(world.entries()[2])
    page = reader.get("/api/v1/feed?last", if_modified_since=since).json()
    assert ads_of(page) == [spaced[-1]]


def test_a_date_filters_the_entries_of_a_page(reader, world, spaced):
    rows = world.entries()
    page = reader.page(rows[0].page_id, if_modified_since=after(rows[4])).json()
    assert ads_of(page) == [spaced[0], *spaced[5:8]]


@pytest.fixture
def backdated(world):
    """Publish an ad, a newer one, and then one whose transaction began before the newer one."""
    first = world.publish()
    late = world.begin()
    world.advance(5 * MINUTE)
    newer = world.publish()
    older = late.publish()
    late.commit()
    return first, newer, older


def test_filtering_loses_entries_because_written_is_not_monotonic(reader, world, backdated):
    first, newer, older = backdated
    world.publish()
    page_id = world.entries()[0].page_id
    since = http_date(world.now - MINUTE)
    assert ads_of(reader.page(page_id).json()) == [first, newer, older]
    assert older not in ads_of(reader.page(page_id, if_modified_since=since).json())


def test_seek_filters_as_well_by_default(reader, world, backdated):
    _, newer, older = backdated
    whole = type(reader)(Practice(world, seek_filters=False))
    since = http_date(world.now - MINUTE)
    assert ads_of(reader.get("/api/v1/feed", if_modified_since=since).json()) == [newer]
    assert ads_of(whole.get("/api/v1/feed", if_modified_since=since).json()) == [newer, older]


def test_a_date_past_a_page_that_leads_on_forges_a_tip(reader, world, spaced):
    first = world.entries()[0].page_id
    whole = reader.page(first)
    forged = reader.page(first, if_modified_since=http_date(world.now + MINUTE))
    assert whole.json()["next_url"]
    assert (forged.status, ads_of(forged.json())) == (200, [spaced[0]])
    assert forged.json()["next_url"] is forged.json()["next_id"] is None
    assert forged.header("ETag") == first != whole.header("ETag")


def test_a_304_carries_validators_unless_both_headers_were_sent(reader, world, spaced):
    del spaced
    first = world.entries()[0].page_id
    etag = reader.page(first).header("ETag")
    alone = reader.page(first, if_none_match=etag)
    assert (alone.status, alone.header("ETag"), alone.header("Content-Length")) == (304, etag, "0")
    assert alone.header("Last-Modified")
    # The server's own: nothing since, by both. The date of the page itself is not before itself.
    now = http_date(world.now + MINUTE)
    both = reader.page(first, if_none_match=first, if_modified_since=now)
    assert (both.status, both.header("ETag"), both.header("Last-Modified")) == (304, None, None)
    earlier = http_date(world.entries()[0].written - MINUTE)
    still = reader.page(first, if_none_match=etag, if_modified_since=earlier)
    assert (still.status, still.header("ETag")) == (304, etag)
