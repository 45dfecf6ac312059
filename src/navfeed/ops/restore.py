"""Replace the store with a copy, and repeat the later erasures in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from navfeed.api import now, open_store, store_lock
from navfeed.errors import StoreError
from navfeed.files import replaced

if TYPE_CHECKING:
    from navfeed.model import PrivacyPolicy

Report = Callable[[str], object]


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
