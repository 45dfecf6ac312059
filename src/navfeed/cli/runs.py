"""`navfeed runs`: the history of syncs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from navfeed.api import open_store, state_of
from navfeed.cli._app import app
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    JsonOption,
    NoPagerOption,
    RowsOption,
    columns_of,
)
from navfeed.cli._output import Color, RowsFormat, print_json
from navfeed.cli._rows import print_columns, print_rows, read_columns
from navfeed.config import load
from navfeed.model import RunFacts, RunState
from navfeed.ops.status import run_object
from navfeed.present.words import RUN_HEADINGS, run_row

FIELDS = ("run", "state", "started_at", "ended_at", "exit_code", "outcome", "counts")


@app.command()
def runs(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of runs.")] = 20,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only failed runs: exit code other than 0, 3 and 4.")
    ] = False,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*FIELDS)] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show sync history.

    Newest first: start, result and counts. The store keeps the last 10,000 runs: two weeks of a
    service, or seven months of a run every half hour.
    """
    format_, chosen = read_columns(format_, columns, json_, FIELDS)
    path = load({"db": db}, config=config).db
    with open_store(path) as reader:
        found = reader.runs(limit, failed=failed)
    listed = [(run, _state_in_list(path, run, newest=not at)) for at, run in enumerate(found)]
    objects = [{"run": run.id, **run_object(run, state)} for run, state in listed]
    if chosen is not None:
        print_columns(chosen, objects, format_)
    elif format_ is RowsFormat.JSON:
        print_json(objects)
    else:
        print_rows(RUN_HEADINGS, [run_row(run, state) for run, state in listed])


def _state_in_list(db: Path, run: RunFacts, *, newest: bool) -> RunState:
    """There is one sync at a time: an older one without an end can only have been killed."""
    return RunState.KILLED if run.exit_code is None and not newest else state_of(db, run)
