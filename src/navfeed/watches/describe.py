"""A watch and its targets, for people and as JSON objects."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from shlex import quote

from navfeed.model import oslo_time
from navfeed.names import option_of, setting_of
from navfeed.store.filters import FLAGS
from navfeed.watches.choices import Field, Trigger
from navfeed.watches.definition import Watch
from navfeed.watches.state import State, TargetHealth
from navfeed.watches.target import Target


def watch_object(watch: Watch) -> dict[str, object]:
    """A watch for programs: its fields are `WATCH_FIELDS`."""
    return {
        "watch": watch.name,
        "filters": {setting_of(name): list(texts) for name, texts in watch.filters.items()},
        "to": [target.display for target in watch.to],
        "notify": _in_order(Trigger, watch.preferences.triggers),
        "changes": _in_order(Field, watch.preferences.changes),
        "closing_days": watch.preferences.closing_days,
        "format": watch.format,
    }


def watch_rows(watch: Watch) -> Iterator[tuple[str, str]]:
    """Names and values."""
    yield "watch", watch.name
    yield "filters", filter_words(watch)
    yield "notifies of", ", ".join(_in_order(Trigger, watch.preferences.triggers))
    yield "changes of", ", ".join(_in_order(Field, watch.preferences.changes))
    yield "closing soon", f"{watch.preferences.closing_days} days before the deadline"


def filter_words(watch: Watch) -> str:
    """The filters as options of `navfeed list`."""
    return " ".join(
        option_of(name) + (f" {quote(text)}" if name not in FLAGS else "")
        for name, texts in watch.filters.items()
        for text in texts
    )


def _in_order(kind: type[StrEnum], chosen: Collection[StrEnum]) -> list[str]:
    return [one.value for one in kind if one in chosen]


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target of a watch: whether delivery started, and how many active ads were delivered."""

    target: Target
    started: bool
    notified: int
    health: TargetHealth

    def as_object(self) -> dict[str, object]:
        return {
            "to": self.target.display,
            "started": self.started,
            "notified": self.notified,
            "failures": self.health.failures,
            "failing_since": _iso(self.health.failing_since),
            "retry_at": _iso(self.health.retry_at),
            "delivered_at": _iso(self.health.delivered_at),
        }

    def words(self) -> str:
        if not self.started:
            return "not started"
        health = self.health
        words = "nothing delivered yet"
        if health.delivered_at:
            words = f"{self.notified} active ads delivered, last {oslo_time(health.delivered_at)}"
        if health.failing_since and health.retry_at:
            words += f"; failing since {oslo_time(health.failing_since)}, "
            words += f"next attempt {oslo_time(health.retry_at)}; "
            words += "`navfeed watch run --now` tries now, and shows what is wrong"
        return words


def target_state(state: State, watch: Watch, target: Target) -> TargetState:
    known = state.known_ads(watch, target).values()
    notified = sum(ad.trigger is not None for ad in known)
    return TargetState(target, state.has_started(watch, target), notified, state.health(target))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
