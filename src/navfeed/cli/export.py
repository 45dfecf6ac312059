"""`navfeed export`: matching ads in formats that other programs read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, refuse_unknown_places, takes_filters
from navfeed.cli._help import Panel
from navfeed.cli._options import ConfigOption, DbOption, DryRunOption, MaxAgeOption
from navfeed.cli._output import print_lines, print_warning, program_stdout
from navfeed.cli._query import open_query
from navfeed.config import refuse_store
from navfeed.errors import ConfigError
from navfeed.export.columns import chosen
from navfeed.export.formats import Dialect
from navfeed.export.writing import (
    BINARY,
    TABULAR,
    Export,
    ExportFormat,
    ExportOptions,
    TableName,
    Tick,
    export_to_file,
    export_to_folder,
    predict_export,
    write_codebook,
)
from navfeed.names import parameter_of
from navfeed.store.filters import Filters
from navfeed.store.query import Reader


@app.command()
@takes_filters
def export(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    filter_options: FilterOptions,
    format_: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="csv, xlsx, parquet: columns. json, jsonl: the ads as NAV serves them. "
            "jobposting: schema.org JSON-LD, one line per ad.",
            rich_help_panel=Panel.OUTPUT,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, or the folder with --split; replaced once complete. "
            "Default: stdout.",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Columns to write, in this order, separated by commas (csv, xlsx, parquet).",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    table: Annotated[
        TableName | None,
        typer.Option(
            metavar="TABLE",
            help="Instead of the ads, export their locations, occupations or categories, "
            "one per row; or removed: what is left of removed ads (csv, xlsx, parquet).",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The ads that were active at the end of this day (2026-05-01), removed ones too, "
            "with what is left of those (csv, xlsx, parquet).",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    codebook: Annotated[
        bool,
        typer.Option(
            "--codebook",
            help="Beside the file, FILE.datapackage.json: what each column means, and what the "
            "file was made from (csv, xlsx, parquet).",
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = False,
    split: Annotated[
        bool,
        typer.Option(
            "--split",
            help="One file per municipality; an ad with several is in each of them.",
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = False,
    excel: Annotated[
        bool,
        typer.Option(
            "--excel",
            help="csv for Norwegian Excel: byte order mark, semicolons.",
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = False,
    raw_cells: Annotated[
        bool,
        typer.Option(
            "--raw-cells",
            help="Write csv cells unchanged, even those that a spreadsheet would run as formulas.",
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = False,
    contacts: Annotated[
        bool | None,
        typer.Option(
            "--with-contacts/--without-contacts",
            help="Include the contact people that the ads name. Default: in json and jsonl only.",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    max_age: MaxAgeOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Export active ads.

    Takes the filters of `navfeed list`; without any, exports all active ads. Sorted by id, so that
    two exports can be compared line by line.
    """
    day = None if as_of is None else _read_day(as_of)
    if day:
        table = TableName.REMOVED
    _refuse_table(filter_options, table, split=split)
    _refuse_codebook(format_, output, codebook=codebook, split=split)
    options = ExportOptions(
        format_,
        _columns(format_, columns, table, contacts=contacts),
        table,
        _dialect(format_, excel=excel, raw_cells=raw_cells),
        contacts,
        day,
    )
    if output is None:
        _refuse_stdout(format_, split=split)
        if dry_run:
            raise ConfigError("--dry-run shows what --output would replace: name a file")
    with open_query(filter_options, db, config, max_age) as (reader, filters, store):
        if output is None:
            written = Export(reader, options)
            written.write(filters, program_stdout(), None)
        else:
            refuse_unknown_places(reader, filters, replaces=output.exists())
            if not split:
                refuse_store(output, store)
            if dry_run:
                print_lines([predict_export(Export(reader, options), filters, output, split=split)])
                return
            written = _to_path(reader, options, filters, output, split=split)
            if codebook:
                write_codebook(written, _by_option(filter_options), output)
    for note in written.notes():
        print_warning(note)


def _to_path(
    reader: Reader, options: ExportOptions, filters: Filters, output: Path, *, split: bool
) -> Export:
    with _progress() as tick:
        export = Export(reader, options, tick)
        (export_to_folder if split else export_to_file)(export, filters, output)
    if tick:  # somebody watches, and the bar is gone
        print_warning(f"wrote {export.summary()} to {output}")
    return export


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--as-of takes a day (2026-05-01), not {text!r}") from None


def _by_option(filter_options: FilterOptions) -> dict[str, object]:
    """The given filters, under the names of their options."""
    return {parameter_of(name): value for name, value in filter_options.given().items()}


def _columns(
    format_: ExportFormat, columns: str | None, table: TableName | None, *, contacts: bool | None
) -> tuple[str, ...]:
    if format_ in TABULAR:
        if table and contacts:
            raise ConfigError(f"the table {table.value} has no contacts. Leave --with-contacts out")
        return chosen(columns, table, contacts=contacts)
    for option, value in (("--columns", columns), ("--table", table)):
        if value is not None:
            raise ConfigError(
                f"{option} needs csv, xlsx or parquet: {format_.value} holds whole ads. For "
                "JSON with columns, use `navfeed list --format json`"
            )
    return ()


def _refuse_table(filter_options: FilterOptions, table: TableName | None, *, split: bool) -> None:
    if table is TableName.REMOVED and (split or filter_options.given()):
        raise ConfigError("--table removed and --as-of hold all ads: leave filters and --split out")


def _refuse_codebook(
    format_: ExportFormat, output: Path | None, *, codebook: bool, split: bool
) -> None:
    if codebook and (output is None or split or format_ not in TABULAR):
        raise ConfigError("--codebook describes one csv, xlsx or parquet file: name it by --output")


def _dialect(format_: ExportFormat, *, excel: bool, raw_cells: bool) -> Dialect:
    for option, given in (("--excel", excel), ("--raw-cells", raw_cells)):
        if given and format_ is not ExportFormat.CSV:
            raise ConfigError(f"{option} is for csv, not for {format_.value}")
    return Dialect(inert=not raw_cells, excel=excel)


def _refuse_stdout(format_: ExportFormat, *, split: bool) -> None:
    if split:
        raise ConfigError("--split writes a folder of files: name it with --output")
    if format_ in BINARY:
        raise ConfigError(f"{format_.value} needs a file: name it with --output")


@contextmanager
def _progress() -> Iterator[Tick | None]:
    """A progress bar on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from navfeed.present.progress import choose_count

    with choose_count("ad", "ads", quiet=False) as tick:
        yield tick
