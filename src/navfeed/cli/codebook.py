"""What `navfeed export` needs for removed ads, and for the codebook beside a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from navfeed.cli.filters import FilterOptions
from navfeed.errors import ConfigError
from navfeed.export.columns import EXPORTED, OF_TABLES, ON_REQUEST
from navfeed.store.query import Cell, Reader

if TYPE_CHECKING:
    from navfeed.export.codebook import Missing


class Counted(Protocol):
    """What wrote the rows, and counted them."""

    missing: Missing | None


def given_filters(asked: FilterOptions) -> dict[str, object]:
    """The filters that were given, by the names of their options."""
    given = {one.name.replace("_", "-"): getattr(asked, one.name) for one in fields(asked)}
    return {name: value for name, value in given.items() if value}


def read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--as-of takes a day (2026-05-01), not {text!r}") from None


def removed_rows(
    reader: Reader, day: date | None, columns: Sequence[str]
) -> Iterator[tuple[Cell, ...]]:
    """What is left of removed ads; with a day, of all ads that were active at its end."""
    from navfeed.store.masks import active_on, masks

    if day is None:
        return masks(reader.path, reader.today, columns)
    return active_on(reader.path, reader.today, day, columns)


def write_codebook(
    reader: Reader,
    asked: FilterOptions,
    writing: Counted,
    output: Path,
    *,
    table: str | None,
    format_: str,
) -> None:
    """Put the description of `output` beside it."""
    from navfeed.export.codebook import ENDING, Origin, package, package_text
    from navfeed.files import replaced

    cursor = reader.cursor()
    origin = Origin(
        cursor.store,
        cursor.number,
        reader.caught_up_at(),
        datetime.now(UTC),
        given_filters(asked),
        table or "ads",
    )
    meanings = {**EXPORTED, **ON_REQUEST} if table is None else OF_TABLES[table]
    assert writing.missing is not None  # noqa: S101  rows were written
    descriptor = package(output, format_, meanings, writing.missing, origin)
    with replaced(output.with_name(output.name + ENDING)) as out:
        out.write(package_text(descriptor).encode())
