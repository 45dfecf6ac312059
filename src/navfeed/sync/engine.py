"""One run of the engine: walk, remove expired ads, fetch details, erase.

The engine yields what happens, its own end included: `RunFinished` is always the last event,
whether the run was completed, stopped or failed. Terminals, logs and tests are consumers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from navfeed.decide import ScopeVerdict, UnknownName, judge_scope, narrows
from navfeed.errors import ExitCode, NavfeedError, ScopeError, StoreError, UnreachableError
from navfeed.first_windows import WINDOWS, entry_points
from navfeed.model import (
    KEEP_CHANGES,
    LATENESS,
    Content,
    Effect,
    Problem,
    Reason,
    RunEnd,
    Scope,
    binding_pause,
    counted,
    oslo_time,
    refuse_wrong_types,
)
from navfeed.sync.details import DetailsApplied
from navfeed.sync.log import log_erasure, log_rechecks, log_removed, log_waiting
from navfeed.sync.ports import Clock, Feed, Store
from navfeed.sync.reading import Reading
from navfeed.sync.walk import PageApplied, Start, Walk
from navfeed.sync.workers import Stop, WorkerPool
from navfeed.text.likeness import did_you_mean

if TYPE_CHECKING:
    from navfeed.sync.verify import Checked

RECHECK_DAYS = 14
RECHECK_MOST = 1_000
"""Every ad is confirmed with NAV this often, at most this many in one run (faults.md S6)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do.

    `start` applies to a store without a position, and so do `entry_points`: how far back a first
    sync looks for places to read the log at, all at once; with none it reads page after page.
    `large_pages`: there, all but the newest part is read in pages of 10,000 entries.
    `scope` replaces the store's, None keeps it. A scope that removes more than half of the ads is
    refused unless `scope_agreed`.
    """

    start: Start = field(default_factory=Start)
    scope: Scope | None = None
    scope_agreed: bool = False
    workers: int = 8
    max_pages: int | None = None
    retry_now: bool = False
    lateness: timedelta = LATENESS
    recheck_after: timedelta = timedelta(days=RECHECK_DAYS)
    recheck_most: int = RECHECK_MOST
    keep_changes: timedelta = KEEP_CHANGES
    entry_points: tuple[timedelta, ...] = entry_points(WINDOWS)
    large_pages: bool = False

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


@dataclass(slots=True)
class Counts:
    """What a run did. `removed` counts ads taken out; `waiting` details still to be fetched.

    Those that are `given_up` are not fetched again before a new entry announces them.
    `unconfirmed` are stored ads that are still to be confirmed since the log was restarted.
    `reasons` counts ads by what was done to them and why.
    """

    pages: int = 0
    entries: int = 0
    late: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    waiting: int = 0
    given_up: int = 0
    unconfirmed: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    def take_in(self, event: ScopeChanged | PageApplied | DetailsApplied | ExpiredRemoved) -> None:
        match event:
            case PageApplied():
                self.pages += 1
                self.entries += event.new
                self.late += event.late
                self._effects(event.removed)
            case DetailsApplied():
                self.failed += event.failed
                self._effects(event.effects)
            case _:
                self._effects(event.removed)

    def _effects(self, effects: tuple[Effect, ...]) -> None:
        for _, reason in effects:
            self.reasons[reason] += 1
            match reason:
                case Reason.NEW:
                    self.new += 1
                case Reason.CHANGED:
                    self.changed += 1
                case Reason.UNCHANGED:
                    self.unchanged += 1
                case _:
                    self.removed += 1

    def as_dict(self) -> dict[str, int]:
        names = ("pages", "entries", "late", "new", "changed", "unchanged", "removed")
        left = ("failed", "waiting", "given_up", "unconfirmed")
        return {name: getattr(self, name) for name in (*names, *left)}


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run has a number: its row in the table `runs`."""

    run: int


