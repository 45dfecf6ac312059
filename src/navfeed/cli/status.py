"""`navfeed status`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from navfeed.api import state_of
from navfeed.cli.age import Limits, MaxAgeOption, limits
from navfeed.cli.app import ConfigOption, DbOption, app
from navfeed.cli.output import print_json, print_lines
from navfeed.config import SCOPES, load
from navfeed.model import (
    RunFacts,
    RunState,
    StoreFacts,
    lacks_older_ads,
    moment_text,
    oslo_day,
)
from navfeed.present.words import status_page
from navfeed.store.query import Reader


class StatusFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def status(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    format_: Annotated[StatusFormat, typer.Option("--format")] = StatusFormat.TEXT,
    max_age: MaxAgeOption = None,
) -> None:
    """Show the state of the store.

    Its ads, the age of the data, the last sync, the token. With --max-age it shows the same, and
    ends with 8 if the data is older.
    """
    now = datetime.now(UTC)
    settings = load({"db": db}, config=config)
    refuse = limits(settings, max_age).refuse
    with Reader(settings.db, oslo_day(now)) as reader:
        facts = reader.status(now)
    state = state_of(settings.db, facts.last_run)
    if format_ is StatusFormat.JSON:
        print_json(as_json(facts, now, state))
    else:
        print_lines(status_page(facts, now, state))
    sys.stdout.flush()
    Limits(refuse=refuse).check(facts.caught_up_at, now)


def as_json(facts: StoreFacts, now: datetime, state: RunState) -> dict[str, object]:
    """The facts for programs. Moments are UTC, ages in seconds."""
    caught_up_at = facts.caught_up_at
    return {
        "ads_in_force": facts.active,
        "ads_stored": facts.stored,
        "ads_masked": facts.masked,
        "details_waiting": facts.waiting,
        "details_held_back": facts.held_back,
        "details_given_up": facts.given_up,
        "problems": [asdict(problem) for problem in facts.problems],
        "caught_up_at": moment_text(caught_up_at),
        "age_seconds": int((now - caught_up_at).total_seconds()) if caught_up_at else None,
        "newest_entry_at": moment_text(facts.newest),
        "reaches_back_to": moment_text(facts.reaches_back),
        "complete": None
        if facts.reaches_back is None
        else not lacks_older_ads(facts.reaches_back, facts.newest),
        "trouble": facts.trouble,
        "ads_unconfirmed": facts.unconfirmed,
        "last_run": run_as_json(facts.last_run, state) if facts.last_run else None,
        "retry_at": moment_text(facts.retry_at),
        "token_expires_at": moment_text(facts.token_expires),
        "erasure_owed": facts.erasure_owed,
        "inactive": facts.inactive,
        "contacts": facts.contacts,
        "scope": {name: kept for name, of in SCOPES.items() if (kept := getattr(facts.scope, of))},
        "schema_version": facts.schema_version,
        "feed_url": facts.feed_url,
        "path": facts.path,
        "bytes": facts.size,
    }


def run_as_json(run: RunFacts, state: RunState) -> dict[str, object]:
    """A run for programs."""
    return {
        "state": state,
        "started_at": moment_text(run.started_at),
        "ended_at": moment_text(run.ended_at),
        "exit_code": run.exit_code,
        "outcome": run.outcome,
        "counts": dict(run.counts),
    }
