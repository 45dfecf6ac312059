"""Bring a target to where the store stands: a snapshot first, then what follows, by itself."""

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
        """Where it stands; None where it was never loaded, or holds what nobody asks for now."""

    def load(self, batch: Batch) -> int:
        """Put a snapshot in the place of all it holds, and note where it stands; how many ads."""

    def apply(self, batch: Batch, after: Cursor) -> None:
        """Apply what follows `after`, where it stands, and note where it stands then.

        Where there is nothing to apply or to note, nothing is written.
        """

    def expected(self, change: Change) -> bytes:
        """The hash of an ad as the target should hold it."""

    def held(self, today: date) -> Iterator[tuple[str, bytes]]:
        """Every ad it holds whose last day is not over, and the hash of what it holds of it.

        Those whose last day is over go when the store's go: nobody is shown them meanwhile.
        """

    def mend(self, wrong: Iterable[Change], gone: Iterable[str], /) -> bool:
        """Put these ads in the place of what it holds, and take those out.

        False: that cannot be done one by one; all has to be loaded anew.
        """


@dataclass(frozen=True, slots=True)
class Pushed:
    """A step: so many changes, and where the target stands. `loaded`: all was put in anew."""

    changes: int
    cursor: Cursor
    complete: bool
    loaded: bool = False


def push(target: Target, source: Source, most: int = stream.BATCH) -> Iterator[Pushed]:
    """Bring the target to where the store stands. May raise what `Target` and `Reader` raise."""
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
    """What follows; None where that cannot be told without a hole."""
    try:
        return None if at is None else stream.batch(source, at, most)
    except CursorError:
        return None


def pending(target: Target, source: Source) -> Pushed:
    """What a push would do, without doing it."""
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
    """An ad that the target does not hold as the store does."""

    uuid: str
    kind: MismatchKind


def compare(target: Target, source: Source) -> list[Mismatch]:
    """Every ad by its content. In order where nothing was pushed meanwhile."""
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
    """Make the target hold of these ads what the store does."""
    gone = [one.uuid for one in found if one.kind is MismatchKind.LINGERING]
    wrong = {one.uuid for one in found if one.kind is not MismatchKind.LINGERING}
    with stream.snapshot(source) as whole:
        mended = target.mend((one for one in whole.changes if one.uuid.lower() in wrong), gone)
    if not mended:
        with stream.snapshot(source) as whole:
            target.load(whole)
