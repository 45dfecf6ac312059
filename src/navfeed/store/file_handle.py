"""A handle on the store's file beside SQLite's own, which costs nobody a lock.

When a process closes a file, POSIX drops every lock that the process has on it, whichever handle
took them (https://www.sqlite.org/howtocorrupt.html, 2.2). To other processes a connection that this
one still has open is then not there: they take the write-ahead log away under it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from threading import Lock

_FileId = tuple[int, int]

opening = Lock()
"""Held while a connection is opened: until then nothing shows that the file is in use."""

_kept: list[FileIO] = []
"""Handles that could not be closed yet; the next one that is wanted on a file is its kept one."""


@contextmanager
def open_private_file(path: Path) -> Iterator[FileIO]:
    """The file, made readable for its owner alone, whatever the umask (faults.md X5).

    Leave it after closing the connections that were opened for it. It is closed then, or once no
    other part of the process has the file open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _taken(path) or FileIO(path, "r+", opener=open_private)
    try:
        yield file
    finally:
        _release(file)


def open_private(name: str, flags: int) -> int:
    """An opener: what it makes is its owner's alone."""
    return os.open(name, flags | os.O_CREAT, 0o600)


def _taken(path: Path) -> FileIO | None:
    with opening, suppress(FileNotFoundError):
        wanted = _id(path.stat())
        for file in _kept:
            if _id(os.fstat(file.fileno())) == wanted:
                _kept.remove(file)
                return file
    return None


def _release(file: FileIO) -> None:
    """Close what nobody else has open, what was kept so far included."""
    with opening, suppress(OSError):  # where it is not known who has it open, it stays
        _kept.append(file)
        used = _used_elsewhere()
        for one in [one for one in _kept if _id(os.fstat(one.fileno())) not in used]:
            _kept.remove(one)
            one.close()


def _used_elsewhere() -> set[_FileId]:
    """The files that are open in this process, by whomever, but for the handles that are kept."""
    if os.name != "posix":  # pragma: no cover  Windows: there, closing takes nobody's lock
        return set()
    ours = {file.fileno() for file in _kept}
    used = set()
    for number in [int(one.name) for one in Path("/dev/fd").iterdir()]:
        with suppress(OSError):  # that of the listing itself is gone by now
            if number not in ours:
                used.add(_id(os.fstat(number)))
    return used


def _id(facts: os.stat_result) -> _FileId:
    return facts.st_dev, facts.st_ino
