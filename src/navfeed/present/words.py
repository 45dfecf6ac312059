"""The words of lists, statistics, status and runs, before they are drawn.

Nothing here needs rich: the same words go to a terminal and into a pipe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from navfeed.model import (
    By,
    Counted,
    Flow,
    Foretold,
    RunFacts,
    RunState,
    Scope,
    Stats,
    StoreFacts,
    age_of,
    binding_pause,
    counted,
    lacks_older_ads,
    oslo_day,
    oslo_time,
)
from navfeed.text.plaintext import sanitize

LISTED = ("uuid", "title", "employer", "places", "published", "last_day")
"""The columns of the store that `listed` shows."""

DUE = "due_date", "apply by"
"""The column added when ads are sorted by it, and its heading."""

LIST_HEADINGS = ("uuid", "title", "employer", "place", "published", "last day")
"""The headings of the cells of `listed`."""

_LABELS = 14  # the width of what stands before a fact


def listed(row: Sequence[str | tuple[str, ...] | None]) -> tuple[str, ...]:
    """One ad in a list: cells as in `LIST_HEADINGS`, whole and harmless, from a row of `LISTED`.

    What follows in the row follows in the list.
    """
    uuid, title, employer, places, published, *more = joined(row)
    return tuple(map(sanitize, (uuid, title, employer, places, day_of(published), *more)))


def pieces(snippet: str) -> Iterator[tuple[str, bool]]:
    """What stands in a snippet, harmless, and whether it is what was searched for."""
    for at, text in enumerate(_FOUND.split(" ".join(snippet.split()))):
        if text:
            yield sanitize(text), bool(at % 2)


def marked(snippet: str) -> str:
    """A snippet in one piece, with asterisks around what was searched for."""
    return "".join(f"**{text}**" if found else text for text, found in pieces(snippet))


_FOUND = re.compile("\2([^\3]*)\3")
"""A match as SQLite marks it in a snippet (`store.search.snippet_of`)."""


def joined(row: Sequence[str | tuple[str, ...] | None]) -> list[str]:
    """The cells of a row as text; several values are separated by semicolons."""
    return list(map(_joined, row))


def _joined(cell: str | tuple[str, ...] | None) -> str:
    return "; ".join(cell) if isinstance(cell, tuple) else cell or ""


def day_of(text: str | None) -> str:
    """The day in Oslo of one of the store's moments, as a row has it."""
    return oslo_day_text(datetime.fromisoformat(text) if text else None)


def oslo_day_text(moment: datetime | None) -> str:
    try:
        return oslo_day(moment).isoformat() if moment else ""
    except OverflowError:  # the last hours of year 9999
        return ""


COUNTED_BY = {
    By.MUNICIPAL: "municipality",
    By.COUNTY: "county",
    By.OCCUPATION: "occupation",
    By.EMPLOYER: "employer",
    By.ENGAGEMENT: "engagement",
    By.WEEK: "week of publication",
    By.GROUP: "occupation group",
    By.EXTENT: "extent",
    By.SECTOR: "sector",
    By.SOURCE: "source",
    By.FLOW: "week: new and removed",
}
"""The headings of what is counted by."""


def first(by: By, counted: Sequence[Counted], most: int) -> Sequence[Counted]:
    """What a short answer shows of the names: the most frequent, the latest weeks."""
    return counted[-most:] if by is By.WEEK else counted[:most]


def stats_rows(stats: Stats) -> Iterator[tuple[str, str, str]]:
    """Each number with what it was counted by and what of: the flow is `new` and `removed`.

    Empty where it is not known.
    """
    yield "all", "", str(stats.ads)
    for by, tally in stats.tallies.items():
        yield from ((by.value, name, str(count)) for name, count in tally)
    for week in stats.flow.weeks if stats.flow else ():
        yield "new", week.week, "" if week.new is None else str(week.new)
        yield "removed", week.week, "" if week.removed is None else str(week.removed)


def counted_since(flow: Flow) -> str:
    """Since when what came and went is known."""
    if flow.since is None:
        return "new and removed ads are counted from the sync after the first complete one"
    return f"new and removed ads are counted since {_local(flow.since)}"


def dry_run_lines(would: Foretold) -> Iterator[str]:
    """What a sync would do to a store, a line each."""
    kept = would.stored - would.leaving
    if would.scope_changes:
        leaving = counted(would.leaving, "ad")
        yield f"Scope: would change; {leaving} removed, {kept:,} kept"
        yield f"Ads outside the present scope to fetch: {would.coming_in:,}"
    else:
        yield f"Scope: unchanged; {would.stored:,} stored ads"
    yield f"Expired ads to remove: {would.expired:,}"
    if would.contacts_dropped:
        yield f"Ads to remove contacts from: {would.contacts_dropped:,}"
    if would.masks_deleted:
        yield f"Masks of removed ads to delete: {would.masks_deleted:,}"
    yield f"Details to fetch: {would.waiting:,}"
    yield "New entries in the feed are not counted."


def status_page(
    facts: StoreFacts, now: datetime, state: RunState = RunState.ENDED
) -> Iterator[str]:
    """The store's state, a line a fact; `state` is the last run's. Moments are Oslo's."""
    for label, value in _status(facts, now, state):
        if value:
            yield f"{label.ljust(_LABELS)}  {sanitize(value)}"


