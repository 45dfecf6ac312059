"""How far back to read again, and what is recognised there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from navfeed.lookback import (
    SeenMatcher,
    checkpoint_of,
    feed_clock,
    pruned,
    safe_etag,
    safe_until,
    settles,
    start_of,
)
from navfeed.model import Checkpoint, Entry, FeedCursor, Page, SeenEntry, Status
from support.clock import NOW

QUARTER = timedelta(minutes=15)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def checkpoint(name: str, ordinal: int, minutes: float | None) -> Checkpoint:
    return Checkpoint(name, ordinal, None if minutes is None else at(minutes))


def entry(ad: str, status: str = "ACTIVE", minutes: float = 0) -> Entry:
    return Entry(ad, Status(status), at(minutes).isoformat(), at(minutes))


def page(*entries: Entry, next_id: str | None = None, etag: str | None = "e") -> Page:
    return Page("p", entries, next_id, etag, served_at=at(0))


def test_a_run_starts_at_the_newest_page_before_which_nothing_can_hide() -> None:
    cursor = FeedCursor(
        (checkpoint("a", 1, 0), checkpoint("b", 5, 20), checkpoint("c", 9, 40)), safe_until=at(20)
    )
    assert start_of(cursor) == checkpoint("b", 5, 20)


def test_without_a_safe_page_it_starts_at_the_oldest() -> None:
    cursor = FeedCursor((checkpoint("a", 1, 10), checkpoint("b", 5, 20)), safe_until=at(5))
    assert start_of(cursor) == checkpoint("a", 1, 10)


def test_undated_pages_are_never_safe_by_date() -> None:
    cursor = FeedCursor((checkpoint("a", 1, 0), checkpoint("b", 5, None)), safe_until=at(60))
    assert start_of(cursor) == checkpoint("a", 1, 0)


def test_what_is_closed_is_safe_whatever_its_date() -> None:
    cursor = FeedCursor(
        (checkpoint("a", 1, 0), checkpoint("b", 5, None), checkpoint("c", 9, 1)), closed=5
    )
    assert start_of(cursor) == checkpoint("b", 5, None)


def test_an_empty_cursor_starts_nowhere() -> None:
    assert start_of(FeedCursor()) is None
    assert pruned(FeedCursor()) == FeedCursor()


def test_safe_until_leaves_room_for_the_walk_and_two_transactions() -> None:
    assert safe_until(None, at(60), timedelta(minutes=7), QUARTER) == at(60 - 7 - 30)


def test_safe_until_never_moves_back_nor_trusts_a_clock_that_did() -> None:
    assert safe_until(at(50), at(60), timedelta(0), QUARTER) == at(50)
    assert safe_until(None, at(60), timedelta(hours=-3), QUARTER) == at(30)
    assert safe_until(at(1), None, timedelta(0), QUARTER) == at(1)


@pytest.mark.parametrize(
    ("server", "here", "closed"),
    [(14, 14, False), (15, 15, False), (15.1, 15.1, True), (99, 15, False), (15, 99, False)],
)
def test_a_stretch_is_closed_when_both_clocks_saw_the_longest_transaction_end(
    server: float, here: float, closed: bool
) -> None:
    cursor = FeedCursor(head_seen_at=at(0), head_seen_here=at(600))
    assert settles(cursor, at(server), at(600 + here), QUARTER) is closed


def test_without_the_servers_clock_nothing_ever_closes() -> None:
    assert not settles(FeedCursor(head_seen_at=at(0), head_seen_here=at(0)), None, at(99), QUARTER)
    assert not settles(FeedCursor(head_seen_here=at(0)), at(99), at(99), QUARTER)
    assert not settles(FeedCursor(head_seen_at=at(0)), at(99), at(99), QUARTER)


ODD = Entry("x", Status.ACTIVE, "9999", datetime(9999, 12, 31, tzinfo=UTC))
UNDATED = Entry("x", Status.ACTIVE, "soon", None)


def test_the_feeds_clock_is_its_newest_believable_moment() -> None:
    usual = [entry("a", minutes=3), entry("b", minutes=1), entry("c", minutes=2)]
    served = replace(page(*usual, ODD, UNDATED), served_at=at(5))
    assert feed_clock(None, served) == at(3)
    assert feed_clock(at(9), served) == at(9)
    assert feed_clock(at(9), page(UNDATED)) == at(9)
    assert feed_clock(None, page(UNDATED)) is None


def test_one_entry_ahead_of_the_servers_clock_is_not_believed_but_a_whole_page_is() -> None:
    """Found in review: an entry three hours ahead made everything before it look settled."""
    ahead = entry("x", minutes=180)
    assert feed_clock(None, page(entry("a"), ahead)) == at(0)
    assert feed_clock(None, page(entry("a"), entry("b", minutes=2))) == at(2)
    assert feed_clock(None, page(entry("a", minutes=170), ahead)) == at(180)


def test_without_the_servers_clock_every_moment_is_believed() -> None:
    assert feed_clock(None, replace(page(entry("a"), ODD), served_at=None)) == ODD.moment


def test_a_quiet_day_on_a_small_page_is_no_mistake() -> None:
    """Found by the machine: the entry after a day's silence was taken for an odd one."""
    after = replace(page(entry("a"), entry("b", minutes=60 * 24 + 1)), served_at=at(60 * 25))
    assert feed_clock(None, after) == at(60 * 24 + 1)


