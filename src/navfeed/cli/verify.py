"""`navfeed verify`: the store compared with the feed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.api import client, make_plan, now, open_for_sync, run_sync
from navfeed.cli import _run
from navfeed.cli._app import app
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    ConnectionsOption,
    DbOption,
    FormatOption,
    JsonOption,
    MaxTimeOption,
    NoPagerOption,
    QuietOption,
    SummaryFormat,
    UrlOption,
    columns_of,
)
from navfeed.cli._output import Color, print_json
from navfeed.cli._rows import print_columns, read_columns
from navfeed.config import load
from navfeed.errors import ExitCode
from navfeed.ops.run_end import log_end
from navfeed.signals import stopped_by_signals

if TYPE_CHECKING:
    from navfeed.client.feed import FeedClient
    from navfeed.store.writer import Store
    from navfeed.sync.engine import Plan
    from navfeed.sync.verify import Difference
    from navfeed.sync.workers import Stop


FIELDS = ("kind", "ad", "why")


@app.command()
def verify(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    base_url: UrlOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|DAYS",
            help="Read the log again from this day, or this many days back. Default: 183 days.",
            show_default=False,
        ),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Repair differences.")] = False,
    max_time: MaxTimeOption = None,
    connections: ConnectionsOption = None,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
    columns: Annotated[str | None, columns_of(*FIELDS)] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Compare the store with the feed.

    Syncs first, then reports each difference, or repairs it with --repair. Compares the stored ads
    and those whose last entry in the log is active. An ad that changes during the comparison may
    be reported.

    Exit codes: 0 the store equals what NAV shows, or was repaired; 9 there are differences; 4 NAV
    did not answer for some ads.
    """
    format_, chosen = read_columns(format_, columns, json_, FIELDS)
    flags = {"db": db, "base_url": base_url, "connections": connections}
    settings = load(flags, config=config)
    from navfeed.present.progress import choose, is_silent
    from navfeed.sync.workers import Stop

    log = _run.open_log(settings, quiet=quiet)
    token = _run.token_of(settings)
    plan = make_plan(settings, _run.start_of(since))
    stop = Stop(_run.seconds(max_time))
    with (
        stopped_by_signals(stop.request),
        open_for_sync(settings) as store,
        client(settings, token) as feed,
    ):
        with choose(quiet=quiet, log=log) as progress:
            ended = run_sync(feed, store, plan, stop=stop, progress=progress.show)
        log_end(log, ended)
        if ended.exit_code not in (ExitCode.DONE, ExitCode.WAITING):
            _run.conclude(ended, quiet=quiet)
        silent = is_silent(quiet=quiet, log=log)
        differences = _verify(feed, store, plan, stop, repair=repair, quiet=silent)
    _print(differences, format_, chosen, repaired=repair)
    _end(differences, repaired=repair)


def _verify(
    feed: FeedClient, store: Store, plan: Plan, stop: Stop, *, repair: bool, quiet: bool
) -> list[Difference]:
    from navfeed.present.progress import choose_count
    from navfeed.sync import engine

    found: list[Difference] = []
    with choose_count("ad compared", "ads compared", quiet=quiet) as count:
        for checked in engine.verify(feed, store, plan, repair=repair, clock=now, stop=stop):
            found += checked.differences
            count(checked.done, checked.total)
    return found


def _print(
    differences: list[Difference],
    format_: SummaryFormat,
    chosen: Sequence[str] | None,
    *,
    repaired: bool,
) -> None:
    records = [asdict(difference) for difference in differences]
    if chosen is None and format_ is SummaryFormat.JSON:
        kinds = Counter(difference.kind.value for difference in differences)
        print_json({"repaired": repaired, "kinds": kinds, "differences": records}, indent=None)
    else:
        print_columns(chosen or FIELDS, records, format_)


def _end(differences: list[Difference], *, repaired: bool) -> None:
    """End with the exit code that the differences amount to."""
    if not all(difference.can_be_mended for difference in differences):
        raise typer.Exit(ExitCode.WAITING)
    if differences and not repaired:
        raise typer.Exit(ExitCode.DIFFERENT)
