"""How good the data is: what ads leave out, contradict themselves in, or say twice."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

EXAMPLES = 3
"""How many ads are named for each finding."""

LONGEST_DAYS = 184
"""An ad is active for six months at most (feed.md 1)."""


@dataclass(frozen=True, slots=True)
class AdFacts:
    """What is looked at in an ad, in the columns' own form: days and moments begin with a day."""

    uuid: str
    title: str | None
    description: str | None
    employer: str | None
    employer_orgnr: str | None
    municipality_numbers: tuple[str, ...]
    municipalities: tuple[str, ...]
    counties: tuple[str, ...]
    styrk08: tuple[str, ...]
    extent: str | None
    published: str | None
    last_day: str | None
    application_due: str | None
    due_date: str | None
    application_url: str | None
    positions: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A check, what it found in how many ads, their share of 1, and the ids of the first few."""

    check: str
    meaning: str
    ads: int
    share: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Of how many ads, and each check's finding, also where it found nothing."""

    ads: int
    findings: tuple[Finding, ...]


def examine(ads: Iterable[AdFacts], today: date) -> Report:
    """Look at every ad with every check, and for ads that seem to be the same one."""
    total = 0
    found: dict[str, list[str]] = {name: [] for name in MEANINGS}
    same: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for ad in ads:
        total += 1
        for name, is_so in CHECKS.items():
            if is_so(ad, today):
                found[name].append(ad.uuid)
        if ad.title and ad.employer:
            same[_likeness(ad)].append(ad.uuid)
    found[DUPLICATES] = [uuid for group in same.values() if len(group) > 1 for uuid in group]
    return Report(total, tuple(_finding(name, uuids, total) for name, uuids in found.items()))


def _finding(name: str, uuids: list[str], total: int) -> Finding:
    share = round(len(uuids) / total, 4) if total else 0.0
    return Finding(name, MEANINGS[name], len(uuids), share, tuple(uuids[:EXAMPLES]))


def _likeness(ad: AdFacts) -> tuple[object, ...]:
    """What two ads for the same job have in common, however they are written."""
    title = " ".join((ad.title or "").casefold().split())
    employer = ad.employer_orgnr or (ad.employer or "").casefold()
    return employer, title, frozenset(ad.municipality_numbers or ad.municipalities)


_SHARE_OF_FULL = re.compile(
    r"(?<![\d,.])(\d{1,3})(?:[,.]\d+)?\s*(?:%|prosent)(?=[\s-]*(?:fast|stilling|vikariat|st\b))",
    re.IGNORECASE,
)
_SHARE_IN_TITLE = re.compile(r"(?<![\d,.])(\d{1,3})(?:[,.]\d+)?\s*(?:%|prosent)", re.IGNORECASE)


def _shares(ad: AdFacts) -> set[int]:
    """Shares of a full position that the ad names, in percent."""
    in_title = _SHARE_IN_TITLE.findall(ad.title or "")
    named = [*in_title, *_SHARE_OF_FULL.findall(ad.description or "")]
    return {int(one) for one in named if 0 < int(one) <= 100}


def _is_full_time_in_part(ad: AdFacts, _: date) -> bool:
    shares = _shares(ad)
    return (ad.extent or "").casefold() == "heltid" and bool(shares) and max(shares) < 100


def _is_part_time_in_full(ad: AdFacts, _: date) -> bool:
    return (ad.extent or "").casefold() == "deltid" and _shares(ad) == {100}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _ends_before_it_begins(ad: AdFacts, _: date) -> bool:
    published, last = _day(ad.published), _day(ad.last_day)
    return bool(published and last and last < published)


def _stands_too_long(ad: AdFacts, _: date) -> bool:
    published, last = _day(ad.published), _day(ad.last_day)
    return bool(published and last and (last - published).days > LONGEST_DAYS)


def _is_due_after_its_last_day(ad: AdFacts, _: date) -> bool:
    due, last = _day(ad.due_date), _day(ad.last_day)
    return bool(due and last and due > last)


def _is_due_no_day(ad: AdFacts, _: date) -> bool:
    return bool((ad.application_due or "").strip()) and ad.due_date is None


def _is_published_later(ad: AdFacts, today: date) -> bool:
    published = _day(ad.published)
    return published is not None and published > today


Check = Callable[[AdFacts, date], bool]

CHECKS: dict[str, Check] = {
    "no_municipality": lambda ad, _: not ad.municipality_numbers,
    "no_county": lambda ad, _: not ad.municipality_numbers and not ad.counties,
    "no_styrk": lambda ad, _: not ad.styrk08,
    "several_styrk": lambda ad, _: len(ad.styrk08) > 1,
    "no_employer_number": lambda ad, _: not ad.employer_orgnr,
    "no_way_to_apply": lambda ad, _: not ad.application_url,
    "full_time_in_part": _is_full_time_in_part,
    "part_time_in_full": _is_part_time_in_full,
    "no_published": lambda ad, _: ad.published is None,
    "published_later": _is_published_later,
    "ends_before_it_begins": _ends_before_it_begins,
    "stands_too_long": _stands_too_long,
    "no_last_day": lambda ad, _: ad.last_day is None,
    "due_no_day": _is_due_no_day,
    "due_after_last_day": _is_due_after_its_last_day,
    "positions_no_number": lambda ad, _: not (ad.positions or "").isdecimal(),
}

DUPLICATES = "likely_duplicates"

MEANINGS = {
    "no_municipality": "no municipality, and none that the postal code tells",
    "no_county": "no county either",
    "no_styrk": "no STYRK-08 code",
    "several_styrk": "several STYRK-08 codes: counts once in each",
    "no_employer_number": "no organisation number of the employer",
    "no_way_to_apply": "no address to apply at",
    "full_time_in_part": "Heltid, and less than 100 % in the title or the text",
    "part_time_in_full": "Deltid, and 100 % in the title or the text",
    "no_published": "no readable date of publication",
    "published_later": "published later than today",
    "ends_before_it_begins": "its last day is before it was published",
    "stands_too_long": "active for more than six months",
    "no_last_day": "no readable last day",
    "due_no_day": "a deadline that is no day, such as Snarest",
    "due_after_last_day": "the deadline is after its last day",
    "positions_no_number": "how many positions is no number",
    DUPLICATES: "the same employer, title and places as another ad",
}
"""What each check finds."""
