"""The second phase: fetch the queued details; each decides what is stored of its ad now."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from time import monotonic

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
from navfeed.sync.log import log_details, log_failed
from navfeed.sync.ports import Clock, Feed, Store
from navfeed.sync.workers import Completed, WorkerPool

BATCH = 64
LARGE_BATCH = 256
LINGER_SECONDS = 0.5
"""A batch is committed at this size or age: the large one as long as nothing fails, which takes a
tenth less processor time and writes a sixth less. A kill costs at most that much."""

PROBE_AFTER = 10
GIVE_UP_AFTER = 50
"""Consecutive failures after which the feed itself is tried, and after which the run ends."""


@dataclass(frozen=True, slots=True)
class DetailsApplied:
    """A batch of details was applied: `done` of `total` are fetched; `effects` are the batch's."""

    done: int
    total: int
    failed: int
    effects: tuple[Effect, ...]


class DetailDecider:
    """Redacts a detail and decides about it, given what the store holds of its ad."""

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


def raise_run_errors(batch: list[Completed[Queued, Detail | Gone]]) -> None:
    """Raise what ends the run: a refused token, a dead worker, a long pause that NAV requests."""
    for answer in batch:
        if answer.error is None:
            continue
        has_pause = isinstance(answer.error, UnreachableError) and answer.error.retry_at
        if has_pause or not isinstance(answer.error, FeedError):
            raise answer.error


@contextmanager
def _one_ads_fault() -> Iterator[None]:
    """An ad that cannot be handled fails alone: it never ends a run (faults.md X6)."""
    try:
        yield
    except (MemoryError, RecursionError) as error:
        raise ContractError("the ad is too large or too deep to be read") from error


_WITHHELD = (
    "the feed calls the ad active, but sends no content. It is hidden until its content is back; "
    "run again later"
)


def withheld_failures(
    decisions: Iterable[DetailDecision], fetched: Iterable[Queued], now: datetime
) -> list[Failed]:
    """The ads that are withheld: what was stored leaves, and their details are fetched again."""
    ads = {decision.ad for decision in decisions if decision.reason is Reason.WITHHELD}
    return [_failure(queued, _WITHHELD, now) for queued in fetched if queued.ad in ads]


def _failure(queued: Queued, problem: str, now: datetime) -> Failed:
    return Failed(queued.ad, problem, now + retry_delay(queued.attempts + 1))


def _problem(answer: Completed[Queued, Detail | Gone]) -> str | None:
    if isinstance(answer.value, Detail) and is_withheld(answer.value):
        return _WITHHELD
    return str(answer.error) if answer.error else None


class Details:
    """Processes the queue once. An ad that fails stays queued and delays no other.

    Ads are added, fetched by somebody else, and committed in batches.
    """

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
        self._today = today
        self._scope = scope
        self._clock = clock
        self._failures = 0
        self._pending: deque[Queued] = deque()
        self._unanswered: set[str] = set()
        self._batch: list[Completed[Queued, Detail | Gone]] = []
        self._closes = 0.0
        self._most = LARGE_BATCH
        self._done = self._total = 0

    def add(self, due: Iterable[Queued]) -> None:
        """More ads to fetch. One that is unanswered yet is so for both reasons."""
        new = [queued for queued in due if queued.ad not in self._unanswered]
        self._pending.extend(new)
        self._unanswered.update(queued.ad for queued in new)
        self._total += len(new)

    @property
    def next(self) -> Queued | None:
        """What to fetch next, None where nothing is left."""
        return self._pending.popleft() if self._pending else None

    def fetch(self, queued: Queued) -> Detail | Gone:
        """Called from any thread."""
        with _one_ads_fault():
            return self._feed.detail(queued.ad)

    def take(self, answer: Completed[Queued, Detail | Gone]) -> None:
        """Put an answer into the batch."""
        if not self._batch:
            self._closes = monotonic() + LINGER_SECONDS
            self._most = LARGE_BATCH
        if _problem(answer):
            self._most = BATCH  # many may hide ads until `_check_service` sees them
        self._batch.append(answer)
        self._unanswered.discard(answer.question.ad)

    @property
    def patience(self) -> float | None:
        """Seconds until the batch is to be committed; None where there is none."""
        return max(0.0, self._closes - monotonic()) if self._batch else None

    @property
    def is_due(self) -> bool:
        """Whether the batch is full or old, or nothing is left to wait for."""
        return bool(self._batch) and (
            len(self._batch) >= self._most or not self._unanswered or self.patience == 0
        )

    def run_batch(self) -> Iterator[DetailsApplied]:
        """Commit the batch. Raises what ends the run."""
        batch = list(self._batch)
        yield from self.flush()
        raise_run_errors(batch)
        self._check_service(batch)

    def flush(self) -> Iterator[DetailsApplied]:
        """Commit the batch, whatever it holds."""
        if self._batch:
            batch, self._batch = self._batch, []
            self._done += len(batch)
            yield self._commit(batch)

    def _commit(self, batch: list[Completed[Queued, Detail | Gone]]) -> DetailsApplied:
        outcomes = [outcome for answer in batch if (outcome := self._outcome(answer))]
        decisions = [outcome for outcome in outcomes if isinstance(outcome, DetailDecision)]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        failed += withheld_failures(decisions, (one.question for one in batch), self._clock())
        effects = self._store.commit_details(decisions, failed, self._clock())
        log_details(decisions, effects)
        log_failed(failed, (answer.question for answer in batch))
        return DetailsApplied(self._done, self._total, len(failed), tuple(effects))

    @cached_property
    def _decide(self) -> DetailDecider:
        """Made with the first answer: what it loads, a run that finds nothing new does not need."""
        return DetailDecider(self._store, today=self._today, scope=self._scope)

    def _outcome(self, answer: Completed[Queued, Detail | Gone]) -> DetailDecision | Failed | None:
        """The outcome for one ad; None where the error is the run's (`raise_run_errors`)."""
        try:
            if answer.value is not None:
                with _one_ads_fault():
                    return self._decide(answer.value)
        except FeedError as error:
            return self._failed(answer.question, error)
        if isinstance(answer.error, FeedError):
            return self._failed(answer.question, answer.error)
        return None

    def _failed(self, queued: Queued, error: FeedError) -> Failed:
        return _failure(queued, str(error), self._clock())

    def _check_service(self, batch: list[Completed[Queued, Detail | Gone]]) -> None:
        """Distinguish a broken ad from a service that is down, and stop requests to the latter.

        Ads without content count too: if NAV ever renames the field, no store may be emptied by
        that.
        """
        for answer in batch:
            problem = _problem(answer)
            self._failures = self._failures + 1 if problem else 0
            if self._failures >= GIVE_UP_AFTER:
                raise UnreachableError(
                    f"{self._failures} consecutive detail requests failed "
                    f"(the last: {problem}). The rest stays queued; run again later"
                )
            if self._failures and self._failures % PROBE_AFTER == 0:
                self._pool.ask(None, lambda _: self._feed.newest())
