"""Dates as the feed writes and reads them. Moments are aware datetimes, kept in UTC."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_RFC_1123 = re.compile(
    r"(?:([a-z]{3}), )?(\d{1,2}) ([a-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? (GMT|[+-]\d{4})",
    re.IGNORECASE,
)


def seeded(*parts: object) -> random.Random:
    """Return a random generator seeded with the parts alone."""
    return random.Random(":".join(map(str, parts)))  # noqa: S311 - made-up ads, not secrets


def oslo_day(moment: datetime) -> date:
    return moment.astimezone(OSLO).date()


def midnight(day: date) -> datetime:
    """Return 00:00 Oslo time on that day."""
    return datetime(day.year, day.month, day.day, tzinfo=OSLO).astimezone(UTC)


def iso(moment: datetime) -> str:
    """Write a moment with Oslo's offset and 0-6 decimals, trailing zeros dropped."""
    local = moment.astimezone(OSLO)
    if not local.microsecond:
        return local.isoformat()
    text = local.isoformat()
    return text[:26].rstrip("0") + text[26:]


def last_modified(moment: datetime) -> str:
    """Write a moment as the feed's Last-Modified: numeric offset and a one-digit day."""
    local = moment.astimezone(OSLO)
    return (
        f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year} "
        f"{local:%H:%M:%S %z}"
    )


def http_date(moment: datetime) -> str:
    """Write a moment as RFC 7231 requires: GMT and a two-digit day."""
    utc = moment.astimezone(UTC)
    return (
        f"{_DAYS[utc.weekday()]}, {utc.day:02} {_MONTHS[utc.month - 1]} {utc.year} "
        f"{utc:%H:%M:%S} GMT"
    )


def parse_since(text: str) -> datetime | None:
    """Read an If-Modified-Since date; None for one that the server would ignore.

    It accepts English RFC 1123 dates only, without a weekday or with the right one.
    """
    found = _RFC_1123.fullmatch(text)
    if found is None:
        return None
    weekday, *when, zone = found.groups()
    try:
        moment = _moment(when, zone)
    except ValueError:
        return None
    if weekday and weekday.capitalize() != _DAYS[moment.weekday()]:
        return None
    return moment


def _moment(when: list[str | None], zone: str) -> datetime:
    day, month, year, hour, minute, second = (part or "0" for part in when)
    return datetime(
        int(year),
        _MONTHS.index(month.capitalize()) + 1,
        int(day),
        int(hour),
        int(minute),
        int(second),
        tzinfo=_zone(zone),
    )


def _zone(text: str) -> timezone:
    if text.upper() == "GMT":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return timezone(-offset if text[0] == "-" else offset)
