"""Read the application deadline from free text.

One in six of these texts is not a date (`Snarest`). A text is read only if it is one complete date,
with its year, and nothing that could change its meaning; everything else stays text. Only the form
decides, never today's date, so that a text means the same day for everybody:

- ISO 8601: `2026-10-31`, `2026-10-19T00:00:00`, with an offset or without (then it is Oslo's).
- Numbers separated by dots, day first, as in Norwegian: `21.08.2026`, `1.9.2026`. Not with a
  two-digit year (`10.11.12`), nor separated by slashes (`08/09/2026`): these are ambiguous.
- Names of months: `21. august 2026`, `1 sept. 2026`.
- Either of the last two after `Frist`, `Søknadsfrist`, `Innen` or `Senest`, after a weekday if it
  is the right one, and before a time (`kl. 12:00`). `Før 1. mai 2026` is not read: whether it
  includes that day is unclear.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from navfeed.text.letters import composed

_OSLO = ZoneInfo("Europe/Oslo")
_LONGEST = 80

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("januar jan", "februar feb febr", "mars mar", "april apr", "mai", "juni jun"),
            *("juli jul", "august aug", "september sep sept", "oktober okt", "november nov"),
            "desember des",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            *("mandag måndag", "tirsdag tysdag", "onsdag", "torsdag", "fredag"),
            *("lørdag laurdag", "søndag sundag"),
        )
    )
    for name in names.split()
}

_DUE = re.compile(
    r"(?:(?:søknadsfrist|søknadsfristen|frist|fristen)(?:\s*:|\s+er)?\s+)?"
    r"(?:(?:innen|senest|seinast)(?:\s+den)?\s+)?"
    rf"(?:(?P<weekday>{'|'.join(_WEEKDAYS)}),?\s+)?(?:den\s+)?"
    r"(?P<day>[0-9]{1,2})"
    rf"(?:\.(?P<number>[0-9]{{1,2}})\.|\.?\s*(?P<name>{'|'.join(_MONTHS)})\.?\s+)"
    r"(?P<year>[0-9]{4})"
    r"(?:,?\s+(?:kl\.?\s*)?[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?)?\.?"
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[t ][0-9]{2}:[0-9]{2}.*)?")


def read_due(text: str | None) -> date | None:
    """The last day to apply, in Oslo; None if the text is not exactly one date."""
    if not text or len(text) > _LONGEST:
        return None
    form = composed(text).strip().casefold()
    try:
        if _ISO.fullmatch(form):
            return _iso(form)
        match = _DUE.fullmatch(form)
        return _norwegian(match) if match else None
    except (ValueError, OverflowError):  # the 31st of February; an hour before the year 1
        return None


def _iso(text: str) -> date:
    moment = datetime.fromisoformat(text.upper())
    return moment.astimezone(_OSLO).date() if moment.tzinfo else moment.date()


def _norwegian(match: re.Match[str]) -> date | None:
    month = int(match["number"]) if match["number"] else _MONTHS[match["name"]]
    day = date(int(match["year"]), month, int(match["day"]))
    weekday = match["weekday"]
    return day if weekday is None or _WEEKDAYS[weekday] == day.weekday() else None
