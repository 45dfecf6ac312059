"""Ads out of a store into one file, a folder of files, or stdout, in any of the formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeVar

from navfeed.export.codebook import Missing
from navfeed.export.formats import Cell, Dialect, write_csv, write_json, write_jsonl
from navfeed.model import counted
from navfeed.store.filters import Filters, Within
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


TABULAR = frozenset({ExportFormat.CSV, ExportFormat.XLSX, ExportFormat.PARQUET})
"""Formats of rows and columns; the others hold whole ads."""

BINARY = frozenset({ExportFormat.XLSX, ExportFormat.PARQUET})

_SUFFIXES = {ExportFormat.JOBPOSTING: "jsonl"}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How ads are written. `contacts` None: the format's default.

    `as_of`, with `TableName.REMOVED`: all ads that were active at the end of this day in Oslo.
    """

    format: ExportFormat
    columns: tuple[str, ...]
    table: TableName | None
    dialect: Dialect
    contacts: bool | None
    as_of: date | None = None


Tick = Callable[[int, int], None]
"""Takes the rows written so far and their total."""

_TICK_EVERY = 100


@dataclass(slots=True)
class Export:
    """Writes ads, and counts the rows, the texts it cut and the ads it left out."""

    reader: Reader
    options: ExportOptions
    tick: Tick | None = None
    total: int = 0
    done: int = 0
    cut: int = 0
    left_out: int = 0
    missing: Missing | None = None

    def write(self, filters: Filters, out: BinaryIO, path: Path | None) -> int:
        """Write the ads that match; return the number of rows.

        Temporary files go beside `path`, which xlsx needs.
        """
        before = self.done
        match self.options.format:
            case ExportFormat.CSV:
                write_csv(self.options.columns, self._rows(filters), out, self.options.dialect)
            case ExportFormat.XLSX:
                self._write_xlsx(filters, out, path)
            case ExportFormat.PARQUET:
                from navfeed.export.parquet import write_parquet

                write_parquet(self.options.columns, self._rows(filters), out)
            case ExportFormat.JSON:
                write_json(self._texts(filters), out)
            case ExportFormat.JSONL:
                write_jsonl(self._texts(filters), out)
            case ExportFormat.JOBPOSTING:
                self._write_postings(filters, out)
        return self.done - before

    def notes(self) -> Iterator[str]:
        """What the reader of the export has to know about it."""
        if self.cut:
            texts = counted(self.cut, "text")
            yield f"{texts} cut at 32,767 characters, Excel's limit for a cell"
        if self.left_out:
            yield f"{counted(self.left_out, 'ad')} left out: a JobPosting needs {_REQUIRED}"

    def summary(self) -> str:
        return counted(self.done, _UNITS.get(self.options.format, "row"))

    def _write_xlsx(self, filters: Filters, out: BinaryIO, path: Path | None) -> None:
        from navfeed.export.xlsx import write_xlsx
        from navfeed.files import workroom

        assert path is not None  # noqa: S101  the command refuses xlsx on stdout
        with workroom(path) as room:
            self.cut += write_xlsx(self.options.columns, self._rows(filters), out, room)

    def _write_postings(self, filters: Filters, out: BinaryIO) -> None:
        from navfeed.export.jobposting import Postings

        ads = self.reader.ads(filters)
        postings = Postings(ads, contacts=bool(self.options.contacts))
        write_jsonl(self._counted(postings), out)
        self.left_out += postings.left_out

    def _rows(self, filters: Filters) -> Iterator[tuple[Cell, ...]]:
        self.missing = Missing(self.options.columns)
        return self.missing.watch(self._cells(filters))

    def _cells(self, filters: Filters) -> Iterator[tuple[Cell, ...]]:
        columns = self.options.columns
        if self.options.table is TableName.REMOVED:
            return self._counted(self._removed())
        if self.options.table:
            return self._counted(self.reader.children(self.options.table, columns, filters))
        return self._counted(self.reader.rows(columns, filters))

    def _removed(self) -> Iterator[tuple[Cell, ...]]:
        """What is left of removed ads; with a day, of all ads that were active at its end."""
        from navfeed.store.masks import active_on, masks

        reader, columns, day = self.reader, self.options.columns, self.options.as_of
        if day is None:
            return masks(reader.path, reader.today, columns)
        return active_on(reader.path, reader.today, day, columns)

    def _texts(self, filters: Filters) -> Iterator[str]:
        texts = self._counted(self.reader.iter_raw(filters))
        if self.options.contacts is not False:
            return texts
        return map(drop_contacts, texts)

    def _counted(self, items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            self.done += 1
            if self.tick and self.done % _TICK_EVERY == 0:
                self.tick(self.done, self.total)
            yield item


_UNITS = dict.fromkeys((ExportFormat.JSON, ExportFormat.JSONL, ExportFormat.JOBPOSTING), "ad")
_REQUIRED = "a title, a text, a day of publication, an employer and a place with its country"


def export_to_file(export: Export, filters: Filters, output: Path) -> None:
    """Write one file, which takes the place of `output` when it is complete."""
    from navfeed.files import replaced

    export.total = export.reader.count(filters) if export.tick else 0
    with replaced(output) as out:
        export.write(filters, out, output)


def predict_export(export: Export, filters: Filters, output: Path, *, split: bool) -> str:
    """What an export to `output` would do. Raises `ConfigError` where the export would."""
    from navfeed.export.split import is_split
    from navfeed.files import check_replaceable

    check_replaceable(output, is_split if split else None)
    verb = "replace" if output.exists() else "write"
    kind = f"{export.options.format.value} files" if split else export.options.format.value
    return f"would {verb} {output} with {kind}: {_contents(export, filters)}"


def _contents(export: Export, filters: Filters) -> str:
    match export.options:
        case ExportOptions(as_of=date() as day):
            return f"the ads that were active at the end of {day}"
        case ExportOptions(table=TableName.REMOVED):
            return "what is left of removed ads"
        case ExportOptions(table=table):
            ads = counted(export.reader.count(filters), "active ad")
            return ads if table is None else f"the {table.value} of {ads}"


def write_codebook(export: Export, filters: Mapping[str, object], output: Path) -> None:
    """Put the description of the written `output` beside it; `filters` are those of its ads."""
    from navfeed.export.codebook import ENDING, Origin, package, package_text
    from navfeed.export.columns import EXPORTED, OF_TABLES, ON_REQUEST
    from navfeed.files import replaced

    reader, table, made_at = export.reader, export.options.table, datetime.now(UTC)
    cursor = reader.cursor()
    known_since, until = reader.complete_days(reader.today)
    origin = Origin(
        store=cursor.store,
        change=cursor.number,
        data_as_of=reader.caught_up_at(),
        known_since=known_since,
        until=until,
        waiting=reader.left_out(made_at),
        made_at=made_at,
        filters=filters,
        table=table or "ads",
    )
    meanings = {**EXPORTED, **ON_REQUEST} if table is None else OF_TABLES[table]
    assert export.missing is not None  # noqa: S101  rows were written
    descriptor = package(output, export.options.format, meanings, export.missing, origin)
    with replaced(output.with_name(output.name + ENDING)) as out:
        out.write(package_text(descriptor).encode())


def export_to_folder(export: Export, filters: Filters, output: Path) -> None:
    """Write a file for each municipality into a folder that takes the place of `output`."""
    from navfeed.export.split import is_split, write_split
    from navfeed.files import replaced_folder

    files, export.total = _files(export.reader, filters)
    suffix = _SUFFIXES.get(export.options.format, export.options.format.value)
    with replaced_folder(output, is_split) as folder:

        def write(municipalities: list[str], out: BinaryIO) -> int:
            named = tuple(filter(None, municipalities))
            within = replace(filters, within=Within(named, nowhere="" in municipalities))
            return export.write(within, out, folder / "ads")

        write_split(folder, suffix, files, write)


def _files(reader: Reader, filters: Filters) -> tuple[dict[str, list[str]], int]:
    """The municipalities of each file, and the number of ads in all files together."""
    from navfeed.export.split import NOWHERE, files_of

    names: set[str] = set()
    total = nowhere = 0
    for (places,) in reader.rows(("municipalities",), filters):
        names.update(places or ())
        total += len(places or ()) or 1
        nowhere += not places
    return files_of(names) | ({NOWHERE: [""]} if nowhere else {}), total
