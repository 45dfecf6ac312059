"""Ads whose source decides what may be seen of them, and content that is blanked."""

import json
import re

import pytest

from navfeed.practice import Request
from navfeed.practice.control import Control
from practice.conftest import ads_of


def test_an_ad_of_finns_is_nowhere(reader, world, publish):
    before, after = publish(2)
    hidden = world.publish(content={"source": "FINN"})
    world.update(before, {"source": "FINN"})
    world.stop(hidden)
    assert ads_of(reader.get("/api/v1/feed").json()) == [before, after]  # what was before it stays
    assert reader.detail(before).status == reader.detail(hidden).status == 404
    assert world.active() == [after]
    world.update(before, {"source": "AMEDIA"})
    assert reader.detail(before).json()["status"] == "ACTIVE"
    assert [entry.ad for entry in world.entries()] == [before, after, before]


def test_a_source_that_is_missing_hides_as_well(reader, world):
    ad = world.publish(content={"source": None})
    assert reader.detail(ad).status == 404
    assert world.entries() == []


def test_a_log_that_begins_with_what_is_hidden_has_no_first_page_but_can_be_sought(reader, world):
    world.publish(content={"source": "FINN"})
    ad = world.publish()
    assert reader.get("/api/v1/feed").status == 404
    sought = reader.get("/api/v1/feed", if_modified_since="Mon, 1 Jan 2024 00:00:00 GMT")
    assert ads_of(sought.json()) == [ad]
    assert ads_of(reader.get("/api/v1/feed?last").json()) == [ad]


def test_an_ad_from_dir_is_inactive_and_labelled(reader, world, publish):
    (ad,) = publish(1)
    title = reader.detail(ad).json()["ad_content"]["title"]
    world.update(ad, {"source": "DIR"})
    born = world.publish(content={"source": "DIR"})
    entries = [item["_feed_entry"] for item in reader.get("/api/v1/feed").json()["items"]]
    assert [entry["status"] for entry in entries[:2]] == ["ACTIVE", "INACTIVE"]
    assert entries[1]["title"] == title != "..."
    assert entries[1]["businessName"]
    for one in (ad, born):
        assert reader.detail(one).json()["status"] == "INACTIVE"
        assert "ad_content" not in reader.detail(one).json()
    assert world.active() == []
    assert world.ad(ad).last_day > world.today


def test_blank_content_is_active_and_shows_nothing_until_it_is_rewritten(reader, world, publish):
    ad, other = publish(2)
    world.blank_silently(ad)
    detail = reader.detail(ad).json()
    assert (detail["status"], "ad_content" in detail) == ("ACTIVE", False)
    assert world.active() == [other]
    assert len(world.entries()) == 2
    world.update(ad)
    assert reader.detail(ad).json()["ad_content"]["uuid"] == ad
    assert world.active() == [ad, other]


CHANGES = {
    "update": "ACTIVE",
    "stop": "INACTIVE",
    "expire": "INACTIVE",
    "reactivate": "ACTIVE",
    "blank": "ACTIVE",
    "rewrite": "ACTIVE",
    "drop": "INACTIVE",
    "vanish": None,
    "DIR": "INACTIVE",
    "FINN": None,
}


@pytest.mark.parametrize(("how", "status"), CHANGES.items())
def test_each_change_can_be_ordered(practice, world, publish, how, status):
    (ad,) = publish(1)
    order = json.dumps({"ad": ad, "how": how}).encode()
    answer = Control(practice).answer(Request("POST", "/practice/change", {}, order))
    assert (answer.status, answer.json()) == (200, {"ad": ad, "status": status})
    assert world.status(ad) == status


def test_a_change_that_is_none_is_refused(practice):
    order = b'{"ad": "x", "how": "explode"}'
    assert Control(practice).answer(Request("POST", "/practice/change", {}, order)).status == 400


def test_some_ads_are_classified_by_a_group_of_isco(contents):
    codes = [
        each["code"]
        for content in contents
        for each in content["categoryList"]
        if each["categoryType"] == "ESCO"
    ]
    groups = [code for code in codes if re.fullmatch(r".*/esco/isco/C\d{4}", code)]
    assert 0.05 < len(groups) / len(codes) < 0.2


def test_a_history_has_ads_from_dir(history):
    direct = [ad for ad in history.withdrawn() if history.ad(ad).source == "DIR"]
    assert direct
    assert not any(history.ad(ad).may_return for ad in direct)
