"""`navfeed export`: the ads asked for, written out in the formats that other programs read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import typer

from navfeed.cli.age import MaxAgeOption
from navfeed.cli.app import ConfigOption, DbOption, app
from navfeed.cli.codebook import given_filters, read_day, removed_rows, write_codebook
from navfeed.cli.filters import FilterOptions, takes_filters
from navfeed.cli.output import print_warning, program_stdout
from navfeed.cli.question import open_query
from navfeed.config import refuse_store
from navfeed.errors import ConfigError
from navfeed.export.codebook import Missing
from navfeed.export.columns import chosen
from navfeed.export.formats import Cell, Dialect, write_csv, write_json, write_jsonl
from navfeed.model import counted
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.wire.rewrite import drop_contacts

Item = TypeVar("Item")


class ExportFormat(StrEnum):
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"
    JOBPOSTING = "jobposting"


class TableName(StrEnum):
    LOCATIONS = "locations"
    OCCUPATIONS = "occupations"
    CATEGORIES = "categories"
    REMOVED = "removed"


_TABLES = {ExportFormat.CSV, ExportFormat.XLSX, ExportFormat.PARQUET}
_BINARY = {ExportFormat.XLSX, ExportFormat.PARQUET}
_ENDINGS = {ExportFormat.JOBPOSTING: "jsonl"}


@app.command()
@takes_filters
def export(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    asked: FilterOptions,
    format_: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="csv, xlsx, parquet: columns. json, jsonl: the ads as NAV served them. "
            "jobposting: schema.org's JSON-LD, a line an ad.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, or the folder with --split; it is replaced when all is "
            "written. Default: stdout.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="These columns, in this order, with commas between them (csv, xlsx, parquet).",
            show_default=False,
        ),
    ] = None,
    table: Annotated[
        TableName | None,
        typer.Option(
            metavar="TABLE",
            help="Instead of the ads, what they have several of: locations, occupations or "
            "categories, a row each; or removed: what is left of removed ads (csv, xlsx, parquet).",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The ads that were active at the end of this day (2026-05-01), removed ones too, "
            "with what is left of those (csv, xlsx, parquet).",
            show_default=False,
        ),
    ] = None,
    codebook: Annotated[
        bool,
        typer.Option(
            "--codebook",
            help="Beside the file, FILE.datapackage.json: what each column means, and what the "
            "file was made from (csv, xlsx, parquet).",
        ),
    ] = False,
    split: Annotated[
        bool,
        typer.Option(
            "--split", help="One file a municipality; an ad with several is in each of theirs."
        ),
    ] = False,
    excel: Annotated[
        bool,
        typer.Option(
            "--excel", help="csv as Norwegian Excel opens it: byte order mark, semicolons."
        ),
    ] = False,
    raw_cells: Annotated[
        bool,
        typer.Option(
            "--raw-cells",
            help="Leave csv cells as they are, also those that a spreadsheet would run.",
        ),
    ] = False,
    contacts: Annotated[
        bool | None,
        typer.Option(
            "--with-contacts/--without-contacts",
            help="The people whom the ads name to be asked. Default: in json and jsonl, which are "
            "what NAV served, not in the others.",
            show_default=False,
        ),
    ] = None,
    max_age: MaxAgeOption = None,
) -> None:
    """Export active ads.

    All of them, or those that the filters leave. The filters are those of `navfeed list`, and
    mean the same. The order is that of the ids, so that two exports can be compared line by
    line.
    """
    day = None if as_of is None else read_day(as_of)
    if day:
        table = TableName.REMOVED
    _refuse_table(asked, table, split=split)
    _refuse_codebook(format_, output, codebook=codebook, split=split)
    wanted = Wanted(
        format_,
        _columns(format_, columns, table, contacts=contacts),
        table.value if table else None,
        _dialect(format_, excel=excel, raw_cells=raw_cells),
        contacts,
        day,
    )
    if output is None:
        _refuse_stdout(format_, split=split)
    with open_query(asked, db, config, max_age) as (reader, filters, store):
        if output is None:
            Writing(reader, wanted).write(filters, program_stdout(), None)
        elif split:
            _split(reader, wanted, filters, output)
        else:
            refuse_store(output, store)
            writing = _to_file(reader, wanted, filters, output)
            if codebook:
                table_name, name = wanted.table, wanted.format.value
                write_codebook(reader, asked, writing, output, table=table_name, format_=name)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How ads are to be written. `contacts` None: as the format has it by itself."""

    format: ExportFormat
    columns: tuple[str, ...]
    table: str | None
    dialect: Dialect
    contacts: bool | None
    as_of: date | None = None


