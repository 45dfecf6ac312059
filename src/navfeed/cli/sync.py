"""`navfeed sync` and `navfeed verify`: the commands that follow the feed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.cli import run
from navfeed.cli.app import ConfigOption, DbOption, app
from navfeed.config import load
from navfeed.errors import ExitCode
from navfeed.model import Contacts, Inactive

if TYPE_CHECKING:
    from navfeed.sync.engine import Ended, Plan
    from navfeed.sync.verify import Difference

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
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


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
        bool, typer.Option("--retry-now", help="Try again at once whatever waits for a retry.")
    ] = False,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
) -> None:
    """Bring the store to what NAV shows now: one run to the end of the feed, and the details.

    Ends with 0 when caught up, 3 when stopped early, 4 when some details wait for a retry, 5 when
    the feed cannot be reached or answers wrongly, 6 for tokens, 7 for the store, 75 when another
    sync is running.
    """
    flags = {
        "db": db,
        "base_url": base_url,
        "workers": workers,
        "inactive": inactive,
        "contacts": contacts,
        "scope": run.scope_of(scope or []),
    }
    settings = load(flags, config=config)
    from navfeed.sync.engine import Plan

    plan = Plan(
        start=run.start_of(since, from_start=from_start, from_tip=from_tip),
        scope=settings.scope,
        workers=settings.workers,
        max_pages=max_pages,
        retry_now=retry_now,
        lateness=settings.look_back,
        recheck_after=settings.recheck_after,
        recheck_most=settings.recheck_most,
    )
    with run.workshop(settings, max_time) as shop:
        ended = _sync(shop, plan, quiet=quiet)
    _conclude(ended, format_)


def _sync(shop: run.Workshop, plan: Plan, *, quiet: bool) -> Ended:
    from navfeed.progress import choose
    from navfeed.sync import engine

    with choose(quiet=quiet) as progress:
        for event in engine.sync(shop.feed, shop.store, plan, clock=run.now, stop=shop.stop):
            progress.show(event)
    assert isinstance(event, engine.Ended)  # noqa: S101  the engine's last event
    return event


def _conclude(ended: Ended, format_: SummaryFormat) -> None:
    if format_ is SummaryFormat.JSON:
        summary = {
            "exit_code": ended.exit_code,
            "outcome": ended.outcome,
            **ended.counts.as_dict(),
            "erasure_owed": ended.erasure_owed,
        }
        print(json.dumps(summary, ensure_ascii=False))  # noqa: T201
    if ended.error is not None:
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
    repair: Annotated[bool, typer.Option("--repair", help="Mend every difference found.")] = False,
    max_time: MaxTimeOption = None,
    workers: WorkersOption = None,
    quiet: QuietOption = False,
    format_: FormatOption = SummaryFormat.TEXT,
) -> None:
    """Sync, then compare every ad with NAV's, and tell (or --repair) each difference.

    Ends with 0 only when the store equals what NAV shows, with 9 when it did not and was not
    repaired, with 4 when NAV left some questions unanswered.
    """
    flags = {"db": db, "base_url": base_url, "workers": workers}
    settings = load(flags, config=config)
    from navfeed.sync.engine import Plan

    plan = Plan(scope=settings.scope, start=run.start_of(since), workers=settings.workers)
    with run.workshop(settings, max_time) as shop:
        ended = _sync(shop, plan, quiet=quiet)
        if ended.exit_code not in (ExitCode.DONE, ExitCode.WAITING):
            _conclude(ended, SummaryFormat.TEXT)
        differences = _verify(shop, plan, repair=repair, quiet=quiet)
    _report(differences, format_, repaired=repair)


def _verify(shop: run.Workshop, plan: Plan, *, repair: bool, quiet: bool) -> list[Difference]:
    from navfeed.progress import choose_count
    from navfeed.sync import engine

    found: list[Difference] = []
    with choose_count("ads compared", quiet=quiet) as count:
        for checked in engine.verify(
            shop.feed, shop.store, plan, repair=repair, clock=run.now, stop=shop.stop
        ):
            found += checked.differences
            count(checked.done, checked.total)
    return found


def _report(differences: list[Difference], format_: SummaryFormat, *, repaired: bool) -> None:
    """Each difference on stdout, and the exit code they amount to."""
    kinds = Counter(difference.kind.value for difference in differences)
    if format_ is SummaryFormat.JSON:
        listed = [asdict(difference) for difference in differences]
        print(json.dumps({"repaired": repaired, "kinds": kinds, "differences": listed}))  # noqa: T201
    else:
        for difference in differences:
            print(f"{difference.kind}\t{difference.ad}\t{difference.why}")  # noqa: T201
    if kinds["unanswered"]:
        raise typer.Exit(ExitCode.WAITING)
    if differences and not repaired:
        raise typer.Exit(ExitCode.DIFFERENT)
