"""`navfeed config`: show the settings, where each comes from, and what is wrong with them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from navfeed.cli._app import Commands, app
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    JsonOption,
    NoPagerOption,
    RowsOption,
    columns_of,
)
from navfeed.cli._output import Color, RowsFormat, print_json, print_lines, print_warning
from navfeed.cli._rows import print_columns, print_rows, read_columns
from navfeed.config import (
    SCOPES,
    Settings,
    default_config,
    exposed_settings,
    load,
    origins,
    problems,
)
from navfeed.errors import ExitCode
from navfeed.model import Scope

config_app = Commands(help="Show and check the settings.", no_args_is_help=True)
app.add_typer(config_app, name="config")

FIELDS = ("setting", "value", "origin")
NONE = "-"
"""What a table shows of a setting that is not set; `null` in JSON."""


@config_app.command("show")
def show(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    origin: Annotated[
        bool,
        typer.Option(
            "--origin", help="Show where each comes from: option, variable, file, default."
        ),
    ] = False,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*FIELDS)] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show each setting and its value.

    Tokens, passwords and the address of a ping are not shown, only whether they are set.
    """
    format_, chosen = read_columns(format_, columns, json_, FIELDS)
    values = shown(load({"db": db}, config=config))
    found = origins({"db": db}, os.environ, config)
    where = {name: found.get(name.partition(".")[0], "default") for name in values}
    rows = [
        {"setting": name, "value": value, "origin": where[name]} for name, value in values.items()
    ]
    if chosen is not None:
        print_columns(chosen, rows, format_)
        return
    if format_ is RowsFormat.JSON:
        print_json(
            {name: {"value": values[name], "origin": where[name]} for name in values}
            if origin
            else values
        )
        return
    names = FIELDS if origin else FIELDS[:2]
    print_rows(names, ([_cell(row[name]) for name in names] for row in rows))


@config_app.command("path")
def path(*, config: ConfigOption = None) -> None:
    """Print the path of the settings file."""
    file = config or default_config()
    print_lines([str(file)])
    if not file.exists():
        print_warning("there is no such file yet; `navfeed init` writes one")


@config_app.command("check")
def check(*, config: ConfigOption = None) -> None:
    """Check the settings file and the environment.

    Lists every unknown name, with the nearest known one, and every value that cannot be used.
    Ends with 2 if there are any. Warns if others can read a password in the file.
    """
    found = problems(os.environ, config)
    file = config or default_config()
    missing = f"There is no settings file {file}; the defaults and the environment apply."
    correct = f"The settings are correct ({file})." if file.exists() else missing
    print_lines(found or [correct])
    if not found and (exposed := exposed_settings(config)):
        print_warning(f"others can read {exposed}, which holds a password: chmod 600 {exposed}")
    if found:
        raise typer.Exit(ExitCode.USAGE)


def shown(settings: Settings) -> dict[str, object]:
    """Each setting under its name in the file, as it would be written there; secrets masked."""
    scope = settings.scope or Scope()
    return {
        **{name: _plain(value(settings)) for name, value in _SHOWN.items()},
        **{f"scope.{name}": [*getattr(scope, field)] or None for name, field in SCOPES.items()},
        "hooks.after_sync": settings.after_sync and _program(settings.after_sync),
        "push.targets": [_masked(one) for one in settings.push_targets] or None,
        "notify.ping": settings.ping and _masked(settings.ping),
        "token": _token(settings),
    }


_SHOWN: dict[str, Callable[[Settings], object]] = {
    "db": lambda one: one.db,
    "base_url": lambda one: one.base_url,
    "token_file": lambda one: one.token.file,
    "connections": lambda one: one.connections,
    "windows": lambda one: one.windows,
    "large_pages": lambda one: one.large_pages,
    "timeout": lambda one: int(one.timeout),
    "inactive": lambda one: one.inactive,
    "contacts": lambda one: one.contacts,
    "warn_age": lambda one: one.warn_age or "never",
    "look_back_minutes": lambda one: one.look_back // timedelta(minutes=1),
    "recheck_days": lambda one: one.recheck_after.days,
    "recheck_most": lambda one: one.recheck_most,
    "changes_days": lambda one: one.keep_changes.days,
    "every": lambda one: one.every,
    "upgrade_copy": lambda one: one.upgrade_copy,
    "metrics_file": lambda one: one.metrics_file,
    "log_file": lambda one: one.log.file,
    "log_format": lambda one: one.log.format,
    "log_level": lambda one: one.log.level,
    "watches_file": lambda one: one.watches_file,
    "synonyms_file": lambda one: one.synonyms_file,
}


def _plain(value: object) -> object:
    """A value that both JSON and the settings file can represent."""
    if isinstance(value, timedelta):
        return _brief(int(value.total_seconds()))
    return str(value) if isinstance(value, Path) else value


def _brief(seconds: int) -> str:
    for unit, length in (("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _program(command: str) -> str:
    """The command without its arguments, which may include a password."""
    try:
        first, *more = shlex.split(command)
    except ValueError:
        return "set"
    return f"{first} …" if more else first


def _masked(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}/…"


def _token(settings: Settings) -> str | None:
    if settings.token.text is not None:
        return "set"
    return "in token_file" if settings.token.file else None


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return NONE if value is None else str(value)
