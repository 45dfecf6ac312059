"""Server semantics, S1 to S9 of the fault table: NAV's traps, through the real client.

The entry-by-entry corners of S2 to S5 stand in `test_sync.py`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from navfeed.errors import ContractError, ExitCode
from navfeed.model import Reason
from navfeed.practice import Transaction, faults
from navfeed.store.writer import Store
from navfeed.sync.walk import Start
from support.clock import NOW
from support.lab import Lab

MINUTE = timedelta(minutes=1)


def publish(lab: Lab, number: int) -> list[str]:
    return [lab.world.publish() for _ in range(number)]


@pytest.mark.parametrize("grown_by", [1, 2, 3, 4, 5, 11])
def test_S1_a_tip_that_grows_under_its_id_is_read_to_its_end(lab: Lab, grown_by: int) -> None:
    """A two-entry tip keeps its ETag when one entry is added; a full page keeps it for ever."""
    publish(lab, 12)
    for _ in range(4):
        lab.settle()
        publish(lab, grown_by)
        ended = lab.sync()
        assert (ended.counts.entries, ended.counts.new) == (grown_by, grown_by)
        assert lab.is_exact()


def test_S1_the_entry_two_pages_share_is_applied_once(lab: Lab) -> None:
    publish(lab, 23)
    ended = lab.sync()
    assert (ended.counts.entries, ended.counts.pages) == (23, 7)


@pytest.mark.parametrize("minutes", [0, 1, 14, 15])
def test_S2_an_entry_up_to_15_minutes_late_is_found(lab: Lab, minutes: int) -> None:
    ads = publish(lab, 30)
    lab.settle()
    late = lab.world.begin()
    late.stop(ads[3])
    for _ in range(3):
        publish(lab, 4)
        lab.sync()
        lab.world.advance(minutes / 3 * MINUTE)
    late.commit()
    ended = lab.sync()
    assert (ended.counts.late, ended.counts.removed) == (1, 1)
    assert lab.is_exact()


def test_S2_also_after_a_run_that_was_cut_off(lab: Lab) -> None:
    ads = publish(lab, 30)
    lab.settle()
    late = lab.world.begin()
    late.stop(ads[3])
    publish(lab, 20)
    lab.sync(max_pages=3)
    late.commit()
    lab.world.advance(9 * MINUTE)
    lab.sync(max_pages=1)
    assert lab.sync().exit_code is ExitCode.DONE
    assert lab.is_exact()


def test_S2_a_process_that_slept_between_two_pages_looks_back_far_enough(lab: Lab) -> None:
    """A laptop's lid: the first pages were read hours before the last one."""
    ads = publish(lab, 30)
    lab.settle()
    late = lab.world.begin()
    late.stop(ads[3])
    publish(lab, 20)
    pages = 0

    def sleep_before_the_fourth_page(request: Any) -> None:
        nonlocal pages
        pages += request.kind == "page"
        if pages == 4:
            lab.world.advance(14 * MINUTE)
            late.commit()
            lab.world.advance(8 * 60 * MINUTE)
            publish(lab, 20)

    lab.before = sleep_before_the_fourth_page
    lab.sync()
    assert not lab.is_exact()
    lab.before = lambda _: None
    assert lab.sync().counts.late == 1
    assert lab.is_exact()


def test_S3_active_inactive_active_across_pages_ends_as_it_ends(lab: Lab) -> None:
    ad, other = publish(lab, 2)
    lab.sync()
    for operation in ("stop", "reactivate", "update", "stop", "reactivate"):
        getattr(lab.world, operation)(ad)
        publish(lab, 3)
    lab.world.stop(other)
    lab.world.reactivate(other)
    lab.world.stop(other)
    lab.sync()
    assert lab.requests_of("detail").count(ad) == 1
    assert lab.requests_of("detail").count(other) <= 1  # known active on an earlier page
    assert lab.is_exact()


def test_S3_no_detail_for_a_state_in_between_on_one_page(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "navfeed.db")
    ad = lab.world.publish()
    publish(lab, 3)
    lab.world.update(ad)
    lab.world.stop(ad)
    publish(lab, 3)
    lab.sync()
    assert ad not in lab.requests_of("detail")
    assert lab.is_exact()


def test_S4_a_detail_newer_than_its_entry_wins(lab: Lab) -> None:
    ads = sorted(publish(lab, 6))  # the order in which details are requested

    def stop_the_first_while_details_are_fetched(request: Any) -> None:
        if request.kind == "detail" and request.ident == ads[2]:
            lab.world.stop(ads[0])
            lab.world.stop(ads[5])

    lab.before = stop_the_first_while_details_are_fetched
    lab.sync()
    assert ads[5] not in lab.stored()
    lab.before = lambda _: None
    lab.sync()
    assert lab.is_exact()


def test_S5_reading_old_entries_again_never_reopens_a_removed_ad(lab: Lab) -> None:
    ads = publish(lab, 10)
    lab.sync()
    lab.world.stop(ads[4])
    lab.sync()
    for _ in range(3):
        ended = lab.sync()
        assert ended.counts.as_dict()["new"] == 0
        assert lab.requests_of("detail") == []
    assert ads[4] not in lab.stored()


