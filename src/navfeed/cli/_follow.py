"""`navfeed sync --follow` on the command line: its signals, output and watches."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from navfeed.cli import _run
from navfeed.cli._output import print_warning
from navfeed.cli._watch_runs import WatchRunner
from navfeed.config import Settings
from navfeed.present.progress import Progress, choose

if TYPE_CHECKING:
    from navfeed.present.run_log import Log
    from navfeed.sync.engine import RunFinished


class TerminalFrontend:
    """Reports on stderr or to the log; `show` prints the summary of a run."""

    def __init__(
        self, *, quiet: bool, show: Callable[[RunFinished], None], then_watch: bool
    ) -> None:
        self._quiet = quiet
        self.show = show
        self.report = _run.reporter(quiet=quiet)
        self.warn = print_warning
        self._watches = WatchRunner(quiet=quiet) if then_watch else None

    def open_log(self, settings: Settings) -> Log | None:
        return _run.open_log(settings, quiet=self._quiet, always=not sys.stderr.isatty())

    def check_token(self, settings: Settings) -> None:
        _run.token_of(settings)

    def progress(self, log: Log | None) -> Progress:
        return choose(quiet=self._quiet, log=log)

    def start_watches(self, settings: Settings) -> None:
        _run.start_watches(settings)

    def run_watches(self, settings: Settings, heed: Callable[[], None]) -> None:
        if self._watches is not None:
            self._watches.run_after_sync(settings, debounce=True, heed=heed)
