"""Times as the store writes them: the one place where a moment or a day becomes text, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime


def moment_text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


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
