"""`navfeed watch`: define watches, preview them, run them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from navfeed.cli._app import Commands, app
from navfeed.cli._filters import FilterOptions, takes_filters
from navfeed.cli._help import Panel
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    DryRunOption,
    JsonOption,
    MaxAgeOption,
    NoPagerOption,
    QuietOption,
    RowsOption,
    columns_of,
)
from navfeed.cli._output import Color, RowsFormat
from navfeed.cli._rows import read_columns
from navfeed.config import Settings, load
from navfeed.errors import ConfigError
from navfeed.names import setting_of
from navfeed.watches.choices import ITEM_FIELDS, WATCH_FIELDS, Field, Format, Trigger

watch = Commands(help="Report new matching ads.", no_args_is_help=True)
app.add_typer(watch, name="watch")

DELIVERY = "Delivery"

WatchesOption = Annotated[
    Path | None,
    typer.Option(
        "--watches",
        metavar="FILE",
        help="The watch file. Default: watches.toml beside the settings file.",
        show_default=False,
        rich_help_panel=Panel.ADVANCED,
    ),
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The watch's name: letters, digits, - and _.")
]
ToOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CHANNEL:ADDRESS",
        help="Where to deliver: stdout, file:PATH, atom:PATH, mail:ADDRESS, webhook:URL, ntfy:URL, "
        "slack:URL, discord:URL, teams:URL or command:WORDS; repeatable. Default: stdout.",
        show_default=False,
        rich_help_panel=DELIVERY,
    ),
]
NotifyOption = Annotated[
    list[Trigger] | None,
    typer.Option(
        help="Notify of these events only; repeatable.",
        show_default=False,
        rich_help_panel=DELIVERY,
    ),
]
ChangesOption = Annotated[
    list[Field] | None,
    typer.Option(
        help="Notify of changes of these fields only; repeatable.",
        show_default=False,
        rich_help_panel=DELIVERY,
    ),
]
ClosingOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=60,
        help="Days before its deadline that an ad closes soon. Default: 3.",
        rich_help_panel=DELIVERY,
    ),
]
DigestFormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="Format for stdout and commands. Default: text.",
        show_default=False,
        rich_help_panel=DELIVERY,
    ),
]
BacklogOption = Annotated[
    bool,
    typer.Option(
        "--backlog", help="Deliver ads from before the watch started too.", rich_help_panel=DELIVERY
    ),
]


def _settings(db: Path | None, config: Path | None, watches: Path | None) -> Settings:
    return load({"db": db, "watches_file": watches}, config=config)


@watch.command("add")
@takes_filters
def add(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    filters: FilterOptions,
    to: ToOption = None,
    notify: NotifyOption = None,
    changes: ChangesOption = None,
    closing_days: ClosingOption = None,
    format_: DigestFormatOption = None,
    backlog: BacklogOption = False,
) -> None:
    """Add a watch to the watch file, and start it.

    Ads that match already are not delivered, except with --backlog. The filters are those of
    navfeed list.
    """
    from navfeed.cli import _watches

    own = {
        "to": to,
        "notify": notify,
        "changes": changes,
        "closing_days": closing_days,
        "format": format_,
    }
    _watches.add(_settings(db, config, watches), name, filters, own, backlog=backlog)


@watch.command("list")
def list_watches(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*WATCH_FIELDS)] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """List the watches with their filters and targets."""
    from navfeed.cli import _watches

    format_, chosen = read_columns(format_, columns, json_, WATCH_FIELDS)
    _watches.list_all(_settings(db, config, watches), format_, chosen)


@watch.command("show")
def show_watch(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*WATCH_FIELDS, "channels")] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show a watch and the state of its deliveries."""
    from navfeed.cli import _watches

    format_, chosen = read_columns(format_, columns, json_, (*WATCH_FIELDS, "channels"))
    _watches.show(_settings(db, config, watches), name, format_, chosen)


