"""Single values: storable text, numbers, ids, moments. Most invalid ones become None."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from navfeed.errors import ContractError
from navfeed.model import OSLO, oslo_day

UUID_PATTERN = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Swap NUL and lone surrogates for U+FFFD: SQLite cuts text at one and refuses the other.

    The raw content keeps both as JSON escapes, so nothing is lost.
    """
    return text if is_storable(text) else _UNSTORABLE.sub("�", text)


def is_storable(text: str) -> bool:
    """Whether SQLite can store the text. Much faster than a regular expression."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_text(value: object) -> str | None:
    """The value as text; a number in place of text keeps its digits."""
    if isinstance(value, str):
        return storable(value)
    return None if value is None or isinstance(value, bool | list | dict) else str(value)


def as_number(value: object) -> float | None:
    match value:
        case bool():
            return None
        case int() | float():
            return _finite(value)
        case _:
            return None


def _finite(value: float) -> float | None:
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:  # an int beyond what a float holds
        return None


def objects_of(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def is_plausible(moment: datetime) -> bool:
    """Whether the year is realistic. Arithmetic at the ends of the calendar overflows."""
    return 2000 <= moment.year < 2200


def uuid_of(value: object, what: str) -> str:
    """The uuid in lower case, so that an ad has one id. Raises `ContractError`."""
    if isinstance(value, str) and UUID_PATTERN.fullmatch(value):
        return value.lower()
    raise ContractError(f"the feed sent a {what} that is not a uuid")


def is_id(text: str) -> bool:
    """Whether this is an id as `uuid_of` returns it."""
    return UUID_PATTERN.fullmatch(text) is not None and text == text.lower()


def texts_of(value: dict[str, Any], names: Sequence[str]) -> list[Any]:
    return [as_text(value.get(name)) for name in names]


def moment_of(text: str | None) -> datetime | None:
    """ISO 8601 or nothing. A time without an offset is Oslo's: NAV's clocks all are."""
    try:
        moment = datetime.fromisoformat(text or "")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=OSLO)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole_seconds(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment else None


def last_day_of(moment: datetime | None) -> date | None:
    try:
        return oslo_day(moment) if moment else None
    except OverflowError:  # the last hours of year 9999
        return None
