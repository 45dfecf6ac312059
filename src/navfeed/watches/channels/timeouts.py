"""A deadline for a whole connection: a socket's own timeout restarts with every byte."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer

SECONDS = 60.0


@contextmanager
def deadline(sock: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Shut the connection down when the time is up; whoever waits for it gets an `OSError`."""

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
