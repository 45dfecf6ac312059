"""xlsx: one sheet, a fixed header, every text a text, row by row to disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from navfeed.errors import ConfigError
from navfeed.export.formats import Cell, joined
from navfeed.extras import require_extra

MOST_ROWS = 1_048_575
"""Excel's own limit, the header aside."""

_NO_TIME = datetime(1980, 1, 1)  # noqa: DTZ001  equal data is an equal file, whenever written

_CUT = -2  # what XlsxWriter answers for a text above 32,767 characters, Excel's limit for a cell


def write_xlsx(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], out: BinaryIO, folder: Path
) -> int:
    """Write a workbook; what it is put together from lies in `folder` meanwhile.

    Answers how many texts had to be cut at Excel's 32,767 characters. Raises `ConfigError` where
    the rows are more than a sheet can hold, or XlsxWriter is missing.
    """
    xlsxwriter = require_extra("xlsxwriter", "xlsx")
    book = xlsxwriter.Workbook(_Sink(out), {"constant_memory": True, "tmpdir": str(folder)})
    book.set_properties({"created": _NO_TIME})
    sheet = book.add_worksheet("ads")
    sheet.freeze_panes(1, 0)
    try:
        bold = book.add_format({"bold": True})
        for column, name in enumerate(columns):
            sheet.write_string(0, column, name, bold)
        cut = _write_rows(sheet, rows)
    except BaseException:
        sheet.row_data_fh.close()  # only a book that is completed closes it
        raise
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise ConfigError(f"cannot write the workbook: {error}") from error
    return cut


class _Sink:
    """Where the book goes. After a write failed it takes the rest, and drops it.

    A zip file that is given up still writes its end, and would fail where nobody can catch it.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._failed = False

    def write(self, data: bytes) -> int:
        if self._failed:
            return len(data)
        try:
            return self._out.write(data)
        except OSError:
            self._failed = True
            raise

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all else is the file's own
        return getattr(self._out, name)


def _write_rows(sheet: Any, rows: Iterable[Sequence[Cell]]) -> int:  # noqa: ANN401  untyped
    cut = 0
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise ConfigError(
                f"a sheet holds at most {MOST_ROWS:,} rows. Filter, --split, or use csv or parquet"
            )
        cut += sum(_write(sheet, number, column, cell) == _CUT for column, cell in enumerate(row))
    return cut


def _write(sheet: Any, row: int, column: int, cell: Cell) -> object:  # noqa: ANN401
    """Never as a formula or a link, whatever it begins with."""
    if isinstance(cell, int | float):
        return sheet.write_number(row, column, cell)
    text = joined(cell)
    return sheet.write_string(row, column, text) if text else 0
