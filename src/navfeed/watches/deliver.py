"""One run of the watches: what each channel has to deliver, sent, and recorded once accepted.

The order is the promise: read the store, release it, hand the digest over, and record it only after
the channel accepted it. A crash in between delivers once more and loses nothing. Nothing is queued:
a channel that was down gets what is pending by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from navfeed.errors import ConfigError, DeliveryError
from navfeed.watches.batch import Batch, by_target, current_items, make_batch
from navfeed.watches.decide import KnownAd, baseline
from navfeed.watches.definition import Watch, WatchFile
from navfeed.watches.digest import Ad, Digest, Group, without_repeats
from navfeed.watches.events import (
    Deferred,
    Delivered,
    DeliveryEvent,
    DeliveryFailed,
    InvalidWatch,
    RunOptions,
    StoreNotReady,
    WatchStarted,
)
from navfeed.watches.schedule import deferral, retry_delay
from navfeed.watches.state import State, TargetHealth, Triaged, refuse_changed_filters
from navfeed.watches.target import SHARED_CHANNELS, SNAPSHOT_CHANNELS, Target
from navfeed.watches.view import View
from navfeed.watches.wording import summary


class Sender(Protocol):
    """A channel. `send` returns when the digest was accepted, and raises `DeliveryError`."""

    most: int
    """The most ads in a digest; a larger one is sent in parts."""

    def send(self, digest: Digest) -> None: ...


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Delivers everything pending, once. `warning` describes data that is too old, if it is."""

    file: WatchFile
    state: State
    view: Callable[[], AbstractContextManager[View]]
    sender: Callable[[Target, Watch], Sender]
    clock: Callable[[], datetime]
    warning: Callable[[datetime | None], str] = lambda _: ""

    def run(self, options: RunOptions) -> Iterator[DeliveryEvent]:
        """Raises `StoreError`; problems of a watch or a channel are events."""
        valid: list[Watch] = []
        yield from self._check(options, valid)
        for target, watches in by_target(valid):
            included = [watch for watch in watches if options.includes(watch)]
            if included:  # a file shows the ads of all its watches
                whole = target.channel in SNAPSHOT_CHANNELS
                yield from self._deliver(target, watches if whole else included, options)

    def _check(self, options: RunOptions, valid: list[Watch]) -> Iterator[InvalidWatch]:
        for watch in self.file.watches.values():
            try:
                refuse_changed_filters(self.state, watch)
            except ConfigError as error:
                if options.includes(watch):
                    yield InvalidWatch(watch.name, error)
            else:
                valid.append(watch)

    def _deliver(
        self, target: Target, watches: Sequence[Watch], options: RunOptions
    ) -> Iterator[DeliveryEvent]:
        health = self.state.health(target)
        if (deferred := self._deferral(target, health, options)) is not None:
            yield deferred
            return
        batches: list[Batch] = []
        with self.view() as view:
            for watch in watches:
                yield from self._prepare(view, watch, target, options, batches)
            warning = self.warning(view.caught_up_at)
        if batches:
            self.state.record(target, [one.update(one.unreported) for one in batches], None)
            yield from self._send(target, batches, health, warning)

    def _deferral(
        self, target: Target, health: TargetHealth, options: RunOptions
    ) -> Deferred | None:
        if options.immediately:
            return None
        now = self.clock()
        return deferral(target, health, self.file.throttle, now, debounce=options.debounce)

    def _prepare(
        self, view: View, watch: Watch, target: Target, options: RunOptions, batches: list[Batch]
    ) -> Iterator[DeliveryEvent]:
        """Add to `batches` what the watch has to deliver."""
        if (reason := view.not_ready(self.state.data_as_of(watch.name))) is not None:
            yield StoreNotReady(watch.name, reason)
            return
        try:
            ads = view.matching(watch)
        except ConfigError as error:
            yield InvalidWatch(watch.name, error)
            return
        if not self.state.has_started(watch, target):
            skipped = start(self.state, view, watch, target, {} if options.backlog else ads)
            yield WatchStarted(watch.name, target, skipped)
        batches.append(self._batch(view, watch, target, ads, backlog=options.backlog))

    def _batch(
        self, view: View, watch: Watch, target: Target, ads: Mapping[str, Ad], *, backlog: bool
    ) -> Batch:
        triaged = self._triaged(target)
        known = self.state.known_ads(watch, target)
        if backlog:
            known = {ad: one for ad, one in known.items() if one.trigger}
        batch = make_batch(view, watch, ads, known, triaged)
        if target.channel not in SNAPSHOT_CHANNELS:
            return batch
        after: dict[str, KnownAd] = {**known, **batch.known}
        return replace(batch, current=current_items(view, watch, ads, after, triaged))

    def _triaged(self, target: Target) -> Mapping[str, Triaged]:
        triaged = self.state.marks()
        if target.channel not in SHARED_CHANNELS:
            return triaged
        return {ad: replace(one, note=None) for ad, one in triaged.items()}

    def _send(
        self, target: Target, batches: Sequence[Batch], health: TargetHealth, warning: str
    ) -> Iterator[DeliveryEvent]:
        groups = without_repeats(Group(one.watch.name, one.items) for one in batches)
        try:
            sender = self.sender(target, batches[0].watch)
            if target.channel in SNAPSHOT_CHANNELS:
                # Written without news too: ads that are gone have to leave.
                shown = tuple(Group(one.watch.name, one.current) for one in batches)
                sender.send(Digest(shown, warning))
                if groups or health.failures:
                    yield from self._accepted(target, batches, Digest(groups, warning))
                return
            if health.failures and not groups:
                self.state.clear_failures(target)
            for part in Digest(groups, warning).parts(sender.most):
                sender.send(part)
                yield from self._accepted(target, batches, part)
        except DeliveryError as error:
            yield self._failed(target, error)

    def _accepted(
        self, target: Target, batches: Sequence[Batch], part: Digest
    ) -> Iterator[DeliveryEvent]:
        ads = frozenset(item.ad.uuid for item in part.items)
        self.state.record(target, [one.update(ads) for one in batches], self.clock())
        if ads:
            yield Delivered(target, summary(part))

    def _failed(self, target: Target, error: DeliveryError) -> DeliveryFailed:
        # Read again: a part of the digest may have been accepted just now.
        failures = self.state.health(target).failures + 1
        now = self.clock()
        retry_at = now + retry_delay(failures, error.retry_after)
        self.state.record_failure(target, failures, retry_at, now)
        return DeliveryFailed(target, error, failures, retry_at)


def start(state: State, view: View, watch: Watch, target: Target, ads: Mapping[str, Ad]) -> int:
    """Start to deliver there; the `ads` are known already. Returns how many they are."""
    known = [baseline(ad.match(), watch.preferences, view.snapshot) for ad in ads.values()]
    state.start(watch, target, known)
    return len(known)
