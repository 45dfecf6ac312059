"""The command line: wiring only, and the one place where an error becomes text and exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from navfeed.cli.app import app


def main() -> None:
    """Run navfeed. Ends the process with an exit code of `navfeed.errors.ExitCode`."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed before we began (`>&-`)
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
    app(prog_name="navfeed")


__all__ = ["app", "main"]
