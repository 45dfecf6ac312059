"""A time limit for all of a conversation: a timeout of the socket's is for one piece of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer

SECONDS = 60.0


@contextmanager
def deadline(sock: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Cut the connection when the time is over, which ends whatever waits for it in `OSError`."""

    def cut() -> None:
        with suppress(OSError):
            if (one := sock()) is not None:
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
