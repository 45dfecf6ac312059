"""Expressions for ranges of time and of numbers, for filters.

They are those of NAV's withdrawn public-feed API (https://github.com/navikt/pam-public-feed): a
day (`2019-06-12`), a moment (`2019-06-12T23:00:01`), `now`, `today`, `yesterday`, `tomorrow`, and
ranges between any two of them. `[` and `]` include their end, `(` and `)` leave it out, `*` is no
end: `[2019-06-01,2019-07-01)`, `[*,yesterday]`. A day is the whole day, also where it ends a range.
Days, and moments without an offset, are Oslo's.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from navfeed.model import OSLO, Span, oslo_day

_RANGE = re.compile(r"([\[(])\s*([^,\[\]()]+?)\s*,\s*([^,\[\]()]+?)\s*([\])])")
_SECOND = timedelta(seconds=1)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def read_span(text: str, now: datetime) -> Span:
    """The time range that an expression means at `now`.

    Raises ValueError if it is invalid.
    """
    text = text.strip().lower()
    match = _RANGE.fullmatch(text)
    if match is None:
        return _point(text, now)
    opening, first, last, closing = match.groups()
    start, end = _point(first, now), _point(last, now)
    return Span(
        start.start if opening == "[" else start.end,
        end.end if closing == "]" else end.start,
    )


def read_span_ahead(text: str, now: datetime) -> Span:
    """Like `read_span`; a number means the next days, from today to the last one inclusive."""
    text = text.strip()
    if not text.isdecimal():
        return read_span(text, now)
    today = oslo_day(now)
    try:
        return Span(of_day(today).start, of_day(today + timedelta(days=int(text))).end)
    except OverflowError as error:
        raise ValueError(text) from error


def read_numbers(text: str) -> tuple[int | None, int | None]:
    """The lowest and highest number that an expression means, None for no bound.

    `3`, `[2,5]`, `[10,*)`. Raises ValueError if it is invalid.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        number = _number(text.strip())
        return number, number
    opening, first, last, closing = match.groups()
    least, greatest = _number(first), _number(last)
    return (
        least + 1 if least is not None and opening == "(" else least,
        greatest - 1 if greatest is not None and closing == ")" else greatest,
    )


def _number(text: str) -> int | None:
    if text == "*":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError(text)
    return int(text)


def _point(text: str, now: datetime) -> Span:
    """The range of a day or a moment. Nothing here is finer than a second."""
    if text == "*":
        return Span()
    if text in _DAYS:
        return of_day(oslo_day(now) + timedelta(days=_DAYS[text]))
    if text == "now":
        return _second(now)
    if len(text) == len("2019-06-12") and text[4] == text[7] == "-":
        return of_day(date.fromisoformat(text))
    if text[10:11] == "t":
        moment = datetime.fromisoformat(text.upper())
        return _second(moment if moment.tzinfo else moment.replace(tzinfo=OSLO))
    raise ValueError(text)


def of_day(day: date) -> Span:
    """A day in Oslo, from midnight to midnight."""
    return Span(_midnight(day), _midnight(day + timedelta(days=1)) if day < date.max else None)


def _midnight(day: date) -> datetime | None:
    try:
        return datetime.combine(day, time(), OSLO).astimezone(UTC)
    except OverflowError:  # the first day of year 1, before which nothing is
        return None


def _second(moment: datetime) -> Span:
    try:
        start = moment.astimezone(UTC).replace(microsecond=0)
        return Span(start, start + _SECOND)
    except OverflowError as error:  # the first hours of year 1, the last of year 9999
        raise ValueError(moment) from error
