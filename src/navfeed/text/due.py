"""Reading the day by which to apply out of the free text that says it.

One in six of these texts is no date (`Snarest`). A text is read only where it says one whole day,
with its year, and nothing that could change it; everything else stays text. What decides is the
form, never today's date, so that the same text is the same day for everybody:

- ISO 8601: `2026-10-31`, `2026-10-19T00:00:00`, with an offset or without (then it is Oslo's).
- Numbers parted by dots, day first, as Norwegian has it: `21.08.2026`, `1.9.2026`. Not with a year
  of two digits (`10.11.12`), nor parted by slashes (`08/09/2026`): these are read in two ways.
- Names of months: `21. august 2026`, `1 sept. 2026`.
- Either of the last two after `Frist`, `Søknadsfrist`, `Innen` or `Senest`, after the day of the
  week, if it is that day's, and before a time (`kl. 12:00`). `Før 1. mai 2026` is not read: it is
  the day before, or is it?
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
    """The day in Oslo up to and including which to apply; None where the text says no one day."""
    if not text or len(text) > _LONGEST:
        return None
    said = composed(text).strip().casefold()
    try:
        if _ISO.fullmatch(said):
            return _iso(said)
        match = _DUE.fullmatch(said)
        return _norwegian(match) if match else None
    except (ValueError, OverflowError):  # the 31st of February; an hour before the year 1
        return None


def _iso(said: str) -> date:
    moment = datetime.fromisoformat(said.upper())
    return moment.astimezone(_OSLO).date() if moment.tzinfo else moment.date()


def _norwegian(match: re.Match[str]) -> date | None:
    month = int(match["number"]) if match["number"] else _MONTHS[match["name"]]
    day = date(int(match["year"]), month, int(match["day"]))
    weekday = match["weekday"]
    return day if weekday is None or _WEEKDAYS[weekday] == day.weekday() else None
