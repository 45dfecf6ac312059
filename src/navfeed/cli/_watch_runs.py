"""Shared by the commands that notify: the watch file, the state, one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields
from datetime import datetime
from functools import partial

from navfeed.api import now, open_store, store_lock
from navfeed.cli._filters import FilterOptions
from navfeed.cli._output import print_error, print_warning, program_stdout, text_stdout
from navfeed.config import Settings, refuse_store
from navfeed.errors import (
    ConfigError,
    ExitCode,
    LockedError,
    NavfeedError,
    StoppedError,
    StoreError,
)
from navfeed.model import age_of, counted
from navfeed.ops import doctor
from navfeed.ops.doctor import Finding
from navfeed.present.words import freshness
from navfeed.store.filters import Filters
from navfeed.watches import events
from navfeed.watches.channels import ChannelContext, make_sender
from navfeed.watches.choices import Format
from navfeed.watches.definition import Watch, WatchFile
from navfeed.watches.deliver import Deliverer
from navfeed.watches.manager import WatchManager
from navfeed.watches.state import State
from navfeed.watches.state_file import state_path
from navfeed.watches.view import View
from navfeed.watches.watch_facts import WatchReport, examine, exposed_files

FILTERS = tuple(one.name for one in fields(FilterOptions))
"""The filters of a watch: those of `navfeed list`."""


def manager_of(settings: Settings) -> WatchManager:
    """The watches of these settings."""
    return WatchManager(
        settings.watches_file, state_path(settings.db), FILTERS, partial(viewed, settings)
    )


def lock_watches(settings: Settings) -> AbstractContextManager[None]:
    """Keep every other change and run of the watches away. Raises `LockedError`."""
    return store_lock(settings.db, "watches.lock", "another `navfeed watch` works on")


def start_waiting(settings: Settings) -> None:
    """Start the watches that wait for the first complete copy. Only reports errors."""
    try:
        with lock_watches(settings):
            manager_of(settings).start_waiting()
    except LockedError:
        pass  # a run, which starts them too
    except NavfeedError as error:
        print_error(f"the watches did not start: {error}")


def filters_of(watch: Watch, moment: datetime) -> Filters:
    """The filters of a watch, for the store. Raises `ConfigError`."""
    return FilterOptions.from_texts(watch.filters).filters(moment)


@contextmanager
def viewed(settings: Settings) -> Iterator[View]:
    """The store as of now. Raises `StoreError`."""
    moment = now()
    with open_store(settings.db, at=moment) as reader:
        yield View(reader, moment, filters_of)


class WatchRunner:
    """Runs the watches. A service keeps one, so that it reports a lasting problem once."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._reported: set[str] = set()

    def run(
        self,
        settings: Settings,
        options: events.RunOptions,
        format_: Format | None = None,
        *,
        heed: Callable[[], None] = lambda: None,
    ) -> ExitCode:
        """Run the watches once. Returns the exit code; problems are reported on stderr.

        `heed` is called between two deliveries; it may raise to end the run.
        A channel that stays down is reported once, by whichever process. Raises `LockedError` where
        another run is in progress, `ConfigError` and `StoreError`.
        """
        codes = {ExitCode.DONE}
        reported: set[str] = set()
        with lock_watches(settings), manager_of(settings).state() as state:
            for event in _deliverer(settings, state, format_).run(options):
                heed()
                code, words = _outcome(event, options, quiet=self._quiet)
                codes.add(code)
                if words:
                    reported.add(words)
                    if words not in self._reported:
                        (print_warning if code is ExitCode.DONE else print_error)(words)
        self._reported = reported
        order = (ExitCode.USAGE, ExitCode.STALE, ExitCode.WAITING, ExitCode.DONE)
        return next(code for code in order if code in codes)

    def run_after_sync(
        self, settings: Settings, *, debounce: bool, heed: Callable[[], None] = lambda: None
    ) -> ExitCode:
        """Run the watches after a sync. Only reports errors: the sync must not fail for them."""
        try:
            return self.run(settings, events.RunOptions(debounce=debounce), heed=heed)
        except StoppedError:
            raise
        except NavfeedError as error:
            if str(error) not in self._reported:
                print_error(f"the watches did not run: {error}")
            self._reported = {str(error)}
            return error.exit_code


