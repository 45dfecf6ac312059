"""The life of a store's file: copies of it, and putting one back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from navfeed.errors import StoreError
from navfeed.store import journal
from navfeed.store.connect import name_of, open_reader, passes, translate, translate_errors
from navfeed.store.schema import APPLICATION_ID, VERSION
from navfeed.store.scrub import scrub
from navfeed.store.shards import rebuild_all


def copy(source: Path, out: BinaryIO) -> None:
    """Write the store at `source`, as it is at one moment, into the empty file `out`.

    Other programs may read and write the store meanwhile. The copy has the store's schema, also an
    older one. It holds nothing but what is in the tables: no text of removed ads that free space or
    the search index may still have. Raises `StoreError`.
    """
    target = Path(out.name)
    with closing(open_reader(source, older=True)) as connection, _blaming(source, target):
        # https://www.sqlite.org/lang_vacuum.html: a snapshot, like the online backup's, but of
        # rows instead of pages, and so without what pages still have of rows that are gone.
        connection.execute("VACUUM INTO ?", [str(target)])
    with translate_errors(target), _blaming(source, target):
        with closing(sqlite3.connect(target, isolation_level=None)) as connection:
            for pragma in ("journal_mode = MEMORY", "secure_delete = ON", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
            rebuild_all(connection)
            connection.execute("UPDATE feed SET erasure_owed = 0")
            journal.become_another(connection)  # the same numbers will mean other changes
        scrub(out)
        out.flush()  # or it would overwrite what others write to the file after this


@contextmanager
def _blaming(source: Path, target: Path) -> Iterator[None]:
    """Damage is the source's, even when it is met in the copy; any other trouble is the copy's."""
    try:
        yield
    except sqlite3.Error as error:
        damaged = name_of(error).startswith("SQLITE_CORRUPT")
        message = translate(error, source if damaged else target)
        raise StoreError(message, passes=passes(error)) from error


_VERSION_AT, _ID_AT = 60, 68  # https://www.sqlite.org/fileformat2.html#the_database_header


def refuse_foreign(path: Path) -> None:
    """Raise `StoreError` where `path` is a file that is not ours to replace, however damaged.

    That is one that never was a store of navfeed's, or is a newer navfeed's.
    """
    with translate_errors(path), suppress(FileNotFoundError):
        with path.open("rb") as file:
            header = file.read(100)
        if header and header[_ID_AT : _ID_AT + 4] != APPLICATION_ID.to_bytes(4, "big"):
            raise StoreError(f"{path} is no store of navfeed's; it was left as it is")
        if int.from_bytes(header[_VERSION_AT : _VERSION_AT + 4], "big") > VERSION:
            raise StoreError(f"{path} was written by a newer navfeed; it was left as it is")


def copied_bytes(path: Path) -> int:
    """The most bytes that a copy of the store at `path` takes. Raises `StoreError`."""
    with closing(open_reader(path, older=True)) as connection, translate_errors(path):
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def is_older(path: Path) -> bool:
    """Whether the store at `path` has an older schema. Raises `StoreError` if it is none."""
    with closing(open_reader(path, older=True)) as connection, translate_errors(path):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(version < VERSION)


def release(path: Path) -> None:
    """Take the write-ahead log of the store at `path` away: another file is to take its place.

    What is in the log goes into the file first, as far as that works: it may be damaged.
    """
    if path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=1)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for kind in ("-wal", "-shm"):
        path.with_name(path.name + kind).unlink(missing_ok=True)
