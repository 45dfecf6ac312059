"""Which pages of the file may have free space that was not zeroed since they were written.

They are those that the write-ahead log names (https://www.sqlite.org/walformat.html), as long as
nobody but a `Store` writes, and it reads the log before pages are moved from there to the file. So
the store does not leave that to SQLite, and marks the file: as being written by it, and in the end
with the pages that are still to be scrubbed. Where the mark is not as it was left, or the schema
changed (VACUUM, an index that somebody added), the whole file is scrubbed (decision 0101).
"""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

MOST_LEFT = 1_000
"""At most this many pages, 4 MB, are left to the next run; with more, this run scrubs them."""

_MOST_PAGES = 100_000
"""More pages than this, 400 MB, are not listed one by one: the whole file is scrubbed then."""

_LOG_HEADER = 32
_FRAME_HEADER = 24


class Unscrubbed:
    """The pages that were written since they were scrubbed; None: nobody knows, so all of them.

    One for each open store; `connection` is its own, and has not written yet.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._log = Path(f"{path.resolve()}-wal")
        self._own = token_hex(8)
        self._noted = (b"", _LOG_HEADER)
        self._left = _mark(connection)
        self._pages = _read(connection, self._left)
        self.note()

    def begin_write(self) -> None:
        """Mark the file as being written by this store: first of all in each transaction."""
        self._connection.execute(_BEGIN, [self._left, self._own])

    def note(self) -> int:
        """Remember the pages that the log names; answer how many bytes of it are in use.

        Before anything is moved from the log to the file: after that the log may begin again.
        """
        with suppress(FileNotFoundError), self._log.open("rb", buffering=0) as log:
            header = log.read(_LOG_HEADER)
            if len(header) == _LOG_HEADER:
                return self._note(log.fileno(), header)
        return 0

    def _note(self, log: int, header: bytes) -> int:
        """Salts in the header identify a log, and separate its frames from an older log's."""
        (size,), salts = struct.unpack_from(">I", header, 8), header[16:24]
        seen, at = self._noted
        at = at if seen == salts else _LOG_HEADER
        while (frame := os.pread(log, _FRAME_HEADER, at))[8:16] == salts:
            self._add(int.from_bytes(frame[:4], "big"))
            at += _FRAME_HEADER + int(size)
        self._noted = salts, at
        return at

    def _add(self, page: int) -> None:
        if self._pages is not None:
            self._pages.add(page)
            if len(self._pages) > _MOST_PAGES:
                self.forget()

    def forget(self) -> None:
        """From now on, nobody knows."""
        self._pages = None

    def are_many(self) -> bool:
        """Whether more pages are known than may be left to the next run."""
        return self._pages is not None and len(self._pages) > MOST_LEFT

    def pages(self, connection: sqlite3.Connection) -> set[int] | None:
        """What is to be scrubbed. All where another wrote in between: then the mark is not ours."""
        return self._pages if _mark(connection) == self._own else None

    def end(self, connection: sqlite3.Connection) -> None:
        """Mark the file as scrubbed, within the transaction in which that was done."""
        self._pages = set()
        self._left = _write(connection, self._pages)

    def leave(self, connection: sqlite3.Connection) -> None:
        """Mark what is left to the next run, within a transaction that writes nothing else."""
        self.note()
        pages = self.pages(connection)
        if pages is not None and not self.are_many():
            self._left = _write(connection, pages)


_VERSION = "(SELECT schema_version FROM pragma_schema_version)"

_BEGIN = f"""
UPDATE feed SET scrubbed = iif(scrubbed = ?1 AND ?1 LIKE {_VERSION} || ':%', ?2, NULL)
WHERE scrubbed IS NOT NULL AND scrubbed <> ?2
"""


def _mark(connection: sqlite3.Connection) -> str | None:
    ((mark,),) = connection.execute("SELECT scrubbed FROM feed").fetchall()
    return mark if isinstance(mark, str) else None


def _read(connection: sqlite3.Connection, mark: str | None) -> set[int] | None:
    """The pages in a mark: `12:` and the pages that are left, where 12 is the schema's version."""
    ((version,),) = connection.execute(f"SELECT {_VERSION}").fetchall()
    known, _, pages = (mark or "").partition(":")
    return set(map(int, pages.split())) if known == str(version) else None


def _write(connection: sqlite3.Connection, pages: set[int]) -> str:
    ((mark,),) = connection.execute(
        f"UPDATE feed SET scrubbed = {_VERSION} || ':' || ? RETURNING scrubbed",
        [" ".join(map(str, sorted(pages)))],
    ).fetchall()
    return str(mark)
