"""Readers of the store that stay open from one request to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock

from navfeed.store.query import Reader

_FileId = tuple[int, int]

MOST_QUERIES = 500
"""A reader is closed after this many: what it keeps of searches grows with each new word."""


@dataclass(slots=True)
class _Paused:
    reader: Reader
    file: _FileId | None
    queries: int


class Readers:
    """Readers of the store, each for one query after the other, until something is written to it.

    To open one takes 2.4 ms, since SQLite reads a schema of 426 entries, and to look up the words
    that the first search is for takes 30 ms. Between two queries a reader has no transaction, so
    that erasing in the store is not held up.
    """

    def __init__(self, db: Path) -> None:
        self._db = db
        self._lock = Lock()
        self._paused: list[_Paused] = []
        self._is_closed = False

    @contextmanager
    def reader(self, today: date) -> Iterator[Reader]:
        """A reader of the store as it is now, as of `today`. Raises `StoreError`."""
        file = _file_at(self._db)  # before it is opened: what replaces it later has another id
        used = self._resumed(file, today) or _Paused(Reader(self._db, today), file, 0)
        is_kept = False
        try:
            yield used.reader
            is_kept = used.reader.pause() and self._keep(used)
        finally:
            if not is_kept:
                used.reader.close()

    def close_unused(self) -> None:
        """So that nothing keeps the store's file open, which may be replaced or unmounted."""
        while (paused := self._pop()) is not None:
            paused.reader.close()

    def close(self) -> None:
        """Close those that are not in use now, and the others after their query."""
        with self._lock:
            self._is_closed = True
        self.close_unused()

    def _keep(self, used: _Paused) -> bool:
        used.queries += 1
        with self._lock:
            if self._is_closed or used.file is None or used.queries == MOST_QUERIES:
                return False
            self._paused.append(used)
            return True

    def _resumed(self, file: _FileId | None, today: date) -> _Paused | None:
        while (paused := self._pop()) is not None:
            if paused.file == file and paused.reader.resume(today):
                return paused
            paused.reader.close()
        return None

    def _pop(self) -> _Paused | None:
        with self._lock:
            return self._paused.pop() if self._paused else None


def _file_at(path: Path) -> _FileId | None:
    try:
        facts = path.stat()
    except OSError:
        return None  # opening it reports why
    return facts.st_dev, facts.st_ino
