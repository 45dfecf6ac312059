"""Rows, and their columns by `--columns` and `--json`: the same for every command with rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from navfeed.cli._output import canvas, print_json, print_lines, program_stdout
from navfeed.cli._pager import paged
from navfeed.errors import ConfigError
from navfeed.export.choosing import pick
from navfeed.text.plaintext import cell_text, sanitize

Format = TypeVar("Format", bound=StrEnum)
Record = Mapping[str, object]

JSON = ("json", "jsonl")
"""What `--json` selects: a stream has one object a line, and no array."""


def read_json(format_: Format, columns: str | None, json_: str | None) -> tuple[Format, str | None]:
    """The format and the names of columns that the three options give. Raises `ConfigError`.

    The first member of the format's enumeration is the usual one.
    """
    if json_ is None:
        return format_, columns
    usual, *_ = type(format_)
    as_json = next(one for one in type(format_) if one in JSON)
    if columns is not None or format_ not in (usual, as_json):
        raise ConfigError("--json names format and columns: leave --format and --columns out")
    return as_json, json_


def read_columns(
    format_: Format, columns: str | None, json_: str | None, known: Collection[str]
) -> tuple[Format, tuple[str, ...] | None]:
    """The format and the columns, each of them `known`. Raises `ConfigError`."""
    format_, names = read_json(format_, columns, json_)
    return format_, None if names is None else pick(names, known)


def print_columns(columns: Sequence[str], records: Sequence[Record], format_: StrEnum) -> None:
    """Print these columns of the records as `table`, `json` or `csv`."""
    if format_ == "json":
        print_json([{name: one[name] for name in columns} for one in records])
        return
    rows = [[cell_text(one[name]) for name in columns] for one in records]
    if format_ == "csv":
        from navfeed.export.formats import write_csv

        write_csv(columns, rows, program_stdout())
    else:
        print_rows(columns, rows)


def print_record(columns: Sequence[str], record: Record, format_: StrEnum) -> None:
    """Print these columns of a record: as a table of one row, or as one JSON object."""
    if format_ == "json":
        print_json({name: record[name] for name in columns})
    else:
        print_columns(columns, [record], format_)


def print_rows(names: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """A table on a terminal, else tab-separated lines. Returns the number of rows."""
    shown = [tuple(sanitize(str(cell)) for cell in row) for row in rows]
    if shown and (on := canvas()):
        from navfeed.present.terminal import draw_rows

        with paged():
            draw_rows(canvas() or on, names, shown)  # the pager's, where there is one
    else:
        print_lines("\t".join(row) for row in shown)
    return len(shown)
