"""`navfeed changes`: what happened to the ads since a place, for programs that keep up."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from navfeed.api import now, open_store
from navfeed.changes.lines import FIELDS
from navfeed.changes.writer import ChangesFormat, ChangeWriter, cursor_in
from navfeed.cli._age import limits
from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, suggest_values, takes_filters
from navfeed.cli._help import Panel
from navfeed.cli._options import (
    ConfigOption,
    DbOption,
    JsonOption,
    WithContactsOption,
    columns_of,
)
from navfeed.cli._output import program_stdout
from navfeed.cli._rows import read_columns
from navfeed.config import load, refuse_store
from navfeed.errors import ConfigError
from navfeed.model import Cursor, read_cursor
from navfeed.push.targets import selection_of


@app.command()
@takes_filters
def changes(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    filter_options: FilterOptions,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="CURSOR",
            help="Write the changes after this cursor. Default: all that are kept.",
            show_default=False,
        ),
    ] = None,
    cursor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Continue from the cursor in this file, and update it; created if missing. "
            "Use one per consumer and set of filters.",
            show_default=False,
        ),
    ] = None,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Start with every active ad, as kind snapshot.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep writing changes until stopped.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of changes.", show_default=False)
    ] = None,
    no_content: Annotated[
        bool,
        typer.Option(
            "--no-content", help="Leave out the content of the ads.", rich_help_panel=Panel.OUTPUT
        ),
    ] = False,
    with_contacts: WithContactsOption = False,
    format_: Annotated[
        ChangesFormat | None,
        typer.Option(
            "--format",
            help="cloudevents: one event per line. bulk: input for _bulk of OpenSearch and "
            "Elasticsearch. Default: jsonl; table with --columns.",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    columns: Annotated[str | None, columns_of(*FIELDS)] = None,
    json_: JsonOption = None,
) -> None:
    """Write what changed, for other programs.

    Writes a line for each ad that was added, updated, removed, or that expired. A program that
    applies the lines in order has the active ads. The last line, of kind caught_up, holds the
    cursor to continue from. With filters, an ad that no longer matches counts as removed.

    Ends with 10 if the cursor cannot be continued without a gap, or the file was written with other
    filters: take a --snapshot then.
    """
    if cursor is not None and after is not None:
        raise ConfigError("--after and --cursor exclude each other")
    if snapshot and (after is not None or limit is not None):
        raise ConfigError("--snapshot excludes --after and --limit")
    format_, chosen = _format(format_, columns, json_)
    settings = load({"db": db}, config=config)
    if cursor is not None:
        refuse_store(cursor, settings.db)
    selection = selection_of(filter_options.given())
    start = cursor_in(cursor, selection) if cursor and not snapshot else _cursor(after)
    with open_store(settings.db) as reader:
        limits(settings, None).check(reader.caught_up_at(), now())
        suggest_values(reader, filter_options.filters(now()))
    from navfeed.changes.stream import Source

    source = Source(
        open=partial(open_store, settings.db),
        filters=lambda: filter_options.filters(now()),
        content=not no_content and "content" in (chosen or FIELDS),
    )
    writer = ChangeWriter(
        format_, source, program_stdout(), cursor, selection, with_contacts, now, chosen
    )
    position = writer.snapshot() if snapshot else writer.catch_up(start, limit)
    if follow:
        writer.follow(position, limit)


def _format(
    format_: ChangesFormat | None, columns: str | None, json_: str | None
) -> tuple[ChangesFormat, tuple[str, ...] | None]:
    """The format, and the columns that were chosen. Raises `ConfigError`."""
    usual = ChangesFormat.JSONL if columns is None else ChangesFormat.TABLE
    format_, chosen = read_columns(format_ or usual, columns, json_, FIELDS)
    if chosen is not None and format_ in (ChangesFormat.CLOUDEVENTS, ChangesFormat.BULK):
        raise ConfigError(f"--columns chooses columns of table and jsonl, not of {format_.value}")
    return format_, chosen


def _cursor(text: str | None) -> Cursor | None:
    try:
        return None if text is None else read_cursor(text)
    except ValueError:
        raise ConfigError(f"--after takes a cursor from `navfeed changes`, not {text!r}") from None
