"""What a running sync shows: a bar on a terminal, a line a phase elsewhere. On stderr.

A consumer of the engine's events like any other. rich is imported on a terminal only.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Protocol, Self, TextIO

from navfeed.model import oslo_day
from navfeed.sync.details import Fetched
from navfeed.sync.engine import Ended, Event, Swept
from navfeed.sync.walk import Walked


class Progress(Protocol):
    """Use as a context manager around the run; give it every event."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, event: Event) -> None: ...


def choose(*, quiet: bool, stream: TextIO = sys.stderr) -> Progress:
    if quiet:
        return Silent()
    return Bars() if stream.isatty() else Lines(stream)


def summary(ended: Ended) -> str:
    """The last line: what happened."""
    counts = ended.counts
    parts = [
        f"{counts.new} new",
        f"{counts.changed} changed",
        f"{counts.unchanged} unchanged",
        f"{counts.removed} removed",
        f"{counts.waiting} waiting",
    ]
    if counts.late:
        parts.append(f"{counts.late} late")
    return f"{', '.join(parts)} ({counts.entries} entries read on {counts.pages} pages)"


class Silent:
    """Says nothing; errors are told by the command line's boundary."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        pass


class Lines(Silent):
    """One line for each phase, for a pipe or a log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pages = 0
        self._walked: Walked | None = None
        self._fetched: Fetched | None = None

    def show(self, event: Event) -> None:
        match event:
            case Walked():
                self._pages += 1
                self._walked = event
            case Fetched():
                self._end_walk()
                self._fetched = event
            case Swept(removed):
                self._end_walk()
                self._say(f"removed {len(removed)} ads whose last day is over")
            case Ended():
                self._end_walk()
                self._end_details()
                self._say(f"{summary(event)}")

    def _end_walk(self) -> None:
        if self._walked is not None:
            moment = self._walked.moment
            until = f", up to {moment:%Y-%m-%d %H:%M} UTC" if moment else ""
            self._say(f"walked {self._pages} pages{until}")
        self._walked = None

    def _end_details(self) -> None:
        if self._fetched is not None:
            self._say(f"fetched {self._fetched.done} of {self._fetched.total} details")

    def _say(self, line: str) -> None:
        print(f"navfeed: {line}", file=self._stream, flush=True)


class Bars(Silent):
    """Two bars: how far the walk has come in time, and how many details are done."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import (
            Progress as RichProgress,
        )

        self._console = Console(stderr=True)
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[shown]}"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
        )
        self._walk = self._bars.add_task("walking", total=None, shown="")
        self._details = self._bars.add_task("details", total=None, shown="", visible=False)
        self._pages = 0
        self._began: datetime | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, event: Event) -> None:
        match event:
            case Walked():
                self._show_walked(event)
            case Fetched(done, total):
                shown = f"{done} of {total}"
                self._bars.update(self._walk, total=1, completed=1)
                self._bars.update(
                    self._details, total=total, completed=done, shown=shown, visible=True
                )
            case Ended():
                self._console.print(summary(event), highlight=False, markup=False)

    def _show_walked(self, event: Walked) -> None:
        self._pages += 1
        if event.moment is None:
            return
        self._began = self._began or event.moment
        total = (datetime.now(UTC) - self._began).total_seconds()
        done = (event.moment - self._began).total_seconds()
        shown = f"{self._pages} pages, up to {oslo_day(event.moment)}"
        self._bars.update(self._walk, total=max(total, 1), completed=done, shown=shown)
