"""The text formats: JSON, one object a line, and CSV. Each takes an iterator, and holds one ad.

`out` takes bytes: a text stream would use the locale's encoding and the system's line endings.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

DERIVED = "derived_"
"""How columns begin that are not NAV's, but read out of the text."""

Cell = str | int | float | tuple[str, ...] | None


def write_json(texts: Iterable[str], out: BinaryIO) -> None:
    """One array of JSON texts, each as it stands."""
    mark = b"[\n"
    for text in texts:
        out.write(mark + text.encode())
        mark = b",\n"
    out.write(b"[]\n" if mark == b"[\n" else b"\n]\n")


def write_jsonl(texts: Iterable[str], out: BinaryIO) -> None:
    """One JSON text a line. Line breaks in one stand between its tokens, where a space will do."""
    out.writelines(_one_line(text).encode() + b"\n" for text in texts)


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def records(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Rows as JSON objects, a list where a column holds several values.

    What is derived stands in an object of its own, `derived`, and only where it was found.
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    if any(name.startswith(DERIVED) for name in columns):
        return (encode(_record(columns, row)) for row in rows)
    return (encode(dict(zip(columns, row, strict=True))) for row in rows)


def _record(columns: Sequence[str], row: Sequence[Cell]) -> dict[str, object]:
    record: dict[str, object] = {}
    derived: dict[str, bool] = {}
    for name, cell in zip(columns, row, strict=True):
        if not name.startswith(DERIVED):
            record[name] = cell
        elif record.setdefault("derived", derived) is derived and cell:
            derived[name.removeprefix(DERIVED)] = True
    return record


@dataclass(frozen=True, slots=True)
class Dialect:
    """How csv is written.

    `inert`: a cell that a spreadsheet would run gets an apostrophe before it. `excel`: as a
    Norwegian Excel opens it by a double click, with a byte order mark, semicolons, and commas in
    numbers.
    """

    inert: bool = True
    excel: bool = False


def write_csv(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    out: BinaryIO,
    dialect: Dialect = Dialect(),
) -> None:
    """RFC 4180: a header, CRLF, quotes where needed; several values of a cell joined by `; `."""
    import csv

    if dialect.excel:
        out.write(codecs.BOM_UTF8)
    writer = csv.writer(_Encoding(out), delimiter=";" if dialect.excel else ",")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_written(cell, dialect) for cell in row])


class _Encoding:
    """What `csv` writes to."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        return self._out.write(text.encode())


def _written(cell: Cell, dialect: Dialect) -> str:
    if isinstance(cell, float) and dialect.excel:
        return str(cell).replace(".", ",")
    if isinstance(cell, int | float):
        return str(cell)  # a number, even a negative one, runs nothing
    return _inert(joined(cell)) if dialect.inert else joined(cell)


def joined(cell: str | tuple[str, ...] | None) -> str:
    """A cell as one text."""
    return "; ".join(cell) if isinstance(cell, tuple) else cell or ""


# What OWASP's "CSV injection" page names, and the same signs in full width, which Excel reads too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
