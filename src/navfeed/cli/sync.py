"""`navfeed sync` and `navfeed verify`: the commands that follow the feed."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from navfeed import api
from navfeed.api import make_plan
from navfeed.cli import _run
from navfeed.cli._app import app
from navfeed.cli._help import Panel
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
from navfeed.cli._output import print_json, print_lines, print_warning
from navfeed.cli._welcome import before_first_sync
from navfeed.config import Settings, load
from navfeed.errors import ConfigError, ExitCode, LockedError, NavfeedError, StoreError
from navfeed.model import Contacts, Inactive, LogFormat, LogLevel
from navfeed.ops.after_sync import check_targets, cursor_of, hook_words, push_once, run_hook
from navfeed.ops.metrics import write_metrics
from navfeed.ops.ping import Pings
from navfeed.ops.run_end import log_end
from navfeed.present.words import dry_run_lines
from navfeed.signals import stopped_by_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from navfeed.sync.engine import Plan, RunFinished
    from navfeed.sync.walk import Start
    from navfeed.sync.workers import Stop

    Prepare = Callable[[], tuple[Settings, Plan]]


FIRST_SYNC = "First sync only"
KEEPING = "What to keep"
SERVICE = "Service"

LogFileOption = Annotated[
    Path | None,
    typer.Option(
        help="Write the log to this file instead of stderr; a terminal still shows "
        "progress and errors. The file may be rotated at any time.",
        show_default=False,
        rich_help_panel=Panel.OUTPUT,
    ),
]
LogFormatOption = Annotated[
    LogFormat | None,
    typer.Option(
        help="Format of the log. json: one object per line.",
        show_default=False,
        rich_help_panel=Panel.OUTPUT,
    ),
]
LogLevelOption = Annotated[
    LogLevel | None,
    typer.Option(
        help="Log this level and above. debug: each decision about an ad.",
        show_default=False,
        rich_help_panel=Panel.OUTPUT,
    ),
]
MetricsOption = Annotated[
    Path | None,
    typer.Option(
        "--metrics-file",
        help="Write Prometheus metrics to this file after each run (node_exporter textfile).",
        show_default=False,
        rich_help_panel=SERVICE,
    ),
]


@app.command()
def sync(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    base_url: UrlOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|DAYS",
            help="Start at this day (2026-05-01), or this many days back. "
            "Default: 183 days, which makes a complete copy.",
            show_default=False,
            rich_help_panel=FIRST_SYNC,
        ),
    ] = None,
    from_start: Annotated[
        bool,
        typer.Option("--from-start", help="Read the whole log.", rich_help_panel=FIRST_SYNC),
    ] = False,
    from_tip: Annotated[
        bool,
        typer.Option("--from-tip", help="Follow from now on.", rich_help_panel=FIRST_SYNC),
    ] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Keep only ads of this municipality, county, occupation, code, orgnr or "
            "words; repeatable. The store remembers it. all: keep everything again.",
            show_default=False,
            rich_help_panel=KEEPING,
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Accept a scope that removes more than half of the ads.",
            rich_help_panel=KEEPING,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what a sync would do, from the store alone. Change nothing.",
        ),
    ] = False,
    max_time: MaxTimeOption = None,
    max_pages: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Stop after this many pages.",
            show_default=False,
            rich_help_panel=Panel.ADVANCED,
        ),
    ] = None,
    connections: ConnectionsOption = None,
    windows: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=5,
            help="Read this many parts of the log at once. Default: 4.",
            show_default=False,
            rich_help_panel=FIRST_SYNC,
        ),
    ] = None,
    inactive: Annotated[
        Inactive | None,
        typer.Option(
            help="What to keep of an ad that is no longer active: nothing, or figures "
            "without text and names. The store remembers it. Default: delete.",
            show_default=False,
            rich_help_panel=KEEPING,
        ),
    ] = None,
    contacts: Annotated[
        Contacts | None,
        typer.Option(
            help="Keep or drop contact people. drop: never store them, and remove e-mail "
            "addresses and phone numbers from texts. The store remembers it. Default: "
            "keep.",
            show_default=False,
            rich_help_panel=KEEPING,
        ),
    ] = None,
    retry_now: Annotated[
        bool,
        typer.Option(
            "--retry-now", help="Retry failed and given-up ads now.", rich_help_panel=Panel.ADVANCED
        ),
    ] = False,
    feed_moved: Annotated[
        bool,
        typer.Option(
            "--feed-moved",
            help="Accept a new address of the feed that the store follows.",
            rich_help_panel=Panel.ADVANCED,
        ),
    ] = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Run as a service: sync again and again until stopped.",
            rich_help_panel=SERVICE,
        ),
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --follow: pause between two runs (90, 5m). Default: 2m.",
            show_default=False,
            rich_help_panel=SERVICE,
        ),
    ] = None,
    no_upgrade_copy: Annotated[
        bool,
        typer.Option(
            "--no-upgrade-copy",
            help="Do not copy the store before an upgrade. The next successful sync removes "
            "such a copy.",
            rich_help_panel=Panel.ADVANCED,
        ),
    ] = False,
    then: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Run this command after each run, without a shell, for at most ten "
            "minutes. NAVFEED_CURSOR_BEFORE and _AFTER hold the store's cursor.",
            show_default=False,
            rich_help_panel=SERVICE,
        ),
    ] = None,
    then_watch: Annotated[
        bool,
        typer.Option(
            "--then-watch",
            help="Then run the watches, as `navfeed watch run` does, even if the sync failed.",
            rich_help_panel=SERVICE,
        ),
    ] = False,
    metrics_file: MetricsOption = None,
    log_file: LogFileOption = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
) -> None:
    """Update the store from NAV's feed.

    Reads to the end of the feed and fetches the details of new and changed ads. Exit codes: 0
    caught up, 2 wrong option or setting, 3 stopped early, 4 some details are waiting for a retry
    or given up, 5 the feed is unreachable or answers incorrectly, 6 token, 7 store, 75 another
    sync is running.

    A scope that matches nothing is refused; one that would remove more than half of the stored ads
    needs --yes. --dry-run shows what a scope would do.

    --follow syncs every two minutes, waits out failures that pass, and ends only with 2, 3, 6, 7
    or 75, which need attention. SIGHUP reloads the settings.

    With --then-watch, 4 also means that a channel rejected a notification, which is retried. With
    --follow, a channel that may wake people is used at most once an hour.
    """
    flags = {
        "db": db,
        "base_url": base_url,
        "connections": connections,
        "windows": windows,
        "inactive": inactive,
        "contacts": contacts,
        "scope": _run.scope_of(scope or []),
        "every": every,
        "upgrade_copy": False if no_upgrade_copy else None,
        "then": then,
        "metrics_file": metrics_file,
        "log_file": log_file,
        "log_format": log_format,
        "log_level": log_level,
    }
    start = _run.start_of(since, from_start=from_start, from_tip=from_tip)
    _refuse_contradictions(follow=follow, every=every, dry_run=dry_run, max_pages=max_pages)
    run_once = {"max_pages": max_pages, "retry_now": retry_now, "scope_agreed": yes}
    prepare = partial(_prepare, flags, config, start, run_once)
    if dry_run:
        _dry_run(*prepare(), format_)
        return
    begins = not quiet and (since is not None or from_tip)
    options = _Options(format_, quiet, begins, feed_moved, then_watch)
    run_all = _follow if follow else _sync_once
    run_all(prepare, _run.seconds(max_time), options)


def _refuse_contradictions(
    *, follow: bool, every: str | None, dry_run: bool, max_pages: int | None
) -> None:
    if every is not None and not follow:
        raise ConfigError("--every needs --follow")
    if follow and dry_run:
        raise ConfigError("--dry-run and --follow exclude each other")
    if follow and max_pages is not None:
        raise ConfigError("--max-pages and --follow exclude each other")


def _prepare(
    flags: Mapping[str, object], config: Path | None, start: Start, run_once: dict[str, Any]
) -> tuple[Settings, Plan]:
    """Settings and plan of a run. Raises `ConfigError`, before anything is touched."""
    settings = load(flags, config=config)
    check_targets(settings.push_targets)
    if settings.after_sync is not None:
        hook_words(settings.after_sync)
    return settings, replace(make_plan(settings, start), **run_once)


@dataclass(frozen=True, slots=True)
class _Options:
    """How to run, and what to print. `begins`: a start was given, which applies to a new store."""

    format: SummaryFormat
    quiet: bool
    begins: bool
    feed_moved: bool
    then_watch: bool


def _follow(prepare: Prepare, max_seconds: float | None, how: _Options) -> None:
    from navfeed.cli._follow import TerminalFrontend
    from navfeed.ops.service import Service
    from navfeed.sync.workers import Stop

    show = partial(_show, how.format)
    frontend = TerminalFrontend(quiet=how.quiet, show=show, then_watch=how.then_watch)
    stop = Stop(max_seconds)
    service = Service(prepare, frontend, stop, feed_moved=how.feed_moved)
    before_first_sync(service.settings, quiet=how.quiet)
    if how.begins:
        _run.warn_if_begun(service.settings)
    with stopped_by_signals(stop.request, service.request_reload):
        service.run()


def _sync_once(prepare: Prepare, max_seconds: float | None, how: _Options) -> None:
    from navfeed.sync.workers import Stop

    settings, plan = prepare()
    stop = Stop(max_seconds)
    try:
        ended = _once(settings, plan, stop, how)
    except NavfeedError as error:
        if how.then_watch and not isinstance(error, StoreError):
            _run_watches(settings, quiet=how.quiet)
        if how.quiet and isinstance(error, LockedError):  # the other run reports itself
            raise typer.Exit(error.exit_code) from None
        raise
    _show(how.format, ended)
    # A stopped run must not wait for a mail server.
    notifies = how.then_watch and not stop.requested
    notified = _run_watches(settings, quiet=how.quiet) if notifies else ExitCode.DONE
    _run.conclude(ended, quiet=how.quiet)
    if notified is not ExitCode.DONE:
        raise typer.Exit(notified)


def _run_watches(settings: Settings, *, quiet: bool) -> ExitCode:
    from navfeed.cli._watch_runs import WatchRunner

    return WatchRunner(quiet=quiet).run_after_sync(settings, debounce=False)


def _dry_run(settings: Settings, plan: Plan, format_: SummaryFormat) -> None:
    """Print what a sync would do. Raises what a sync would raise for the scope."""
    from navfeed.ops.dry_run import predict
    from navfeed.sync.engine import refuse_scope

    would, verdict = predict(settings, plan)
    if format_ is SummaryFormat.JSON:
        print_json(asdict(would), indent=None)
    else:
        print_lines(dry_run_lines(would))
    sys.stdout.flush()
    if would.scope_changes:
        refuse_scope(verdict, agreed=plan.scope_agreed)


def _once(settings: Settings, plan: Plan, stop: Stop, how: _Options) -> RunFinished:
    from navfeed.present.progress import choose

    log = _run.open_log(settings, quiet=how.quiet)
    if how.begins:
        _run.warn_if_begun(settings)
    _run.token_of(settings)
    before_first_sync(settings, quiet=how.quiet)
    _run.start_watches(settings)
    before = cursor_of(settings.db) if settings.after_sync else ""
    # A ping that is missed raises an alarm already: cron's mail would be another one.
    pings = Pings(_run.reporter(quiet=how.quiet and settings.log.file is None))
    try:
        with stopped_by_signals(stop.request), choose(quiet=how.quiet, log=log) as progress:
            ended = api.sync_store(
                settings, plan, stop=stop, progress=progress.show, feed_moved=how.feed_moved
            )
    except NavfeedError as error:
        log_end(log, error)
        pings.after(settings.ping, error.exit_code)
        raise
    log_end(log, ended)
    pings.after(settings.ping, ended.exit_code)
    _after_run(settings, ended, before, quiet=how.quiet)
    return ended


def _after_run(settings: Settings, ended: RunFinished, before: str, *, quiet: bool) -> None:
    if not quiet and ended.exit_code in (ExitCode.DONE, ExitCode.WAITING):
        _run.warn_if_scope_matches_nothing(settings)
    _run.warn_of_copy(settings)
    write_metrics(settings, print_warning)
    if ended.exit_code is not ExitCode.STOPPED:
        push_once(settings, _run.reporter(quiet=quiet), print_warning)
        run_hook(settings, before, print_warning)


def _show(format_: SummaryFormat, ended: RunFinished) -> None:
    if format_ is SummaryFormat.JSON:
        summary = {
            "exit_code": ended.exit_code,
            "outcome": ended.outcome,
            **ended.counts.as_dict(),
            "erasure_owed": ended.erasure_owed,
        }
        print_json(summary, indent=None)
        sys.stdout.flush()  # a service may print nothing more for days
