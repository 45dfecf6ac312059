"""Ways to die at a boundary."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from navfeed.store.writer import Store


class Crash(BaseException):
    """The process dies here: no handler runs, nothing is tidied up."""


def crash() -> None:
    raise Crash


class Fuse:
    """Burns down by one at every boundary, and dies at its end."""

    def __init__(self, die: Callable[[], None] = crash) -> None:
        self.left: int | None = None
        self._die = die

    def burn(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self._die()


def fragile(boundary: Callable[[], None]) -> type[Store]:
    """A store that calls `boundary` before and after every commit.

    What it raises is the store's end.
    """

    class Fragile(Store):
        @contextmanager
        def _transaction(self) -> Iterator[sqlite3.Connection]:
            with super()._transaction() as db:
                yield db
                boundary()
            boundary()

        def _scrub(self, *, erased: bool = True) -> bool:
            boundary()
            done = super()._scrub(erased=erased)
            boundary()
            return done

    return Fragile
