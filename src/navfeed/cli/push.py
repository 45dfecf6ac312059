"""`navfeed push`: keep an engine current that many machines read from."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.api import now, open_store
from navfeed.changes.stream import BATCH, Source
from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, hint_at_unknown, takes_filters
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
from navfeed.push.engine import Difference, Pushed
from navfeed.push.runner import PushRunner, summary
from navfeed.push.targets import opener, selection_of

if TYPE_CHECKING:
    from navfeed.push.engine import Difference, Pushed


@app.command()
@takes_filters
def push(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="postgresql://user@host/database (a password belongs into PGPASSFILE), or "
            "opensearch+https://host/index.",
            show_default=False,
        ),
    ],
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    asked: FilterOptions,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on pushing what happens, until stopped.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be pushed or mended; change nothing.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Then compare every ad with the store's.")
    ] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="As --verify, and mend every difference.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=10_000, help="Changes in one transaction, at most.")
    ] = BATCH,
    with_contacts: WithContactsOption = False,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
) -> None:
    """Keep PostgreSQL or OpenSearch equal to the store.

    First all ads, then what happens to them. The target remembers where it stands, so that each
    run goes on where the last one ended, however that was. Another choice of filters, a restored
    store, or a cursor that is too old make it load all ads anew. Contacts are left out unless they
    are asked for.

    Ends with 7 where the target or the store cannot be used, with 9 where --verify found
    differences. With --follow it waits out a target that is down.
    """
    if follow and (dry_run or verify or reconcile):
        raise ConfigError("--follow only pushes. Leave --dry-run, --verify and --reconcile out")
    settings = load({"db": db}, config=config)
    open_target = opener(
        target, selection_of(asked.given(), contacts=with_contacts), contacts=with_contacts
    )
    with open_store(settings.db) as reader:
        hint_at_unknown(reader, asked.filters(now()))
    source = Source(partial(open_store, settings.db), lambda: asked.filters(now()))
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


def _report_differences(found: list[Difference], format_: SummaryFormat, *, repaired: bool) -> None:
    """Print each difference. Ends with 9 if one is left."""
    if format_ is SummaryFormat.JSON:
        listed = [asdict(one) for one in found]
        print_json({"reconciled": repaired, "differences": listed}, indent=None)
    else:
        print_lines(f"{one.kind}\t{one.uuid}" for one in found)
    if found and not repaired:
        raise typer.Exit(ExitCode.DIFFERENT)
