"""Opening a store's file: access, settings, and the messages of failures."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from navfeed.errors import StoreError, TooLongError
from navfeed.store.file_handle import opening
from navfeed.store.schema import APPLICATION_ID, VERSION

P = ParamSpec("P")
T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long a writer waits for another program's write to end (faults.md C2)."""

READER_BUSY_SECONDS = 5.0
"""How long a reader waits while another has the store to itself, as on a full disk."""

OLDEST_SQLITE = (3, 37, 0)  # STRICT tables


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into a `StoreError` that names the next step."""
    try:
        yield
    except sqlite3.Error as error:
        if name_of(error) == "SQLITE_INTERRUPT":
            raise TooLongError("the query takes too long. Narrow it down") from error
        raise StoreError(translate(error, path), passes=passes(error)) from error
    except OSError as error:
        why = error.strerror or error
        advice = ". Check its owner and permissions" if isinstance(error, PermissionError) else ""
        raise StoreError(f"cannot open the store {path}: {why}{advice}") from error


def translate(error: sqlite3.Error, path: Path) -> str:
    name = name_of(error)
    free = _free_beside(path)
    if name.startswith("SQLITE_IOERR") and free is not None and free < NO_ROOM:
        name = "SQLITE_FULL"
    left = "" if free is None else f" ({free / 1e6:,.1f} MB free)"
    for start, advice in _ADVICE.items():
        if name.startswith(start):
            return f"{advice.format(path=path, left=left)} (SQLite: {error})"
    return f"cannot use the store {path} (SQLite: {error})"


NO_ROOM = 100_000
"""So few bytes free, and SQLite's failures to read or write are those of a full disk: with
whatever it opens, it needs 32 kB for the index of the write-ahead log."""


def _free_beside(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return None


def name_of(error: sqlite3.Error) -> str:
    """Empty where the error is the sqlite3 module's own."""
    return getattr(error, "sqlite_errorname", "")


def passes(error: sqlite3.Error) -> bool:
    """Whether it may be over by itself: there is room again, or nobody keeps the file busy."""
    return name_of(error).startswith(("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_IOERR"))


_REBUILD = "Move it away and run `navfeed sync` to build it again from the feed"
_ADVICE = {
    "SQLITE_FULL": "the disk that holds {path} is full{left}. Nothing was lost: make room and run "
    "again",
    "SQLITE_READONLY": "{path} cannot be written. Check its owner and permissions",
    "SQLITE_CANTOPEN": "{path} cannot be opened. Check that its folder exists and can be written",
    "SQLITE_NOTADB": "{path} is no SQLite file; it was left as it is. Name another with --db",
    "SQLITE_CORRUPT": "{path} is damaged; it was left as it is. " + _REBUILD,
    "SQLITE_IOERR": "reading or writing {path} failed. Nothing was lost: check the disk, run again",
    "SQLITE_BUSY": "another program keeps {path} busy. Close it and run again",
}


class Connected:
    """A store that is open on one connection; what is done on it raises `StoreError` alone."""

    path: Path
    _connection: sqlite3.Connection

    def _read(
        self,
        question: Callable[Concatenate[sqlite3.Connection, P], T],
        *values: P.args,
        **named: P.kwargs,
    ) -> T:
        with translate_errors(self.path):
            return question(self._connection, *values, **named)


def check_library() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: navfeed needs {wanted}")
    if not _has_full_text():
        raise StoreError(
            "this build of SQLite cannot search (FTS5 is missing). Run navfeed with a Python whose "
            "SQLite can, such as python.org's or a distribution's own"
        )


def _has_full_text() -> bool:
    with closing(sqlite3.connect(":memory:")) as memory:
        try:
            memory.execute("CREATE VIRTUAL TABLE words USING fts5 (word)")
        except sqlite3.OperationalError:
            return False
    return True


