"""navfeed's command line without a process of its own: a tenth of the time.

Arguments, settings, errors and exit codes are the real ones. Signals, kills, terminals and what
gets imported need a process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from typer import Typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from navfeed.practice import PracticeServer
from support.lab import Lab
from support.warm import navfeed_command

INHERITED = ("COV", "PYTHON", "LD_", "CLOCK_SHIFT", "TESTS_NOW")
"""What every process of ours keeps of the environment: coverage, libraries, the clock."""

SOON = 15.0
"""Seconds. The promise is 2 s, which a loaded machine cannot keep; without it, minutes pass."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command left behind."""

    code: int
    out: str
    err: str


@cache
def _made(app: Typer) -> object:
    return get_command(app)


def invoke(words: Sequence[str], **how: Any) -> Result:
    """Run a command here. All commands are made once: that takes longer than most of them."""
    from navfeed.cli.commands import app

    with mock.patch("typer.testing._get_command", _made):
        return CliRunner().invoke(app, words, prog_name="navfeed", **how)


def run_here(words: list[str], environ: Mapping[str, str], folder: Path) -> CommandResult:
    """Run a command in that folder, with that environment and no other."""
    with chdir(folder), mock.patch.dict(os.environ, environ, clear=True):
        ended = invoke(words, catch_exceptions=False)
    return CommandResult(ended.exit_code, ended.stdout, ended.stderr)


class Started(subprocess.Popen[str]):
    """A process that a failed test does not wait for: a service would never end."""

    def __exit__(self, kind: type[BaseException] | None, *more: object) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, *more)


class Shell:
    """Runs navfeed in an empty folder, with no settings but the practice feed's address."""

    def __init__(self, folder: Path, server: PracticeServer) -> None:
        self.db = folder / "navfeed.db"
        self.server = server
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "NAVFEED_DB": str(self.db),
            "NAVFEED_BASE_URL": server.url,
            **{name: value for name, value in os.environ.items() if name.startswith(INHERITED)},
        }

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        return self._start(navfeed_command(*words), environ)

    def start_to_kill(self, *words: str) -> subprocess.Popen[str]:
        """Start what SIGKILL ends at once, with nothing between this process and its own."""
        return self._start([sys.executable, "-m", "navfeed", *words], {})

    def _start(self, command: list[str], environ: Mapping[str, str]) -> subprocess.Popen[str]:
        return Started(
            command,
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.db.parent,
        )

    def run(self, *words: str, **environ: str) -> tuple[int, str, str]:
        result = run_here([*words], self.environ | environ, self.db.parent)
        return result.code, result.out, result.err

    def stored(self) -> dict[str, Any]:
        return Lab(self.db, self.server.practice.world).stored()

    def is_exact(self) -> bool:
        return self.stored() == self.server.practice.world.truth()
