"""What leaves nothing of a removed text in any file of the store, and the debt until it is done.

`secure_delete` overwrites what is deleted, but the index keeps words of deleted ads until its
shards are rebuilt (`shards`), the write-ahead log older pages, and free space what moving rows left
behind (`scrub`, `unscrubbed`).
"""

from __future__ import annotations

import os
import sqlite3
from io import FileIO
from pathlib import Path

from navfeed.store.connect import BUSY_SECONDS
from navfeed.store.scrub import scrub
from navfeed.store.sql import one_row
from navfeed.store.unscrubbed import Unscrubbed

ERASE_WAIT_MS = 2_000
"""How long the erasing waits for readers before it records a debt (faults.md C2)."""


def owe(db: sqlite3.Connection) -> None:
    """Within the transaction of what was taken out: a crash before the erasure leaves the debt."""
    db.execute("UPDATE feed SET erasure_owed = 1 WHERE NOT erasure_owed")


def is_owed(db: sqlite3.Connection) -> bool:
    return bool(one_row(db, "SELECT erasure_owed FROM feed")[0])


def cut_log(db: sqlite3.Connection, wait: int) -> bool:
    """Write the log into the file and cut it. False: a program that reads an old state keeps it.

    `wait` is how long to wait for it, in milliseconds.
    """
    db.execute(f"PRAGMA busy_timeout = {wait}")
    busy, _, _ = one_row(db, "PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    return not busy


def scrub_alone(
    db: sqlite3.Connection, path: Path, file: FileIO, unscrubbed: Unscrubbed, *, erased: bool
) -> bool:
    """Zero free space while nobody can write. False: somebody wrote since the log was cut.

    With `erased`, nothing is owed any more.

    `db` is a connection for this alone. That it commits makes the store's own forget the pages it
    remembers, which it would write back as they were.
    """
    db.execute("BEGIN IMMEDIATE")
    if log_size(path):
        return False
    scrub(file, unscrubbed.pages(db))
    os.fsync(file.fileno())
    unscrubbed.end(db)
    db.execute("UPDATE feed SET erasure_owed = 0 WHERE ?", [erased])
    db.execute("COMMIT")
    return True


def log_size(path: Path) -> int:
    log = Path(f"{path.resolve()}-wal")
    return log.stat().st_size if log.exists() else 0