@dataclass(frozen=True, slots=True)
class ExpiredRemoved:
    """Ads whose last day is over were taken out."""

    removed: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class RunFinished:
    """How the run ended. `erasure_owed`: a reader kept removed text from being erased yet."""

    exit_code: ExitCode
    outcome: str
    counts: Counts
    error: NavfeedError | None = None
    erasure_owed: bool = False


@dataclass(frozen=True, slots=True)
class ScopeChanged:
    """The scope changed: how many ads left it, and how many more are to be fetched."""

    removed: tuple[Effect, ...]
    to_fetch: int


Event = RunStarted | ScopeChanged | PageApplied | DetailsApplied | ExpiredRemoved | RunFinished


def sync(feed: Feed, store: Store, plan: Plan, *, clock: Clock, stop: Stop) -> Iterator[Event]:
    """Bring the store to what the feed shows now. Raises `StoreError` alone."""
    run = store.begin_run(clock())
    counts = Counts()
    error: NavfeedError | None = None
    yield RunStarted(run)
    try:
        _respect_pause(store, plan, clock())
        for event in _phases(feed, store, plan, clock=clock, stop=stop):
            counts.take_in(event)
            yield event
    except StoreError:
        raise
    except NavfeedError as caught:
        error = caught
    except Exception:
        _erase(store)
        raise
    counts.waiting, counts.given_up = store.waiting(clock())
    log_waiting(counts.waiting, counts.given_up)
    counts.unconfirmed = store.unconfirmed()
    ended = _ended(counts, error, store.failure_reasons(), erased=_erase(store))
    _record(store, run, ended, clock())
    yield ended


def _respect_pause(store: Store, plan: Plan, now: datetime) -> None:
    """Respect the pause that the server requested in the last run (faults.md H1, H2)."""
    until = binding_pause(store.retry_at(), now)
    if until is not None and not plan.retry_now:
        raise UnreachableError(
            f"the feed requested a pause until {oslo_time(until)}. "
            "Run again then, or at once with --retry-now",
            retry_at=until,
        )


def _phases(
    feed: Feed, store: Store, plan: Plan, *, clock: Clock, stop: Stop
) -> Iterator[ScopeChanged | PageApplied | DetailsApplied | ExpiredRemoved]:
    if plan.scope is not None and plan.scope != store.scope():
        yield _rescope(store, plan.scope, clock(), stop, agreed=plan.scope_agreed)
    with WorkerPool(plan.workers, stop) as pool:
        walk = Walk(
            feed,
            store,
            pool,
            start=plan.start,
            lateness=plan.lateness,
            clock=clock,
            entry_points=plan.entry_points,
        )
        reading = Reading(
            feed,
            store,
            pool,
            walk,
            at_tip=partial(_at_tip, store, plan, clock),
            retry_now=plan.retry_now,
            max_pages=plan.max_pages,
            large_pages=plan.large_pages,
            clock=clock,
        )
        yield from reading.run()
        store.caught_up(reading.walked_at, walk.served_at)
        store.prune_changes(clock() - plan.keep_changes)


def _at_tip(store: Store, plan: Plan, clock: Clock, today: date) -> Iterator[ExpiredRemoved]:
    """What the end of the log settles: whose last day is over, and who is to be confirmed."""
    if swept := store.sweep(today, clock()):
        log_removed(swept)
        yield ExpiredRemoved(tuple(swept))
    rechecks = store.queue_rechecks(clock() - plan.recheck_after, plan.recheck_most, clock())
    log_rechecks(rechecks)


def _rescope(
    store: Store, scope: Scope, now: datetime, stop: Stop, *, agreed: bool
) -> ScopeChanged:
    """Apply a new scope to what is stored; if it grew, ads outside the old one are to be fetched.

    Raises `ScopeError`, and changes nothing, if the scope is wrong or needs a confirmation.
    """
    before = store.scope()
    verdict = judge_scope(scope, before, _checked(store.iter_contents(), stop))
    refuse_scope(verdict, agreed=agreed)
    to_fetch = store.rescope(scope, verdict.leaving, ask=not narrows(scope, before), now=now)
    removed = tuple((ad, Reason.OUT_OF_SCOPE) for ad in verdict.leaving)
    log_removed(removed)
    return ScopeChanged(removed, to_fetch)


