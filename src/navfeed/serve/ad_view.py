"""One ad as the page shows it: the way to apply first, then its terms, then its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from navfeed.model import Contact, Content, Location
from navfeed.present.words import oslo_day_text
from navfeed.serve.sanitizing import safe_html
from navfeed.serve.visible import plain, safe_link
from navfeed.serve.words import Language


@dataclass(frozen=True, slots=True)
class AdView:
    """What the template writes; texts are on one line, links lead to the web or are empty."""

    uuid: str
    title: str
    employer: str
    homepage: str
    apply: str
    due: str
    soon: str
    facts: tuple[tuple[str, str], ...]
    description: Markup
    about: Markup
    contacts: tuple[str, ...]
    nav: str
    source: str


def ad_view(
    uuid: str, content: Content, today: date, language: Language, *, with_contacts: bool
) -> AdView:
    return AdView(
        uuid=uuid,
        title=plain(content.title),
        employer=plain(content.employer),
        homepage=safe_link(content.employer_homepage),
        apply=safe_link(content.application_url),
        due=due_text(content.due_date, content.application_due, language),
        soon=soon(content.due_date, today, language),
        facts=tuple(_facts(content, language)),
        description=safe_html(content.description),
        about=safe_html(content.employer_description),
        contacts=tuple(_people(content.contacts)) if with_contacts else (),
        nav=safe_link(content.link),
        source=safe_link(content.source_url),
    )


SOON = 7
"""Days before its end from which on the page marks an ad as closing soon."""


def soon(due: date | None, today: date, language: Language) -> str:
    """That an ad closes soon, and when; empty where it does not, or nobody knows."""
    days = (due - today).days if due else -1
    if not 0 <= days <= SOON:
        return ""
    name = {0: "closes_today", 1: "closes_tomorrow"}.get(days, "closes_soon")
    return language[name].format(days=days)


def due_text(due: date | None, written: str | None, language: Language) -> str:
    """The day, where the ad names one, else its own words."""
    return language.day(due) or plain((written or "").removesuffix("T00:00:00"))


def _facts(content: Content, language: Language) -> Iterator[tuple[str, str]]:
    for name, value in (
        ("places", "; ".join(dict.fromkeys(map(_place, content.locations)))),
        ("extent", content.extent),
        ("engagement_type", content.engagement_type),
        ("positions", content.positions),
        ("start_time", _start(content.start_time, language)),
        ("sector", content.sector),
        ("occupations", "; ".join(_names(content))),
        ("published", _day(content.published, language)),
        ("last_day", language.day(content.last_day)),
        ("source", content.source),
    ):
        if text := plain(value):
            yield language[name], text


def _names(content: Content) -> Sequence[str]:
    """The occupations, each once, or the job title where there is none."""
    named = [one.level2 or one.level1 or "" for one in content.occupations]
    return [*dict.fromkeys(filter(None, named))] or [content.job_title or ""]


def _day(moment: datetime | None, language: Language) -> str:
    day = oslo_day_text(moment)
    return language.day(date.fromisoformat(day)) if day else ""


def _start(written: str | None, language: Language) -> str:
    """A day is written as one; `etter avtale` stays."""
    try:
        return language.day(datetime.fromisoformat(written or "").date())
    except ValueError:
        return written or ""


def _place(location: Location) -> str:
    town = " ".join(filter(None, (location.postal_code, location.city)))
    known = location.municipal or location.county or location.country
    named = known if known and known.casefold() != (location.city or "").casefold() else None
    return ", ".join(filter(None, (location.address, town, named)))


def _people(contacts: Sequence[Contact]) -> Iterator[str]:
    for one in contacts:
        parts = map(plain, (one.name, one.title or one.role, one.phone, one.email))
        if line := ", ".join(filter(None, parts)):
            yield line
