"""One ad as a page, before anybody draws it. For people; programs get what NAV served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from navfeed.model import Content, Location
from navfeed.present.words import oslo_day_text
from navfeed.text.html import BULLET, Block, BlockKind, blocks_of
from navfeed.text.plaintext import sanitize

_LABELS = 14  # the width of what stands before a fact


def ad_page(uuid: str, content: Content) -> list[Block]:
    """An ad as a page: who, where, the way to apply, the terms, the text, the contacts."""
    return [
        Block(BlockKind.TITLE, _line(content.title) or "(no title)"),
        *_head(content),
        *_facts(_application(content)),
        *_facts(_terms(uuid, content)),
        *blocks_of(content.description or ""),
        *_contacts(content),
        *_employer(content),
    ]


def _head(content: Content) -> Iterator[Block]:
    lines = map(_line, (content.employer, *map(_location, content.locations)))
    if text := "\n".join(filter(None, lines)):
        yield Block(BlockKind.PARAGRAPH, text)


def _line(text: str | None) -> str:
    return sanitize(text or "").strip()


def _facts(facts: Sequence[tuple[str, str | None]]) -> Iterator[Block]:
    for label, value in facts:
        if text := _line(value):
            yield Block(BlockKind.ITEM, text, label.ljust(_LABELS))


def _application(content: Content) -> list[tuple[str, str | None]]:
    return [("Apply by", _due(content)), ("Apply at", content.application_url or _source(content))]


def _source(content: Content) -> str | None:
    """Where to find out how to apply, of an ad that has no address for it."""
    return f"see the source: {content.source_url}" if content.source_url else None


def _due(content: Content) -> str | None:
    """The parsed day, followed by the original text if that differs."""
    text, day = _line(_no_time(content.application_due)), content.due_date
    if day is None:
        return text
    if text.strip(".") in _written(day):
        return day.isoformat()
    return f"{day.isoformat()} ({text})"


def _written(day: date) -> set[str]:
    """The forms of a day that say no more than ISO 8601 does."""
    return {day.isoformat(), f"{day:%d.%m.%Y}", f"{day.day}.{day.month}.{day.year}"}


def _terms(uuid: str, content: Content) -> list[tuple[str, str | None]]:
    return [
        ("Engagement", content.engagement_type),
        ("Extent", content.extent),
        ("Positions", content.positions),
        ("Start", _no_time(content.start_time)),
        ("Sector", content.sector),
        ("Published", oslo_day_text(content.published)),
        ("Last day", content.last_day.isoformat() if content.last_day else None),
        ("Id", uuid),
        ("At NAV", content.link),
        ("Source", content.source_url or content.source),
    ]


def _contacts(content: Content) -> Iterator[Block]:
    people = [
        ", ".join(filter(None, map(_line, (one.name, one.title or one.role, one.phone, one.email))))
        for one in content.contacts
    ]
    if any(people):
        yield Block(BlockKind.HEADING, "Contacts")
        yield from (Block(BlockKind.ITEM, person, BULLET, depth=1) for person in people if person)


def _employer(content: Content) -> Iterator[Block]:
    about = blocks_of(content.employer_description or "")
    if about or content.employer_homepage:
        yield Block(BlockKind.HEADING, "About the employer")
        yield from about
        yield from _facts([("Homepage", content.employer_homepage)])


def _location(location: Location) -> str:
    town = " ".join(filter(None, (location.postal_code, location.city)))
    municipal = None if location.municipal == location.city else location.municipal
    parts = (location.address, town, municipal, location.county, location.country)
    return ", ".join(filter(None, parts))


def _no_time(text: str | None) -> str | None:
    """NAV writes days as midnights; nobody applies by the stroke of it."""
    return (text or "").removesuffix("T00:00:00")