def _status(facts: StoreFacts, now: datetime, state: RunState) -> list[tuple[str, str | None]]:
    return [
        ("Active ads", f"{facts.active:,} ({facts.stored:,} stored, {facts.masked:,} masked)"),
        ("Details", _details(facts)),
        *(("Failures", f"{one.ads:,}: {one.reason}") for one in facts.problems),
        ("Data", freshness(facts.caught_up_at, now)),
        ("Position", f"entries up to {_local(facts.newest)}" if facts.newest else None),
        ("Begun", _reach(facts)),
        ("Trouble", _trouble(facts)),
        *_run(facts.last_run, state),
        ("Not before", _pause(binding_pause(facts.retry_at, now))),
        ("Token", _token(facts.token_expires, now)),
        ("Scope", _scope(facts.scope)),
        ("Erasure", _ERASURE_OWED if facts.erasure_owed else None),
        ("Store", _store(facts)),
    ]


_ERASURE_OWED = "pending: another program was reading the store; the next sync completes it"


def _reach(facts: StoreFacts) -> str | None:
    """For a copy that is incomplete, or was started with another day."""
    if facts.reaches_back is None or not lacks_older_ads(facts.reaches_back, facts.newest):
        return None
    return f"at {_local(facts.reaches_back)}; {LACKS_OLDER_ADS}"


LACKS_OLDER_ADS = "older ads may be missing"
"""The limit of a copy that starts later than an ad can be active."""


def _trouble(facts: StoreFacts) -> str | None:
    if facts.trouble is None or not facts.unconfirmed:
        return facts.trouble
    return f"{facts.trouble}. Ads not yet confirmed: {facts.unconfirmed:,}"


def _details(facts: StoreFacts) -> str:
    paused = f" ({facts.held_back:,} until their next retry)" if facts.held_back else ""
    given_up = f"; {facts.given_up:,} given up (`sync --retry-now` retries)"
    return f"{facts.waiting:,} waiting{paused}{given_up if facts.given_up else ''}"


def freshness(caught_up_at: datetime | None, now: datetime) -> str:
    """How the data stands, in the middle of a sentence."""
    if caught_up_at is None:
        return "incomplete: no sync has fetched the whole feed and all details yet"
    age = age_of(caught_up_at, now)
    if age is None:
        return f"of unknown age: caught up {_local(caught_up_at)}, with a wrong clock"
    return f"caught up {_local(caught_up_at)}, {span(age)} ago"


def _run(run: RunFacts | None, state: RunState) -> list[tuple[str, str | None]]:
    if run is None:
        return [("Last run", "none yet")]
    return [("Last run", _result(run, state)), ("Result", _done(run))]


def _result(run: RunFacts, state: RunState) -> str:
    started = _local(run.started_at)
    if state is RunState.RUNNING:
        return f"running since {started}"
    return f"{started}: {_UNENDED.get(state) or f'exit {run.exit_code}, {run.outcome}'}"


_UNENDED = {
    RunState.RUNNING: "running",
    RunState.KILLED: "killed",
    RunState.UNKNOWN: "running or killed",
}


def _done(run: RunFacts) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in run.counts.items() if count)


RUN_HEADINGS = ("run", "started_at", "took", "exit_code", "counts", "outcome")
"""The headings of the cells of `run_row`: the names of `runs --columns`, but for `took`."""


def run_row(run: RunFacts, state: RunState) -> tuple[str, ...]:
    """One sync in a list of them, and its state: cells as in `RUN_HEADINGS`."""
    took = span(run.ended_at - run.started_at) if run.ended_at and run.started_at else ""
    code = "" if run.exit_code is None else str(run.exit_code)
    ending = _UNENDED.get(state) or run.outcome or ""
    return (str(run.id), _local(run.started_at), took, code, _done(run), ending)


def _pause(until: datetime | None) -> str | None:
    return f"{_local(until)}: the feed requested a pause" if until else None


def _token(expires: datetime | None, now: datetime) -> str:
    if expires is None:
        return "expiry unknown"
    if expires > now:
        return f"expires {_local(expires)}, in {span(expires - now)}"
    return f"expired {_local(expires)}, {span(now - expires)} ago"


def _scope(scope: Scope) -> str:
    """The scope; empty if that is everything."""
    given = ((name, values) for name, values in asdict(scope).items() if values)
    return "; ".join(f"{name} {', '.join(values)}" for name, values in given)


def _store(facts: StoreFacts) -> str:
    return (
        f"{facts.path} ({facts.size / 1e6:,.1f} MB, schema {facts.schema_version}; "
        f"inactive ads: {facts.inactive.value}; contacts: {facts.contacts.value})"
    )


def _local(moment: datetime | None) -> str:
    if moment is None:
        return "an unknown time"
    return oslo_time(moment)


_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def span(length: timedelta) -> str:
    """How long that is, in the largest whole unit, rounded down: `2 days`."""
    seconds = max(int(length.total_seconds()), 0)  # clocks differ: never "-3 seconds ago"
    for unit, size in _UNITS:
        if count := seconds // size:
            return counted(count, unit)
    return counted(seconds, "second")
