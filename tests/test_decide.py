"""The decider: each rule by itself, with no store and no feed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from navfeed.decide import (
    ObservedEntry,
    confirmed_day,
    decide_detail,
    decide_entries,
    in_scope,
    is_past,
    narrows,
    retry_delay,
)
from navfeed.model import (
    Detail,
    Entry,
    EntryDecision,
    Gone,
    Queued,
    Reason,
    Retry,
    Scope,
    Status,
    Stored,
)
from support.clock import NOW, TODAY
from support.scripted import scripted_content, uuid_named

AD = uuid_named("ad")


def sighting(status: str, **how: bool) -> ObservedEntry:
    withdrawn = how.pop("withdrawn", False)
    return ObservedEntry(Entry(AD, Status(status), "2026", None, withdrawn), **how)


def judged(
    *sightings: ObservedEntry, stored: bool = True, last_day: date | None = None
) -> EntryDecision | None:
    return decide_entries(sightings, stored=stored, last_day=last_day, today=TODAY)


def test_nothing_new_requests_nothing() -> None:
    assert judged(sighting("ACTIVE", known=True), sighting("INACTIVE", known=True)) is None


@pytest.mark.parametrize(
    ("sightings", "remove", "call", "reason"),
    [
        ([sighting("ACTIVE")], False, True, Reason.ANNOUNCED),
        ([sighting("INACTIVE")], True, False, Reason.INACTIVE),
        ([sighting("INACTIVE", withdrawn=True)], True, False, Reason.STOPPED),
        ([sighting("ACTIVE"), sighting("INACTIVE")], True, False, Reason.INACTIVE),
        ([sighting("INACTIVE"), sighting("ACTIVE")], False, True, Reason.ANNOUNCED),
        ([sighting("ACTIVE", contested=True)], False, True, Reason.LATE),
        ([sighting("INACTIVE", contested=True)], False, True, Reason.SUPERSEDED),
        ([sighting("INACTIVE", tied=True)], True, True, Reason.SAME_MOMENT),
        ([sighting("INACTIVE"), sighting("ACTIVE", known=True)], True, False, Reason.INACTIVE),
    ],
)
def test_the_last_new_entry_in_feed_order_decides(
    sightings: list[ObservedEntry], remove: bool, call: bool, reason: Reason
) -> None:
    assert judged(*sightings) == EntryDecision(AD, remove=remove, ask=call, reason=reason)


@pytest.mark.parametrize(
    ("last_day", "withdrawn", "reason"),
    [
        (TODAY - timedelta(days=1), False, Reason.EXPIRED),
        (TODAY, False, Reason.INACTIVE),
        (TODAY + timedelta(days=1), False, Reason.INACTIVE),
        (None, False, Reason.INACTIVE),
        (TODAY - timedelta(days=1), True, Reason.STOPPED),
    ],
)
def test_only_a_last_day_that_is_over_means_that_an_ad_ran_out(
    last_day: date | None, withdrawn: bool, reason: Reason
) -> None:
    verdict = judged(sighting("INACTIVE", withdrawn=withdrawn), last_day=last_day)
    assert verdict == EntryDecision(AD, remove=True, ask=False, reason=reason)


def test_a_superseded_inactive_requests_nothing_about_an_ad_we_do_not_have() -> None:
    verdict = judged(sighting("INACTIVE", contested=True), stored=False)
    assert verdict == EntryDecision(AD, remove=False, ask=False, reason=Reason.SUPERSEDED)


OURS = scripted_content(AD)
STORED = Stored(OURS.raw, None)


@pytest.mark.parametrize(
    ("answer", "stored", "reason", "kept"),
    [
        (Gone(AD), None, Reason.GONE, False),
        (Detail(AD, Status.INACTIVE, None), None, Reason.INACTIVE, False),
        (Detail(AD, Status.INACTIVE, None), Stored("{}", TODAY), Reason.INACTIVE, False),
        (Detail(AD, Status.ACTIVE, None), None, Reason.WITHHELD, False),
        (Detail(AD, Status.ACTIVE, None), Stored("{}", TODAY), Reason.WITHHELD, False),
        (
            Detail(AD, Status.INACTIVE, None),
            Stored("{}", TODAY - timedelta(days=1)),
            Reason.EXPIRED,
            False,
        ),
        (Detail(AD, Status.ACTIVE, OURS), None, Reason.NEW, True),
        (Detail(AD, Status.ACTIVE, OURS), Stored("{}", None), Reason.CHANGED, True),
        (Detail(AD, Status.ACTIVE, OURS), Stored(OURS.raw, None), Reason.UNCHANGED, True),
        (
            Detail(AD, Status.ACTIVE, scripted_content(AD, expires="2026-11-20T00:00:00+01:00")),
            None,
            Reason.EXPIRED,
            False,
        ),
        (
            Detail(AD, Status.ACTIVE, scripted_content(AD, expires="2026-11-21T00:00:00+01:00")),
            None,
            Reason.NEW,
            True,
        ),
    ],
)
def test_the_detail_decides_what_is_true_now(
    answer: Detail | Gone, stored: Stored | None, reason: Reason, kept: bool
) -> None:
    verdict = decide_detail(answer, stored=stored, queued=None, today=TODAY, scope=Scope())
    assert (verdict.reason, verdict.content is not None) == (reason, kept)


@pytest.mark.parametrize(
    ("stored", "queued", "retry"),
    [
        (STORED, None, Retry(timedelta(hours=1))),
        (STORED, Queued(AD, 3, Reason.RECHECK), Retry(timedelta(hours=1))),
        (None, Queued(AD, 0, Reason.GONE), Retry(timedelta(days=1), attempts=1)),
        (None, Queued(AD, 1, Reason.GONE), None),
        (None, Queued(AD, 0, Reason.ANNOUNCED), None),
        (None, None, None),
    ],
)
def test_an_ad_that_is_gone_is_requested_twice_more(
    stored: Stored | None, queued: Queued | None, retry: Retry | None
) -> None:
    """A 404 may be a passing fault: that it is for good is believed after an hour and a day."""
    decision = decide_detail(Gone(AD), stored=stored, queued=queued, today=TODAY, scope=Scope())
    assert (decision.reason, decision.retry) == (Reason.GONE, retry)


def test_an_active_ad_outside_the_scope_is_not_kept() -> None:
    verdict = decide_detail(
        Detail(AD, Status.ACTIVE, OURS),
        stored=None,
        queued=None,
        today=TODAY,
        scope=Scope(municipalities=("OSLO",)),
    )
    assert (verdict.reason, verdict.content) == (Reason.OUT_OF_SCOPE, None)


def test_an_ad_is_shown_through_its_last_day_and_for_ever_without_one() -> None:
    assert not is_past(TODAY, TODAY)
    assert is_past(TODAY - timedelta(days=1), TODAY)
    assert not is_past(None, TODAY)


WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("served_at", "newest", "here", "day"),
    [
        (NOW, NOW - WEEK, NOW, NOW.date()),
        (NOW, None, NOW + WEEK, NOW.date()),
        (NOW + WEEK, None, NOW, NOW.date()),
        (None, NOW, NOW + WEEK, NOW.date()),
        (None, NOW + WEEK, NOW, NOW.date()),
        (None, None, NOW, date.min),
    ],
)
def test_T1_the_day_is_one_that_the_feed_confirms(
    served_at: datetime | None, newest: datetime | None, here: datetime, day: date
) -> None:
    assert confirmed_day(served_at, newest, here) == day


NURSE = scripted_content(
    AD,
    title="Sykepleier natt",
    workLocations=[
        {"municipal": "OSLO", "county": "OSLO"},
        {"municipal": "BÆRUM", "county": "AKERSHUS"},
    ],
    occupationCategories=[{"level1": "Helse og sosial", "level2": "Sykepleier"}],
    categoryList=[{"categoryType": "STYRK08", "code": "2223"}],
    employer={"orgnr": "974760673"},
    description="<p>Turnus</p>",
)


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        (Scope(), True),
        (Scope(municipalities=("bærum",)), True),
        (Scope(municipalities=("BERGEN", "Oslo")), True),
        (Scope(municipalities=("BERGEN",)), False),
        (Scope(counties=("Akershus",)), True),
        (Scope(counties=("Vestland",)), False),
        (Scope(occupations=("sykepleier",)), True),
        (Scope(occupations=("Lærer",)), False),
        (Scope(codes=("2223",)), True),
        (Scope(codes=("9",)), False),
        (Scope(orgnrs=("974760673",)), True),
        (Scope(orgnrs=("1",)), False),
        (Scope(words=("TURNUS",)), True),
        (Scope(words=("kokk", "natt")), True),
        (Scope(words=("kokk",)), False),
        (Scope(municipalities=("OSLO",), words=("kokk",)), False),
    ],
)
def test_scope_is_judged_on_any_place_and_every_field(scope: Scope, inside: bool) -> None:
    assert in_scope(scope, NURSE) is inside


@pytest.mark.parametrize(
    ("new", "old", "narrower"),
    [
        (Scope(municipalities=("Oslo",)), Scope(), True),
        (Scope(), Scope(municipalities=("OSLO",)), False),
        (Scope(municipalities=("Oslo",)), Scope(municipalities=("OSLO", "BERGEN")), True),
        (Scope(municipalities=("Oslo",)), Scope(counties=("OSLO",)), False),
        (Scope(), Scope(), True),
    ],
)
def test_a_narrower_scope_needs_nothing_fetched(new: Scope, old: Scope, narrower: bool) -> None:
    assert narrows(new, old) is narrower


def test_a_broken_ad_is_tried_twice_at_once_then_ever_less_often() -> None:
    delays = [retry_delay(attempts) for attempts in range(1, 30)]
    assert delays[:4] == [timedelta(0), timedelta(0), timedelta(minutes=5), timedelta(minutes=10)]
    assert delays == sorted(delays)
    assert delays[-1] == timedelta(days=1)
