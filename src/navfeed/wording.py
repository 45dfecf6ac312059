"""What is said to people about an ad and about the store, before anybody draws it.

Nothing here needs rich: the same words go to a terminal and into a pipe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from navfeed.model import OSLO, Content, Location, RunFacts, StoreFacts, oslo_day
from navfeed.plaintext import Block, Kind, blocks_of, harmless

LISTED = ("uuid", "title", "employer", "municipals", "counties", "published", "last_day")
"""The columns of the store that `listed` puts into words."""

LISTED_AS = ("uuid", "title", "employer", "place", "published", "last day")
"""What each cell of `listed` is."""

_LABELS = 14  # the width of what stands before a fact


def listed(row: Sequence[str | tuple[str, ...] | None]) -> tuple[str, ...]:
    """One ad in a list: cells as in `LISTED_AS`, whole and harmless, from a row of `LISTED`."""
    uuid, title, employer, municipals, counties, published, last_day = map(_joined, row)
    cells = (uuid, title, employer, municipals or counties, _day(published), last_day)
    return tuple(map(harmless, cells))


def _joined(cell: str | tuple[str, ...] | None) -> str:
    return "; ".join(cell) if isinstance(cell, tuple) else cell or ""


def ad_page(uuid: str, content: Content) -> list[Block]:
    """An ad as a page: who, where, the way to apply, the terms, the contacts, then its text."""
    head = map(_line, (content.employer, *map(_location, content.locations)))
    return [
        Block(Kind.TITLE, _line(content.title) or "(no title)"),
        Block(Kind.PARAGRAPH, "\n".join(filter(None, head))),
        *_facts(_application(content)),
        *_facts(_terms(uuid, content)),
        *_contacts(content),
        *blocks_of(content.description or ""),
        *_employer(content),
    ]


def _line(text: str | None) -> str:
    return harmless(text or "").strip()


def _facts(facts: Sequence[tuple[str, str | None]]) -> Iterator[Block]:
    for label, value in facts:
        if text := _line(value):
            yield Block(Kind.ITEM, text, label.ljust(_LABELS))


def _application(content: Content) -> list[tuple[str, str | None]]:
    return [("Apply at", content.application_url), ("Apply by", _no_time(content.application_due))]


def _terms(uuid: str, content: Content) -> list[tuple[str, str | None]]:
    return [
        ("Engagement", content.engagement_type),
        ("Extent", content.extent),
        ("Positions", content.positions),
        ("Start", _no_time(content.start_time)),
        ("Sector", content.sector),
        ("Published", _day(content.published)),
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
        yield Block(Kind.HEADING, "Contacts")
        yield from (Block(Kind.ITEM, person, "•", depth=1) for person in people if person)


def _employer(content: Content) -> Iterator[Block]:
    about = blocks_of(content.employer_description or "")
    if about or content.employer_homepage:
        yield Block(Kind.HEADING, "About the employer")
        yield from about
        yield from _facts([("Homepage", content.employer_homepage)])


def _location(location: Location) -> str:
    town = " ".join(filter(None, (location.postal_code, location.city)))
    parts = (location.address, town, location.municipal, location.county, location.country)
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _no_time(text: str | None) -> str | None:
    """NAV writes days as midnights; nobody applies by the stroke of it."""
    return (text or "").removesuffix("T00:00:00")


def _day(moment: str | None) -> str:
    """The day in Oslo of one of the store's moments."""
    try:
        return oslo_day(datetime.fromisoformat(moment)).isoformat() if moment else ""
    except OverflowError:  # the last hours of year 9999
        return ""


def status_page(facts: StoreFacts, now: datetime) -> Iterator[str]:
    """The store's state, a line a fact. Moments are Oslo's, with their offset."""
    for label, value in _status(facts, now):
        if value:
            yield f"{label.ljust(_LABELS)}  {harmless(value)}"


def _status(facts: StoreFacts, now: datetime) -> list[tuple[str, str | None]]:
    return [
        ("Ads in force", f"{facts.in_force:,} ({facts.stored:,} stored, {facts.masked:,} masked)"),
        ("Details", _details(facts)),
        ("Data", _freshness(facts, now)),
        ("Position", f"the feed's entries up to {_local(facts.newest)}" if facts.newest else None),
        ("Trouble", facts.trouble),
        *_run(facts.last_run),
        ("Not before", _retry(facts.retry_at, now)),
        ("Token", _token(facts.token_expires, now)),
        ("Erasure", _ERASURE_OWED if facts.erasure_owed else None),
        ("Store", _store(facts)),
    ]


_ERASURE_OWED = "owed: another program read an old state; the next sync makes it good"


def _details(facts: StoreFacts) -> str:
    held = f", {facts.held_back:,} of them held back until their retry" if facts.held_back else ""
    return f"{facts.waiting:,} waiting{held}"


def _freshness(facts: StoreFacts, now: datetime) -> str:
    if facts.caught_up_at is None:
        return "incomplete: no sync has reached the end of the feed yet"
    return f"caught up {_local(facts.caught_up_at)}, {_span(now - facts.caught_up_at)} ago"


def _run(run: RunFacts | None) -> list[tuple[str, str | None]]:
    if run is None:
        return [("Last run", "none yet")]
    done = ", ".join(f"{count:,} {name}" for name, count in run.counts.items() if count)
    return [("Last run", f"{_local(run.started_at)}: {_ending(run)}"), ("It did", done)]


def _ending(run: RunFacts) -> str:
    if run.ended_at is None:
        return "not ended; it still runs, or it was killed"
    return f"exit {run.exit_code}, {run.outcome}"


def _retry(moment: datetime | None, now: datetime) -> str | None:
    return f"{_local(moment)}: the feed asked for a pause" if moment and moment > now else None


def _token(expires: datetime | None, now: datetime) -> str:
    if expires is None:
        return "no expiry known"
    when = f"in {_span(expires - now)}" if expires > now else f"{_span(now - expires)} ago"
    return f"expires {_local(expires)}, {when}" if expires > now else f"expired {when}"


def _store(facts: StoreFacts) -> str:
    return (
        f"{facts.path} ({facts.size / 1e6:,.1f} MB, schema {facts.schema_version}; "
        f"inactive ads: {facts.inactive.value})"
    )


def _local(moment: datetime | None) -> str:
    if moment is None:
        return "an unknown time"
    text = moment.astimezone(OSLO).isoformat(sep=" ", timespec="minutes")
    return f"{text[:-6]} {text[-6:]}"


_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def _span(length: timedelta) -> str:
    seconds = max(int(length.total_seconds()), 0)  # clocks differ: never "-3 seconds ago"
    for unit, size in _UNITS:
        if count := seconds // size:
            return _counted(count, unit)
    return _counted(seconds, "second")


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"
