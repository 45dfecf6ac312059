"""The words of a digest, the same in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from navfeed.text.plaintext import sanitize
from navfeed.watches.choices import Mark, Trigger
from navfeed.watches.digest import Digest, Item

TRIGGERS = {
    Trigger.NEW: "new",
    Trigger.CHANGED: "changed",
    Trigger.CLOSING: "closing soon",
    Trigger.GONE: "gone",
}

MARKS = {Mark.SAVED: "saved", Mark.APPLIED: "applied for", Mark.IGNORED: "ignored"}


def summary(digest: Digest) -> str:
    """`2 new, 1 closing soon: bergen-night`."""
    counts = Counter(item.trigger for item in digest.items)
    words = ", ".join(f"{counts[one]:,} {TRIGGERS[one]}" for one in Trigger if counts[one])
    return f"{words or 'no ads'}: {', '.join(group.watch for group in digest.groups)}"


def label(item: Item) -> str:
    """Why the ad is in the digest: `changed (deadline), closes in 2 days`."""
    changed = f" ({', '.join(item.changed)})" if item.changed else ""
    closes = "" if item.days_left is None else closes_in(item.days_left)
    if item.trigger is Trigger.CLOSING:
        return closes or TRIGGERS[item.trigger]
    return f"{TRIGGERS[item.trigger]}{changed}{', ' if closes else ''}{closes}"


def closes_in(days: int) -> str:
    return {0: "closes today", 1: "closes tomorrow"}.get(days, f"closes in {days} days")


def detail_lines(item: Item) -> Iterator[str]:
    """The lines below the title: employer and place, deadline, triage."""
    ad = item.ad
    if where := " · ".join(filter(None, (ad.employer, ad.place))):
        yield where
    if ad.deadline:
        yield f"Apply by: {ad.deadline}"
    elif ad.last_day:
        yield f"Shown until: {ad.last_day.isoformat()}"
    yield from _triage_lines(item)


def _triage_lines(item: Item) -> Iterator[str]:
    if item.mark:
        yield f"You {MARKS[item.mark]} it"
    if item.note:
        yield f"Your note: {sanitize(item.note)}"
    if item.also_matches:
        yield f"Also matches: {', '.join(item.also_matches)}"


def links(item: Item) -> Iterator[tuple[str, str]]:
    """The name and URL of each link. By NAV's terms, "Apply" leads to the ad's source."""
    if item.ad.apply_url:
        yield "Apply", item.ad.apply_url
    if item.ad.page_url:
        yield "At NAV", item.ad.page_url
