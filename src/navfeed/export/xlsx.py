"""xlsx: one sheet, a fixed header, every text a text, row by row to disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from navfeed.errors import ConfigError
from navfeed.export.extras import needed
from navfeed.export.formats import Cell, joined

MOST_ROWS = 1_048_575
"""Excel's own limit, the header aside."""

_CUT = -2  # what XlsxWriter answers for a text above 32,767 characters, Excel's limit for a cell


def write_xlsx(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], out: BinaryIO, folder: Path
) -> int:
    """Write a workbook; what it is put together from lies in `folder` meanwhile.

    Answers how many texts had to be cut at Excel's 32,767 characters. Raises `ConfigError` where
    the rows are more than a sheet can hold, or XlsxWriter is missing.
    """
    xlsxwriter = needed("xlsxwriter", "xlsx")
    options = {"constant_memory": True, "tmpdir": str(folder)}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet("ads")
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for column, name in enumerate(columns):
        sheet.write_string(0, column, name, bold)
    cut = 0
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise ConfigError(
                f"a sheet holds {MOST_ROWS:,} rows at most. Ask for fewer, --split them, "
                "or take csv or parquet"
            )
        cut += sum(_write(sheet, number, column, cell) == _CUT for column, cell in enumerate(row))
    book.close()
    return cut


def _write(sheet: object, row: int, column: int, cell: Cell) -> object:
    """Never as a formula or a link, whatever it begins with."""
    if isinstance(cell, int | float):
        return sheet.write_number(row, column, cell)  # type: ignore[attr-defined]
    text = joined(cell)
    return sheet.write_string(row, column, text) if text else 0  # type: ignore[attr-defined]
