"""`navfeed verify`: the store compared with the feed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.api import client, make_plan, now, open_for_sync, run_sync
from navfeed.cli import _run
from navfeed.cli._app import app
from navfeed.cli._options import (
    ConfigOption,
    ConnectionsOption,
    DbOption,
    FormatOption,
    MaxTimeOption,
    QuietOption,
    SummaryFormat,
    UrlOption,
)
from navfeed.cli._output import print_json, print_lines
from navfeed.config import load
from navfeed.errors import ExitCode
from navfeed.ops.run_end import log_end
from navfeed.signals import stopped_by_signals
from navfeed.text.plaintext import sanitize

if TYPE_CHECKING:
    from navfeed.client.feed import FeedClient
    from navfeed.store.writer import Store
    from navfeed.sync.engine import Plan
    from navfeed.sync.verify import Difference
    from navfeed.sync.workers import Stop


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
) -> None:
    """Compare the store with the feed.

    Syncs first, then reports each difference, or repairs it with --repair. Compares the stored ads
    and those whose last entry in the log is active. An ad that changes during the comparison may
    be reported.

    Exit codes: 0 the store equals what NAV shows, or was repaired; 9 there are differences; 4 NAV
    did not answer for some ads.
    """
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
    _report(differences, format_, repaired=repair)


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


def _report(differences: list[Difference], format_: SummaryFormat, *, repaired: bool) -> None:
    """Each difference on stdout, and the exit code they amount to."""
    kinds = Counter(difference.kind.value for difference in differences)
    if format_ is SummaryFormat.JSON:
        listed = [asdict(difference) for difference in differences]
        print_json({"repaired": repaired, "kinds": kinds, "differences": listed}, indent=None)
    else:
        print_lines(f"{one.kind}\t{one.ad}\t{sanitize(one.why)}" for one in differences)
    if kinds["unanswered"]:
        raise typer.Exit(ExitCode.WAITING)
    if differences and not repaired:
        raise typer.Exit(ExitCode.DIFFERENT)
