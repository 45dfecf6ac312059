"""Bring a target up to date with the store: a snapshot first, then the changes after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from navfeed.changes import stream
from navfeed.changes.stream import Batch, Source
from navfeed.errors import CursorError
from navfeed.model import Change, Cursor


class Target(Protocol):
    """An engine that holds the ads. Every method may raise `TargetError`, and nothing else."""

    def cursor(self) -> Cursor | None:
        """The position; None if it was never loaded, or was loaded with another selection."""

    def load(self, batch: Batch) -> int:
        """Replace all ads with a snapshot, save the position and return the number of ads."""

    def apply(self, batch: Batch, after: Cursor) -> None:
        """Apply the changes after `after`, the current position, and save the new position.

        Nothing is written if neither has changed.
        """

    def expected(self, change: Change) -> bytes:
        """The hash of an ad as the target should hold it."""

    def held(self, today: date) -> Iterator[tuple[str, bytes]]:
        """Every ad in the target that is active on `today`, with the hash of its content.

        Expired ads are removed when the store removes them; until then they are not shown.
        """

    def repair(self, wrong: Iterable[Change], gone: Iterable[str], /) -> bool:
        """Replace the `wrong` ads and delete those that are `gone`.

        False: the target cannot write single ads; all of it has to be reloaded.
        """


@dataclass(frozen=True, slots=True)
class Pushed:
    """A step: the number of changes and the new position. `loaded`: the target was reloaded."""

    changes: int
    cursor: Cursor
    complete: bool
    loaded: bool = False


def push(target: Target, source: Source, most: int = stream.BATCH) -> Iterator[Pushed]:
    """Bring the target up to date with the store. May raise what `Target` and `Reader` raise."""
    at = target.cursor()
    while True:
        batch = _following(source, at, most)
        if at is None or batch is None:
            with stream.snapshot(source) as whole:
                yield Pushed(target.load(whole), whole.cursor, complete=True, loaded=True)
            return
        target.apply(batch, at)
        yield Pushed(len(list(batch.changes)), batch.cursor, batch.complete)
        if batch.complete:
            return
        at = batch.cursor


def _following(source: Source, at: Cursor | None, most: int) -> Batch | None:
    """The next changes; None if the journal has a gap after the position."""
    try:
        return None if at is None else stream.batch(source, at, most)
    except CursorError:
        return None


def pending(target: Target, source: Source) -> Pushed:
    """Report what a push would do, without doing it."""
    at = target.cursor()
    changes, loaded, cursor = 0, False, at
    while True:
        batch = _following(source, cursor, stream.BATCH)
        if batch is None or cursor is None:
            with stream.snapshot(source) as whole:
                return Pushed(sum(1 for _ in whole.changes), whole.cursor, True, loaded=True)
        changes += len(list(batch.changes))
        cursor = batch.cursor
        if batch.complete:
            return Pushed(changes, cursor, True, loaded)


class MismatchKind(StrEnum):
    """How a target can differ from the store."""

    MISSING = "missing"
    ALTERED = "altered"
    LINGERING = "lingering"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An ad whose content in the target differs from the store."""

    uuid: str
    kind: MismatchKind


def compare(target: Target, source: Source) -> list[Mismatch]:
    """Compare every ad by its content. Differences are reliable if no push ran meanwhile."""
    with stream.snapshot(source) as whole:
        expected = {change.uuid.lower(): target.expected(change) for change in whole.changes}
    return list(_differences(expected, dict(target.held(whole.today))))


def _differences(expected: Mapping[str, bytes], held: Mapping[str, bytes]) -> Iterator[Mismatch]:
    for uuid in sorted(expected.keys() | held.keys()):
        if uuid not in held:
            yield Mismatch(uuid, MismatchKind.MISSING)
        elif uuid not in expected:
            yield Mismatch(uuid, MismatchKind.LINGERING)
        elif expected[uuid] != held[uuid]:
            yield Mismatch(uuid, MismatchKind.ALTERED)


def reconcile(target: Target, source: Source, found: Iterable[Mismatch]) -> None:
    """Make these ads in the target equal to those in the store."""
    gone = [one.uuid for one in found if one.kind is MismatchKind.LINGERING]
    wrong = {one.uuid for one in found if one.kind is not MismatchKind.LINGERING}
    with stream.snapshot(source) as whole:
        repaired = target.repair((one for one in whole.changes if one.uuid.lower() in wrong), gone)
    if not repaired:
        with stream.snapshot(source) as whole:
            target.load(whole)
