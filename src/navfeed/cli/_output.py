"""Output: text for people, bytes for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from io import TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO, Literal, TextIO

from navfeed.text.plaintext import sanitize

if TYPE_CHECKING:
    from navfeed.errors import ExitCode
    from navfeed.present.run_log import Log
    from navfeed.present.terminal import Canvas


def text_stdout() -> TextIO:
    """Stdout for text. A character that the locale cannot encode becomes `?`, never an error."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return sys.stdout


def print_lines(lines: Iterable[str]) -> int:
    """Print lines of text; return their number."""
    out = text_stdout()
    count = 0
    for line in lines:
        out.write(f"{line}\n")
        count += 1
    return count


def program_stdout() -> BinaryIO:
    """Stdout for data, in UTF-8 whatever the locale."""
    return sys.stdout.buffer


class Color(StrEnum):
    """When to draw. `AUTO`: on a terminal, or where FORCE_COLOR is set and NO_COLOR is not."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_color = Color.AUTO


def use_color(value: Color) -> None:
    """Set the use of colour for all later output."""
    global _color  # noqa: PLW0603  one stdout, one colour setting
    _color = value


def canvas() -> Canvas | None:
    """The terminal to draw on; None if output goes into a pipe."""
    forced = _is_forced()
    if not forced and not text_stdout().isatty():
        return None
    from navfeed.present.terminal import canvas_of

    return canvas_of(forced=forced, plain=_color is Color.NEVER)


def may_be_bold() -> bool:
    """Whether text drawn without a canvas may be bold: never where NO_COLOR is set."""
    if _is_forced():
        return True
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return _color is not Color.NEVER and not plain and sys.stdout.isatty()


def _is_forced() -> bool:
    requested = os.environ.get("FORCE_COLOR") and not os.environ.get("NO_COLOR")
    return _color is Color.ALWAYS or (_color is Color.AUTO and bool(requested))


class RowsFormat(StrEnum):
    TABLE = "table"
    JSON = "json"


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Write JSON, on one line if `indent` is None.

    Characters that UTF-8 cannot encode, such as odd bytes in a file name, are escaped.
    """
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    program_stdout().write(text.encode(errors="backslashreplace") + b"\n")


def print_warning(message: str) -> None:
    """Report a problem that does not change the result."""
    _print("WARNING", message)


def print_error(message: str, run_ended: ExitCode | None = None) -> None:
    """Report a failure. `run_ended`: the exit code if the run ended with it, for the log."""
    _print("ERROR", message, run_ended)


def print_stopped(message: str) -> None:
    """Report a stop on purpose, at level info in the log."""
    _print("INFO", message)


def confirmed(question: str) -> bool:
    """Ask on the terminal. Ctrl-C and the end of the input mean no."""
    import typer

    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


_log: Log | None = None


def log_to(log: Log | None) -> None:
    """Send messages to this log from now on; to stderr too if `_is_shown`."""
    global _log  # noqa: PLW0603  one stderr, one log
    if _log is not None:
        _log.close()
    _log = log


def _print(
    level_name: Literal["INFO", "WARNING", "ERROR"], message: str, run_ended: ExitCode | None = None
) -> None:
    if _log is not None and message != _log.outcome:
        from navfeed.model import LogLevel  # the table of commands is shown without it

        level = LogLevel[level_name]
        if run_ended is None:
            _log.say(level, message)
        else:
            _log.end(level, message, run_ended)
    if _is_shown():
        print(f"navfeed: {sanitize(message)}", file=sys.stderr)  # noqa: T201


def _is_shown() -> bool:
    """Whether to show messages beside a log file: on a terminal, or if the file is unwritable."""
    if _log is None:
        return True
    return _log.file is not None and (_log.is_lost or sys.stderr.isatty())
