"""The signals that end a command in good order: SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Handler = Callable[[signal.Signals], object]


def ending_signals() -> list[signal.Signals]:
    """The signals that end navfeed; without SIGHUP under `nohup`, which ignores it."""
    known = [one for one in signal.Signals if one.name in ("SIGINT", "SIGTERM", "SIGHUP")]
    return [one for one in known if one.name != "SIGHUP" or not is_ignored(one)]


def is_ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


@contextmanager
def handled(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Handle these signals, and restore the previous handlers afterwards."""

    def handle(number: int, _frame: object) -> None:
        one = signal.Signals(number)
        handlers[one](one)

    previous = {one: signal.signal(one, handle) for one in handlers}
    try:
        yield
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)


@contextmanager
def stopped_by_signals(
    request: Callable[[str], object], hang_up: Callable[[], object] | None = None
) -> Iterator[None]:
    """Request a stop, with the signal's name, on each signal that ends navfeed.

    With `hang_up`, SIGHUP calls that instead.
    """
    handlers: dict[signal.Signals, Handler] = dict.fromkeys(
        ending_signals(), lambda number: request(number.name)
    )
    if hang_up is not None and hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = lambda _: hang_up()
    with handled(handlers):
        yield
