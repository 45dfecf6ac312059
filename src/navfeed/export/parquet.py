"""Parquet: typed columns, a group of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from types import ModuleType
from typing import BinaryIO

from navfeed.export import columns as kinds
from navfeed.export.formats import Cell
from navfeed.extras import require_extra

ROWS_IN_GROUP = 1_000
"""Rows in memory at a time: some 10 MB with every column."""


def write_parquet(columns: Sequence[str], rows: Iterable[Sequence[Cell]], out: BinaryIO) -> None:
    """Texts and lists of texts; moments as timestamps in UTC, days as dates.

    Raises `ConfigError` where pyarrow is missing.
    """
    arrow = require_extra("pyarrow", "parquet")
    parquet = require_extra("pyarrow.parquet", "parquet")
    schema = arrow.schema([(name, _type(arrow, name)) for name in columns])
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in _groups(rows):
            cells = [
                [_value(name, cell) for cell in column]
                for name, column in zip(columns, zip(*group, strict=True), strict=True)
            ]
            writer.write_batch(arrow.record_batch(cells, schema=schema))


def _groups(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    left = iter(rows)
    while group := list(islice(left, ROWS_IN_GROUP)):
        yield group


def _type(arrow: ModuleType, name: str) -> object:
    if name in kinds.LISTS:
        return arrow.list_(arrow.string())
    if name in kinds.MOMENTS:
        return arrow.timestamp("us", tz="UTC")
    if name in kinds.DAYS:
        return arrow.date32()
    if name in kinds.INTEGERS:
        return arrow.int64()
    if name in kinds.BOOLEANS:
        return arrow.bool_()
    return arrow.float64() if name in kinds.NUMBERS else arrow.string()


def _value(name: str, cell: Cell) -> object:
    if not isinstance(cell, str):
        return cell
    if name in kinds.BOOLEANS:
        return cell == "true"
    if name in kinds.MOMENTS:
        return datetime.fromisoformat(cell)
    return date.fromisoformat(cell) if name in kinds.DAYS else cell
