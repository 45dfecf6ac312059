"""Where output goes: text for people, bytes for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from io import TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO, Literal, TextIO

from navfeed.text.plaintext import sanitize

if TYPE_CHECKING:
    from navfeed.errors import ExitCode
    from navfeed.present.run_log import Log
    from navfeed.present.terminal import Canvas


def text_stdout() -> TextIO:
    """Where text goes: stdout. A letter that the locale cannot write becomes `?`, never a crash."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return sys.stdout


def print_lines(lines: Iterable[str]) -> int:
    """Print text for people; answer how many lines it was."""
    out = text_stdout()
    count = 0
    for line in lines:
        out.write(f"{line}\n")
        count += 1
    return count


def program_stdout() -> BinaryIO:
    """Where data goes: stdout, in UTF-8 whatever the locale says."""
    return sys.stdout.buffer


class Color(StrEnum):
    """When to draw. `AUTO`: on a terminal, or where FORCE_COLOR is set and NO_COLOR is not."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_color = Color.AUTO


def use_color(value: Color) -> None:
    """From now on."""
    global _color  # noqa: PLW0603  as there is one stdout, there is one way to draw on it
    _color = value


def canvas() -> Canvas | None:
    """Where to draw for people, now. None: not there, text goes into a pipe as it is."""
    wanted = os.environ.get("FORCE_COLOR") and not os.environ.get("NO_COLOR")
    forced = _color is Color.ALWAYS or (_color is Color.AUTO and bool(wanted))
    if not forced and not text_stdout().isatty():
        return None
    from navfeed.present.terminal import canvas_of

    return canvas_of(forced=forced, plain=_color is Color.NEVER)


class RowsFormat(StrEnum):
    TABLE = "table"
    JSON = "json"


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Write a JSON text, on one line where `indent` is None.

    What UTF-8 cannot write, the odd bytes of a file's name, gets JSON's own escapes.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    program_stdout().write(text.encode(errors="backslashreplace") + b"\n")


def print_rows(names: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """A table on a terminal, else a line each, with tabs between the cells; how many rows."""
    shown = [tuple(sanitize(str(cell)) for cell in row) for row in rows]
    if shown and (on := canvas()):
        from navfeed.present.terminal import draw_rows

        draw_rows(on, names, shown)
    else:
        print_lines("\t".join(row) for row in shown)
    return len(shown)


def print_warning(message: str) -> None:
    """Something to know, beside the answer."""
    _tell("WARNING", message)


def print_error(message: str, run_ended: ExitCode | None = None) -> None:
    """What the command failed with; `run_ended`: and the run with it, unless that is told."""
    _tell("ERROR", message, run_ended)


def tell_stopped(message: str) -> None:
    """Why the command ended before its end, as it was told to: nobody has to be woken."""
    _tell("INFO", message)


def confirmed(question: str) -> bool:
    """Ask on the terminal. Ctrl-C and the end of the input are a no."""
    import typer

    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


_log: Log | None = None


def log_to(log: Log | None) -> None:
    """Where hints and complaints go from now on, and not to stderr (`_is_shown` says when too)."""
    global _log  # noqa: PLW0603  as there is one stderr, there is one log
    if _log is not None:
        _log.close()
    _log = log


def _tell(
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
    """Beside a log in a file: where somebody looks on, or the file cannot be written."""
    if _log is None:
        return True
    return _log.file is not None and (_log.is_lost or sys.stderr.isatty())
