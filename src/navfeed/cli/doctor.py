"""`navfeed doctor`: checks of settings, machine, store and feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer

from navfeed.cli._app import app
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    JsonOption,
    NoPagerOption,
    RowsOption,
    UrlOption,
    columns_of,
)
from navfeed.cli._output import Color, RowsFormat, print_json
from navfeed.cli._rows import print_columns, print_rows, read_columns
from navfeed.config import load
from navfeed.errors import ConfigError, ExitCode
from navfeed.ops.doctor import Finding, exit_code_of
from navfeed.ops.doctor_facts import examine

FIELDS = tuple(one.name for one in fields(Finding))
SHOWN = ("check", "level", "message", "advice")


@app.command()
def doctor(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    base_url: UrlOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not contact the feed.")] = False,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*FIELDS)] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Diagnose configuration, store and feed.

    Also checks token, clock, disk and permissions, and suggests what to do. Changes nothing.
    Exit codes: 0 no failure, warnings included; else that of the first failure: 2 configuration or
    clock, 5 feed, 6 token, 7 store, 8 no recent data.
    """
    format_, chosen = read_columns(format_, columns, json_, FIELDS)
    flags = {"db": db, "base_url": base_url}
    findings = [*examine(flags, config, offline=offline), *_watches(flags, config)]
    if chosen is not None:
        print_columns(chosen, [asdict(finding) for finding in findings], format_)
    elif format_ is RowsFormat.JSON:
        print_json([asdict(finding) for finding in findings])
    else:
        print_rows(SHOWN, [[getattr(one, name) for name in SHOWN] for one in findings])
    if (code := exit_code_of(findings)) is not ExitCode.DONE:
        raise typer.Exit(code)


def _watches(flags: Mapping[str, object], config: Path | None) -> Iterator[Finding]:
    """Nothing if the settings cannot be read: that is a finding already."""
    try:
        settings = load(flags, config=config)
    except ConfigError:
        return
    if settings.watches_file.exists():
        from navfeed.cli._watch_runs import watch_findings

        yield from watch_findings(settings)
