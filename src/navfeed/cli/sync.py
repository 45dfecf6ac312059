"""`navfeed sync` and `navfeed verify`: the commands that follow the feed."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed import api
from navfeed.api import client, make_plan, now, open_for_sync, run_sync
from navfeed.cli import run
from navfeed.cli.after import check_targets, cursor_of, push_once, run_hook, words_of
from navfeed.cli.app import ConfigOption, DbOption, app
from navfeed.cli.output import print_json, print_lines
from navfeed.config import Settings, load
from navfeed.decide import ScopeVerdict, judge_scope, narrows
from navfeed.errors import EXPECTED, ConfigError, ExitCode, LockedError, NavfeedError
from navfeed.model import Contacts, Foretold, Inactive, LogFormat, LogLevel
from navfeed.present.words import foretold
from navfeed.text.plaintext import sanitize

if TYPE_CHECKING:
    from navfeed.client.feed import FeedClient
    from navfeed.store.writer import Store
    from navfeed.sync.engine import Plan, RunFinished
    from navfeed.sync.verify import Difference
    from navfeed.sync.workers import Stop

UrlOption = Annotated[
    str | None,
    typer.Option("--base-url", help="The feed's address. Default: NAV's.", show_default=False),
]
MaxTimeOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Stop after this long (90, 10m, 2h).", show_default=False),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="Details fetched at once. Default: 8.", show_default=False),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


LogFileOption = Annotated[
    Path | None,
    typer.Option(
        help="Write the log there instead of to stderr, where a terminal alone still shows "
        "progress and errors. It may be moved away at any time.",
        show_default=False,
    ),
]
LogFormatOption = Annotated[
    LogFormat | None,
    typer.Option(help="How the log is written. json: one object a line.", show_default=False),
]
LogLevelOption = Annotated[
    LogLevel | None,
    typer.Option(help="What the log tells: this, and what is worse.", show_default=False),
]
MetricsOption = Annotated[
    Path | None,
    typer.Option(
        "--metrics-file",
        help="Write figures for Prometheus there after each run (node_exporter's text files).",
        show_default=False,
    ),
]


class SummaryFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[
    SummaryFormat, typer.Option("--format", help="json: a summary object on stdout.")
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
            help="First sync only: read the log from this day on (2026-05-01), or from so many "
            "days back. Default: 183 days, which makes a complete copy.",
            show_default=False,
        ),
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="First sync only: read the whole log.")
    ] = False,
    from_tip: Annotated[
        bool, typer.Option("--from-tip", help="First sync only: follow from now on.")
    ] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Keep only these ads: municipal, county, occupation, code, orgnr or words; "
            "repeatable. The store remembers it. all: keep everything again.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Take up a scope also where it removes more than half of the ads."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Tell what a sync would do to the store, by the store alone, and change nothing.",
        ),
    ] = False,
    max_time: MaxTimeOption = None,
    max_pages: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many pages.", show_default=False)
    ] = None,
    workers: WorkersOption = None,
    inactive: Annotated[
        Inactive | None,
        typer.Option(
            help="What stays of an ad that is no longer shown: nothing, or figures without text "
            "and names. A setting of the store. Default: delete.",
            show_default=False,
        ),
    ] = None,
    contacts: Annotated[
        Contacts | None,
        typer.Option(
            help="Whether to keep the people an ad names to be asked. drop: never written, and "
            "e-mail addresses and phone numbers are taken out of texts. A setting of the store. "
            "Default: keep.",
            show_default=False,
        ),
    ] = None,
    retry_now: Annotated[
        bool,
        typer.Option(
            "--retry-now", help="Try again at once whatever waits for a retry, or was given up."
        ),
    ] = False,
    feed_moved: Annotated[
        bool,
        typer.Option(
            "--feed-moved",
            help="The feed's address is a new one of the feed that the store follows.",
        ),
    ] = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Go on as a service: run again and again, until stopped."),
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --follow: rest for so long between two runs (90, 5m). Default: 2m.",
            show_default=False,
        ),
    ] = None,
    no_upgrade_copy: Annotated[
        bool,
        typer.Option(
            "--no-upgrade-copy",
            help="Do not copy the store before an upgrade. A copy goes once a sync ended well.",
        ),
    ] = False,
    then: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Run this after each run, without a shell, for ten minutes at most. It finds "
            "where the store stood and stands in NAVFEED_CURSOR_BEFORE and _AFTER.",
            show_default=False,
        ),
    ] = None,
    then_watch: Annotated[
        bool,
        typer.Option(
            "--then-watch",
            help="Then tell what is news, as `navfeed watch run` does: however the run ended, if "
            "the store can be read.",
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

    One run reads to the end of the feed and fetches the details of new and changed ads. Ends
    with 0 when caught up, 2 for a wrong flag or setting, 3 when stopped early, 4 when some
    details wait for a retry or are given up, 5 when the feed cannot be reached or answers
    wrongly, 6 for tokens, 7 for the store, 75 when another sync is running.

    A scope that names what nothing has is refused, and one that would remove more than half of the
    stored ads wants --yes; --dry-run tells what it would do. Nothing is changed by either.

    With --follow it runs again every two minutes, waits out bad weather, and ends only with 2,
    3, 6, 7 or 75: where somebody has to do something. SIGHUP makes it read its settings again.

    With --then-watch, 4 also says that a channel did not accept what a watch had to tell: that is
    tried again. With --follow, a channel that may wake somebody is used once an hour at most.
    """
    flags = {
        "db": db,
        "base_url": base_url,
        "workers": workers,
        "inactive": inactive,
        "contacts": contacts,
        "scope": run.scope_of(scope or []),
        "every": every,
        "upgrade_copy": False if no_upgrade_copy else None,
        "then": then,
        "metrics_file": metrics_file,
        "log_file": log_file,
        "log_format": log_format,
        "log_level": log_level,
    }
    start = run.start_of(since, from_start=from_start, from_tip=from_tip)
    if every is not None and not follow:
        raise ConfigError("--every is how long --follow rests. Add --follow, or leave it out")

    def prepare() -> tuple[Settings, Plan]:
        settings = load(flags, config=config)
        check_targets(settings.push_targets)
        if settings.after_sync is not None:
            words_of(settings.after_sync)
        plan = make_plan(settings, start)
        return settings, replace(plan, max_pages=max_pages, retry_now=retry_now, scope_agreed=yes)

    if dry_run:
        if follow:
            raise ConfigError("--dry-run tells of one run; --follow makes many. Leave one out")
        _foretell(*prepare(), format_)
        return

    begins = not quiet and (since is not None or from_tip)
    if follow:
        if max_pages is not None:
            raise ConfigError("--max-pages is for one run; --follow makes many. Leave one out")
        from navfeed.cli.follow import Service

        service = Service(
            prepare,
            quiet=quiet,
            show=partial(_show, format_),
            feed_moved=feed_moved,
            watch=then_watch,
        )
        if begins:
            run.hint_if_begun(load(flags, config=config))
        service.run(run.seconds(max_time))
    else:
        options = _Once(format_, quiet, begins, feed_moved, then_watch)
        _sync_once(*prepare(), max_time, options)


