"""A pager for output longer than the terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper

from navfeed.cli._output import text_stdout


@contextmanager
def paged() -> Iterator[None]:
    """Show the output drawn inside in a pager if it is longer than the terminal.

    The pager is `$PAGER`, else `less`; none if it is empty, `cat` or not installed.
    """
    command = _pager()
    out = text_stdout()
    if not command or not _on_terminal():
        yield
        return
    buffer = BytesIO()
    sys.stdout = terminal = _Terminal(buffer, out.encoding, "replace")
    try:
        yield
    finally:
        sys.stdout = out
        terminal.detach()  # which writes out, and else would close what it wrote to
    drawn = buffer.getvalue()
    if drawn.count(b"\n") < shutil.get_terminal_size().lines:
        out.buffer.write(drawn)
    else:
        out.flush()
        _show(command, drawn)


class _Terminal(TextIOWrapper):
    """A canvas with the properties of the terminal."""

    def isatty(self) -> bool:
        return True


def _pager() -> list[str]:
    words = shlex.split(os.environ.get("PAGER", "less"))
    return words if words and words[0] != "cat" and shutil.which(words[0]) else []


def _on_terminal() -> bool:
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError):  # no file of the system's
        return False


def _show(command: list[str], drawn: bytes) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pager's own, until it ends
    try:
        environ = {"LESS": "FRX", **os.environ}  # colours as they are; no screen of its own
        subprocess.run(command, input=drawn, env=environ, check=False)  # noqa: S603  the user's own
    finally:
        signal.signal(signal.SIGINT, before)
