"""The options of a run of the watches, and the events that it reports: frozen types only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from navfeed.errors import ConfigError, DeliveryError
from navfeed.watches.definition import Watch
from navfeed.watches.target import Target


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`only`: these watches, None for all. `backlog`: include ads from before they started.

    `immediately`: ignore quiet hours and pending retries. `debounce`: keep the minimum interval
    between two deliveries.
    """

    only: frozenset[str] | None = None
    backlog: bool = False
    immediately: bool = False
    debounce: bool = False

    def includes(self, watch: Watch) -> bool:
        return self.only is None or watch.name in self.only


@dataclass(frozen=True, slots=True)
class WatchStarted:
    """A watch starts to deliver there; `skipped` ads match already and are not delivered."""

    watch: str
    target: Target
    skipped: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """A channel accepted a digest."""

    target: Target
    summary: str


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """A channel did not accept, for the `failures`th consecutive time; its digest is retried."""

    target: Target
    error: DeliveryError
    failures: int
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Deferred:
    """A channel is not used now. `failing`: because it failed before, and waits for its retry."""

    target: Target
    reason: str
    failing: bool


@dataclass(frozen=True, slots=True)
class StoreNotReady:
    """Nothing was delivered for a watch: the store is incomplete or outdated."""

    watch: str
    reason: str


@dataclass(frozen=True, slots=True)
class InvalidWatch:
    """Nothing was delivered for a watch: its definition needs correction."""

    watch: str
    error: ConfigError


DeliveryEvent = WatchStarted | Delivered | DeliveryFailed | Deferred | StoreNotReady | InvalidWatch