def watch_findings(settings: Settings) -> Iterator[Finding]:
    """The findings for `navfeed doctor`, without those about the store itself."""
    manager = manager_of(settings)
    try:
        file = manager.read()
    except ConfigError as error:
        yield doctor.failed("watches", error)
        return
    path = manager.state_path
    if exposed := exposed_files(file, path):
        yield doctor.check_watch_permissions(exposed)
    try:
        opened = manager.state() if path.exists() else nullcontext()
        with opened as state, viewed(settings) as view:
            yield from _examined(file, state, view)
    except StoreError as error:
        if str(path) in str(error):
            yield doctor.failed("watches", error)


def _examined(file: WatchFile, state: State | None, view: View) -> Iterator[Finding]:
    found = list(_problems(examine(file, state, view), view.caught_up_at))
    yield from dict.fromkeys(found)  # a target may belong to several watches
    if file.watches and not found:
        targets = {target for watch in file.watches.values() for target in watch.to}
        yield doctor.fine(
            "watches",
            f"{counted(len(file.watches), 'watch', 'watches')}, {counted(len(targets), 'target')}",
        )


def _problems(reports: Iterable[WatchReport], caught_up_at: datetime | None) -> Iterator[Finding]:
    for one in reports:
        run = doctor.check_watch(one.watch, one.problem, one.data_as_of, caught_up_at)
        targets = (
            doctor.check_target(
                target.target, target.health.failures, target.health.failing_since, target.pending
            )
            for target in one.targets
        )
        yield from filter(None, (run, *targets))


def _deliverer(settings: Settings, state: State, format_: Format | None) -> Deliverer:
    file = manager_of(settings).read()
    context = ChannelContext(
        file,
        _write,
        partial(refuse_store, db=settings.db),
        now,
        os.environ.get("NAVFEED_MAIL_PASSWORD") or None,
        format_,
    )
    return Deliverer(
        file,
        state,
        lambda: viewed(settings),
        partial(make_sender, context),
        clock=now,
        warning=partial(_warning, settings),
    )


def _write(text: str, format_: Format) -> None:
    """Write to stdout and flush: only then is it delivered."""
    if format_ in (Format.JSON, Format.HTML):
        program_stdout().write(text.encode())
    else:
        text_stdout().write(text)
    sys.stdout.flush()


def _warning(settings: Settings, caught_up_at: datetime | None) -> str:
    """The warning in a digest from data older than `warn_age`; empty where it is newer."""
    moment = now()
    age = age_of(caught_up_at, moment)
    if settings.warn_age is None or (age is not None and age <= settings.warn_age):
        return ""
    return f"The data is {freshness(caught_up_at, moment)}. Ads may have been withdrawn since."


def _outcome(
    event: events.DeliveryEvent, options: events.RunOptions, *, quiet: bool
) -> tuple[ExitCode, str]:
    """The exit code of an event, and the message about it, if any."""
    match event:
        case events.WatchStarted(watch, target, skipped) if skipped and not quiet:
            return ExitCode.DONE, (
                f"{watch} now notifies {target.display}. Ads that match already are skipped "
                f"({skipped:,}); --backlog delivers them too"
            )
        case events.DeliveryFailed(target, error, failures, _):
            words = (
                f"{target.display}: {error}. Its notifications are kept and retried automatically, "
                "without another message. Retry now: `navfeed watch run --now`"
            )
            return ExitCode.WAITING, words if failures == 1 or options.immediately else ""
        case events.Deferred(target, reason, failing=True):
            # Reported by the run that failed first; on a terminal again, where nobody saw that.
            words = f"{target.display}: {reason}. Retry now: `navfeed watch run --now`"
            return ExitCode.WAITING, words if sys.stderr.isatty() and not quiet else ""
        case events.StoreNotReady(watch, reason):
            words = f"{watch} did not run: {reason}. Run `navfeed sync` until it ends with 0"
            return ExitCode.STALE, "" if quiet else words
        case events.InvalidWatch(_, error):
            return ExitCode.USAGE, str(error)
        case _:
            return ExitCode.DONE, ""
