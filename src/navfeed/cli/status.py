"""`navfeed status`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from navfeed.api import state_of
from navfeed.cli._age import Limits, limits
from navfeed.cli._app import app
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    JsonOption,
    MaxAgeOption,
    NoPagerOption,
    columns_of,
)
from navfeed.cli._output import Color, print_json, print_lines
from navfeed.cli._pager import paged
from navfeed.cli._rows import print_record, read_columns
from navfeed.config import load
from navfeed.model import (
    oslo_day,
)
from navfeed.ops.status import STATUS_FIELDS, status_object
from navfeed.present.words import status_page
from navfeed.store.query import Reader


class StatusFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def status(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    format_: Annotated[
        StatusFormat, typer.Option("--format", help="json: one object.")
    ] = StatusFormat.TEXT,
    columns: Annotated[str | None, columns_of(*STATUS_FIELDS)] = None,
    json_: JsonOption = None,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show the state of the store.

    Shows its ads, the age of the data, the last sync and the token. With --max-age, ends with 8 if
    the data is older.
    """
    format_, chosen = read_columns(format_, columns, json_, STATUS_FIELDS)
    now = datetime.now(UTC)
    settings = load({"db": db}, config=config)
    refuse = limits(settings, max_age).refuse
    with Reader(settings.db, oslo_day(now)) as reader:
        facts = reader.status(now)
    state = state_of(settings.db, facts.last_run)
    if chosen is not None:
        print_record(chosen, status_object(facts, now, state), format_)
    elif format_ is StatusFormat.JSON:
        print_json(status_object(facts, now, state))
    else:
        with paged():
            print_lines(status_page(facts, now, state))
    sys.stdout.flush()
    Limits(refuse=refuse).check(facts.caught_up_at, now)
