"""What follows a sync: a command of the user's own, and targets that are kept current."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from navfeed.api import open_store
from navfeed.cli._filters import FilterOptions
from navfeed.cli._output import print_warning
from navfeed.config import Settings
from navfeed.errors import ConfigError, NavfeedError, StoreError

if TYPE_CHECKING:
    from navfeed.cli.push import Pushing

HOOK_SECONDS = 600.0
"""How long the command may take. It holds up the next sync, and nothing else does."""

_LOOK_SECONDS = 0.2
_STDERR = 2


def words_of(command: str) -> list[str]:
    """The command's words, as a shell would part them; no shell runs it. Raises `ConfigError`."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"the command after a sync, {command!r}, is broken: {error}") from None
    if not words:
        raise ConfigError("the command after a sync is empty. Leave it out, or name a program")
    return words


def cursor_of(db: Path) -> str:
    """Where the store stands; empty where there is none yet."""
    with suppress(StoreError), open_store(db) as reader:
        return str(reader.cursor())
    return ""


def run_hook(
    settings: Settings, before: str, *, is_over: Callable[[], bool] = lambda: False
) -> None:
    """Run the command that the settings name, if any. What goes wrong with it is told, no more.

    It is given where the store stood before and stands now, and no token. It is ended where
    `is_over` says that we are to end.
    """
    if settings.after_sync is None:
        return
    kept = {name: value for name, value in os.environ.items() if name != "NAVFEED_TOKEN"}
    told = {
        "NAVFEED_DB": str(settings.db),
        "NAVFEED_CURSOR_BEFORE": before,
        "NAVFEED_CURSOR_AFTER": cursor_of(settings.db),
    }
    try:
        process = subprocess.Popen(  # noqa: S603  the user's own command
            words_of(settings.after_sync),
            env={**kept, **told},
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,  # ours is for data
            start_new_session=True,
        )
    except OSError as error:
        print_warning(
            f"the command after the sync cannot be run: {error.strerror}: {error.filename}"
        )
        return
    _wait(process, is_over)


def _wait(process: subprocess.Popen[bytes], is_over: Callable[[], bool]) -> None:
    ends = monotonic() + HOOK_SECONDS
    try:
        while process.poll() is None and monotonic() < ends and not is_over():
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
        if process.poll() is None:
            print_warning(
                "the command after the sync was ended: it took too long, or navfeed is to end"
            )
        elif process.returncode:
            print_warning(
                f"the command after the sync ended with {process.returncode}. The sync is done"
            )
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with whatever it started
            process.wait()


# Targets


def push_once(settings: Settings, *, quiet: bool) -> None:
    """Bring every target to where the store stands. One that cannot be is told, and left."""
    for target in settings.push_targets:
        try:
            _pushing(settings, target, quiet=quiet).once()
        except NavfeedError as error:
            print_warning(f"{shown(target)}: {error}")


def keep_pushing(settings: Settings, *, quiet: bool) -> None:
    """Keep every target current in a thread of its own, which no sync waits for."""
    for target in settings.push_targets:
        pushing = _pushing(settings, target, quiet=quiet)
        Thread(target=_for_ever, args=(pushing, target), daemon=True, name="push").start()


PATIENCE_SECONDS = 60.0
"""Between two tries where somebody has to do something first."""


def _for_ever(pushing: Pushing, target: str) -> None:
    told = ""
    while True:
        try:
            pushing.follow()
        except NavfeedError as error:
            if str(error) != told:
                told = str(error)
                print_warning(f"{shown(target)}: {told}")
        sleep(PATIENCE_SECONDS)


def _pushing(settings: Settings, target: str, *, quiet: bool) -> Pushing:
    from navfeed.changes.stream import BATCH, Source
    from navfeed.cli._options import SummaryFormat
    from navfeed.cli.push import Pushing, opener, selection_of
    from navfeed.store.filters import Filters

    opened = opener(target, selection_of(FilterOptions()), contacts=False)
    source = Source(partial(open_store, settings.db), Filters)
    return Pushing(opened, source, BATCH, SummaryFormat.TEXT, quiet=quiet)


def shown(target: str) -> str:
    """An address without what may be a password."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def check_targets(targets: Iterable[str]) -> None:
    """Raise `ConfigError` where one is of no known kind."""
    from navfeed.cli.push import opener, selection_of

    for target in targets:
        opener(target, selection_of(FilterOptions()), contacts=False)
