"""The command line: wiring only, and the one place where an error becomes text and exit code."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from navfeed.errors import ExitCode


def main() -> None:
    """Run navfeed. Ends the process with an exit code of `navfeed.errors.ExitCode`."""
    # Before anything is loaded, that takes a tenth of a second: nothing has begun yet.
    for number in ending_signals():
        signal.signal(number, _leave)
    from navfeed.cli.commands import app

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before we began (`>&-`)
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    app(prog_name="navfeed")


def ending_signals() -> list[signal.Signals]:
    """What ends navfeed, in good order; not SIGHUP under `nohup`, which has it ignored."""
    known = [one for one in signal.Signals if one.name in ("SIGINT", "SIGTERM", "SIGHUP")]
    return [one for one in known if one.name != "SIGHUP" or not _is_ignored(one)]


def _is_ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def _leave(*_: object) -> NoReturn:
    raise SystemExit(ExitCode.STOPPED)
