"""`navfeed sync --follow`: run again and again, and report to the service manager."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from navfeed.api import client, now, open_for_sync, run_sync, store_lock
from navfeed.cli import _run
from navfeed.cli._output import print_warning
from navfeed.cli._watch_runs import WatchRunner
from navfeed.cli._welcome import before_first_sync
from navfeed.config import Settings, feed_address
from navfeed.errors import ConfigError, NavfeedError, ScopeError, StoppedError
from navfeed.log import LogEvent
from navfeed.model import LogLevel
from navfeed.ops.after_sync import cursor_of, keep_pushing, run_hook
from navfeed.ops.metrics import write_metrics
from navfeed.ops.ping import Pings
from navfeed.ops.systemd import Notifier
from navfeed.present.progress import choose
from navfeed.signals import stopped_by_signals
from navfeed.sync.follow import Rest, follow
from navfeed.sync.workers import Stop

if TYPE_CHECKING:
    from navfeed.client.feed import FeedClient
    from navfeed.present.run_log import Log
    from navfeed.sync.engine import Event, Plan, RunFinished


class Service:
    """Runs until stopped, or until an error that does not pass by itself.

    `prepare` reads the settings, at the start and on SIGHUP. The store is locked
    during a run only, so that `privacy erase`, `backup` and others get their turn; a lock of its
    own keeps a second service away.
    """

    def __init__(
        self,
        prepare: Callable[[], tuple[Settings, Plan]],
        *,
        quiet: bool,
        show: Callable[[RunFinished], None],
        feed_moved: bool = False,
        watch: bool = False,
    ) -> None:
        self._prepare = prepare
        self._quiet = quiet
        self._show = show
        self._feed_moved = feed_moved
        self._settings, self._plan = prepare()
        self._log = self._open_log(self._settings)
        _run.token_of(self._settings)
        before_first_sync(self._settings, quiet=quiet)
        self._feed: FeedClient | None = None
        self._end: RunFinished | NavfeedError
        self._hung_up = False
        self._began = False
        self._pushes = False
        self._pings = Pings(print_warning)
        self._notifier = Notifier(os.environ)
        self._watches = WatchRunner(quiet=quiet, heed=self._go_on) if watch else None

    def run(self, max_seconds: float | None) -> None:
        """Raises the error that ends the service; `StoppedError` after a stop on purpose."""
        self._stop = Stop(max_seconds)
        db = self._settings.db
        who = "another `navfeed sync --follow` uses"
        with (
            stopped_by_signals(self._stop.request, self._hang_up),
            store_lock(db, "follow.lock", who),
        ):
            try:
                self._serve()
            finally:
                self._notifier.stopping()
                self._disconnect()

    def _serve(self) -> None:
        rests = follow(
            self._round,
            every=self._every,
            clock=now,
            chance=random.random,
            sleeper=self._stop,
            tick=self._notifier.tick,
            alive=self._notifier.alive,
        )
        for rest in rests:
            self._tell(rest)

    def _every(self) -> float:
        return self._settings.every.total_seconds()

    def _round(self) -> NavfeedError | None:
        if self._hung_up:
            self._reload()
        self._notifier.alive()
        before = cursor_of(self._settings.db) if self._settings.after_sync else ""
        try:
            self._end = self._one()
            error = self._end.error
            if isinstance(error, ScopeError) and self._began:
                print_warning(f"{error}. The scope is unchanged")
                self._plan = replace(self._plan, scope=None)
                self._end = self._one()
                error = self._end.error
        except NavfeedError as caught:
            self._end = error = caught
        if error is not None and not error.passes:
            _run.log_end(self._log, self._end)  # there will be no other
        self._began = self._began or error is None
        self._plan = replace(self._plan, retry_now=False, scope_agreed=False)
        write_metrics(self._settings, print_warning)
        self._pings.after(self._settings.ping, self._end.exit_code)
        if not self._pushes:  # by now there is a store to push from
            self._pushes = True
            keep_pushing(self._settings, _run.reporter(quiet=self._quiet), print_warning)
        if error is None or error.passes:
            self._notifier.ready()
            run_hook(self._settings, before, print_warning, is_over=self._is_over)
            if self._watches is not None and not self._stop.requested:
                self._watches.run_after_sync(self._settings, debounce=True)
        return error

    def _one(self) -> RunFinished:
        with open_for_sync(self._settings, feed_moved=self._feed_moved) as store:
            self._notifier.ready()
            with choose(quiet=self._quiet, log=self._log) as progress:

                def on_event(event: Event) -> None:
                    progress.show(event)
                    self._notifier.alive()

                ended = run_sync(
                    self._connected(), store, self._plan, stop=self._stop, progress=on_event
                )
            if ended.error is not None:
                self._disconnect()  # a client remembers what it was refused for
        self._show(ended)
        if ended.error is None:
            self._notifier.status(ended.outcome)
        return ended

    def _is_over(self) -> bool:
        """Whether to stop waiting for the command after a sync; also sends a sign of life."""
        self._notifier.alive()
        try:
            self._stop.check()
        except StoppedError:
            return True
        return False

    def _connected(self) -> FeedClient:
        """The client of the last run with its token and connections, or a new one."""
        if self._feed is None:
            self._feed = client(self._settings, self._settings.token.read())
        return self._feed

    def _disconnect(self) -> None:
        if self._feed is not None:
            self._feed.close()
        self._feed = None

    def _go_on(self) -> None:
        """Between two deliveries: send a sign of life, and stop if requested."""
        self._notifier.alive()
        self._stop.check()

    def _hang_up(self) -> None:
        self._hung_up = True
        self._stop.wake()

    def _reload(self) -> None:
        """Load the settings again; keep the old ones if the new ones are invalid."""
        self._hung_up = False
        self._notifier.reloading()
        try:
            settings, plan = self._prepare()
            _run.token_of(settings)
            self._log = self._open_log(settings)
        except ConfigError as error:
            print_warning(f"{error}. The settings are unchanged")
            return
        if settings.db.resolve() != self._settings.db.resolve():
            print_warning(
                "a changed store takes effect after a restart; continuing with the present one"
            )
            settings = replace(settings, db=self._settings.db)
        if feed_address(settings.base_url) != feed_address(self._settings.base_url):
            print_warning(
                "a changed feed address takes effect after a restart: with another store, "
                "or with --feed-moved"
            )
            settings = replace(settings, base_url=self._settings.base_url)
        self._settings = settings
        self._plan = replace(plan, retry_now=False, scope_agreed=False)
        self._disconnect()
        self._tell_reload()

    def _tell_reload(self) -> None:
        if self._log is None:
            return
        text = f"settings reloaded: store {self._settings.db}, feed {self._settings.base_url}"
        self._log.say(LogLevel.INFO, text, LogEvent.RELOADED)

    def _open_log(self, settings: Settings) -> Log | None:
        return _run.open_log(settings, quiet=self._quiet, always=not sys.stderr.isatty())

    def _tell(self, rest: Rest) -> None:
        _run.log_end(self._log, self._end, rest=rest.seconds)
        if rest.error is None:
            return
        text = _run.with_next_try(rest.error, rest.seconds)
        print_warning(text)  # which the log has by now
        self._notifier.status(text)
