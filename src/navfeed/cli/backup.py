"""`navfeed backup`: a copy of the store in a file."""

from __future__ import annotations

from typing import Annotated

import typer

from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption, DryRunOption, FileArgument, QuietOption
from navfeed.cli._output import print_lines, print_warning
from navfeed.config import load, refuse_special, refuse_store
from navfeed.errors import ConfigError


@app.command()
def backup(
    file: FileArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
) -> None:
    """Copy the store to a file.

    Copies one consistent state, even during a sync. FILE is complete or absent, and readable only
    by its owner. It holds nothing of ads removed earlier. Ads withdrawn later stay in it: delete
    old copies.
    """
    from navfeed.files import replaced
    from navfeed.store.backup import copied_bytes, copy, refuse_foreign

    path = load({"db": db}, config=config).db
    refuse_store(file, path)
    refuse_special(file)
    refuse_foreign(file)
    if file.exists() and not force:
        raise ConfigError(f"{file} exists. Name another file, or replace it with --force")
    if dry_run:
        verb = "replace" if file.exists() else "write"
        size = copied_bytes(path) / 1e6
        print_lines([f"would {verb} {file} with a copy of {path}, at most {size:,.1f} MB"])
        return
    with replaced(file) as out:
        copy(path, out)
    if not quiet:
        print_warning(f"wrote {file}, {file.stat().st_size / 1e6:,.1f} MB")
