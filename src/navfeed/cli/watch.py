"""`navfeed watch`: say what to be told of, see what would be told, and tell it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from navfeed.cli._app import Commands, app
from navfeed.cli._filters import FilterOptions, takes_filters
from navfeed.cli._options import ConfigOption, DbOption, MaxAgeOption, QuietOption, RowsOption
from navfeed.cli._output import RowsFormat
from navfeed.config import Settings, load
from navfeed.errors import ConfigError
from navfeed.watches.words import Format, News, Part

watch = Commands(help="Be told of ads that fit, once, where you look.", no_args_is_help=True)
app.add_typer(watch, name="watch")

WatchesOption = Annotated[
    Path | None,
    typer.Option(
        "--watches",
        metavar="FILE",
        help="The file of watches. Default: watches.toml beside the settings file.",
        show_default=False,
    ),
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="What the watch is called: letters, digits, - and _.")
]
ToOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WAY:WHERE",
        help="Where to tell: stdout, file:PATH, atom:PATH, mail:ADDRESS, webhook:URL, ntfy:URL, "
        "slack:URL, discord:URL, teams:URL or command:WORDS; repeatable. Default: stdout.",
        show_default=False,
    ),
]
TellOption = Annotated[
    list[News] | None,
    typer.Option(help="Of what to tell; repeatable. Default: all of it.", show_default=False),
]
ChangesOption = Annotated[
    list[Part] | None,
    typer.Option(
        help="Changes of what to tell of; repeatable. Default: all of it.", show_default=False
    ),
]
ClosingOption = Annotated[
    int | None,
    typer.Option(
        min=0, max=60, help="So many days before it closes, an ad closes soon. Default: 3."
    ),
]
DigestFormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format", help="How stdout and commands are told. Default: text.", show_default=False
    ),
]
BacklogOption = Annotated[
    bool,
    typer.Option("--backlog", help="Tell also of the ads that fitted before the watch began."),
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
    asked: FilterOptions,
    to: ToOption = None,
    tell: TellOption = None,
    changes: ChangesOption = None,
    closing_days: ClosingOption = None,
    format_: DigestFormatOption = None,
    backlog: BacklogOption = False,
) -> None:
    """Write a new watch into the file of watches, and begin it.

    What fits already is not told of, unless --backlog is given. The filters are those of navfeed
    list.
    """
    from navfeed.cli import _watching

    own = {
        "to": to,
        "tell": tell,
        "changes": changes,
        "closing_days": closing_days,
        "format": format_,
    }
    _watching.add(_settings(db, config, watches), name, asked, own, backlog=backlog)


@watch.command("list")
def list_watches(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    format_: RowsOption = RowsFormat.TABLE,
) -> None:
    """List the watches: what for, and where they tell."""
    from navfeed.cli import _watching

    _watching.list_all(_settings(db, config, watches), format_)


@watch.command("show")
def show_watch(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    format_: RowsOption = RowsFormat.TABLE,
) -> None:
    """Show a watch, and how it stands with each place where it tells."""
    from navfeed.cli import _watching

    _watching.show(_settings(db, config, watches), name, format_)


@watch.command("edit")
@takes_filters
def edit(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    asked: FilterOptions,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING", help="Take a filter or another setting out.", show_default=False
        ),
    ] = None,
    to: ToOption = None,
    tell: TellOption = None,
    changes: ChangesOption = None,
    closing_days: ClosingOption = None,
    format_: DigestFormatOption = None,
    backlog: BacklogOption = False,
) -> None:
    """Change a watch; what is given takes the place of what stood there.

    What fits only now is not told of, unless --backlog is given; what was told of is not told
    again. Without options, a watch that was changed by hand is taken as it is.
    """
    from navfeed.cli import _watching

    own = {
        "to": to,
        "tell": tell,
        "changes": changes,
        "closing_days": closing_days,
        "format": format_,
        **{one.replace("-", "_"): [] for one in without or ()},
    }
    _watching.edit(_settings(db, config, watches), name, asked, own, backlog=backlog)


@watch.command("remove")
def remove(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
) -> None:
    """Take a watch out of the file, and forget what it told."""
    from navfeed.cli import _watching

    _watching.remove(_settings(db, config, watches), name)


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
        typer.Option("--format", help="How stdout is told, whatever the watch says."),
    ] = None,
    backlog: BacklogOption = False,
    hurried: Annotated[
        bool,
        typer.Option("--now", help="Heed no quiet hours, and try channels that are down."),
    ] = False,
    max_age: MaxAgeOption = None,
    quiet: QuietOption = False,
) -> None:
    """Tell what is news: new ads, changes, what closes soon, what is gone. Each of it once.

    Meant for cron, after a sync; `navfeed sync --then-watch` does both. Without news it prints
    nothing. Ends with 4 when a channel did not accept and its news wait, with 8 when the data is
    too old or not complete, and then nothing was told.
    """
    from navfeed.cli import _watching
    from navfeed.watches.deliver import How

    how = How(frozenset(names) if names else None, backlog=backlog, hurried=hurried)
    settings = _settings(db, config, watches)
    if code := _watching.run(settings, how, format_, max_age, quiet=quiet):
        raise typer.Exit(code)


@watch.command("preview")
def preview(
    name: NameArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
    limit: Annotated[
        int, typer.Option(min=1, help="At most so many ads, and so many near misses.")
    ] = 10,
    format_: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TEXT,
) -> None:
    """Show what would be told now, and which ads miss but one condition. Tells nobody.

    Of a watch that has not begun it shows the ads that fit.
    """
    from navfeed.cli import _watching

    _watching.preview(_settings(db, config, watches), name, limit, format_)


@watch.command("init")
def init(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    watches: WatchesOption = None,
) -> None:
    """Ask five questions, and write a watch from the answers."""
    settings = _settings(db, config, watches)
    what = _ask("What should the ad say? Words in any form, such as: sykepleier natt")
    where = _ask("In which municipalities? Commas part them; nothing for all of Norway")
    extent = _ask("Heltid or Deltid? Nothing for both")
    to = _ask("Where to tell: stdout, mail:ADDRESS, atom:FILE or ntfy:URL?", default="stdout")
    name = _ask("What is the watch to be called?", default="jobs")
    asked = FilterOptions(
        text=[what] if what else None,
        municipal=[where] if where else None,
        extent=[extent] if extent else None,
    )
    from navfeed.cli import _watching

    _watching.add(settings, name, asked, {"to": [to]}, backlog=False)


def _ask(question: str, default: str = "") -> str:
    """On stderr, all of it: stdout is for data."""
    typer.echo(f"{question}{f' [{default}]' if default else ''}: ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer:
        raise ConfigError("the answers ended before the questions did; nothing was written")
    return answer.strip() or default
