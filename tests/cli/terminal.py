"""Running navfeed on a terminal that is none."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress

import pytest

from support.warm import navfeed_command

pty = pytest.importorskip("pty")


def on_terminal(columns: int, *arguments: str, **environ: str) -> tuple[int, str, str]:
    """The exit code, what was drawn, and what was written to stderr (a pipe)."""
    ours, theirs = pty.openpty()
    ours_alone = {"COLUMNS": str(columns), "TERM": "xterm-256color", "PAGER": "cat"}
    environ = {**os.environ, **ours_alone, **environ}
    with subprocess.Popen(
        navfeed_command(*arguments),
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environ,
    ) as running:
        os.close(theirs)
        drawn = b"".join(read_to_the_end(ours))
        assert running.stderr is not None
        stderr = running.stderr.read()
    return running.returncode, drawn.decode(), stderr.decode()


def plain(drawn: str) -> str:
    """What was drawn, without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", drawn)


def read_to_the_end(number: int) -> list[bytes]:
    """Read to the end, which Linux reports as an error."""
    pieces: list[bytes] = []
    with suppress(OSError):
        while piece := os.read(number, 65_536):
            pieces.append(piece)
    os.close(number)
    return pieces
