"""What to tell of which ad, and what is known of it then. Pure: no clock, no store, no channel.

What was told is not a list of ads to send but what a subscriber knows. So nothing has to be queued:
whatever could not be delivered is simply still unknown the next time, in the state that it is in by
then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from navfeed.watches.words import Mark, News, Part


@dataclass(frozen=True, slots=True)
class Wish:
    """What a watch wants to hear: of which news, of changes in which parts, how near a deadline."""

    tell: frozenset[News] = frozenset(News)
    changes: frozenset[Part] = frozenset(Part)
    closing_days: int = 3


@dataclass(frozen=True, slots=True)
class Fit:
    """An ad that fits: a hash of each part, and the day on which it closes, where it says one."""

    ad: str
    prints: Mapping[Part, str]
    closes: date | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a subscriber knows of an ad.

    `news` is what was told last; None where it never was, as it fitted before the watch began.
    `closing` is the deadline that was told to be near. `reach` is how far back the copy reached
    from which it was told. `first_at` and `last_at` are when it was told first and last.
    """

    ad: str
    prints: Mapping[Part, str]
    closing: date | None
    news: News | None
    reach: datetime | None
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """One ad to be told of: why, which parts changed, and in how many days it closes if soon."""

    ad: str
    news: News
    changed: tuple[Part, ...] = ()
    closes_in: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When and from what it is judged: `complete`, `reach`: how far back the copy reaches."""

    now: datetime
    today: date
    reach: datetime | None
    complete: bool


def tellings(
    fits: Iterable[Fit],
    told: Mapping[str, Told],
    wish: Wish,
    marks: Mapping[str, Mark],
    today: date,
) -> Iterator[Telling]:
    """What there is to tell of ads that fit and are not ignored."""
    for fit in fits:
        telling = _of_one(fit, told.get(fit.ad), wish, marks.get(fit.ad), today)
        if telling is not None:
            yield telling


def _of_one(
    fit: Fit, known: Told | None, wish: Wish, mark: Mark | None, today: date
) -> Telling | None:
    soon = closes_in(fit, wish, today)
    if known is None and News.NEW in wish.tell:
        return Telling(fit.ad, News.NEW, (), soon)
    changed = changes(fit, known) if known else ()
    if News.CHANGED in wish.tell and wish.changes.intersection(changed):
        return Telling(fit.ad, News.CHANGED, changed, soon)
    was_told = known is not None and known.closing == fit.closes
    if News.CLOSING in wish.tell and soon is not None and not was_told and mark is not Mark.APPLIED:
        return Telling(fit.ad, News.CLOSING, (), soon)
    return None


def changes(fit: Fit, known: Told) -> tuple[Part, ...]:
    return tuple(part for part in Part if fit.prints[part] != known.prints[part])


def closes_in(fit: Fit, wish: Wish, today: date) -> int | None:
    """In how many days it closes, 0 for today; None where that is not soon, or over."""
    days = (fit.closes - today).days if fit.closes else -1
    return days if 0 <= days <= wish.closing_days else None


def ended(
    told: Mapping[str, Told],
    alive: frozenset[str],
    marks: Mapping[str, Mark],
    wish: Wish,
    at: Moment,
) -> Iterator[tuple[str, bool]]:
    """Ads that are gone from the feed, each with whether that is to be told.

    `alive`: all that may still be active, whether it fits or not. An ad that is not in the copy is
    gone only where the copy would have it.
    """
    for ad, known in told.items():
        if ad not in alive and _would_have(known, at):
            wanted = known.news is not None and News.GONE in wish.tell
            yield ad, wanted and marks.get(ad) is not Mark.IGNORED


def _would_have(known: Told, at: Moment) -> bool:
    """A copy that was begun anew with a later day may lack an ad that is still active."""
    if at.complete:
        return True
    return at.reach is not None and known.reach is not None and at.reach <= known.reach


def learned(
    fit: Fit, known: Told | None, telling: Telling | None, wish: Wish, at: Moment
) -> Told | None:
    """What is known of an ad after what was told; None where that is nothing new.

    Without a telling, an ad that was not known was left out on purpose: it is noted as such.
    """
    if telling is None:
        return None if known else Told(fit.ad, fit.prints, None, None, at.reach, at.now, at.now)
    closing = fit.closes if closes_in(fit, wish, at.today) is not None else None
    return Told(
        fit.ad,
        fit.prints,
        closing,
        news=telling.news,
        reach=at.reach,
        first_at=known.first_at if known and known.news else at.now,
        last_at=at.now,
    )


def as_known(fit: Fit, wish: Wish, at: Moment) -> Told:
    """An ad that fits when a watch begins: known, and never told, nor that it closes soon."""
    closing = fit.closes if closes_in(fit, wish, at.today) is not None else None
    return Told(fit.ad, fit.prints, closing, None, at.reach, at.now, at.now)