def _checked(contents: Iterable[tuple[str, Content]], stop: Stop) -> Iterator[tuple[str, Content]]:
    for one in contents:
        stop.check()
        yield one


def refuse_scope(verdict: ScopeVerdict, *, agreed: bool) -> None:
    """Raise `ScopeError` for a name that nothing has, and for losing most ads unless `agreed`."""
    if verdict.unknown:
        raise ScopeError(
            "; ".join(map(_unknown, verdict.unknown)) + ". Correct the scope; nothing was changed"
        )
    if verdict.removes_most and not agreed:
        raise ScopeError(
            f"the new scope would remove {len(verdict.leaving):,} of the {verdict.stored:,} ads "
            "that are stored. If that is meant, run the same command with --yes, once; nothing was "
            "changed"
        )


def _unknown(one: UnknownName) -> str:
    return f"the scope names an unknown {one.kind}, {one.name!r}{did_you_mean(one.alike)}"


def _erase(store: Store) -> bool:
    if not store.erasure_owed():
        return True
    is_complete = store.purge()
    log_erasure(is_complete=is_complete)
    return is_complete


def _ended(
    counts: Counts, error: NavfeedError | None, problems: Sequence[Problem], *, erased: bool
) -> RunFinished:
    if error is not None:
        return RunFinished(error.exit_code, str(error), counts, error, not erased)
    if counts.waiting or counts.given_up:
        return RunFinished(ExitCode.WAITING, _waits(counts, problems), counts, None, not erased)
    return RunFinished(ExitCode.DONE, "caught up", counts, None, not erased)


def _waits(counts: Counts, problems: Sequence[Problem]) -> str:
    """What is missing of a copy that is caught up, and why most of it is."""
    parts = ["caught up"]
    if counts.waiting:
        why = f"could not be fetched ({problems[0].reason})" if problems else "not fetched yet"
        parts.append(f"{counted(counts.waiting, 'ad')} {why}; retrying automatically")
    if counts.given_up:
        parts.append(f"{counted(counts.given_up, 'ad')} given up (--retry-now fetches them again)")
    if counts.unconfirmed:
        parts.append(
            f"the log was restarted, {counted(counts.unconfirmed, 'stored ad')} not confirmed yet"
        )
    return "; ".join(parts)


def _record(store: Store, run: int, ended: RunFinished, now: datetime) -> None:
    pause = ended.error.retry_at if isinstance(ended.error, UnreachableError) else None
    if pause or ended.exit_code in (ExitCode.DONE, ExitCode.WAITING):
        store.remember_retry(pause)
    store.end_run(run, RunEnd(ended.exit_code, ended.outcome, ended.counts.as_dict()), now)


def verify(
    feed: Feed, store: Store, plan: Plan, *, repair: bool, clock: Clock, stop: Stop
) -> Iterator[Checked]:
    """Compare the store with the feed. May raise what `Feed` and `Store` raise, `StoppedError`.

    Best after a `sync`: new entries would show as differences otherwise.
    """
    from navfeed.sync.verify import Verification

    settled = True
    try:
        with WorkerPool(plan.workers, stop) as pool:
            verification = Verification(
                feed,
                store,
                pool,
                start=plan.start,
                lateness=plan.lateness,
                repair=repair,
                clock=clock,
            )
            for checked in verification.run():
                left = [one for one in checked.differences if not (repair and one.can_be_mended)]
                settled = settled and not left
                yield checked
        if settled:
            store.forget_trouble()
    finally:
        _erase(store)
