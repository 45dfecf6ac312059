"""A pager for output longer than the terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper

from navfeed.cli._output import print_warning, text_stdout

VARIABLES = ("NAVFEED_PAGER", "PAGER")
"""Where the pager is named; the first that is set counts."""

_is_off = False


def use_no_pager(value: bool) -> None:
    """Set whether all later output goes straight to the terminal."""
    global _is_off  # noqa: PLW0603  one stdout, one pager
    _is_off = value


@contextmanager
def paged() -> Iterator[None]:
    """Show the output drawn inside in a pager if it is longer than the terminal.

    The pager is `$NAVFEED_PAGER`, `$PAGER` or `less -FRX`; none if it is empty, `cat` or not
    installed.
    """
    command = [] if _is_off or not _on_terminal() else _pager()
    out = text_stdout()
    if not command:
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
    """The words of the command; none if there is no pager to use."""
    name, command = next(
        ((name, os.environ[name]) for name in VARIABLES if name in os.environ), ("", "less")
    )
    try:
        words = shlex.split(command)
    except ValueError:
        print_warning(f"{name} has a quote without its end; showing the output without a pager")
        return []
    return words if words and words[0] != "cat" and shutil.which(words[0]) else []


def _on_terminal() -> bool:
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError):  # no file of the system's
        return False


def _show(command: list[str], drawn: bytes) -> None:
    import subprocess

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pager's own, until it ends
    try:
        environ = {"LESS": "FRX", **os.environ}  # colours as they are; no screen of its own
        subprocess.run(command, input=drawn, env=environ, check=False)  # noqa: S603  the user's own
    finally:
        signal.signal(signal.SIGINT, before)
