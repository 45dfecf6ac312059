"""Times as the store writes them: the one place where a moment or a day becomes text, and back.

Public tables hold whole seconds, `2026-11-21T08:00:00Z`. What the reading of the feed decides by
keeps its microseconds, `2026-11-21T08:00:00.000000Z`. Within a column, texts sort as moments do.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from navfeed.model import moment_text

_ALMOST_A_SECOND = timedelta(microseconds=999_999)
_AFTER_ALL = "9999-12-31T24:00:00Z"
"""Sorts after the last moment that Python can hold."""


def bound_text(moment: datetime) -> str | None:
    """What a column of whole seconds is compared with: the first second that is not before."""
    if not moment.microsecond:
        return moment_text(moment)
    try:
        return moment_text(moment + _ALMOST_A_SECOND)
    except OverflowError:
        return _AFTER_ALL


def exact_text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def read_moment(text: str | None) -> datetime | None:
    """An aware datetime in UTC. A damaged text reads as None: no single moment decides anything."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None


def day_text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def read_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