@dataclass(frozen=True, slots=True)
class _Once:
    """How one run is made and shown."""

    format: SummaryFormat
    quiet: bool
    begins: bool
    feed_moved: bool
    then_watch: bool


def _sync_once(settings: Settings, plan: Plan, max_time: str | None, how: _Once) -> None:
    from navfeed.sync.workers import Stop

    stop = Stop(run.seconds(max_time))
    try:
        ended = _once(settings, plan, stop, how)
    except LockedError:
        if how.then_watch:
            _tell(settings, quiet=how.quiet)
        raise
    _show(how.format, ended)
    # Who asks a run to stop does not want to wait for a mail server.
    tells = how.then_watch and not stop.asked
    told = _tell(settings, quiet=how.quiet) if tells else ExitCode.DONE
    _conclude(ended, quiet=how.quiet)
    if told is not ExitCode.DONE:
        raise typer.Exit(told)


def _tell(settings: Settings, *, quiet: bool) -> ExitCode:
    from navfeed.cli.telling import Teller

    return Teller(quiet=quiet).tell_after_sync(settings, paced=False)


def _foretell(settings: Settings, plan: Plan, format_: SummaryFormat) -> None:
    """What a sync would do, on stdout. Raises what a sync would raise for the scope."""
    from navfeed.sync.engine import refuse_scope

    if not settings.db.exists():
        raise ConfigError(f"there is no store {settings.db} yet: a first sync makes it")
    would, verdict = _foretold(settings, plan)
    if format_ is SummaryFormat.JSON:
        print_json(asdict(would), indent=None)
    else:
        print_lines(foretold(would))
    sys.stdout.flush()
    if would.scope_changes:
        refuse_scope(verdict, agreed=plan.scope_agreed)


