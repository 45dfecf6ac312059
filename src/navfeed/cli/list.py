"""`navfeed list`: query the store.

Imports no rich unless it draws on a terminal, and nothing that only a sync needs: people wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, takes_filters
from navfeed.cli._help import Panel
from navfeed.cli._options import (
    OF_ADS,
    ColorOption,
    ConfigOption,
    DbOption,
    JsonOption,
    MaxAgeOption,
    NoPagerOption,
    WithContactsOption,
    columns_of,
)
from navfeed.cli._output import Color, canvas, print_lines, print_warning, program_stdout
from navfeed.cli._pager import paged
from navfeed.cli._query import open_query
from navfeed.cli._rows import print_rows, read_json
from navfeed.export.columns import LIST_FIELDS, chosen
from navfeed.export.listing import ListFormat, Listing, default_sort, write_rows
from navfeed.model import counted
from navfeed.present.words import DUE, LIST_HEADINGS, LISTED, joined, listed, marked, pieces
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Cell, Sort

if TYPE_CHECKING:
    from navfeed.present.terminal import Canvas

ROWS_ON_TERMINAL = 50
"""Rows of a table without --limit."""


@app.command("list")
@takes_filters
def list_ads(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    filter_options: FilterOptions,
    sort: Annotated[
        Sort | None,
        typer.Option(
            metavar="ORDER",
            help=f"Sort by {', '.join(Sort)}. Default: relevance with --text or --title, due "
            "with --closing-soon, else published.",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Maximum number of ads. Default: {ROWS_ON_TERMINAL} on a terminal, else all.",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    offset: Annotated[
        int,
        typer.Option(
            min=0, help="Skip this many ads.", show_default=False, rich_help_panel=Panel.OUTPUT
        ),
    ] = 0,
    snippets: Annotated[
        bool | None,
        typer.Option(
            "--snippets/--no-snippets",
            help="Show where --text matches in each ad. Default: on a terminal only.",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    format_: Annotated[
        ListFormat,
        typer.Option(
            "--format", help="table: tab-separated in a pipe.", rich_help_panel=Panel.OUTPUT
        ),
    ] = ListFormat.TABLE,
    columns: Annotated[str | None, columns_of(OF_ADS)] = None,
    json_: JsonOption = None,
    with_contacts: WithContactsOption = False,
    saved: Annotated[
        bool,
        typer.Option(
            "--saved", help="Only ads you saved, with your notes.", rich_help_panel=Panel.WHAT
        ),
    ] = False,
    applied: Annotated[
        bool,
        typer.Option(
            "--applied",
            help="Only ads you applied for, with your notes.",
            rich_help_panel=Panel.WHAT,
        ),
    ] = False,
    ignored: Annotated[
        bool,
        typer.Option(
            "--ignored", help="Only ads you hid, with your notes.", rich_help_panel=Panel.WHAT
        ),
    ] = False,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """List the active ads.

    An ad must match every filter. A filter given several times matches any of its values, --text
    all of its words. `!` before a name excludes it, `*` after it matches every name that begins
    with it; separate places, numbers and sources by commas. Case does not matter.
    """
    given = {"saved": saved, "applied": applied, "ignored": ignored}
    marks = tuple(mark for mark, is_given in given.items() if is_given)
    format_, columns = read_json(format_, columns, json_)
    named = None if columns is None else chosen(columns, None, contacts=None)
    with open_query(filter_options, db, config, max_age) as (reader, filters, store):
        meant, notes = _marked_ads(reader, filters, store, marks) if marks else (filters, None)
        listing = Listing(
            meant,
            sort or default_sort(filters),
            limit,
            offset,
            with_contacts=with_contacts,
            snippets=snippets,
            notes=notes,
            columns=named,
        )
        _list(reader, listing, format_)


def _marked_ads(
    reader: Reader, filters: Filters, store: Path, marks: Sequence[str]
) -> tuple[Filters, Mapping[str, str]]:
    from navfeed.cli._triage import only_marked

    return only_marked(reader, filters, store, marks)


def _print_table(reader: Reader, listing: Listing) -> None:
    if listing.columns is not None:
        rows = _marked(listing, reader, listing.columns)
        shown = print_rows(listing.names(listing.columns), map(joined, rows))
    elif on := canvas():
        shown = _draw(on, reader, listing)
    else:
        columns, _ = _columns(listing)
        shown = print_lines("\t".join(listed(row)) for row in _marked(listing, reader, columns))
    if not shown and not listing.offset:
        print_warning(f"no matching ads ({reader.count(Filters()):,} searched)")


def _columns(listing: Listing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a list for people, with their headings; includes those sorted by."""
    if listing.sort is not Sort.DUE:
        return LISTED, LIST_HEADINGS
    column, name = DUE
    return (*LISTED, column), (*LIST_HEADINGS, name)


def _draw(on: Canvas, reader: Reader, listing: Listing) -> int:
    columns, names = _columns(listing)
    if listing.snippets is None:
        listing = replace(listing, snippets=bool(listing.filters.text))
    if ads := list(listing.rows(reader, columns, ROWS_ON_TERMINAL)):
        from navfeed.present.terminal import draw_found, draw_list

        with paged():
            on = canvas() or on  # the pager's, where there is one
            if listing.snippets:
                found = ((listed(ad[:-1]), pieces(str(ad[-1]))) for ad in ads)
                draw_found(on, found, listing.names(names))
            else:
                draw_list(on, map(listed, ads), listing.names(names))
    more = reader.count(listing.filters) - listing.offset if listing.limit is None else 0
    if more > len(ads):
        print_warning(f"{len(ads)} of {counted(more, 'ad')} shown; --limit {more} shows all")
    return len(ads)


def _marked(listing: Listing, reader: Reader, columns: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    """Rows without colours: matches are put between asterisks."""
    rows = listing.rows(reader, columns)
    return ((*row[:-1], marked(str(row[-1]))) for row in rows) if listing.snippets else rows


def _list(reader: Reader, listing: Listing, format_: ListFormat) -> None:
    if listing.offset and (there := reader.count(listing.filters)) <= listing.offset:
        print_warning(f"--offset {listing.offset} is past the end: {counted(there, 'ad')} found")
    if format_ is ListFormat.TABLE:
        _print_table(reader, listing)
    else:
        columns = LIST_FIELDS if listing.columns is None else listing.columns
        write_rows(
            listing.names(columns), _marked(listing, reader, columns), format_, program_stdout()
        )
