"""`navfeed restore`: a copy in the place of the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from navfeed.api import now, open_store, store_lock
from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption, FileArgument, YesOption
from navfeed.cli._output import (
    print_warning,
)
from navfeed.config import (
    load,
    refuse_store,
)
from navfeed.errors import ConfigError, StoppedError, StoreError

if TYPE_CHECKING:
    from navfeed.model import PrivacyPolicy


@app.command()
def restore(
    file: FileArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    yes: YesOption = False,
) -> None:
    """Replace the store with a copy.

    Run `navfeed sync` next, before anybody reads. FILE is checked first, and brought up to
    date. What the store was told to forget or to drop since the copy was made is taken out of
    it. Ends with 75 when a sync is running.
    """
    from navfeed.files import replaced
    from navfeed.store.backup import copy, refuse_foreign, release

    path = load({"db": db}, config=config).db
    refuse_store(file, path, is_read=True)
    if not file.is_file():
        raise StoreError(f"there is no copy at {file}. Name one that `navfeed backup` wrote")
    _agree(path, yes=yes)
    with store_lock(path):
        refuse_foreign(path)
        before = _discretion(path)
        with replaced(path) as out:
            copy(file, out)
            _mend(Path(out.name), before)
            release(path.resolve())
    print_warning(
        f"{path} is as {file} was. Run `navfeed sync` now: ads may have been withdrawn since"
    )


def _agree(path: Path, *, yes: bool) -> None:
    """Ask before a store is lost. Raises `StoppedError`; `ConfigError` where nobody can answer."""
    if yes or not path.exists():
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"restoring replaces the store {path}. Confirm it with --yes")
    try:
        agreed = typer.confirm(f"Replace what is in {path}?", err=True)
    except typer.Abort:  # Ctrl-C, or the end of the input
        agreed = False
    if not agreed:
        raise StoppedError("nothing was restored")


def _discretion(path: Path) -> PrivacyPolicy | None:
    """What the present store was told to forget; None where it cannot say."""
    from navfeed.store.writer import Store

    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with Store(path, upgrade_copy=False) as store:  # it is about to be replaced
            return store.discretion()
    except StoreError as error:
        print_warning(
            f"{error}. What it was told to forget is not known: tell the restored store again"
        )
        return None


def _mend(path: Path, before: PrivacyPolicy | None) -> None:
    """Check the copy, and make it forget what the store forgot since."""
    from navfeed.privacy.erasure import take_over
    from navfeed.store.writer import Store

    Store(path, upgrade_copy=False).close()  # brings it up to date
    with open_store(path) as reader:
        if problems := reader.problems():
            raise StoreError(f"the copy is damaged ({problems[0]}); the store was left as it is")
    with Store(path) as store:
        if before is not None and not take_over(store, before, now()):
            print_warning("the copy is another store's: erase again whatever was erased here")
        store.erase()