def _columns(
    format_: ExportFormat, columns: str | None, table: TableName | None, *, contacts: bool | None
) -> tuple[str, ...]:
    if format_ in _TABLES:
        if table and contacts:
            raise ConfigError(f"the table {table.value} has no contacts. Leave --with-contacts out")
        return chosen(columns, table.value if table else None, contacts=contacts)
    for option, value in (("--columns", columns), ("--table", table)):
        if value is not None:
            raise ConfigError(
                f"{option} is for csv, xlsx and parquet: {format_.value} holds whole ads. "
                "`navfeed list --format json` gives columns"
            )
    return ()


def _refuse_table(asked: FilterOptions, table: TableName | None, *, split: bool) -> None:
    if table is TableName.REMOVED and (split or given_filters(asked)):
        raise ConfigError("--table removed and --as-of hold all ads: leave filters and --split out")


def _refuse_codebook(
    format_: ExportFormat, output: Path | None, *, codebook: bool, split: bool
) -> None:
    if codebook and (output is None or split or format_ not in _TABLES):
        raise ConfigError("--codebook describes one csv, xlsx or parquet file: name it by --output")


def _dialect(format_: ExportFormat, *, excel: bool, raw_cells: bool) -> Dialect:
    for option, given in (("--excel", excel), ("--raw-cells", raw_cells)):
        if given and format_ is not ExportFormat.CSV:
            raise ConfigError(f"{option} is for csv, not for {format_.value}")
    return Dialect(inert=not raw_cells, excel=excel)


def _refuse_stdout(format_: ExportFormat, *, split: bool) -> None:
    if split:
        raise ConfigError("--split writes a folder of files: name it with --output")
    if format_ in _BINARY:
        raise ConfigError(f"{format_.value} goes to a file: name it with --output")


def _to_file(reader: Reader, wanted: Wanted, filters: Filters, output: Path) -> Writing:
    from navfeed.files import replaced

    with replaced(output) as out, _shown() as tick:
        writing = Writing(reader, wanted, tick, reader.count(filters) if tick else 0)
        writing.write(filters, out, output)
    writing.tell(output)
    return writing


def _split(reader: Reader, wanted: Wanted, filters: Filters, output: Path) -> None:
    from navfeed.export.split import is_split, write_split
    from navfeed.files import replaced_folder

    files, total = _files(reader, filters)
    ending = _ENDINGS.get(wanted.format, wanted.format.value)
    with replaced_folder(output, is_split) as folder, _shown() as tick:
        writing = Writing(reader, wanted, tick, total)

        def write(municipals: list[str], out: BinaryIO) -> int:
            within = replace(filters, within=tuple(municipals))
            return writing.write(within, out, folder / "ads")

        write_split(folder, ending, files, write)
    writing.tell(output)


def _files(reader: Reader, filters: Filters) -> tuple[dict[str, list[str]], int]:
    """Each file's municipalities, and how many ads go into all files together."""
    from navfeed.export.split import NOWHERE, files_of

    names: set[str] = set()
    total = nowhere = 0
    for (places,) in reader.rows(("municipals",), filters):
        names.update(places or ())
        total += len(places or ()) or 1
        nowhere += not places
    return files_of(names) | ({NOWHERE: [""]} if nowhere else {}), total


