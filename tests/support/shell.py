"""navfeed's command line without a process of its own: a tenth of the time.

Arguments, settings, errors and exit codes are the real ones. Signals, kills, terminals and what
gets imported need a process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run_here(words: list[str], environ: Mapping[str, str], folder: Path) -> Said:
    """Run a command in that folder, with that environment and no other."""
    from navfeed.cli.app import app

    with chdir(folder), mock.patch.dict(os.environ, environ, clear=True):
        ended = CliRunner().invoke(app, words, prog_name="navfeed", catch_exceptions=False)
    return Said(ended.exit_code, ended.stdout, ended.stderr)
