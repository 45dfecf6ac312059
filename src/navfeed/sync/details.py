"""The second phase: fetch the details that are wanted, and let each say what is true now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from navfeed.decide import decide_detail, is_withheld, retry_delay
from navfeed.errors import ContractError, FeedError, UnreachableError
from navfeed.model import (
    Detail,
    DetailDecision,
    Effect,
    Failed,
    Gone,
    Queued,
    Reason,
    Scope,
)
from navfeed.sync.ports import Clock, Feed, Store
from navfeed.sync.workers import Completed, WorkerPool

BATCH = 64
LINGER_SECONDS = 0.5
"""A batch is committed when it has so many details, or is so old: that much a kill can cost."""

PROBE_AFTER = 10
GIVE_UP_AFTER = 50
"""Failures in a row after which the feed itself is tried, and after which the run ends."""


@dataclass(frozen=True, slots=True)
class DetailsApplied:
    """A batch of details was applied: so many asked for of so many, and what each one did."""

    done: int
    total: int
    failed: int
    effects: tuple[Effect, ...]


class DetailDecider:
    """Judges what may be kept of a detail against what the store holds of its ad."""

    def __init__(self, store: Store, *, today: date, scope: Scope) -> None:
        self._store = store
        self._today = today
        self._scope = scope
        # Here, because it knows the wire, and so loads what only a run needs.
        from navfeed.privacy.redact import Redactor

        self._redact = Redactor(store.privacy_policy())

    def __call__(self, answer: Detail | Gone) -> DetailDecision:
        if isinstance(answer, Detail) and answer.content is not None:
            answer = replace(answer, content=self._redact(answer.content))
        return decide_detail(
            answer,
            stored=self._store.get_stored(answer.ad),
            queued=self._store.queued(answer.ad),
            today=self._today,
            scope=self._scope,
        )


def raise_what_is_not_the_ads(batch: list[Completed[Queued, Detail | Gone]]) -> None:
    """A token refused, a worker that died, a server that asks for a long pause: end the run."""
    for answer in batch:
        if answer.error is None:
            continue
        asks_for_pause = isinstance(answer.error, UnreachableError) and answer.error.retry_at
        if asks_for_pause or not isinstance(answer.error, FeedError):
            raise answer.error


@contextmanager
def _one_ads_fault() -> Iterator[None]:
    """An ad that cannot be handled fails alone: it never ends a run (faults.md X6)."""
    try:
        yield
    except (MemoryError, RecursionError) as error:
        raise ContractError("the ad is too large or too deep to be read") from error


_WITHHELD = (
    "the feed says that the ad is active, but sent nothing of what it says. It is hidden until it "
    "comes with content; run again later"
)


def withheld_among(
    verdicts: Iterable[DetailDecision], asked: Iterable[Queued], now: datetime
) -> list[Failed]:
    """The ads that are withheld: what was stored leaves, and they are asked for again."""
    ads = {verdict.ad for verdict in verdicts if verdict.reason is Reason.WITHHELD}
    return [_failure(queued, _WITHHELD, now) for queued in asked if queued.ad in ads]


def _failure(queued: Queued, problem: str, now: datetime) -> Failed:
    return Failed(queued.ad, problem, now + retry_delay(queued.attempts + 1))


def _problem(answer: Completed[Queued, Detail | Gone]) -> str | None:
    if isinstance(answer.value, Detail) and is_withheld(answer.value):
        return _WITHHELD
    return str(answer.error) if answer.error else None


class Details:
    """Works off the queue once. An ad that fails stays queued and holds up no other."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        pool: WorkerPool,
        *,
        today: date,
        scope: Scope,
        clock: Clock,
    ) -> None:
        self._feed = feed
        self._store = store
        self._pool = pool
        self._judge = DetailDecider(store, today=today, scope=scope)
        self._clock = clock
        self._in_a_row = 0

    def run(self, *, retry_now: bool) -> Iterator[DetailsApplied]:
        """Fetch what is due (all of it with `retry_now`). Raises what cannot be one ad's fault."""
        due = self._store.due(self._clock(), everything=retry_now)
        done = 0
        for batch in self._pool.map_batches(due, self._ask, most=BATCH, linger=LINGER_SECONDS):
            done += len(batch)
            yield self._commit(batch, done, len(due))
            raise_what_is_not_the_ads(batch)
            self._watch(batch)

    def _ask(self, queued: Queued) -> Detail | Gone:
        with _one_ads_fault():
            return self._feed.detail(queued.ad)

    def _commit(
        self, batch: list[Completed[Queued, Detail | Gone]], done: int, total: int
    ) -> DetailsApplied:
        outcomes = [outcome for answer in batch if (outcome := self._outcome(answer))]
        verdicts = [outcome for outcome in outcomes if isinstance(outcome, DetailDecision)]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        failed += withheld_among(verdicts, (one.question for one in batch), self._clock())
        effects = self._store.commit_details(verdicts, failed, self._clock())
        return DetailsApplied(done, total, len(failed), tuple(effects))

    def _outcome(self, answer: Completed[Queued, Detail | Gone]) -> DetailDecision | Failed | None:
        """What an answer means for its ad; None where its error is not the ad's."""
        try:
            if answer.value is not None:
                with _one_ads_fault():
                    return self._judge(answer.value)
        except FeedError as error:
            return self._failed(answer.question, error)
        if isinstance(answer.error, FeedError):
            return self._failed(answer.question, answer.error)
        return None

    def _failed(self, queued: Queued, error: FeedError) -> Failed:
        return _failure(queued, str(error), self._clock())

    def _watch(self, batch: list[Completed[Queued, Detail | Gone]]) -> None:
        """Tell "this ad is broken" from "the service is down", and do not hammer the latter.

        Ads without content count too: should NAV ever name the content otherwise, a store must not
        be emptied for that.
        """
        for answer in batch:
            problem = _problem(answer)
            self._in_a_row = self._in_a_row + 1 if problem else 0
            if self._in_a_row >= GIVE_UP_AFTER:
                raise UnreachableError(
                    f"{self._in_a_row} consecutive detail requests failed "
                    f"(the last: {problem}). The rest stays queued; run again later"
                )
            if self._in_a_row and self._in_a_row % PROBE_AFTER == 0:
                self._pool.ask(None, lambda _: self._feed.newest())
