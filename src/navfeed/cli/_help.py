"""The layout of help: examples on top, a panel for each group of options, plain text.

Written by hand: rich takes 0.2 s to draw a help, and splits it into narrow columns (decision 0076).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.exceptions import TyperException

from navfeed.cli._output import may_be_bold, print_lines
from navfeed.cli._pager import paged

MAX_WIDTH = 100
"""Columns of the widest help."""

NARROW = 78
"""Columns below which a text stands below its option: beside it, few words are left a line."""

FEW = 8
"""Options that need no panels."""

BESIDE = 26
"""Columns for the names of options beside their texts; a longer name takes a line of its own."""

Rows = Sequence[tuple[str, str]]


class Panel(StrEnum):
    """The headings of options that several commands share, in the order of the help."""

    WHAT = "What"
    WHERE = "Where"
    WHEN = "When"
    OUTPUT = "Output"
    ADVANCED = "Advanced"


class HelpOption(TyperOption):
    """`--help`, shown as `--color` and `--no-pager` say, wherever they stand; in the pager."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            param_decls=names,
            is_flag=True,
            expose_value=False,
            is_eager=True,
            help="Show this message and exit.",
            callback=_show_help,
        )

    def handle_parse_result(self, ctx: Any, opts: Any, args: list[str]) -> Any:  # noqa: ANN401  typer's own
        if self.name in opts:
            for one in ctx.command.params:
                if DRAWN_BY & {*one.opts}:
                    one.handle_parse_result(ctx, opts, args)
        return super().handle_parse_result(ctx, opts, args)


DRAWN_BY = {"--color", "--no-pager"}


def _show_help(ctx: Any, _option: Any, value: bool) -> None:  # noqa: ANN401  typer's own
    if value and not ctx.resilient_parsing:
        with paged():
            print_lines([ctx.get_help()])
        ctx.exit()


class _WithHelp:
    """What the help of commands and of groups has in common."""

    _help: HelpOption | None = None

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401  typer's own
        self._help = self._help or HelpOption(ctx.help_option_names)
        return self._help

    def format_help_text(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
        super().format_help_text(ctx, formatter)  # type: ignore[misc]
        _write_examples(ctx, formatter)


class Command(_WithHelp, TyperCommand):
    """A command with examples and panels in its help."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401  typer's own
        return [one.strip("{}") for one in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  typer's own
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:
            if getattr(error, "ctx", ctx) is None:  # as for an option without its value
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
        _write_options(self, ctx, formatter)


class Group(_WithHelp, TyperGroup):
    """A group of commands: its help lists them before the options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, one.get_short_help_str(MAX_WIDTH)) for name, one in found if one]
        write_section(formatter, "Commands", rows, width_of_names(rows))


def write_section(formatter: Any, heading: str, rows: Rows, names: int) -> None:  # noqa: ANN401  typer's own
    """Write names with their texts; `names`: columns for the names, the gap included."""
    formatter.write_paragraph()
    formatter.write(f"{_bold(heading + ':')}\n")
    for name, text in rows:
        formatter.write("".join(f"{line}\n" for line in _entry(name, text, names, formatter.width)))


def width_of_names(rows: Iterable[tuple[str, str]]) -> int:
    """Columns for the names of these rows and the gap behind them."""
    return min(max((len(name) for name, _ in rows), default=0), BESIDE) + 2


def panels_of(command: Any, ctx: Any) -> dict[str, list[Any]]:  # noqa: ANN401  typer's own
    """The visible parameters of a command by heading, in the order of the help."""
    panels: dict[str, list[Any]] = {"Arguments": [], "Options": []}
    for one in command.get_params(ctx):
        if not getattr(one, "hidden", False):
            panels.setdefault(_heading(one), []).append(one)
    for heading in Panel:
        panels[heading] = panels.pop(heading, [])  # behind those of the command alone
    arguments = panels.pop("Arguments")
    options = [one for found in panels.values() for one in found]
    if len(options) <= FEW:
        panels = {"Options": options}
    return {name: found for name, found in {"Arguments": arguments, **panels}.items() if found}


def _heading(parameter: Any) -> str:  # noqa: ANN401  typer's own
    if parameter.param_type_name == "argument":
        return "Arguments"
    if parameter.name == "help":
        return Panel.ADVANCED
    return getattr(parameter, "rich_help_panel", None) or "Options"


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
    sections = {
        heading: [_record(one, ctx) for one in found]
        for heading, found in panels_of(command, ctx).items()
    }
    names = width_of_names(row for rows in sections.values() for row in rows)
    for heading, rows in sections.items():
        write_section(formatter, heading, rows, names)


NAMES_OF_TYPES = {"path": "FILE", "int": "NUMBER", "int range": "NUMBER", "float range": "SECONDS"}
"""What an option takes, for typer's name of its type."""

_TYPE = re.compile(r"<([^>]+)>")
_BETWEEN = re.compile(r"([\d.]+)<=x<=([\d.]+)")
_LEAST = re.compile(r"x>=([\d.]+)")
_OBVIOUS = re.compile(r"  \[x>=[01]\]|; x>=[01](?=[;\]])")
"""Minimums that go without saying."""


def name_of_value(metavar: str) -> str:
    """What an option takes, as the help names it: `NUMBER` for typer's `<int range>`."""
    return _TYPE.sub(lambda found: NAMES_OF_TYPES.get(found[1], found[1]), metavar)


def _record(parameter: Any, ctx: Any) -> tuple[str, str]:  # noqa: ANN401  typer's own
    name, text = parameter.get_help_record(ctx)
    return name_of_value(name), " ".join(in_words(_OBVIOUS.sub("", text)).split())


def in_words(text: str) -> str:
    """Typer's ranges in words: `0 to 60` for `0<=x<=60`."""
    return _LEAST.sub(r"\1 or more", _BETWEEN.sub(r"\1 to \2", text))


def _entry(name: str, text: str, names: int, width: int) -> Iterator[str]:
    """The lines of a name with its text: beside it, or below it where there is no room."""
    if width < NARROW:
        yield f"  {_bold(name)}"
        yield from _filled(text, width, " " * 6)
        return
    lines = _filled(text, width, " " * (names + 2))
    first = lines.pop(0)[len(name) + 2 :] if lines and len(name) <= names - 2 else ""
    yield f"  {_bold(name)}{first}"
    yield from lines


def _filled(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _write_examples(ctx: Any, formatter: Any) -> None:  # noqa: ANN401  typer's own
    from navfeed.cli._examples import EXAMPLES

    words = ctx.command_path.partition(" ")[2]
    if not (examples := EXAMPLES.get(words)):
        return
    formatter.write_paragraph()
    formatter.write(f"{_bold('Examples:')}\n")
    for meaning, line in examples:
        formatter.write(f"  # {meaning}\n  {_bold(line)}\n")


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if may_be_bold() else text
