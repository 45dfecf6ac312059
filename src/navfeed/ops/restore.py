"""Replace the store with a copy, and repeat the later erasures in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from navfeed.api import now, open_store, store_lock
from navfeed.errors import StoreError
from navfeed.files import replaced
from navfeed.model import counted, oslo_time

if TYPE_CHECKING:
    from navfeed.model import PrivacyPolicy
    from navfeed.store.query import Reader

Report = Callable[[str], object]


def is_sqlite(file: Path) -> bool:
    """Whether a file begins as SQLite's do (https://www.sqlite.org/fileformat.html, 1.3)."""
    with file.open("rb") as opened:
        return opened.read(16) == b"SQLite format 3\0"


def restore_copy(copied: Path, db: Path, warn: Report) -> None:
    """Replace the store `db` with the copy, atomically.

    The copy is checked and upgraded first, and later erasures are repeated in it.
    Raises `StoreError`, and `LockedError` while a sync is running.
    """
    from navfeed.store.backup import copy, refuse_foreign, release

    with store_lock(db):
        refuse_foreign(db)
        policy = _policy_of(db, warn)
        with replaced(db) as out:
            copy(copied, out)
            _prepare(Path(out.name), policy, warn)
            release(db.resolve())


def predict_restore(copied: Path, db: Path) -> str:
    """What `restore_copy` would do, in a line. Changes nothing.

    Raises `StoreError` for a copy that it would refuse.
    """
    from navfeed.store.backup import refuse_foreign

    refuse_foreign(db)
    copy = f"{copied} ({_describe_copy(copied)})"
    return f"would replace {db} ({_describe_store(db)}) with {copy}"


def _describe_copy(path: Path) -> str:
    from navfeed.store.backup import is_older

    if is_older(path):
        return "of an older navfeed, to be upgraded"
    with open_store(path) as reader:
        if problems := reader.problems():
            raise StoreError(f"the copy is damaged ({problems[0]})")
        return _describe(reader)


def _describe_store(path: Path) -> str:
    if not path.exists():
        return "which does not exist yet"
    try:
        with open_store(path) as reader:
            return _describe(reader)
    except StoreError:  # it may be damaged: then it is to be replaced all the more
        return "which cannot be read"


def _describe(reader: Reader) -> str:
    facts = reader.status(now())
    age = f"as of {oslo_time(facts.caught_up_at)}" if facts.caught_up_at else "incomplete"
    return f"{counted(facts.active, 'active ad')}, {age}"


def _policy_of(db: Path, warn: Report) -> PrivacyPolicy | None:
    """What was erased or dropped in the present store; None if it cannot be read."""
    from navfeed.store.writer import Store

    if not db.exists() or not db.stat().st_size:
        return None
    try:
        with Store(db, upgrade_copy=False) as store:  # it is about to be replaced
            return store.privacy_policy()
    except StoreError as error:
        warn(f"{error}. Its erasures are unknown: erase them again in the restored store")
        return None


def _prepare(path: Path, policy: PrivacyPolicy | None, warn: Report) -> None:
    """Upgrade and check the copy, and apply the erasures to it."""
    from navfeed.privacy.erasure import take_over
    from navfeed.store.writer import Store

    Store(path, upgrade_copy=False).close()  # upgrades it
    with open_store(path) as reader:
        if problems := reader.problems():
            raise StoreError(f"the copy is damaged ({problems[0]}); the store is unchanged")
    with Store(path) as store:
        if policy is not None and not take_over(store, policy, now()):
            warn("the copy is from another store: repeat the erasures made in this one")
        store.purge()
