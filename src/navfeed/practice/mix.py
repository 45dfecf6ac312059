"""A seeded mix of everyday changes, for worlds that move on by themselves."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from navfeed.practice.world import World

_KINDS = ("published", "updated", "stopped", "expired", "reactivated")
_WEIGHTS = (35, 32, 14, 11, 8)


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


def move_on(
    world: World, rng: random.Random, rounds: int, changes: int, step: timedelta
) -> Changes:
    """Let `rounds` times `step` pass, each with what expires in it and `changes` more events."""
    happened: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for _ in range(rounds):
        happened["expired"] += _expired(world, step)
        _round(world, rng, changes, happened)
    return Changes(**{kind: tuple(ads) for kind, ads in happened.items()})


def _expired(world: World, step: timedelta) -> list[str]:
    """Let time pass and withdraw what was in its last days before; older ads stay forgotten."""
    standing = set(world.in_force())
    world.advance(step)
    return [world.expire(ad) for ad in _free(world, world.overdue()) if ad in standing]


def _round(world: World, rng: random.Random, changes: int, happened: dict[str, list[str]]) -> None:
    """Change each ad once at most, so that what is told of the round holds at its end."""
    standing, withdrawn = _free(world, world.in_force()), _free(world, world.withdrawn())
    rng.shuffle(standing)
    rng.shuffle(withdrawn)
    for kind in rng.choices(_KINDS, _WEIGHTS, k=changes):
        source = withdrawn if kind == "reactivated" else standing
        if kind == "published":
            happened[kind].append(world.publish())
        elif source:
            happened[kind].append(_event(world, kind, source.pop()))


def _free(world: World, ads: list[str]) -> list[str]:
    return [ad for ad in ads if not world.held(ad)]


def _event(world: World, kind: str, ad: str) -> str:
    match kind:
        case "updated":
            return world.update(ad)
        case "stopped":
            return world.stop(ad)
        case "expired":
            return world.expire(ad)
        case _:
            return world.reactivate(ad)
