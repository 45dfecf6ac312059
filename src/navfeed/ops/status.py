"""The state of a store and of a run as objects for programs (`--format json`)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from navfeed.config import SCOPES
from navfeed.model import RunFacts, RunState, StoreFacts, lacks_older_ads, moment_text

STATUS_FIELDS = (
    *("active_ads", "ads_stored", "ads_masked", "details_waiting", "details_held_back"),
    *("details_given_up", "problems", "caught_up_at", "age_seconds"),
    *("details_complete_at", "newest_entry_at"),
    *("reaches_back_to", "complete", "trouble", "ads_unconfirmed", "last_run", "retry_at"),
    *("token_expires_at", "erasure_owed", "inactive", "contacts", "scope", "schema_version"),
    *("feed_url", "path", "bytes"),
)
"""The names in `status_object`, in its order."""


def status_object(facts: StoreFacts, now: datetime, state: RunState) -> dict[str, object]:
    """The facts as one object for JSON. Moments are UTC, ages in seconds."""
    caught_up_at = facts.caught_up_at
    return {
        "active_ads": facts.active,
        "ads_stored": facts.stored,
        "ads_masked": facts.masked,
        "details_waiting": facts.waiting,
        "details_held_back": facts.held_back,
        "details_given_up": facts.given_up,
        "problems": [asdict(problem) for problem in facts.problems],
        "caught_up_at": moment_text(caught_up_at),
        "age_seconds": int((now - caught_up_at).total_seconds()) if caught_up_at else None,
        "details_complete_at": moment_text(facts.details_complete_at),
        "newest_entry_at": moment_text(facts.newest),
        "reaches_back_to": moment_text(facts.reaches_back),
        "complete": None
        if facts.reaches_back is None
        else not lacks_older_ads(facts.reaches_back, facts.newest),
        "trouble": facts.trouble,
        "ads_unconfirmed": facts.unconfirmed,
        "last_run": run_object(facts.last_run, state) if facts.last_run else None,
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


def run_object(run: RunFacts, state: RunState) -> dict[str, object]:
    """One run as an object for JSON."""
    return {
        "state": state,
        "started_at": moment_text(run.started_at),
        "ended_at": moment_text(run.ended_at),
        "exit_code": run.exit_code,
        "outcome": run.outcome,
        "counts": dict(run.counts),
    }
