"""How the watches are: what `navfeed doctor` looks at. Changes nothing, delivers nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from navfeed.errors import ConfigError
from navfeed.watches.batch import make_batch
from navfeed.watches.definition import Watch, WatchFile
from navfeed.watches.state import State, TargetHealth, refuse_changed_filters
from navfeed.watches.target import HTTP_CHANNELS, Target
from navfeed.watches.view import View


@dataclass(frozen=True, slots=True)
class TargetReport:
    """A target's name for messages, its health, and how many notifications are pending.

    `pending`: None where the store is incomplete or outdated, and does not know.
    """

    target: str
    health: TargetHealth
    pending: int | None


@dataclass(frozen=True, slots=True)
class WatchReport:
    """How a watch is. `problem`: why it cannot run; None where it can.

    `data_as_of`: when the data was complete that it last ran with; None: it has not run.
    """

    watch: str
    problem: str | None
    data_as_of: datetime | None
    targets: tuple[TargetReport, ...] = ()


def examine(file: WatchFile, state: State | None, view: View) -> Iterator[WatchReport]:
    """A report for each watch. `state`: None where no watch has run. Raises `StoreError`."""
    for watch in file.watches.values():
        try:
            yield _examine(watch, state, view)
        except ConfigError as error:
            yield WatchReport(watch.name, str(error), None)


def _examine(watch: Watch, state: State | None, view: View) -> WatchReport:
    ads = view.matching(watch)  # raises where a filter is invalid, also before the first run
    if state is None:
        return WatchReport(watch.name, None, None)
    refuse_changed_filters(state, watch)

    as_of = state.data_as_of(watch.name)
    ready = view.not_ready(as_of) is None

    def report(target: Target) -> TargetReport:
        known = state.known_ads(watch, target)
        pending = len(make_batch(view, watch, ads, known, state.marks()).items) if ready else None
        return TargetReport(target.display, state.health(target), pending)

    started = (target for target in watch.to if state.has_started(watch, target))
    return WatchReport(watch.name, None, as_of, tuple(map(report, started)))


def exposed_files(file: WatchFile, state: Path) -> list[Path]:
    """The files with notes or secrets that others than their owner can read."""
    targets = [target for watch in file.watches.values() for target in watch.to]
    secret = any(target.channel in HTTP_CHANNELS for target in targets)
    private = [state, *([file.path] if secret else [])]
    return [one for one in private if one.exists() and one.stat().st_mode & 0o077]
