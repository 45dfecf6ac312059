"""`navfeed push`: keep a shared database or search engine current."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.api import now, open_store
from navfeed.changes.stream import BATCH, Source
from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, suggest_values, takes_filters
from navfeed.cli._help import Panel
from navfeed.cli._options import (
    ConfigOption,
    DbOption,
    FormatOption,
    QuietOption,
    SummaryFormat,
    WithContactsOption,
)
from navfeed.cli._output import print_json, print_lines, print_warning
from navfeed.config import load
from navfeed.errors import ConfigError, ExitCode
from navfeed.push.engine import Mismatch, Pushed
from navfeed.push.runner import PushRunner, summary
from navfeed.push.targets import opener, selection_of

if TYPE_CHECKING:
    from navfeed.push.engine import Mismatch, Pushed


@app.command()
@takes_filters
def push(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="postgresql://user@host/database (put the password into PGPASSFILE), or "
            "opensearch+https://host/index.",
            show_default=False,
        ),
    ],
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    filter_options: FilterOptions,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep pushing changes until stopped.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be pushed or repaired; change nothing."),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Then compare every ad with the store.")
    ] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Like --verify, and repair every difference.")
    ] = False,
    batch: Annotated[
        int,
        typer.Option(
            min=1,
            max=10_000,
            help="Maximum number of changes in one transaction.",
            rich_help_panel=Panel.ADVANCED,
        ),
    ] = BATCH,
    with_contacts: WithContactsOption = False,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
) -> None:
    """Keep PostgreSQL or OpenSearch equal to the store.

    Loads all ads first, then applies changes. The target stores its cursor, so that each run
    continues where the last one ended. Different filters, a restored store or an outdated cursor
    cause a full reload. Leaves out contacts unless --with-contacts is given.

    Exit codes: 7 the target or the store cannot be used, 9 --verify found differences. --follow
    waits out a target that is down.
    """
    if follow and (dry_run or verify or reconcile):
        raise ConfigError("--follow excludes --dry-run, --verify and --reconcile")
    settings = load({"db": db}, config=config)
    open_target = opener(
        target, selection_of(filter_options.given(), contacts=with_contacts), contacts=with_contacts
    )
    with open_store(settings.db) as reader:
        suggest_values(reader, filter_options.filters(now()))
    source = Source(partial(open_store, settings.db), lambda: filter_options.filters(now()))
    report = partial(_report, format_, quiet=quiet)
    runner = PushRunner(open_target, source, batch, report, print_warning)
    if follow:
        runner.follow()
    elif dry_run:
        report(runner.pending(), "would push")
    else:
        runner.once()
    if verify or reconcile:
        repair = reconcile and not dry_run
        _report_differences(runner.compare(reconcile=repair), format_, repaired=repair)


def _report(
    format_: SummaryFormat, pushed: Pushed, verb: str = "pushed", *, quiet: bool = False
) -> None:
    if format_ is SummaryFormat.JSON:
        print_json({**asdict(pushed), "cursor": str(pushed.cursor)}, indent=None)
        sys.stdout.flush()
    elif not quiet:
        print_warning(summary(pushed, verb))


def _report_differences(found: list[Mismatch], format_: SummaryFormat, *, repaired: bool) -> None:
    """Print each difference. Ends with 9 if one is left."""
    if format_ is SummaryFormat.JSON:
        listed = [asdict(one) for one in found]
        print_json({"reconciled": repaired, "differences": listed}, indent=None)
    else:
        print_lines(f"{one.kind}\t{one.uuid}" for one in found)
    if found and not repaired:
        raise typer.Exit(ExitCode.DIFFERENT)