def test_a_page_that_starts_with_an_odd_moment_is_never_safe_by_date() -> None:
    for first in (ODD, UNDATED):
        assert checkpoint_of("p", 1, first, page(first, A, B), at(0)).latest is None
    assert checkpoint_of("p", 1, A, page(A), at(0)) == checkpoint("p", 1, 0)


def test_only_a_tip_of_one_entry_has_an_etag_that_cannot_lie() -> None:
    one, two = entry("a"), entry("b")
    assert safe_etag(page(one)) == "e"
    assert safe_etag(page(one, two)) is None
    assert safe_etag(page(one, next_id="n")) is None


def test_pruning_keeps_the_start_and_some_pages_to_fall_back_on() -> None:
    checkpoints = tuple(checkpoint(str(number), number, number) for number in range(60))
    cursor = pruned(FeedCursor(checkpoints, safe_until=at(40)))
    assert start_of(cursor) == checkpoint("40", 40, 40)
    assert [one.ordinal for one in cursor.checkpoints] == list(range(20, 60))


def read(recognition: SeenMatcher, *entries: Entry) -> list[tuple[int, bool, bool, bool]]:
    sightings = recognition.read(page(*entries))
    return [(place, s.known, s.late, s.contested) for place, s in sightings]


A, B, C, LATE = entry("a"), entry("b"), entry("c"), entry("late")
SEEN = [SeenEntry(1, A.key), SeenEntry(2, B.key), SeenEntry(3, C.key)]


def test_what_was_read_is_recognised_and_what_follows_is_new() -> None:
    recognition = SeenMatcher(SEEN, at=1, top=3)
    assert read(recognition, A, B, C, entry("d")) == [
        (1, True, False, False),
        (2, True, False, False),
        (3, True, False, False),
        (4, False, False, False),
    ]
    assert (recognition.top, recognition.passed_all, recognition.missing()) == (4, True, [])


def test_a_late_entry_takes_the_place_of_the_one_before_it() -> None:
    recognition = SeenMatcher(SEEN, at=1, top=3)
    assert read(recognition, A, LATE, B, C)[1] == (1, False, True, False)
    assert recognition.top == 3
    assert recognition.found_new  # so that the walk does not close what it has just looked into


def test_a_late_entry_of_an_ad_read_further_on_is_contested() -> None:
    recognition = SeenMatcher(SEEN, at=1, top=3)
    assert read(recognition, A, entry("c", "INACTIVE", -5), B, C)[1] == (1, False, True, True)
    recognition = SeenMatcher(SEEN, at=1, top=3)
    assert read(recognition, A, B, C, entry("c", "INACTIVE", 5))[3] == (4, False, False, False)


def test_a_late_entry_before_another_late_one_of_its_ad_is_contested() -> None:
    """Both share the place of the entry before them, and the one read first stands behind."""
    seen = [SEEN[0], SeenEntry(1, LATE.key), *SEEN[1:]]
    recognition = SeenMatcher(seen, at=1, top=3)
    later = entry("late", "INACTIVE", -5)
    assert read(recognition, A, later, LATE, B, C)[1] == (1, False, True, True)


def test_the_entry_two_pages_share_is_read_once() -> None:
    recognition = SeenMatcher([], at=0, top=0)
    assert len(read(recognition, A, B)) == 2
    assert len(read(recognition, B, C)) == 1
    assert recognition.found_new


def test_the_same_ad_twice_in_one_moment_counts_twice() -> None:
    recognition = SeenMatcher([SeenEntry(1, A.key)], at=1, top=1)
    assert [known for _, known, _, _ in read(recognition, A, B, A)] == [True, False, False]


def test_what_the_log_no_longer_has_is_reported() -> None:
    recognition = SeenMatcher(SEEN, at=1, top=3)
    read(recognition, A, C)
    assert recognition.missing() == [SeenEntry(2, B.key)]
    assert not recognition.passed_all


def test_replayed_pages_prove_nothing_about_order() -> None:
    recognition = SeenMatcher([], at=0, top=7, replaying=True)
    assert read(recognition, A) == [(8, False, False, True)]


@pytest.mark.parametrize("split", [True, False])
def test_two_states_in_one_moment_are_tied_also_across_pages(split: bool) -> None:
    active, inactive = entry("a"), entry("a", "INACTIVE")
    recognition = SeenMatcher([], at=0, top=0)
    if split:
        recognition.read(page(B, active))
        [(_, sighting)] = recognition.read(page(active, inactive))
    else:
        _, (_, sighting) = recognition.read(page(active, inactive))
    assert sighting.tied


def test_a_page_without_entries_is_read_as_nothing() -> None:
    recognition = SeenMatcher([], at=4, top=4)
    assert recognition.read(page()) == []
    assert recognition.at == 4


def test_a_place_shared_with_an_entry_before_the_page_is_not_waited_for() -> None:
    """Found in review: everything after counted as late then, and late entries were lost."""
    late = entry("late")
    seen = [SeenEntry(3, C.key), SeenEntry(3, late.key), SeenEntry(4, A.key)]
    recognition = SeenMatcher(seen, at=3, top=4)
    assert read(recognition, late, A, B) == [
        (3, True, False, False),
        (4, True, False, False),
        (5, False, False, False),
    ]
    assert recognition.passed_all
    assert recognition.missing() == [SeenEntry(3, C.key)]


def test_a_page_that_does_not_begin_where_the_last_one_ended_proves_no_order() -> None:
    recognition = SeenMatcher([], at=0, top=0)
    assert read(recognition, A) == [(1, False, False, False)]
    assert read(recognition, B, C) == [(2, False, False, True), (3, False, False, True)]
