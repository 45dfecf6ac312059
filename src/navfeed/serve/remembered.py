"""What was found out about the present state of the store, for whoever wants to know the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class Remembered:
    """The results of functions by key, at most `most` of them, all of one state of the store.

    Callers who want the same at the same time wait for the first of them. Only numbers, ids and
    names of places and trades belong here, no text of an ad and no employer: the results of a state
    stay in memory until somebody wants to know about another one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._state = ""
        self._known: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, state: str, key: Hashable, make: Callable[[], T]) -> T:
        """The result of `make`, which holds as long as the state (`Snapshot.state`) is this one."""
        result, is_new = self._entry(state, key)
        if is_new:
            try:
                result.set_result(make())
            except BaseException as error:  # noqa: BLE001  its waiters get the same error
                self._forget(key, result)
                result.set_exception(error)
        made: T = result.result()
        return made

    def _entry(self, state: str, key: Hashable) -> tuple[Future[Any], bool]:
        """The result, perhaps still being made, and whether it is for the caller to make it."""
        with self._lock:
            if state != self._state:
                self._known.clear()
                self._state = state
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key], False
            self._known[key] = Future()
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return self._known[key], True

    def _forget(self, key: Hashable, result: Future[Any]) -> None:
        with self._lock:
            if self._known.get(key) is result:
                del self._known[key]
