"""Dates as the withdrawn API read them: a grammar of its own, and everything in UTC.

public-feed.md 8: a value without an offset is UTC, not Oslo's; what is written to the day lasts
that UTC day, to the second that second. `now` is Oslo's clock on the wall, read as UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from navfeed.model import OSLO, Span, oslo_day

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_THOUSANDTH = timedelta(milliseconds=1)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}

_DATE = (
    r"(?P<day>\d{4}-\d\d-\d\d)(?:T(?P<minute>\d\d:\d\d)(?P<second>:\d\d)?(?P<fraction>\.\d{1,9})?)?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?"
)
_ONE = re.compile(_DATE, re.ASCII)
_SPACE = r"[ \t\n\r\f\v]*+"
_INTERVAL = re.compile(
    rf"(?P<opening>[\[(]){_SPACE}(?P<first>[^\s,\[\]()]+){_SPACE},{_SPACE}"
    rf"(?P<last>[^\s,\[\]()]+){_SPACE}(?P<closing>[\])])"
)


def read_old_span(text: str, now: datetime) -> Span:
    """The stretch of time that a value means. Raises ValueError where the grammar has no such."""
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return _stretch(text, now)
    first, last = _stretch(match["first"], now), _stretch(match["last"], now)
    return Span(
        first.start if match["opening"] == "[" else first.end,
        last.end if match["closing"] == "]" else last.start,
    )


def _stretch(text: str, now: datetime) -> Span:
    """The time that a date covers, by the precision it is given in: a year, a day, a second."""
    if text == "*":
        return Span()
    if text == "now":
        wall = now.astimezone(OSLO).replace(tzinfo=UTC)
        return _lasting(wall, _SECOND)
    if text in _DAYS:
        day = oslo_day(now) + timedelta(days=_DAYS[text])
        return _lasting(datetime(day.year, day.month, day.day, tzinfo=UTC), _DAY)
    if (match := _ONE.fullmatch(text)) is None:
        raise ValueError(text)
    return _lasting(_moment(match), _precision(match))


def _moment(match: re.Match[str]) -> datetime:
    fraction = (match["fraction"] or ".0")[:7]
    clock = f"{match['minute'] or '00:00'}{match['second'] or ':00'}{fraction}"
    if match["fraction"] and not match["second"]:
        raise ValueError(match[0])
    offset = (match["offset"] or "Z").replace("Z", "+00:00")
    return datetime.fromisoformat(f"{match['day']}T{clock}{offset}")


def _precision(match: re.Match[str]) -> timedelta:
    if not match["minute"]:
        return _DAY
    if not match["second"]:
        return _MINUTE
    return _THOUSANDTH if match["fraction"] else _SECOND


def _lasting(moment: datetime, length: timedelta) -> Span:
    """In whole seconds, as the store has them; up to the ends of the years that there are."""
    try:
        start = moment.astimezone(UTC)
    except OverflowError:
        return Span(_FIRST, _FIRST) if moment.year == 1 else Span(_LAST, _LAST)
    try:
        return Span(_whole(start), _whole(start + length))
    except OverflowError:
        return Span(start, _LAST)


_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def _whole(moment: datetime) -> datetime:
    """The first whole second from a moment on."""
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + _SECOND
