"""A seeded mix of everyday changes, for worlds that change by themselves."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class EventKind(StrEnum):
    """What can happen to an ad."""

    PUBLISHED = "published"
    UPDATED = "updated"
    STOPPED = "stopped"
    EXPIRED = "expired"
    REACTIVATED = "reactivated"


_WEIGHTS = {
    EventKind.PUBLISHED: 35,
    EventKind.UPDATED: 32,
    EventKind.STOPPED: 14,
    EventKind.EXPIRED: 11,
    EventKind.REACTIVATED: 8,
}

Event = tuple[EventKind, str]
"""What happened, and to which ad."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The uuids of the ads that changed, by what happened to them, in order.

    In one round an ad changes once; in later ones it may change again.
    """

    published: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    reactivated: tuple[str, ...] = ()

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        ads: dict[str, list[str]] = {kind: [] for kind in EventKind}
        for kind, ad in events:
            ads[kind].append(ad)
        return cls(**{kind: tuple(changed) for kind, changed in ads.items()})


def drawn(
    rng: random.Random, events: int, standing: list[str], withdrawn: list[str]
) -> Iterator[tuple[EventKind, str | None]]:
    """Draw `events` events, each with the ad that it changes; None for a new ad.

    An ad is drawn at most once, so that the summary of a round holds at its end; an event without a
    suitable ad is skipped.
    """
    rng.shuffle(standing)
    rng.shuffle(withdrawn)
    for kind in rng.choices([*_WEIGHTS], [*_WEIGHTS.values()], k=events):
        source = withdrawn if kind is EventKind.REACTIVATED else standing
        if kind is EventKind.PUBLISHED:
            yield kind, None
        elif source:
            yield kind, source.pop()
