"""The command line: wiring, and the one place that turns errors into text and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from navfeed.errors import ExitCode
from navfeed.signals import ending_signals


def main() -> None:
    """Run navfeed. Ends the process with an exit code of `navfeed.errors.ExitCode`."""
    # Before the imports, which take a tenth of a second: nothing has started yet.
    for number in ending_signals():
        signal.signal(number, _leave)
    # Keep httpx from loading its own command, with click and rich: 110 of 160 ms (decision 0106).
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    from navfeed.cli._app import app

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller (`>&-`)
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    app(prog_name="navfeed")


def _leave(*_: object) -> NoReturn:
    raise SystemExit(ExitCode.STOPPED)
