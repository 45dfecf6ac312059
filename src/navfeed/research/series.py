"""Counts over time: new, active and removed ads, and how long these were active."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import product


class Over(StrEnum):
    """The periods, in Oslo: ISO weeks (`2026-W47`) or months (`2026-11`)."""

    WEEK = "week"
    MONTH = "month"


class Of(StrEnum):
    """The measure to count per period.

    `new`: ads published in it. `active`: ads active at its end. `removed`: ads removed in it.
    `duration`: the median number of days that those were active.
    """

    NEW = "new"
    ACTIVE = "active"
    REMOVED = "removed"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Spell:
    """The first day an ad was active, and the first it no longer was; None: unknown.

    `names` are the values to count it by, a tuple for each dimension.
    """

    began: date | None
    left: date | None
    names: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """A figure: its period, its name in each dimension, and the value; None: unknown."""

    period: str
    names: tuple[str, ...]
    value: float | None


@dataclass(frozen=True, slots=True)
class Frame:
    """The measure, the periods, the dimensions and the days to count.

    Figures are complete for the days from `since` to `until`, both counted; None: for no day.
    Periods are listed up to that of `today`.
    """

    over: Over
    of: Of
    by: tuple[str, ...]
    since: date | None
    until: date | None
    today: date

    def covers(self, day: date) -> bool:
        """Whether a day is not after the last complete one."""
        return self.until is not None and day <= self.until

    def knows(self, start: date) -> bool:
        """Whether the period that begins on a day gets figures."""
        return self.since is not None and self.since <= start and self.covers(start)

    @property
    def first_whole(self) -> str | None:
        """The first period that can have figures; None: unknown."""
        if self.since is None:
            return None
        start = start_of(self.over, self.since)
        return _name(self.over, start if start == self.since else _after(self.over, start))


@dataclass(frozen=True, slots=True)
class Series:
    """Figures by period. With dimensions, a name that a known period does not have is 0 ads."""

    frame: Frame
    points: tuple[Point, ...]


def series_of(spells: Iterable[Spell], frame: Frame) -> Series:
    """Count `spells` in each period from the one of the first spell to that of `frame.today`.

    Periods that begin before `frame.since` or after `frame.until` get no value. One that contains
    the latter is counted up to it.
    """
    ads = list(spells)
    days = [day for ad in ads for day in (ad.began, ad.left) if day and day <= frame.today]
    starts = list(_starts(frame.over, min([frame.since or frame.today, *days]), frame.today))
    figures = _FIGURES[frame.of](ads, frame, list(filter(frame.knows, starts)))
    points = (
        Point(_name(frame.over, start), names, value)
        for start in starts
        for names, value in _values(figures.get(start), frame)
    )
    return Series(frame, tuple(points))


Figures = Mapping[date, Mapping[tuple[str, ...], float]]


def _values(
    figures: Mapping[tuple[str, ...], float] | None, frame: Frame
) -> Iterable[tuple[tuple[str, ...], float | None]]:
    return [(("",) * len(frame.by), None)] if figures is None else _in_order(figures, frame)


def _in_order(
    figures: Mapping[tuple[str, ...], float], frame: Frame
) -> Iterable[tuple[tuple[str, ...], float | None]]:
    """Without dimensions there is always one figure: 0 for no ads, and no median."""
    none = None if frame.of is Of.DURATION else 0
    return sorted(figures.items()) if frame.by or figures else [((), none)]


def _new(ads: Sequence[Spell], frame: Frame, known: Sequence[date]) -> Figures:
    begun = ((ad, ad.began) for ad in ads if ad.began and frame.covers(ad.began))
    return _counted(begun, frame.over, known)


def _removed(ads: Sequence[Spell], frame: Frame, known: Sequence[date]) -> Figures:
    gone = ((ad, ad.left) for ad in ads if ad.left and frame.covers(ad.left))
    return _counted(gone, frame.over, known)


def _counted(
    dated: Iterable[tuple[Spell, date]], over: Over, known: Sequence[date]
) -> dict[date, Counter[tuple[str, ...]]]:
    figures: dict[date, Counter[tuple[str, ...]]] = {start: Counter() for start in known}
    for ad, day in dated:
        if (start := start_of(over, day)) in figures:
            figures[start].update(product(*map(set, ad.names)))
    return figures


def _active(ads: Sequence[Spell], frame: Frame, known: Sequence[date]) -> Figures:
    figures: dict[date, Counter[tuple[str, ...]]] = {}
    for start in known:
        end = min(_after(frame.over, start) - timedelta(days=1), frame.until or date.max)
        figures[start] = Counter(
            names for ad in ads if _stands(ad, end) for names in product(*map(set, ad.names))
        )
    return figures


def _stands(ad: Spell, day: date) -> bool:
    return ad.began is not None and ad.began <= day and (ad.left is None or ad.left > day)


def _duration(ads: Sequence[Spell], frame: Frame, known: Sequence[date]) -> Figures:
    days: dict[date, dict[tuple[str, ...], list[int]]] = {one: {} for one in known}
    for ad in ads:
        if ad.began and ad.left and frame.covers(ad.left):
            stood = days.get(start_of(frame.over, ad.left), {})
            for names in product(*map(set, ad.names)):
                stood.setdefault(names, []).append((ad.left - ad.began).days)
    return {
        start: {names: median(each) for names, each in found.items()}
        for start, found in days.items()
    }


def median(numbers: Sequence[int]) -> float:
    """The middle value, or the mean of the two middle ones."""
    ordered = sorted(numbers)
    half, odd = divmod(len(ordered), 2)
    return float(ordered[half]) if odd else (ordered[half - 1] + ordered[half]) / 2


_FIGURES: dict[Of, Callable[[Sequence[Spell], Frame, Sequence[date]], Figures]] = {
    Of.NEW: _new,
    Of.ACTIVE: _active,
    Of.REMOVED: _removed,
    Of.DURATION: _duration,
}


def start_of(over: Over, day: date) -> date:
    """The first day of the period that contains a day."""
    return day.replace(day=1) if over is Over.MONTH else day - timedelta(days=day.weekday())


def _after(over: Over, start: date) -> date:
    return start_of(over, start + timedelta(days=32 if over is Over.MONTH else 7))


def _starts(over: Over, first: date, last: date) -> Iterator[date]:
    start = start_of(over, first)
    while start <= last:
        yield start
        start = _after(over, start)


def _name(over: Over, start: date) -> str:
    if over is Over.MONTH:
        return f"{start:%Y-%m}"
    year, week, _ = start.isocalendar()
    return f"{year:04}-W{week:02}"
