"""Which ads to notify of, and what the subscriber knows afterwards. Pure: no clock, no store.

The state records what a subscriber knows, not a list of messages to send. So nothing is queued: an
ad whose delivery failed is still unknown at the next attempt, in the state that it is in by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from navfeed.watches.choices import Field, Mark, Trigger


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a watch notifies of: triggers, changes of fields, days before a deadline."""

    triggers: frozenset[Trigger] = frozenset(Trigger)
    changes: frozenset[Field] = frozenset(Field)
    closing_days: int = 3


@dataclass(frozen=True, slots=True)
class Match:
    """A matching ad: a hash of each field, and the day on which it closes, where known."""

    ad: str
    hashes: Mapping[Field, str]
    closes_on: date | None


@dataclass(frozen=True, slots=True)
class KnownAd:
    """What a subscriber knows of an ad.

    `trigger` is that of the last notification; None where there was none because the ad matched
    before the watch started. `announced_deadline` is the last one announced as near.
    `reaches_back` is how far back the copy reached then.
    """

    ad: str
    hashes: Mapping[Field, str]
    announced_deadline: date | None
    trigger: Trigger | None
    reaches_back: datetime | None
    first_notified_at: datetime
    last_notified_at: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """One ad to notify of: why, which fields changed, and the days until a near deadline."""

    ad: str
    trigger: Trigger
    changed: tuple[Field, ...] = ()
    days_left: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The copy that a decision is made from: when, whether complete, how far back it reaches."""

    now: datetime
    today: date
    reaches_back: datetime | None
    complete: bool


def notifications(
    matches: Iterable[Match],
    known: Mapping[str, KnownAd],
    preferences: Preferences,
    marks: Mapping[str, Mark],
    today: date,
) -> Iterator[Notification]:
    """What to notify of among matching ads that are not ignored."""
    for match in matches:
        one = _notification(match, known.get(match.ad), preferences, marks.get(match.ad), today)
        if one is not None:
            yield one


def _notification(
    match: Match,
    known: KnownAd | None,
    preferences: Preferences,
    mark: Mark | None,
    today: date,
) -> Notification | None:
    soon = days_left(match, preferences, today)
    if known is None and Trigger.NEW in preferences.triggers:
        return Notification(match.ad, Trigger.NEW, (), soon)
    changed = changed_fields(match, known) if known else ()
    if Trigger.CHANGED in preferences.triggers and preferences.changes.intersection(changed):
        return Notification(match.ad, Trigger.CHANGED, changed, soon)
    announced = known is not None and known.announced_deadline == match.closes_on
    wanted = Trigger.CLOSING in preferences.triggers and mark is not Mark.APPLIED
    if wanted and soon is not None and not announced:
        return Notification(match.ad, Trigger.CLOSING, (), soon)
    return None


def changed_fields(match: Match, known: KnownAd) -> tuple[Field, ...]:
    return tuple(one for one in Field if match.hashes[one] != known.hashes[one])


def days_left(match: Match, preferences: Preferences, today: date) -> int | None:
    """The days until it closes, 0 for today; None unless that is soon."""
    days = (match.closes_on - today).days if match.closes_on else -1
    return days if 0 <= days <= preferences.closing_days else None


def gone_ads(
    known: Mapping[str, KnownAd],
    active: frozenset[str],
    marks: Mapping[str, Mark],
    preferences: Preferences,
    snapshot: Snapshot,
) -> Iterator[tuple[str, bool]]:
    """Ads that left the feed, each with whether to notify of it.

    `active`: all ads that may still be active, matching or not. An ad that is missing from the copy
    left the feed only where the copy would contain it otherwise.
    """
    for ad, one in known.items():
        if ad not in active and _copy_would_contain(one, snapshot):
            wanted = one.trigger is not None and Trigger.GONE in preferences.triggers
            yield ad, wanted and marks.get(ad) is not Mark.IGNORED


def _copy_would_contain(known: KnownAd, snapshot: Snapshot) -> bool:
    """A copy that starts at a later day may lack an ad that is still active."""
    if snapshot.complete:
        return True
    then, now = known.reaches_back, snapshot.reaches_back
    return now is not None and then is not None and now <= then


def known_after(
    match: Match,
    known: KnownAd | None,
    notification: Notification | None,
    preferences: Preferences,
    snapshot: Snapshot,
) -> KnownAd | None:
    """What the subscriber knows after the notification; None where nothing changes.

    An unknown ad without a notification was left out on purpose, and is recorded as such.
    """
    at = snapshot.now
    if notification is None:
        first = KnownAd(match.ad, match.hashes, None, None, snapshot.reaches_back, at, at)
        return None if known else first
    return KnownAd(
        match.ad,
        match.hashes,
        _near_deadline(match, preferences, snapshot.today),
        notification.trigger,
        snapshot.reaches_back,
        first_notified_at=known.first_notified_at if known and known.trigger else at,
        last_notified_at=at,
    )


def baseline(match: Match, preferences: Preferences, snapshot: Snapshot) -> KnownAd:
    """An ad that matches when a watch starts: known, without a notification."""
    deadline = _near_deadline(match, preferences, snapshot.today)
    at = snapshot.now
    return KnownAd(match.ad, match.hashes, deadline, None, snapshot.reaches_back, at, at)


def _near_deadline(match: Match, preferences: Preferences, today: date) -> date | None:
    return match.closes_on if days_left(match, preferences, today) is not None else None
