"""The world: repeatable, quick to build, and moving on by itself."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from itertools import pairwise

import pytest

from navfeed.practice import World

DAY = timedelta(days=1)


def dump(world):
    return json.dumps([str(world.entries()), world.truth()])


def test_the_same_seed_and_calls_make_the_same_world(now):
    def lived(seed):
        world = World.history(seed, now=now, entries=300)
        world.move_on(2)
        ad = world.publish()
        world.rewrite_silently(ad)
        return dump(world)

    assert lived(5) == lived(5)
    assert lived(5) != lived(6)


def test_content_does_not_depend_on_when_it_is_requested(now):
    eager, lazy = World(1, now=now), World(1, now=now)
    ad = eager.publish()
    early = eager.detail(ad)
    assert lazy.publish() == ad
    lazy.publish()
    assert lazy.detail(ad) == early


def test_history_has_exactly_so_many_entries_and_ends_now(history, now):
    entries = history.entries()
    assert len(entries) == 6_000
    assert now - 183 * DAY <= min(entry.written for entry in entries)
    assert max(entry.written for entry in entries) < history.now == now


def test_about_a_tenth_of_the_entries_are_active_ads(history):
    assert 540 < len(history.active()) < 660
    assert len(history.truth()) == len(history.active())


@pytest.mark.parametrize(("entries", "active"), [(400, 10), (400, 150), (0, 0)])
def test_the_number_of_active_ads_can_be_given(now, entries, active):
    world = World.history(2, now=now, entries=entries, active=active)
    assert len(world.entries()) == entries
    assert abs(len(world.active()) - active) <= active / 5


def test_history_is_a_mix(history):
    entries = history.entries()
    per_ad = Counter(entry.ad for entry in entries)
    inactive = [entry for entry in entries if entry.status == "INACTIVE"]
    assert 1.5 < len(entries) / len(per_ad) < 3.5
    assert max(per_ad.values()) > 4
    assert {entry.title == "..." for entry in inactive} == {True, False}
    assert max(Counter(entry.written for entry in entries).values()) > 5
    unshared = [ad for ad in per_ad if not history.ad(ad).shared]
    assert 0.02 < len(unshared) / len(per_ad) < 0.08


def test_some_ads_are_never_withdrawn_though_their_time_is_over(history):
    assert history.overdue()
    assert not set(history.overdue()) & set(history.truth())


def test_no_ad_is_active_for_more_than_six_months(history):
    for ad in map(history.ad, history.active()):
        assert ad.expires - ad.published < 184 * DAY


def test_the_clock_moves_under_a_second_with_each_transaction(world, now):
    moments = [now]
    for _ in range(50):
        world.publish()
        moments.append(world.now)
    steps = [b - a for a, b in pairwise(moments)]
    assert all(timedelta() < step < timedelta(seconds=1.1) for step in steps)
    assert [entry.written for entry in world.entries()] == moments[1:]
    assert world.advance(DAY) == world.now == moments[-1] + DAY


def test_moving_on_returns_what_happened(now):
    world = World.history(4, now=now, entries=600)
    before, entries = set(world.truth()), len(world.entries())
    changes = world.move_on(changes=60, step=2 * DAY)
    after = set(world.truth())
    assert all(asdict(changes).values())
    assert len(world.entries()) - entries == sum(map(len, asdict(changes).values()))
    assert world.now - now >= 2 * DAY
    assert after - before == {*changes.published, *changes.reactivated}
    assert before - after <= {*changes.stopped, *changes.expired}
    assert all(world.ad(ad).last_day < world.today for ad in changes.expired)


def test_time_that_passes_brings_expiries_but_forgotten_ads_stay_forgotten(now):
    world = World.history(4, now=now, entries=3_000)
    forgotten = world.overdue()
    changes = world.move_on(changes=0, step=7 * DAY)
    assert forgotten
    assert changes.expired
    assert set(forgotten) <= set(world.overdue())
    assert all(world.status(ad) == "INACTIVE" for ad in changes.expired)


def test_rounds_follow_one_another(now):
    world = World.history(4, now=now, entries=600)
    changes = world.move_on(3, changes=10, step=DAY)
    assert world.now - now >= 3 * DAY
    assert sum(map(len, asdict(changes).values())) >= 30


def test_one_round_changes_an_ad_once_at_most(now):
    world = World.history(4, now=now, entries=600)
    changes = world.move_on(changes=60)
    ads = [ad for kind in asdict(changes).values() for ad in kind]
    assert len(ads) == len(set(ads))
    assert set(changes.updated) <= set(world.truth())


def test_moving_on_leaves_ads_of_open_transactions_alone(now):
    world = World.history(4, now=now, entries=60)
    late = world.begin()
    held = [late.update(ad) for ad in world.active()]
    changes = world.move_on(3, step=30 * DAY)
    touched = {*changes.updated, *changes.stopped, *changes.expired}
    assert held
    assert not touched & set(held)


def test_an_empty_world_can_only_publish(world):
    changes = world.move_on(changes=40)
    assert changes.published
    assert {kind for kind, ads in asdict(changes).items() if ads} == {"published"}


def test_expired_and_reactivated_ads_get_their_last_day(world):
    ad = world.publish(content={"expires": "2030-01-01T00:00:00+01:00"})
    world.expire(ad)
    assert world.ad(ad).last_day == world.today - DAY
    world.reactivate(ad)
    assert world.ad(ad).last_day > world.today
    assert ad in world.truth()


def test_an_update_of_a_withdrawn_ad_leaves_it_withdrawn(world):
    ad = world.publish()
    world.stop(ad)
    world.update(ad)
    assert [entry.status for entry in world.entries()] == ["ACTIVE", "INACTIVE", "INACTIVE"]
    assert world.entries()[-1].title == "..."
