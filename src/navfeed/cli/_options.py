"""The options and arguments that several commands take, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from navfeed.cli._help import Panel
from navfeed.cli._output import Color, RowsFormat, use_color
from navfeed.cli._pager import use_no_pager

DbOption = Annotated[
    Path | None,
    typer.Option(
        "--db",
        help="The store. Default: the platform's data folder.",
        show_default=False,
        rich_help_panel=Panel.ADVANCED,
    ),
]


RowsOption = Annotated[
    RowsFormat,
    typer.Option("--format", help="table: tab-separated in a pipe.", rich_help_panel=Panel.OUTPUT),
]


def columns_of(*names: str, more: str = "") -> Any:  # noqa: ANN401  what typer's Option is
    """The option that chooses among columns with these names; `more`: when there are others."""
    return typer.Option(
        "--columns",
        metavar="NAMES",
        help=f"Columns to show, in this order, separated by commas: {', '.join(names)}{more}.",
        show_default=False,
        rich_help_panel=Panel.OUTPUT,
    )


OF_ADS = "those of --format json, and more; an unknown name lists them all"
"""The columns of ads: too many for a help."""

JsonOption = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="NAMES",
        help="Short for --format json --columns NAMES.",
        show_default=False,
        rich_help_panel=Panel.OUTPUT,
    ),
]


ColorOption = Annotated[
    Color,
    typer.Option(
        "--color",
        callback=use_color,
        help="When to use colour. auto: on a terminal, or with FORCE_COLOR.",
        show_default=False,
        rich_help_panel=Panel.OUTPUT,
    ),
]


NoPagerOption = Annotated[
    bool,
    typer.Option(
        "--no-pager",
        callback=use_no_pager,
        help="Never show the output in a pager.",
        rich_help_panel=Panel.OUTPUT,
    ),
]


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The settings file. Default: navfeed.toml in the platform's config folder.",
        show_default=False,
        rich_help_panel=Panel.ADVANCED,
    ),
]


MaxAgeOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Fail (exit 8) if the data is older than this (90m, 24h, 2d).",
        show_default=False,
        rich_help_panel=Panel.ADVANCED,
    ),
]


WithContactsOption = Annotated[
    bool,
    typer.Option(
        "--with-contacts",
        help="Include the contact people that the ads name.",
        rich_help_panel=Panel.OUTPUT,
    ),
]


UrlOption = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="The feed's address. Default: NAV's.",
        show_default=False,
        rich_help_panel=Panel.ADVANCED,
    ),
]


MaxTimeOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Stop after this long (90, 10m, 2h).",
        show_default=False,
        rich_help_panel=Panel.ADVANCED,
    ),
]


ConnectionsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=12,
        help="Number of concurrent requests. Default: 8.",
        show_default=False,
        rich_help_panel=Panel.ADVANCED,
    ),
]


QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel=Panel.OUTPUT)
]


class SummaryFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[
    SummaryFormat,
    typer.Option(
        "--format", help="json: print a summary object on stdout.", rich_help_panel=Panel.OUTPUT
    ),
]


FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The file of the copy.", show_default=False)
]

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")]

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")
]
