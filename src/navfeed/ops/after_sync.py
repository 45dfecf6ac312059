"""After a sync: run the user's command, and keep the push targets current.

A failure here is reported to `warn`. The sync is done, and the next one tries again.
"""

from __future__ import annotations

import errno
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

from navfeed.api import open_store
from navfeed.config import Settings
from navfeed.errors import ConfigError, NavfeedError, StoreError

if TYPE_CHECKING:
    from navfeed.push.runner import PushRunner

Report = Callable[[str], object]

HOOK_SECONDS = 600.0
"""Time limit of the command. It delays the next sync, and nothing else does."""

_POLL_SECONDS = 0.2
_STDERR = 2


# The command


def hook_words(command: str) -> list[str]:
    """Split the command as a shell would; no shell runs it. Raises `ConfigError`."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"cannot read the command after a sync, {command!r}: {error}") from None
    if not words:
        raise ConfigError("the command after a sync is empty. Leave it out, or name a program")
    return words


def cursor_of(db: Path) -> str:
    """The store's cursor; empty if there is no store yet."""
    with suppress(StoreError), open_store(db) as reader:
        return str(reader.cursor())
    return ""


def run_hook(
    settings: Settings, before: str, warn: Report, *, is_over: Callable[[], bool] = lambda: False
) -> None:
    """Run the command that the settings name, if any, and kill it once `is_over`.

    It gets the store's cursor before and after the sync, and no token.
    """
    if settings.after_sync is None:
        return
    try:
        process = subprocess.Popen(  # noqa: S603  the user's own command
            hook_words(settings.after_sync),
            env=_environment(settings.db, before),
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,  # ours is for data
            start_new_session=True,
        )
    except OSError as error:
        warn(f"cannot run the command after the sync: {_reason(error)}")
        return
    try:
        _wait(process, warn, is_over)
    finally:
        _kill(process)


def _reason(error: OSError) -> str:
    """Why a program cannot be started, and the next step where there is one."""
    next_steps = {
        errno.EACCES: f". Make it executable: chmod +x {shlex.quote(str(error.filename))}",
        errno.ENOENT: ". Give its full path",
        errno.ENOEXEC: ". Its first line must name a program: #!/bin/sh",
    }
    return f"{error.filename}: {error.strerror}{next_steps.get(error.errno or 0, '')}"


def _environment(db: Path, before: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "NAVFEED_TOKEN"}
    return kept | {
        "NAVFEED_DB": str(db),
        "NAVFEED_CURSOR_BEFORE": before,
        "NAVFEED_CURSOR_AFTER": cursor_of(db),
    }


def _wait(process: subprocess.Popen[bytes], warn: Report, is_over: Callable[[], bool]) -> None:
    ends = monotonic() + HOOK_SECONDS
    while process.poll() is None and monotonic() < ends and not is_over():
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_SECONDS)
    if process.poll() is None:
        warn("killed the command after the sync: it took too long, or navfeed is stopping")
    elif process.returncode:
        warn(
            f"the command after the sync exited with {process.returncode}. The sync is done; the "
            "next one runs it again"
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with whatever it started
        process.wait()


# Targets


RETRY_SECONDS = 60.0
"""Time between two tries at a target that needs attention first."""


def check_targets(targets: Iterable[str]) -> None:
    """Raise `ConfigError` for a target of an unknown kind."""
    for target in targets:
        # Here, because it loads what reads changes.
        from navfeed.push.targets import opener

        opener(target, "", contacts=False)


def push_once(settings: Settings, report: Report, warn: Report) -> None:
    """Push to every target. One that fails is reported and skipped."""
    for target in settings.push_targets:
        try:
            _runner(settings, target, report, warn).once()
        except NavfeedError as error:
            from navfeed.push.targets import without_password

            warn(f"{without_password(target)}: {error}")


def keep_pushing(settings: Settings, report: Report, warn: Report) -> None:
    """Keep every target current, each in a thread of its own; no sync waits for it."""
    for target in settings.push_targets:
        runner = _runner(settings, target, report, warn)
        Thread(target=_push_forever, args=(runner, target, warn), daemon=True, name="push").start()


def _push_forever(runner: PushRunner, target: str, warn: Report) -> None:
    from navfeed.push.targets import without_password

    reported = ""
    while True:
        try:
            runner.follow()
        except NavfeedError as error:
            if str(error) != reported:
                reported = str(error)
                warn(f"{without_password(target)}: {reported}")
        sleep(RETRY_SECONDS)


def _runner(settings: Settings, target: str, report: Report, warn: Report) -> PushRunner:
    from navfeed.changes.stream import BATCH, Source
    from navfeed.push.runner import PushRunner, summary
    from navfeed.push.targets import opener, selection_of
    from navfeed.store.filters import Filters

    opened = opener(target, selection_of({}), contacts=False)
    source = Source(partial(open_store, settings.db), Filters)
    return PushRunner(opened, source, BATCH, lambda pushed: report(summary(pushed)), warn)
