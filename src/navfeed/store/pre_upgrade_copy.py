"""The copy of a store that is made before a migration, and when it goes (decision 0044)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import FileIO
from pathlib import Path

from navfeed.errors import StoreError
from navfeed.model import UPGRADE_COPY
from navfeed.store.backup import copy
from navfeed.store.connect import open_reader, translate_errors
from navfeed.store.file_handle import open_private


def copy_of(path: Path) -> Path:
    """Where the copy of the store at `path` is, or would be."""
    path = path.resolve()
    return path.with_name(path.name + UPGRADE_COPY)


def kept_copy(path: Path) -> Path | None:
    """The copy of the store at `path`, where there is one."""
    target = copy_of(path)
    return target if target.exists() else None


@contextmanager
def copied_before(path: Path) -> Iterator[None]:
    """Around an upgrade of the store at `path`: a copy of it, which goes again where that fails.

    One at a time: who calls holds a write lock. Raises `StoreError`, which names the option
    to go without.
    """
    _keep_copy(path)
    try:
        yield
    except BaseException:
        drop_copy(path)
        raise


def _keep_copy(path: Path) -> None:
    target = copy_of(path)
    part = target.with_name(f".{target.name}.part")
    try:
        _take_away(part)
        with FileIO(part, "x+", opener=open_private) as out:
            copy(path, out)
            os.fsync(out.fileno())
        part.replace(target)
    except (StoreError, OSError) as error:
        _take_away(part)
        raise StoreError(
            f"{path} was not upgraded, because no copy could be made before: {error}. Make room, "
            "or do without it (--no-upgrade-copy)",
            passes=getattr(error, "passes", False),
        ) from error


def _take_away(part: Path) -> None:
    """What a copy that was not finished left, SQLite's journal beside it included."""
    for kind in ("", "-journal"):
        part.with_name(part.name + kind).unlink(missing_ok=True)


def drop_copy(path: Path) -> None:
    with translate_errors(path):
        copy_of(path).unlink(missing_ok=True)


def drop_copy_that_holds_more(path: Path, store: sqlite3.Connection) -> None:
    """Remove the copy where an ad in it reads otherwise than in the store, or is gone from there.

    What navfeed has removed must be in no file of its own (faults.md X3). A copy that cannot be
    read is removed too, because it may hold such an ad.
    """
    target = copy_of(path)
    if target.exists() and not _is_within(target, store):
        drop_copy(path)


def _is_within(target: Path, store: sqlite3.Connection) -> bool:
    same = "SELECT 1 FROM ads WHERE uuid = ? AND content = ?"
    try:
        with closing(open_reader(target, older=True)) as copied, translate_errors(target):
            ads = copied.execute("SELECT uuid, content FROM ads")
            return all(store.execute(same, ad).fetchone() for ad in ads)
    except StoreError:
        return False
