"""Every command with its options, for tests of what commands have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer import Context
from typer.main import get_group

from navfeed.cli.commands import app


def _leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


_GROUP = get_group(app)
_GROUP.list_commands(Context(_GROUP))
COMMANDS = dict(_leaves(_GROUP))
"""Each command that does something, by its words: `list`, `watch add`."""


def options_of(command: str) -> dict[str, Any]:
    """The options by name: `--db`."""
    return {name: one for one in COMMANDS[command].params for name in one.opts}


def having(*options: str) -> set[str]:
    """The commands that have all these options."""
    return {command for command in COMMANDS if {*options} <= options_of(command).keys()}


def command_of(line: str) -> str:
    """The command in a line, without arguments and options."""
    first, second, *_ = [*line.split(), ""]
    return first if first in COMMANDS else f"{first} {second}"