def _foretold(settings: Settings, plan: Plan) -> tuple[Foretold, ScopeVerdict]:
    moment = now()
    with api.open_store(settings.db, at=moment) as reader:
        facts, outside = reader.status(moment), reader.outside()
        scope = facts.scope if plan.scope is None else plan.scope
        changes = scope != facts.scope
        verdict = judge_scope(scope, facts.scope, reader.everything() if changes else ())
    would = Foretold(
        scope_changes=changes,
        stored=facts.stored,
        leaving=len(verdict.leaving),
        coming_in=outside if changes and not narrows(scope, facts.scope) else 0,
        expired=facts.stored - facts.active,
        waiting=facts.waiting,
    )
    return would, verdict


def _once(settings: Settings, plan: Plan, stop: Stop, how: _Once) -> RunFinished:
    from navfeed.present.progress import choose

    log = run.open_log(settings, quiet=how.quiet)
    if how.begins:
        run.hint_if_begun(settings)
    run.token_of(settings)
    before = cursor_of(settings.db) if settings.after_sync else ""
    try:
        with run.signals(stop), choose(quiet=how.quiet, log=log) as progress:
            ended = api.sync_store(
                settings, plan, stop=stop, progress=progress.show, feed_moved=how.feed_moved
            )
    except NavfeedError as error:
        run.tell_end(log, error)
        raise
    run.tell_end(log, ended)
    if not how.quiet and ended.exit_code in (ExitCode.DONE, ExitCode.WAITING):
        run.hint_at_empty_scope(settings)
    run.hint_at_copy(settings)
    run.write_metrics(settings)
    if ended.exit_code is not ExitCode.STOPPED:
        push_once(settings, quiet=how.quiet)
        run_hook(settings, before)
    return ended


def _show(format_: SummaryFormat, ended: RunFinished) -> None:
    if format_ is SummaryFormat.JSON:
        summary = {
            "exit_code": ended.exit_code,
            "outcome": ended.outcome,
            **ended.counts.as_dict(),
            "erasure_owed": ended.erasure_owed,
        }
        print_json(summary, indent=None)
        sys.stdout.flush()  # a service may have nothing more to say for days


def _conclude(ended: RunFinished, *, quiet: bool) -> None:
    """A run that stopped as it was told to is no error, and `quiet` lets errors through alone."""
    if ended.error is not None and not (quiet and ended.exit_code in EXPECTED):
        raise ended.error
    if ended.exit_code is not ExitCode.DONE:
        raise typer.Exit(ended.exit_code)


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
            help="Read the log again from this day on. Default: 183 days back.",
            show_default=False,
        ),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Repair differences.")] = False,
    max_time: MaxTimeOption = None,
    workers: WorkersOption = None,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
) -> None:
    """Compare the store with the feed.

    Syncs first, then reports (or repairs, with --repair) each difference. Compared are the ads
    that are stored and those that the log called active at last, of which some have ended
    since. On a feed that moves, a difference may have arisen during the comparison.

    Ends with 0 only when the store equals what NAV shows, with 9 when it did not and was not
    repaired, with 4 when NAV left some questions unanswered.
    """
    flags = {"db": db, "base_url": base_url, "workers": workers}
    settings = load(flags, config=config)
    from navfeed.present.progress import choose
    from navfeed.sync.workers import Stop

    token = run.token_of(settings)
    plan = make_plan(settings, run.start_of(since))
    stop = Stop(run.seconds(max_time))
    with run.signals(stop), open_for_sync(settings) as store, client(settings, token) as feed:
        with choose(quiet=quiet) as progress:
            ended = run_sync(feed, store, plan, stop=stop, progress=progress.show)
        if ended.exit_code not in (ExitCode.DONE, ExitCode.WAITING):
            _conclude(ended, quiet=quiet)
        differences = _verify(feed, store, plan, stop, repair=repair, quiet=quiet)
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
