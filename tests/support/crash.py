"""Ways to die at a boundary."""

from __future__ import annotations

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


def fragile(fuse: Fuse) -> type[Store]:
    """A store that may die before and after any commit, and around the last step of an erasure."""

    class Fragile(Store):
        @contextmanager
        def _transaction(self) -> Iterator[None]:
            with super()._transaction():
                yield
                fuse.burn()
            fuse.burn()

        def _scrub(self) -> bool:
            fuse.burn()
            done = super()._scrub()
            fuse.burn()
            return done

    return Fragile
