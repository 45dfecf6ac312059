"""What a running sync shows: a bar on a terminal, a line a phase elsewhere. On stderr.

A consumer of the engine's events like any other. rich is imported on a terminal only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from navfeed.log import LogEvent
from navfeed.model import LogLevel, counted, oslo_day, oslo_time
from navfeed.sync.details import DetailsApplied
from navfeed.sync.engine import Event, ExpiredRemoved, RunFinished, RunStarted, ScopeChanged
from navfeed.sync.walk import PageApplied

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from navfeed.present.run_log import Log


class Progress(Protocol):
    """Use as a context manager around the run; give it every event."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, event: Event) -> None: ...


def choose(*, quiet: bool, stream: TextIO | None = None, log: Log | None = None) -> Progress:
    """What shows the run. A log has it to itself; beside one in a file, who looks on sees bars."""
    stream = stream or sys.stderr
    if is_silent(quiet=quiet, log=log, stream=stream):
        shown: Progress = Silent()
    else:
        shown = Bars() if stream.isatty() else Lines(stream)
    return shown if log is None else Logged(log, shown)


def is_silent(*, quiet: bool, log: Log | None, stream: TextIO | None = None) -> bool:
    """Whether no progress is shown: unwanted, or `stream` belongs to the log or has no reader."""
    watched = log is None or (log.file is not None and (stream or sys.stderr).isatty())
    return quiet or not watched


@contextmanager
def choose_count(
    one: str, many: str, *, quiet: bool, stream: TextIO | None = None
) -> Iterator[Callable[[int, int], None]]:
    """Shows a count: a bar on a terminal, a last line elsewhere."""
    stream = stream or sys.stderr
    if not quiet and stream.isatty():
        with _bars() as bars:
            task = bars.add_task(many, total=None, shown="")
            yield lambda done, total: bars.update(
                task, total=total, completed=done, shown=f"{done} of {total}"
            )
        return
    last = (0, 0)

    def count(done: int, total: int) -> None:
        nonlocal last
        last = (done, total)

    yield count
    if not quiet:
        print(f"navfeed: {last[0]} of {counted(last[1], one, many)}", file=stream, flush=True)


def _bars() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[shown]}"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )


def summary(ended: RunFinished) -> str:
    """The last line: what happened."""
    counts = ended.counts
    parts = [
        f"{counts.new} new",
        f"{counts.changed} changed",
        f"{counts.unchanged} unchanged",
        f"{counts.removed} removed",
        f"{counts.waiting} waiting",
    ]
    if counts.given_up:
        parts.append(f"{counts.given_up} given up")
    if counts.unconfirmed:
        parts.append(f"{counts.unconfirmed} not confirmed since the log restarted")
    if counts.late:
        parts.append(f"{counts.late} late")
    read = f"{counted(counts.entries, 'entry', 'entries')} read on {counted(counts.pages, 'page')}"
    line = f"{', '.join(parts)} ({read})"
    if ended.erasure_owed:
        line += (
            "; removed text stays on disk until the next sync: another program is reading the store"
        )
    return line


def scope_changed(event: ScopeChanged) -> str:
    removed, to_fetch = counted(len(event.removed), "ad"), counted(event.to_fetch, "ad")
    return f"scope changed: {removed} removed, {to_fetch} to fetch"


def swept(event: ExpiredRemoved) -> str:
    return f"removed {counted(len(event.removed), 'ad')} after their last day"