@pytest.mark.parametrize("silently", ["drop_silently", "rewrite_silently", "vanish"])
def test_S6_what_no_entry_reports_is_found_within_the_recheck(lab: Lab, silently: str) -> None:
    ads = publish(lab, 10)
    lab.sync()
    getattr(lab.world, silently)(ads[2])
    lab.sync()
    assert not lab.is_exact()
    lab.world.advance(timedelta(days=13, hours=23))
    assert lab.requests_of("detail") == []
    lab.world.advance(timedelta(hours=1))
    lab.sync()
    assert lab.is_exact()


def test_S6_an_ad_whose_end_is_never_reported_leaves_by_its_own_last_day(lab: Lab) -> None:
    lab.world.publish(expires=NOW + timedelta(days=2))
    lab.sync()
    lab.world.advance(timedelta(days=3))
    ended = lab.sync()
    assert ended.counts.reasons[Reason.EXPIRED] == 1
    assert lab.stored() == lab.world.truth() == {}


def test_S7_a_log_that_was_reset_deletes_nothing_silently(lab: Lab) -> None:
    ads = publish(lab, 40)
    lab.settle()
    lab.world.advance(60 * MINUTE)
    lab.world.stop(ads[0])
    lab.world.reset_log()
    publish(lab, 5)
    ended = lab.sync()
    assert ended.exit_code is ExitCode.DONE
    assert ended.counts.removed == 1
    assert lab.is_exact()
    assert set(lab.requests_of("detail")) >= set(lab.stored())
    assert lab.rows("SELECT trouble FROM feed") == [(None,)]  # every ad is confirmed


def test_S7_a_log_shorter_than_what_was_read_is_followed_from_its_end(lab: Lab) -> None:
    publish(lab, 40)
    lab.settle()
    lab.world.reset_log(keep=3)
    assert lab.sync().exit_code is ExitCode.DONE
    assert lab.is_exact()
    lab.world.advance(MINUTE)
    publish(lab, 7)
    assert lab.sync().counts.new == 7
    assert lab.is_exact()


@pytest.mark.parametrize("circle", ["itself", "back"])
def test_S8_a_circle_stops_with_5_and_moves_nothing(lab: Lab, circle: str) -> None:
    publish(lab, 30)
    lab.sync(max_pages=2)
    before = position(lab)
    first = lab.world.entries()[0].page_id
    distort = faults.next_is_itself if circle == "itself" else faults.next_page(first)
    lab.practice.script(faults.on("page"), distort, times=None, skip=1)
    for _ in range(2):
        ended = lab.sync()
        assert ended.exit_code is ExitCode.FEED
        assert isinstance(ended.error, ContractError)
    assert position(lab) == before
    lab.practice.clear_script()
    lab.sync()
    assert lab.is_exact()


def position(lab: Lab) -> str:
    with Store(lab.path) as store:
        return store.feed_cursor().checkpoints[-1].page


def test_S9_a_damaged_cursor_is_never_sent(lab: Lab) -> None:
    publish(lab, 30)
    lab.settle()
    for damaged in ("", "../../etc/passwd", "x" * 40, "?last"):
        lab.rows("UPDATE milestones SET page = ?", damaged)
        lab.world.update(next(iter(lab.world.truth())))
        assert lab.sync().exit_code is ExitCode.DONE
        assert all(len(page) == 36 for page in lab.requests_of("page"))
        assert lab.is_exact()


def test_a_seek_never_ends_silently_in_2023(lab: Lab) -> None:
    """A date the server does not understand is answered with the oldest page."""
    publish(lab, 10)
    since = lab.world.now + MINUTE
    lab.world.advance(2 * MINUTE)
    publish(lab, 10)
    lab.world.advance(60 * MINUTE)
    lab.practice.script(faults.on("seek"), first_page(lab), times=1)
    ended = lab.sync(start=Start(since=since))
    assert ended.exit_code is ExitCode.FEED
    assert "--from-start" in ended.outcome
    assert lab.stored() == {}
    lab.sync(start=Start(since=since))
    assert len(lab.stored()) == 10


def first_page(lab: Lab) -> Any:
    from navfeed.practice import Request

    token = f"Bearer {lab.practice.token}"
    oldest = lab.practice.answer(Request("GET", "/api/v1/feed", {"authorization": token}))
    return lambda _: oldest


def test_equal_and_backward_moments_change_no_order(lab: Lab) -> None:
    ads = publish(lab, 4)
    lab.sync()
    slow = lab.world.begin()
    lab.world.stop(ads[0])
    slow.update(ads[1])
    lab.world.batch([lambda batch: batch.stop(ads[2]), lambda batch: batch.reactivate(ads[2])])
    lab.world.batch([Transaction.publish, lambda batch: batch.stop(ads[3])])
    slow.commit()
    lab.sync()
    assert lab.is_exact()