@watch.command("edit")
@takes_filters
def edit(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    filters: FilterOptions,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING", help="Remove a filter or another setting.", show_default=False
        ),
    ] = None,
    to: ToOption = None,
    notify: NotifyOption = None,
    changes: ChangesOption = None,
    closing_days: ClosingOption = None,
    format_: DigestFormatOption = None,
    backlog: BacklogOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Change settings of a watch.

    Ads that match only now are not delivered, except with --backlog; nothing is delivered twice.
    Without options, continue with a watch that was edited by hand.
    """
    from navfeed.cli import _watches

    own = {
        "to": to,
        "notify": notify,
        "changes": changes,
        "closing_days": closing_days,
        "format": format_,
        **{setting_of(one): [] for one in without or ()},
    }
    settings = _settings(db, config, watches)
    if dry_run:
        _watches.predict_edit(settings, name, filters, own)
    else:
        _watches.edit(settings, name, filters, own, backlog=backlog)


@watch.command("remove")
def remove(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Remove a watch and its delivery history."""
    from navfeed.cli import _watches

    do = _watches.predict_removal if dry_run else _watches.remove
    do(_settings(db, config, watches), name)


@watch.command("run")
def run_watches(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these watches.")
    ] = None,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Format for stdout. Default: the watch's.", rich_help_panel=DELIVERY
        ),
    ] = None,
    backlog: BacklogOption = False,
    immediately: Annotated[
        bool,
        typer.Option(
            "--now",
            help="Ignore quiet hours, and retry failed channels now.",
            rich_help_panel=DELIVERY,
        ),
    ] = False,
    max_age: MaxAgeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Deliver new, changed, closing and gone ads, each once.

    Meant for cron, after a sync; `navfeed sync --then-watch` does both. Prints nothing without
    news. Ends with 4 when a channel refused a delivery, which is kept and retried; with 8 when
    the data is too old or incomplete, and nothing was delivered.
    """
    from navfeed.cli import _watches
    from navfeed.watches.events import RunOptions

    only = frozenset(names) if names else None
    options = RunOptions(only, backlog=backlog, immediately=immediately)
    settings = _settings(db, config, watches)
    if code := _watches.run(settings, options, format_, max_age, quiet=quiet):
        raise typer.Exit(code)


@watch.command("preview")
def preview(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Maximum number of ads, and of near misses.")
    ] = 10,
    format_: Annotated[
        Format, typer.Option("--format", help="Format of the output.")
    ] = Format.TEXT,
    columns: Annotated[str | None, columns_of(*ITEM_FIELDS)] = None,
    json_: JsonOption = None,
    _no_pager: NoPagerOption = False,
    _color: ColorOption = Color.AUTO,
) -> None:
    """Show pending notifications and near misses.

    Delivers nothing. Near misses are ads that match all filters but one. Of a watch that has not
    started it shows all matching ads.
    """
    from navfeed.cli import _watches

    format_, chosen = read_columns(format_, columns, json_, ITEM_FIELDS)
    _watches.preview(_settings(db, config, watches), name, limit, format_, chosen)


@watch.command("init")
def init(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
) -> None:
    """Create a watch by answering five questions."""
    settings = _settings(db, config, watches)
    what = _ask("Which words should the ad contain, in any form (such as: sykepleier natt)?")
    where = _ask("Which municipalities, separated by commas (empty: all of Norway)?")
    extent = _ask("Heltid or Deltid (empty: both)?")
    to = _ask("Where to deliver: stdout, mail:ADDRESS, atom:FILE or ntfy:URL?", default="stdout")
    name = _ask("The name of the watch?", default="jobs")
    filters = FilterOptions(
        text=[what] if what else None,
        municipal=[where] if where else None,
        extent=[extent] if extent else None,
    )
    from navfeed.cli import _watches

    _watches.add(settings, name, filters, {"to": [to]}, backlog=False)


def _ask(question: str, default: str = "") -> str:
    """Ask on stderr: stdout is for data."""
    typer.echo(f"{question}{f' [{default}]' if default else ''} ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer:
        raise ConfigError("the input ended before the last question; nothing was written")
    return answer.strip() or default