class Silent:
    """Shows nothing; the command line reports errors."""

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
        self._pages = self._older = 0
        self._walked: PageApplied | None = None
        self._fetched: DetailsApplied | None = None
        self._failed = 0

    def show(self, event: Event) -> None:
        match event:
            case PageApplied(window=0):
                self._pages += 1
                self._walked = event
            case PageApplied():
                self._older += 1
            case DetailsApplied():
                self._end_walk()
                self._fetched = event
                self._failed += event.failed
            case ScopeChanged():
                self._say(scope_changed(event))
            case ExpiredRemoved():
                self._end_walk()
                self._say(swept(event))
            case RunFinished():
                self._end_walk()
                self._end_older()
                self._end_details()
                self._say(f"{summary(event)}")

    def _end_walk(self) -> None:
        if self._walked is not None:
            moment = self._walked.moment
            until = f", up to {oslo_time(moment)}" if moment else ""
            self._say(f"read {counted(self._pages, 'page')}{until}")
        self._walked = None

    def _end_older(self) -> None:
        if self._older:
            self._say(f"read {counted(self._older, 'page')} of older entries")

    def _end_details(self) -> None:
        if self._fetched is not None:
            had = self._fetched.done - self._failed
            failed = f", {self._failed} failed" if self._failed else ""
            self._say(f"fetched {had} of {counted(self._fetched.total, 'ad')}{failed}")

    def _say(self, line: str) -> None:
        print(f"navfeed: {line}", file=self._stream, flush=True)


class Logged(Silent):
    """Writes the run to the log, and hands its events on.

    All but its end, which `navfeed.ops.run_end.log_end` logs with what follows.
    """

    def __init__(self, log: Log, shown: Progress) -> None:
        self._log = log
        self._shown = shown

    def __enter__(self) -> Self:
        self._shown.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.__exit__(*_)

    def show(self, event: Event) -> None:
        self._shown.show(event)
        match event:
            case RunStarted(run):
                self._log.run = run
                self._log.say(LogLevel.DEBUG, "run started", LogEvent.BEGAN)
            case PageApplied():
                self._walked(event)
            case DetailsApplied(done, total, failed):
                level = LogLevel.WARNING if failed else LogLevel.DEBUG
                ads = counted(total, "ad")
                text = f"fetched {done} of {ads}, {failed} of the last batch failed"
                self._log.say(level, text, LogEvent.FETCHED, done=done, total=total, failed=failed)
            case ScopeChanged(removed):
                self._log.say(
                    LogLevel.INFO, scope_changed(event), LogEvent.SCOPE_CHANGED, ads=len(removed)
                )
            case ExpiredRemoved(removed):
                self._log.say(LogLevel.INFO, swept(event), LogEvent.REMOVED, ads=len(removed))

    def _walked(self, event: PageApplied) -> None:
        until = f", up to {oslo_time(event.moment)}" if event.moment else ""
        new = counted(event.new, "new entry", "new entries")
        older = f", window {event.window}" if event.window else ""
        text = f"page {event.page}: {new}, {event.late} late{until}{older}"
        self._log.say(LogLevel.DEBUG, text, LogEvent.WALKED, entries=event.entries, new=event.new)


class Bars(Silent):
    """Two bars: how far the walk has come in time, and how many details are done."""

    def __init__(self) -> None:
        self._bars = _bars()
        self._console = self._bars.console
        self._walk = self._bars.add_task("walking", total=None, shown="")
        self._details = self._bars.add_task("details", total=None, shown="", visible=False)
        self._pages = 0
        self._reads_older = False
        self._began: datetime | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, event: Event) -> None:
        match event:
            case PageApplied():
                self._show_walked(event)
            case DetailsApplied(done, total):
                shown = f"{done} of {total}"
                if not self._reads_older:
                    self._bars.update(self._walk, total=1, completed=1)
                self._bars.update(
                    self._details, total=total, completed=done, shown=shown, visible=True
                )
            case ScopeChanged():
                self._console.print(scope_changed(event), highlight=False, markup=False)
            case RunFinished():
                self._console.print(summary(event), highlight=False, markup=False)

    def _show_walked(self, event: PageApplied) -> None:
        self._pages += 1
        if event.window or self._reads_older:  # how far several windows are has no one measure
            self._reads_older = True
            self._bars.update(self._walk, total=None, shown=counted(self._pages, "page"))
            return
        if event.moment is None:
            return
        self._began = self._began or event.moment
        total = (datetime.now(UTC) - self._began).total_seconds()
        done = (event.moment - self._began).total_seconds()
        shown = f"{counted(self._pages, 'page')}, up to {oslo_day(event.moment)}"
        self._bars.update(self._walk, total=max(total, 1), completed=done, shown=shown)
