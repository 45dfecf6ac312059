"""feed.md 2: pages are windows on the log."""

from itertools import pairwise

import pytest

from navfeed.practice import Practice


def ads_of(page):
    return [item["id"] for item in page["items"]]


def test_first_page_begins_the_log_and_holds_a_full_window(reader, publish):
    ads = publish(9)
    page = reader.get("/api/v1/feed").json()
    assert ads_of(page) == ads[:4]


def test_page_is_named_by_the_row_it_begins_with(reader, world, publish):
    publish(9)
    page = reader.get("/api/v1/feed").json()
    rows = [entry.page_id for entry in world.entries()]
    assert page["id"] == rows[0]
    assert page["feed_url"] == f"/api/v1/feed/{rows[0]}"
    assert page["next_id"] == rows[3]
    assert page["next_url"] == f"/api/v1/feed/{rows[3]}"


def test_consecutive_pages_overlap_by_exactly_one_entry(reader, publish):
    ads = publish(12)
    pages = reader.walk()
    assert len(pages) > 2
    assert all(ads_of(a)[-1] == ads_of(b)[0] for a, b in pairwise(pages))
    assert ads_of(pages[0]) + [ad for page in pages[1:] for ad in ads_of(page)[1:]] == ads


def test_ids_of_rows_stand_in_no_item(reader, world, publish):
    publish(5)
    items = reader.get("/api/v1/feed").json()["items"]
    assert not [row.page_id for row in world.entries() if row.page_id in str(items)]


@pytest.mark.parametrize("count", [1, 2])
def test_tip_page_holds_one_or_two_entries_and_leads_nowhere(reader, publish, count):
    ads = publish(count)
    page = reader.get("/api/v1/feed").json()
    assert ads_of(page) == ads
    assert page["next_url"] is None
    assert page["next_id"] is None


def test_with_three_entries_the_newest_is_left_to_the_next_page(reader, publish):
    a, b, c = publish(3)
    first, second = reader.walk()
    assert ads_of(first) == [a, b]
    assert ads_of(second) == [b, c]
    assert second["next_url"] is None


def test_tip_grows_under_the_same_id_and_gets_a_next_url(reader, world, publish):
    publish(2)
    tip = reader.get("/api/v1/feed").json()
    publish(1)
    grown = reader.page(tip["id"]).json()
    assert tip["next_url"] is None
    assert grown["id"] == tip["id"]
    assert grown["next_id"] == world.entries()[1].page_id


def test_page_with_a_next_url_fills_up_and_then_stays_as_it_is(reader, publish):
    publish(3)
    page_id = reader.get("/api/v1/feed").json()["id"]
    sizes = []
    for _ in range(5):
        publish(1)
        sizes.append(len(reader.page(page_id).json()["items"]))
    assert sizes == [3, 4, 4, 4, 4]


def test_page_size_can_be_requested_and_next_url_does_not_carry_it_on(reader, publish):
    ads = publish(9)
    page = reader.get("/api/v1/feed?pageSize=6").json()
    assert ads_of(page) == ads[:6]
    assert "pageSize" not in page["next_url"]
    assert len(reader.page(page["id"], "?pageSize=3").json()["items"]) == 3


def test_page_size_above_the_limit_is_refused_in_plain_text(reader, publish):
    publish(1)
    assert reader.get("/api/v1/feed?pageSize=10000").status == 200
    refused = reader.get("/api/v1/feed?pageSize=10001")
    assert refused.status == 400
    assert refused.header("Content-Type").startswith("text/plain")


def test_odd_page_sizes(reader, publish):
    publish(6)
    sizes = {
        size: len(reader.get(f"/api/v1/feed?pageSize={size}").json()["items"])
        for size in ("", "many", "0", "1", "2", "2147483648")
    }
    assert sizes == {"": 4, "many": 4, "0": 1, "1": 2, "2": 2, "2147483648": 4}
    assert reader.get("/api/v1/feed?pageSize=2147483647").status == 400
    assert reader.get("/api/v1/feed?pageSize=-1").status == 500


def test_a_feed_that_ignores_page_sizes(reader, world, publish):
    publish(9)
    reader = type(reader)(Practice(world, page_size=4, honours_page_size=False))
    for size in ("6", "0", "-1", "10001"):
        assert len(reader.get(f"/api/v1/feed?pageSize={size}").json()["items"]) == 4


def test_last_is_the_page_that_begins_at_the_newest_entry(reader, publish):
    ads = publish(7)
    page = reader.get("/api/v1/feed?last").json()
    assert ads_of(page) == [ads[-1]]
    assert page["next_url"] is None


def test_an_empty_log_has_no_pages(reader):
    for target in ("/api/v1/feed", "/api/v1/feed?last"):
        assert (reader.get(target).status, reader.get(target).body) == (404, b"")


def test_unknown_page_is_404_and_no_uuid_is_500(reader, publish):
    publish(1)
    for call in (reader.page, reader.detail):
        absent = call("00000000-0000-4000-8000-000000000000")
        assert (absent.status, absent.body) == (404, b"")
        assert absent.header("Content-Type") == "application/json"
        broken = call("yesterday")
        assert (broken.status, broken.json()["title"]) == (500, "Server Error")
    nowhere = reader.get("/api/v2/feed")
    assert (nowhere.status, nowhere.json()["status"]) == (404, 404)


def test_page_and_item_carry_the_documented_fields(reader, publish):
    ad = publish(1)[0]
    page = reader.get("/api/v1/feed").json()
    assert page["version"] == "1.0"
    assert page["home_page_url"] == "https://arbeidsplassen.nav.no"
    assert {"title", "description"} < page.keys()
    (item,) = page["items"]
    assert item["url"] == f"/api/v1/feedentry/{ad}"
    assert item["content_text"] == "Stillingsannonse"
    entry = item["_feed_entry"]
    assert item["id"] == entry["uuid"] == ad
    assert item["title"] == entry["title"]
    assert item["date_modified"] == entry["sistEndret"]
    assert entry.keys() == {
        "uuid",
        "status",
        "title",
        "businessName",
        "municipal",
        "sistEndret",
    }


def test_forgotten_page_is_404_and_its_entry_stands_under_another_id(reader, world, publish):
    ads = publish(9)
    first = reader.get("/api/v1/feed").json()
    world.forget_page(first["next_id"])
    assert reader.get(first["next_url"]).status == 404
    again = reader.walk()
    assert ads_of(again[0]) == ads[:4]
    assert ads_of(again[1])[0] == ads[3]


def test_reset_log_is_shorter_and_all_its_ids_are_new(reader, world, publish):
    ads = publish(5)
    world.update(ads[0])
    world.stop(ads[1])
    before = world.entries()
    world.reset_log()
    after = world.entries()
    assert not {entry.page_id for entry in before} & {entry.page_id for entry in after}
    assert [entry.ad for entry in after] == [*ads[2:], ads[0], ads[1]]
    assert after[-1].status == "INACTIVE"
    assert reader.page(before[0].page_id).status == 404


def test_reset_log_keeps_the_newest_only_on_request(world, publish):
    ads = publish(5)
    world.reset_log(keep=2)
    assert [entry.ad for entry in world.entries()] == ads[-2:]
    world.reset_log(keep=0)
    assert world.entries() == []
