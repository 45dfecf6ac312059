"""The service of `navfeed sync --follow`: run after run, until a stop or an error that lasts.

`sync.follow` decides when the next run begins; this keeps what outlives a run, reloads the
settings, and reports to the service manager.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from navfeed.api import client, now, open_for_sync, run_sync, store_lock
from navfeed.config import Settings, feed_address
from navfeed.errors import ConfigError, NavfeedError, ScopeError, StoppedError
from navfeed.log import LogEvent
from navfeed.model import LogLevel
from navfeed.ops.after_sync import cursor_of, keep_pushing, run_hook
from navfeed.ops.metrics import write_metrics
from navfeed.ops.ping import Pings
from navfeed.ops.run_end import error_of, log_end, with_next_try
from navfeed.ops.systemd import Notifier
from navfeed.sync.follow import Rest, follow
from navfeed.sync.workers import Stop

if TYPE_CHECKING:
    from navfeed.client.feed import FeedClient
    from navfeed.present.progress import Progress
    from navfeed.present.run_log import Log
    from navfeed.sync.engine import Event, Plan, RunFinished


class Frontend(Protocol):
    """Where the service reports, and what else follows a run."""

    def open_log(self, settings: Settings) -> Log | None:
        """The log of these settings, instead of the one before."""

    def check_token(self, settings: Settings) -> None:
        """Raises `ConfigError` if the token cannot be read."""

    def progress(self, log: Log | None) -> Progress: ...
    def show(self, ended: RunFinished) -> None: ...
    def report(self, message: str) -> None: ...
    def warn(self, message: str) -> None: ...

    def start_watches(self, settings: Settings) -> None:
        """Start the watches that wait for the first complete copy."""

    def run_watches(self, settings: Settings, heed: Callable[[], None]) -> None:
        """Notify subscribers, if this run does. `heed` is called between two deliveries."""


class Service:
    """Runs until stopped, or until an error that does not pass by itself.

    `prepare` reads the settings, at the start and to reload them. The store is locked during a run
    only, so that `privacy erase`, `backup` and others get their turn; a lock of its own keeps a
    second service away.
    """

    def __init__(
        self,
        prepare: Callable[[], tuple[Settings, Plan]],
        frontend: Frontend,
        stop: Stop,
        *,
        feed_moved: bool = False,
    ) -> None:
        self._prepare = prepare
        self._frontend = frontend
        self._stop = stop
        self._feed_moved = feed_moved
        self.settings, self._plan = prepare()
        self._log = frontend.open_log(self.settings)
        frontend.check_token(self.settings)
        self._feed: FeedClient | None = None
        self._end: RunFinished | NavfeedError
        self._reload_requested = False
        self._has_run = False
        self._pushes = False
        self._pings = Pings(frontend.warn)
        self._notifier = Notifier(os.environ)

    def run(self) -> None:
        """Raises the error that ends the service; `StoppedError` after a stop on purpose."""
        with store_lock(self.settings.db, "follow.lock", "another `navfeed sync --follow` uses"):
            try:
                self._serve()
            finally:
                self._notifier.stopping()
                self._disconnect()

    def request_reload(self) -> None:
        """Load the settings again before the next run, which begins now. For signal handlers."""
        self._reload_requested = True
        self._stop.wake()

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
            self._report_rest(rest)

    def _every(self) -> float:
        return self.settings.every.total_seconds()

    def _report_rest(self, rest: Rest) -> None:
        log_end(self._log, self._end, rest=rest.seconds)
        if rest.error is None:
            return
        text = with_next_try(rest.error, rest.seconds)
        self._frontend.warn(text)  # which the log has by now
        self._notifier.status(text)

    # A run and what follows it

    def _round(self) -> NavfeedError | None:
        if self._reload_requested:
            self._reload()
        self._notifier.alive()
        self._frontend.start_watches(self.settings)
        before = cursor_of(self.settings.db) if self.settings.after_sync else ""
        self._end = self._run_to_end()
        error = error_of(self._end)
        if error is not None and not error.passes:
            log_end(self._log, self._end)  # there will be no other
        self._has_run = self._has_run or error is None
        self._plan = _for_next_run(self._plan)
        self._report_outside()
        if error is None or error.passes:
            self._notifier.ready()
            self._after_run(before)
        return error

    def _run_to_end(self) -> RunFinished | NavfeedError:
        """Run once. A scope that is refused later than at the start is reported and left out."""
        try:
            ended = self._run_once()
            if isinstance(ended.error, ScopeError) and self._has_run:
                self._frontend.warn(f"{ended.error}. The scope is unchanged")
                self._plan = replace(self._plan, scope=None)
                ended = self._run_once()
        except NavfeedError as error:
            return error
        return ended

    def _run_once(self) -> RunFinished:
        with open_for_sync(self.settings, feed_moved=self._feed_moved) as store:
            self._notifier.ready()
            with self._frontend.progress(self._log) as progress:

                def on_event(event: Event) -> None:
                    progress.show(event)
                    self._notifier.alive()

                ended = run_sync(
                    self._connected(), store, self._plan, stop=self._stop, progress=on_event
                )
            if ended.error is not None:
                self._disconnect()  # a client remembers what it was refused for
        self._frontend.show(ended)
        if ended.error is None:
            self._notifier.status(ended.outcome)
        return ended

    def _report_outside(self) -> None:
        """Metrics, ping, and the threads of the push targets: by now there is a store for them."""
        write_metrics(self.settings, self._frontend.warn)
        self._pings.after(self.settings.ping, self._end.exit_code)
        if not self._pushes:
            self._pushes = True
            keep_pushing(self.settings, self._frontend.report, self._frontend.warn)

    def _after_run(self, before: str) -> None:
        run_hook(self.settings, before, self._frontend.warn, is_over=self._is_over)
        if not self._stop.requested:
            self._frontend.run_watches(self.settings, self._go_on)

    def _is_over(self) -> bool:
        """Whether to stop waiting for the command after a sync; also sends a sign of life."""
        try:
            self._go_on()
        except StoppedError:
            return True
        return False

    def _go_on(self) -> None:
        """Send a sign of life. Raises `StoppedError` if a stop was requested."""
        self._notifier.alive()
        self._stop.check()

    # The connection

    def _connected(self) -> FeedClient:
        """The client of the last run with its token and connections, or a new one."""
        if self._feed is None:
            self._feed = client(self.settings, self.settings.token.read())
        return self._feed

    def _disconnect(self) -> None:
        if self._feed is not None:
            self._feed.close()
        self._feed = None

    # Settings

    def _reload(self) -> None:
        """Load the settings again; keep the old ones if the new ones are invalid."""
        self._reload_requested = False
        self._notifier.reloading()
        try:
            settings, plan = self._prepare()
            self._frontend.check_token(settings)
            self._log = self._frontend.open_log(settings)
        except ConfigError as error:
            self._frontend.warn(f"{error}. The settings are unchanged")
            return
        self.settings = _without_moves(self.settings, settings, self._frontend.warn)
        self._plan = _for_next_run(plan)
        self._disconnect()
        if self._log is not None:
            text = f"settings reloaded: store {self.settings.db}, feed {self.settings.base_url}"
            self._log.say(LogLevel.INFO, text, LogEvent.RELOADED)


def _for_next_run(plan: Plan) -> Plan:
    """The plan without what its options ask of the first run alone."""
    return replace(plan, retry_now=False, scope_agreed=False)


def _without_moves(old: Settings, new: Settings, warn: Callable[[str], None]) -> Settings:
    """The new settings with the old store and feed, which a running service cannot change."""
    if new.db.resolve() != old.db.resolve():
        warn("a changed store takes effect after a restart; continuing with the present one")
        new = replace(new, db=old.db)
    if feed_address(new.base_url) != feed_address(old.base_url):
        warn(
            "a changed feed address takes effect after a restart: with another store, or with "
            "--feed-moved"
        )
        new = replace(new, base_url=old.base_url)
    return new
