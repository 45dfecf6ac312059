"""Pushes once or again and again, and waits out a target that is down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import sleep

from navfeed.changes.stream import Source
from navfeed.errors import StoreError
from navfeed.push import engine
from navfeed.push.engine import Mismatch, Pushed, Target
from navfeed.push.targets import OpenTarget

POLL_SECONDS = 1.0
"""How often `follow` looks for changes in the store."""

LONGEST_PAUSE = 60.0
"""Longest time in seconds between two tries at a target that is down; doubles from one second."""


@dataclass(slots=True)
class PushRunner:
    """Keeps one target equal to the store.

    `report` gets what was pushed, `warn` a message about a target that is down.
    """

    open: OpenTarget
    source: Source
    batch: int
    report: Callable[[Pushed], object]
    warn: Callable[[str], object]
    _pause: float = POLL_SECONDS

    def once(self) -> None:
        with self.open() as target:
            self.report(self._push(target))

    def pending(self) -> Pushed:
        """What a push would do. Changes nothing."""
        with self.open() as target:
            return engine.pending(target, self.source)

    def follow(self) -> None:
        """Push until stopped, or until an error that does not pass by itself."""
        while True:
            try:
                with self.open() as target:
                    self._keep_up(target)
            except StoreError as error:
                if not error.passes:
                    raise
                if self._pause == POLL_SECONDS:  # the first failure in a row
                    self.warn(f"{error}. Retrying until it works; nothing is lost")
                sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def compare(self, *, reconcile: bool) -> list[Mismatch]:
        """Compare every ad with the store's; with `reconcile`, repair each difference."""
        with self.open() as target:
            found = engine.compare(target, self.source)
            if found and reconcile:
                engine.reconcile(target, self.source, found)
        return found

    def _keep_up(self, target: Target) -> None:
        position = None
        while True:
            done = self._push(target)
            self._pause = POLL_SECONDS
            if done.changes or position is None:
                self.report(done)
            position = done.cursor
            sleep(POLL_SECONDS)

    def _push(self, target: Target) -> Pushed:
        """Push all there is; return the total."""
        steps = list(engine.push(target, self.source, self.batch))
        changes = sum(step.changes for step in steps)
        return Pushed(changes, steps[-1].cursor, True, loaded=steps[-1].loaded)


def summary(pushed: Pushed, verb: str = "pushed") -> str:
    what = "ads (full reload)" if pushed.loaded else "changes"
    return f"{verb} {pushed.changes:,} {what}, up to {pushed.cursor}"
