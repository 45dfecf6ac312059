"""feed.md 3: entries, batches and transactions that commit late."""

from datetime import timedelta
from itertools import pairwise

import pytest

from navfeed.practice.dates import iso
from navfeed.practice.transaction import HeldError, Transaction

SECOND = timedelta(seconds=1)


def ads_of(page):
    return [item["id"] for item in page["items"]]


def entries_of(page):
    return [item["_feed_entry"] for item in page["items"]]


def test_one_ad_may_occur_many_times_on_a_page(reader, world):
    ad = world.publish()
    world.stop(ad)
    world.reactivate(ad)
    entries = entries_of(reader.get("/api/v1/feed?pageSize=9").json())
    assert [(entry["uuid"], entry["status"]) for entry in entries] == [
        (ad, "ACTIVE"),
        (ad, "INACTIVE"),
    ]
    assert world.entries()[-1].status == "ACTIVE"


def test_entry_is_history_and_detail_is_now(reader, world):
    ad = world.publish()
    world.stop(ad)
    first = entries_of(reader.get("/api/v1/feed").json())[0]
    assert first["status"] == "ACTIVE"
    assert reader.detail(ad).json()["status"] == "INACTIVE"


def test_a_batch_shares_one_moment_even_for_two_entries_of_one_ad(world):
    ad = world.publish()
    world.batch([Transaction.publish, lambda batch: batch.stop(ad), lambda batch: batch.update(ad)])
    batch = world.entries()[1:]
    assert len(batch) == 3
    assert len({entry.written for entry in batch}) == 1


def test_a_batch_that_fails_leaves_nothing(world, publish):
    ad = publish(1)[0]
    nobody = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(KeyError):
        world.batch([lambda batch: batch.stop(ad), lambda batch: batch.stop(nobody)])
    assert len(world.entries()) == 1
    assert world.status(ad) == "ACTIVE"


def test_moments_have_oslo_s_offset_and_up_to_six_decimals(history):
    texts = [iso(entry.written) for entry in history.entries()]
    decimals = {len(text[:-6].partition(".")[2]) for text in texts}
    offsets = {text[5:7]: text[-6:] for text in texts}
    assert decimals == set(range(7))
    assert (offsets["11"], offsets["06"]) == ("+01:00", "+02:00")


def test_moments_are_not_monotonic_along_the_feed(history):
    written = [entry.written for entry in history.entries()]
    assert any(later < earlier for earlier, later in pairwise(written))


def test_stopped_ad_is_masked(world):
    ad = world.publish()
    world.stop(ad)
    shown, masked = world.entries()
    assert (masked.status, masked.title, masked.business_name) == ("INACTIVE", "...", "")
    assert masked.municipal == shown.municipal


def test_expired_ad_keeps_its_content(world):
    ad = world.publish()
    world.expire(ad)
    shown, expired = world.entries()
    assert expired.status == "INACTIVE"
    assert (expired.title, expired.business_name) == (shown.title, shown.business_name)


@pytest.mark.parametrize(
    ("locations", "shown"),
    [
        ([{"municipal": "Bergen"}, {"municipal": "OSLO"}], "BERGEN"),
        ([{"municipal": None}, {"municipal": "BERGEN"}], "?"),
        ([{"municipal": ""}], "?"),
        ([], "?"),
        (None, "?"),
    ],
)
def test_municipality_is_the_first_location_s_in_upper_case(world, locations, shown):
    world.publish(content={"workLocations": locations})
    assert world.entries()[0].municipal == shown


def test_unknown_values_are_question_marks(world):
    world.publish(content={"title": "", "employer": None})
    entry = world.entries()[0]
    assert (entry.title, entry.business_name) == ("?", "?")


def test_entry_shows_the_ad_as_it_was_then(world):
    ad = world.publish(content={"title": "Kokk"})
    world.update(ad, {"title": "Kjøkkensjef"})
    assert [entry.title for entry in world.entries()] == ["Kokk", "Kjøkkensjef"]


def test_late_entries_appear_before_entries_already_passed(reader, world):
    early = world.publish()
    late = world.begin()
    hidden = late.publish()
    passed = world.publish()
    assert [entry.ad for entry in world.entries()] == [early, passed]
    newest = reader.get("/api/v1/feed?last").json()
    late.commit()
    assert [entry.ad for entry in world.entries()] == [early, hidden, passed]
    assert ads_of(reader.page(newest["id"]).json()) == [passed]


def test_a_late_stop_is_never_seen_by_a_client_that_only_moves_forward(reader, world, publish):
    ad = publish(3)[0]
    late = world.begin()
    late.stop(ad)
    publish(2)
    *_, tip = reader.walk()
    late.commit()
    ahead = [entry["status"] for page in reader.walk(tip["feed_url"]) for entry in entries_of(page)]
    assert "INACTIVE" not in ahead
    assert reader.detail(ad).json()["status"] == "INACTIVE"


def test_a_transaction_is_dated_by_its_begin_and_placed_by_its_events(world):
    late = world.begin()
    world.advance(60 * SECOND)
    other = world.publish()
    ad = late.publish()
    late.commit()
    first, second = world.entries()
    assert (first.ad, second.ad) == (other, ad)
    assert first.written - second.written > 59 * SECOND


def test_details_change_at_commit_and_not_before(reader, world):
    ad = world.publish()
    late = world.begin()
    late.stop(ad)
    fresh = late.publish()
    assert reader.detail(ad).json()["status"] == "ACTIVE"
    assert reader.detail(fresh).status == 404
    late.commit()
    assert reader.detail(ad).json()["status"] == "INACTIVE"
    assert reader.detail(fresh).json()["status"] == "ACTIVE"


def test_rollback_leaves_nothing(reader, world):
    ad = world.publish()
    late = world.begin()
    late.stop(ad)
    fresh = late.publish()
    late.rollback()
    late.commit()
    assert [entry.ad for entry in world.entries()] == [ad]
    assert reader.detail(ad).json()["status"] == "ACTIVE"
    assert reader.detail(fresh).status == 404


def test_an_open_transaction_keeps_its_ads_to_itself(world):
    ad = world.publish()
    late = world.begin()
    late.update(ad)
    for change in (world.stop, world.vanish):
        with pytest.raises(HeldError):
            change(ad)
    late.commit()
    world.stop(ad)
    assert world.status(ad) == "INACTIVE"


def test_later_events_of_one_transaction_build_on_earlier_ones(world):
    with world.begin() as batch:
        ad = batch.publish(content={"title": "Kokk"})
        batch.update(ad, {"jobtitle": "Kokk"})
        batch.stop(ad)
        batch.reactivate(ad)
    assert [entry.status for entry in world.entries()] == [
        "ACTIVE",
        "ACTIVE",
        "INACTIVE",
        "ACTIVE",
    ]
    assert world.truth()[ad]["jobtitle"] == "Kokk"


def test_a_uuid_is_published_once(world):
    ad = world.publish("11111111-1111-4111-8111-111111111111")
    assert ad == "11111111-1111-4111-8111-111111111111"
    with pytest.raises(ValueError, match="published already"):
        world.publish(ad)


def test_unknown_ads_are_key_errors(world):
    nobody = "00000000-0000-4000-8000-000000000000"
    for change in (world.update, world.stop, world.vanish, world.drop_silently):
        with pytest.raises(KeyError):
            change(nobody)
    world.publish(nobody)
    assert world.status(nobody) == "ACTIVE"
