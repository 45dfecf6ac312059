"""Every place where navfeed touches the world, in this process: what happens there is the test's.

`watched` calls `boundary(kind)` before each operation on the database, on files and on sockets.
What it raises is how that operation failed; if it ends the process, that is where it died.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import wraps
from io import FileIO
from typing import Any
from unittest import mock

from navfeed.store import writer

Boundary = Callable[[str], None]


@contextmanager
def watched(boundary: Boundary) -> Iterator[None]:
    """Within, kinds are `database`, `file` and `socket`."""

    class Connection(sqlite3.Connection):
        execute = _before(sqlite3.Connection.execute, "database", boundary)
        executemany = _before(sqlite3.Connection.executemany, "database", boundary)

    class File(FileIO):
        read = _before(FileIO.read, "file", boundary)
        write = _before(FileIO.write, "file", boundary)

    def connect(*args: Any, **how: Any) -> sqlite3.Connection:
        boundary("database")
        return _CONNECT(*args, **how, factory=Connection)

    with ExitStack() as patches:
        for place, name, new in (
            (sqlite3, "connect", connect),
            (writer, "open_private_file", _before(_private(File), "file", boundary)),
            *_hooked(os, "file", boundary, "fsync", "replace"),
            *_hooked(socket, "socket", boundary, "create_connection"),
            *_hooked(socket.socket, "socket", boundary, "send", "sendall", "recv"),
        ):
            patches.enter_context(mock.patch.object(place, name, new))
        yield


def _hooked(
    place: object, kind: str, boundary: Boundary, *names: str
) -> list[tuple[object, str, Any]]:
    return [(place, name, _before(getattr(place, name), kind, boundary)) for name in names]


_CONNECT = sqlite3.connect
_PRIVATE = writer.open_private_file


def _private(kind: type[FileIO]) -> Callable[..., AbstractContextManager[FileIO]]:
    @contextmanager
    def opened(path: Any) -> Iterator[FileIO]:
        with _PRIVATE(path) as file:
            yield kind(file.fileno(), "r+", closefd=False)

    return opened


def _before(call: Callable[..., Any], kind: str, boundary: Boundary) -> Any:
    @wraps(call)
    def watched_call(*args: Any, **how: Any) -> Any:
        boundary(kind)
        return call(*args, **how)

    return watched_call
