"""`navfeed backup`: a copy of the store in a file."""

from __future__ import annotations

from typing import Annotated

import typer

from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption, FileArgument
from navfeed.cli._output import (
    print_warning,
)
from navfeed.config import (
    load,
    refuse_special,
    refuse_store,
)
from navfeed.errors import ConfigError


@app.command()
def backup(
    file: FileArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
) -> None:
    """Copy the store to a file.

    As it is at one moment, also while a sync runs. It is whole or not there at all, and its
    owner's alone. It holds the ads of that moment and nothing of those removed before; those
    withdrawn later stay in it: let old copies expire.
    """
    from navfeed.files import replaced
    from navfeed.store.backup import copy, refuse_foreign

    path = load({"db": db}, config=config).db
    refuse_store(file, path)
    refuse_special(file)
    refuse_foreign(file)
    if file.exists() and not force:
        raise ConfigError(f"{file} exists. Name another file, or replace it with --force")
    with replaced(file) as out:
        copy(path, out)
    print_warning(f"wrote {file}, {file.stat().st_size / 1e6:,.1f} MB")
