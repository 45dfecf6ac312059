"""`navfeed check`: look for damage in the store."""

from __future__ import annotations

import sys

from navfeed.api import open_store
from navfeed.cli._app import app
from navfeed.cli._options import ConfigOption, DbOption
from navfeed.cli._output import (
    print_lines,
)
from navfeed.config import (
    load,
)
from navfeed.errors import StoreError
from navfeed.model import counted
from navfeed.text.plaintext import sanitize


@app.command()
def check(*, db: DbOption = None, config: ConfigOption = None) -> None:
    """Check the store for damage.

    Reads all of it and prints one line for each problem. Ends with 7 if there is one. May run
    during a sync.
    """
    path = load({"db": db}, config=config).db
    with open_store(path) as reader:
        problems = reader.problems()
    print_lines(map(sanitize, problems or ["ok"]))
    if problems:
        sys.stdout.flush()
        raise StoreError(
            f"{path} has {counted(len(problems), 'problem')}. Restore a backup with "
            "`navfeed restore`, or move the store away and run `navfeed sync` to "
            "rebuild it"
        )
