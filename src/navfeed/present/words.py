"""What a list says of an ad, and what the status says of a store, before anybody draws it.

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
"""The columns of the store that `listed` puts into words."""

DUE = "due_date", "apply by"
"""The column that follows where ads are sorted by it, and what its cells are."""

LISTED_AS = ("uuid", "title", "employer", "place", "published", "last day")
"""What each cell of `listed` is."""

_LABELS = 14  # the width of what stands before a fact


def listed(row: Sequence[str | tuple[str, ...] | None]) -> tuple[str, ...]:
    """One ad in a list: cells as in `LISTED_AS`, whole and harmless, from a row of `LISTED`.

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
"""What SQLite sets apart in a snippet (`store.search.SNIPPET`)."""


def joined(row: Sequence[str | tuple[str, ...] | None]) -> list[str]:
    """The cells of a row as texts, several values of one parted by semicolons."""
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
    By.GROUP: "group of occupations",
    By.EXTENT: "extent",
    By.SECTOR: "sector",
    By.SOURCE: "source",
    By.FLOW: "week: new and removed",
}
"""How people say what is counted by."""


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
        return "what came and went is counted from the sync after the first complete one on"
    return f"what came and went is counted since {_local(flow.since)}"


def foretold(would: Foretold) -> Iterator[str]:
    """What a sync would do to a store, a line each."""
    kept = would.stored - would.leaving
    if would.scope_changes:
        leaving = counted(would.leaving, "ad")
        yield f"The scope would change: {leaving} would be removed, {kept:,} kept"
        yield f"Ads outside it so far, which would be asked for again: {would.coming_in:,}"
    else:
        yield f"The scope would stay as it is; ads stored: {would.stored:,}"
    yield f"Ads whose last day is over, which would be removed: {would.expired:,}"
    yield f"Details that wait to be fetched: {would.waiting:,}"
    yield "What is new in the feed, only a sync can tell"


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
        *(("Failures", f"{one.ads:,}: {one.says}") for one in facts.problems),
        ("Data", freshness(facts.caught_up_at, now)),
        ("Position", f"the feed's entries up to {_local(facts.newest)}" if facts.newest else None),
        ("Begun", _reach(facts)),
        ("Trouble", _trouble(facts)),
        *_run(facts.last_run, state),
        ("Not before", _pause(binding_pause(facts.retry_at, now))),
        ("Token", _token(facts.token_expires, now)),
        ("Scope", _scope(facts.scope)),
        ("Erasure", _ERASURE_OWED if facts.erasure_owed else None),
        ("Store", _store(facts)),
    ]


_ERASURE_OWED = "owed: another program read an old state; the next sync makes it good"


def _reach(facts: StoreFacts) -> str | None:
    """Said of a copy that is not complete, or was begun on purpose with another day."""
    if facts.reaches_back is None or not lacks_older_ads(facts.reaches_back, facts.newest):
        return None
    return f"with the entries since {_local(facts.reaches_back)}; {LACKS_OLDER_ADS}"


LACKS_OLDER_ADS = "ads that were announced before may be missing"
"""What is to be known of a copy that does not reach back as far as an ad can be active."""


def _trouble(facts: StoreFacts) -> str | None:
    if facts.trouble is None or not facts.unconfirmed:
        return facts.trouble
    return f"{facts.trouble}. Stored ads not confirmed yet: {facts.unconfirmed:,}"


def _details(facts: StoreFacts) -> str:
    held = f", {facts.held_back:,} of them held back until their retry" if facts.held_back else ""
    given_up = f"; {facts.given_up:,} given up (sync --retry-now asks again)"
    return f"{facts.waiting:,} waiting{held}{given_up if facts.given_up else ''}"


def freshness(caught_up_at: datetime | None, now: datetime) -> str:
    """How the data stands, in the middle of a sentence."""
    if caught_up_at is None:
        return "incomplete: no sync has reached the end of the feed and of the details yet"
    age = age_of(caught_up_at, now)
    if age is None:
        return f"of no known age: caught up {_local(caught_up_at)}, when the clock was wrong"
    return f"caught up {_local(caught_up_at)}, {span(age)} ago"


def _run(run: RunFacts | None, state: RunState) -> list[tuple[str, str | None]]:
    if run is None:
        return [("Last run", "none yet")]
    return [("Last run", _ending(run, state)), ("Result", _done(run))]


def _ending(run: RunFacts, state: RunState) -> str:
    began = _local(run.started_at)
    if state is RunState.RUNNING:
        return f"running since {began}"
    return f"{began}: {_UNENDED.get(state) or f'exit {run.exit_code}, {run.outcome}'}"


_UNENDED = {
    RunState.RUNNING: "running",
    RunState.KILLED: "killed",
    RunState.UNKNOWN: "not ended: running or killed",
}


def _done(run: RunFacts) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in run.counts.items() if count)


RUNS_AS = ("run", "started", "took", "exit", "did", "outcome")
"""What each cell of `run_row` is."""


def run_row(run: RunFacts, state: RunState) -> tuple[str, ...]:
    """One sync in a list of them, and its state: cells as in `RUNS_AS`."""
    took = span(run.ended_at - run.started_at) if run.ended_at and run.started_at else ""
    code = "" if run.exit_code is None else str(run.exit_code)
    ending = _UNENDED.get(state) or run.outcome or ""
    return (str(run.id), _local(run.started_at), took, code, _done(run), ending)


def _pause(until: datetime | None) -> str | None:
    return f"{_local(until)}: the feed asked for a pause" if until else None


def _token(expires: datetime | None, now: datetime) -> str:
    if expires is None:
        return "no expiry known"
    if expires > now:
        return f"expires {_local(expires)}, in {span(expires - now)}"
    return f"expired {_local(expires)}, {span(now - expires)} ago"


def _scope(scope: Scope) -> str:
    """What the store was told to keep; empty where that is everything."""
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
    """How long that is, in the greatest unit that fits, rounded down: `2 days`."""
    seconds = max(int(length.total_seconds()), 0)  # clocks differ: never "-3 seconds ago"
    for unit, size in _UNITS:
        if count := seconds // size:
            return counted(count, unit)
    return counted(seconds, "second")
