"""`navfeed restore`: replace the store with a copy."""

from __future__ import annotations

import sys
from pathlib import Path

from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption, DryRunOption, FileArgument, YesOption
from navfeed.cli._output import confirmed, print_lines, print_warning
from navfeed.config import load, refuse_store
from navfeed.errors import ConfigError, StoppedError, StoreError
from navfeed.ops.restore import is_sqlite, predict_restore, restore_copy


@app.command()
def restore(
    file: FileArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Replace the store with a copy.

    Checks and upgrades FILE first, and repeats in it all erasures made since the copy. Run
    `navfeed sync` next, before anybody reads. Ends with 75 while a sync is running.
    """
    path = load({"db": db}, config=config).db
    refuse_store(file, path, is_read=True)
    if not file.is_file():
        raise StoreError(f"there is no copy at {file}. Name one that `navfeed backup` wrote")
    if not is_sqlite(file):
        raise StoreError(f"{file} is no copy of a store. Name one that `navfeed backup` wrote")
    if dry_run:
        print_lines([predict_restore(file, path)])
        return
    _confirm(path, yes=yes)
    restore_copy(file, path, print_warning)
    print_warning(
        f"restored {path} from {file}. Run `navfeed sync` now: ads may have been withdrawn since"
    )


def _confirm(path: Path, *, yes: bool) -> None:
    """Raises `StoppedError` unless confirmed, `ConfigError` without a terminal."""
    if yes or not path.exists():
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"restoring replaces the store {path}. Confirm with --yes")
    if not confirmed(f"Replace {path} with the copy?"):
        raise StoppedError("nothing was restored")
