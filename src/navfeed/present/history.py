"""What became of an ad, in words: a line a fact. Moments are Oslo's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from navfeed.model import (
    AdHistory,
    LastChange,
    Mask,
    QueuedDetail,
    SeenEntry,
    counted,
    oslo_day,
    oslo_time,
)
from navfeed.text.plaintext import sanitize

_LABELS = 13  # the width of what stands before a fact


def history_page(history: AdHistory) -> Iterator[str]:
    for label, value in _facts(history):
        if value:
            yield f"{label.ljust(_LABELS)}  {sanitize(value)}"


def _facts(history: AdHistory) -> list[tuple[str, str | None]]:
    change, queued, mask = history.change, history.queued, history.mask
    return [
        ("Id", history.uuid),
        ("State", history.state.value),
        ("Last day", history.last_day.isoformat() if history.last_day else None),
        ("Stored", _moment(history.stored_at)),
        ("Changed", _moment(history.changed_at)),
        ("Confirmed", _moment(history.checked_at)),
        ("Last change", _change(change) if change else None),
        ("Fields", ", ".join(change.changed) if change else None),
        ("Details", _queued(queued) if queued else None),
        ("Mask", _mask(mask) if mask else None),
        *map(_entry, history.entries),
    ]


def _change(change: LastChange) -> str:
    reason = f", {change.reason}" if change.reason else ""
    when = _moment(change.at) or "an unknown time"
    return f"{when}: {change.kind}{reason} (change {change.number})"


def _queued(queued: QueuedDetail) -> str:
    tried = ""
    if queued.attempts:
        tried = f"; {counted(queued.attempts, 'failed attempt')}"
    later = f", next not before {_moment(queued.retry_at)}" if queued.retry_at else ""
    if queued.given_up:
        later = ", given up (`navfeed sync --retry-now` tries again)"
    problem = f": {queued.problem}" if queued.problem else ""
    when = _moment(queued.queued_at) or "at an unknown time"
    return f"queued {when}, {queued.reason}{tried}{later}{problem}"


def _mask(mask: Mask) -> str:
    moments = {
        "first seen": mask.first_seen,
        "published": mask.published,
        "expires": mask.expires,
    }
    days = [f"{name} {oslo_day(moment)}" for name, moment in moments.items() if moment]
    places = (*mask.municipalities, *mask.municipality_numbers, *mask.counties)
    names = (*places, *mask.occupations)
    terms = (mask.sector, mask.extent, mask.engagement_type)
    return "; ".join(filter(None, (", ".join(days), *names, *terms)))


def _entry(entry: SeenEntry) -> tuple[str, str]:
    _, status, written = entry.key
    return f"Entry {entry.ordinal}", f"{status}, {written}"


def _moment(moment: datetime | None) -> str | None:
    return oslo_time(moment) if moment else None