Tick = Callable[[int, int], None]


@contextmanager
def _shown() -> Iterator[Tick | None]:
    """A bar on a terminal. None elsewhere: who waits for a file is told nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from navfeed.present.progress import choose_count

    with choose_count("ad", "ads", quiet=False) as tick:
        yield tick


_TICK_EVERY = 100


@dataclass(slots=True)
class Writing:
    """Writes what is wanted, and keeps count: of rows for the bar, of what people must be told."""

    reader: Reader
    wanted: Wanted
    tick: Tick | None = None
    total: int = 0
    done: int = 0
    cut: int = 0
    left_out: int = 0
    missing: Missing | None = None

    def write(self, filters: Filters, out: BinaryIO, place: Path | None) -> int:
        """Write the ads of `filters`; answer how many rows. Beside `place` there is room."""
        before = self.done
        match self.wanted.format:
            case ExportFormat.CSV:
                write_csv(self.wanted.columns, self._rows(filters), out, self.wanted.dialect)
            case ExportFormat.XLSX:
                self._write_xlsx(filters, out, place)
            case ExportFormat.PARQUET:
                from navfeed.export.parquet import write_parquet

                write_parquet(self.wanted.columns, self._rows(filters), out)
            case ExportFormat.JSON:
                write_json(self._texts(filters), out)
            case ExportFormat.JSONL:
                write_jsonl(self._texts(filters), out)
            case ExportFormat.JOBPOSTING:
                self._write_postings(filters, out)
        return self.done - before

    def tell(self, output: Path) -> None:
        if self.tick:  # somebody looks on, and the bar is gone
            one = _WRITTEN.get(self.wanted.format, "row")
            print_warning(f"wrote {counted(self.done, one)} to {output}")
        if self.cut:
            texts = counted(self.cut, "text")
            print_warning(f"{texts} cut at 32,767 characters, Excel's limit for a cell")
        if self.left_out:
            print_warning(
                f"{counted(self.left_out, 'ad')} left out: a JobPosting needs {_REQUIRED}"
            )

    def _write_xlsx(self, filters: Filters, out: BinaryIO, place: Path | None) -> None:
        from navfeed.export.xlsx import write_xlsx
        from navfeed.files import workroom

        assert place is not None  # noqa: S101  `_refuse_stdout`
        with workroom(place) as room:
            self.cut += write_xlsx(self.wanted.columns, self._rows(filters), out, room)

    def _write_postings(self, filters: Filters, out: BinaryIO) -> None:
        from navfeed.export.jobposting import Postings

        ads = self.reader.ads(filters)
        postings = Postings(ads, contacts=bool(self.wanted.contacts))
        write_jsonl(self._counted(postings), out)
        self.left_out += postings.left_out

    def _rows(self, filters: Filters) -> Iterator[tuple[Cell, ...]]:
        self.missing = Missing(self.wanted.columns)
        return self.missing.watch(self._cells(filters))

    def _cells(self, filters: Filters) -> Iterator[tuple[Cell, ...]]:
        columns = self.wanted.columns
        if self.wanted.table == TableName.REMOVED:
            return self._counted(removed_rows(self.reader, self.wanted.as_of, columns))
        if self.wanted.table:
            return self._counted(self.reader.children(self.wanted.table, columns, filters))
        return self._counted(self.reader.rows(columns, filters))

    def _texts(self, filters: Filters) -> Iterator[str]:
        texts = self._counted(self.reader.contents(filters))
        if self.wanted.contacts is not False:
            return texts
        return map(drop_contacts, texts)

    def _counted(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            self.done += 1
            if self.tick and self.done % _TICK_EVERY == 0:
                self.tick(self.done, self.total)
            yield item


_WRITTEN = dict.fromkeys((ExportFormat.JSON, ExportFormat.JSONL, ExportFormat.JOBPOSTING), "ad")
_REQUIRED = "a title, a text, a day of publication, an employer and a place with its country"
