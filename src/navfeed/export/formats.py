"""The formats: JSON, one object a line, and CSV. Each takes an iterator and holds one ad at a time.

`out` takes bytes: text streams would encode as the locale says, and end lines as the system does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

Cell = str | tuple[str, ...] | None


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
    """Rows as JSON objects, a list where a column holds several values."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    return (encode(dict(zip(columns, row, strict=True))) for row in rows)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]], out: BinaryIO) -> None:
    """RFC 4180: a header, CRLF, quotes where needed; several values of a cell joined by `; `.

    A cell that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    import csv

    writer = csv.writer(_Encoding(out))
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_inert(_joined(cell)) for cell in row])


class _Encoding:
    """What `csv` writes to."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        return self._out.write(text.encode())


def _joined(cell: Cell) -> str:
    return "; ".join(cell) if isinstance(cell, tuple) else cell or ""


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