def check_ownership(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the navfeed store that the file is, one that we know; 0 when it is none yet.

    Another application's file, or a newer navfeed's, raises `StoreError` and stays untouched.
    """
    application, version, tables = connection.execute(_WHOSE).fetchone()
    if not tables and not application:
        return 0
    if application != APPLICATION_ID:
        raise StoreError(
            f"{path} belongs to another application; it was left as it is. "
            "Name another file with --db"
        )
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer navfeed (schema {version}, this one knows {VERSION}). "
            "Upgrade navfeed"
        )
    return int(version)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that is the writer's from its beginning on.

    One that only becomes so is refused at once, instead of waiting, where another program writes
    or has written since it began to read (https://www.sqlite.org/isolation.html).
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


# One statement, and so about one moment: another process may be making the store.
_WHOSE = """
SELECT (SELECT application_id FROM pragma_application_id),
    (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)
"""


def open_reader(path: Path, *, older: bool = False) -> sqlite3.Connection:
    """A connection that can only read, and never waits for a running sync.

    A store of an older schema is refused, unless `older` allows it.
    """
    with translate_errors(path):
        check_library()
        if not path.exists():
            raise StoreError(f"there is no store at {path} yet. Run `navfeed sync` first")
        if path.is_dir():
            raise StoreError(f"{path} is a folder. Name the file in it that is the store")
        connection = _connect_reader(path)
        try:
            known = check_ownership(connection, path)
        except BaseException:
            connection.close()
            raise
    if not known:
        connection.close()
        raise StoreError(f"the store at {path} is empty. Run `navfeed sync` first")
    if known < VERSION and not older:
        connection.close()
        raise StoreError(
            f"{path} was written by an older navfeed (schema {known}, this one reads {VERSION}). "
            "Run `navfeed sync` once: it brings the store up to date"
        )
    return connection


def _connect_reader(path: Path) -> sqlite3.Connection:
    """Read-only; where even the index of the WAL may not be made, the file alone is the truth.

    Not so where it could not be made for another reason: a sync could begin unnoticed.
    """
    path = path.resolve()
    uri = path.as_uri()
    connection = _connect_to(f"{uri}?mode=ro", READER_BUSY_SECONDS)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.Error as error:
        connection.close()
        if name_of(error).startswith(_NO_INDEX):
            return _connect_alone(uri, error)
        wal = path.with_name(path.name + "-wal")
        writable = os.access(path.parent, os.W_OK)
        if not isinstance(error, sqlite3.OperationalError) or wal.exists() or writable:
            raise
        connection = _connect_to(f"{uri}?mode=ro&immutable=1", READER_BUSY_SECONDS)
    return connection


_NO_INDEX = ("SQLITE_IOERR_SHM", "SQLITE_FULL")
"""The disk has no room for the index of the WAL, which the first to open a store makes."""


def _connect_alone(uri: str, refused: sqlite3.Error) -> sqlite3.Connection:
    """A connection that has the store to itself, and so keeps that index in memory.

    SQLite reads what stands in the WAL then too (https://www.sqlite.org/wal.html#noshm). Others
    wait until it is closed; nobody can write now anyway. `refused` is raised where the file may
    only be read: then it cannot be locked.
    """
    connection = _connect_to(f"{uri}?mode=rw", BUSY_SECONDS)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.Error as error:
        connection.close()
        raise (error if name_of(error).startswith("SQLITE_BUSY") else refused) from error
    return connection


def _connect_to(uri: str, wait: float) -> sqlite3.Connection:
    with opening:
        return sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            timeout=wait,
            check_same_thread=False,  # `navfeed serve` passes readers from thread to thread
        )


def is_shared(connection: sqlite3.Connection) -> bool:
    """Whether others can write while it is open, and it sees what they write."""
    modes = ("PRAGMA journal_mode", "PRAGMA locking_mode")
    return [connection.execute(mode).fetchone() for mode in modes] == [("wal",), ("normal",)]
