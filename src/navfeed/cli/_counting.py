"""`navfeed stats` with two dimensions or over time: count into a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from navfeed.api import now
from navfeed.cli._output import print_json, print_lines, print_warning, program_stdout
from navfeed.cli._pager import paged
from navfeed.cli._rows import print_columns
from navfeed.errors import ConfigError
from navfeed.export.choosing import pick
from navfeed.export.formats import write_csv
from navfeed.model import By, counted
from navfeed.research.series import Frame, Of, Over, Point, Series
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.times import day_text
from navfeed.text.plaintext import sanitize


@dataclass(frozen=True, slots=True)
class Counting:
    """The counting options of `stats`."""

    by: tuple[By, ...]
    other: By | None
    over: Over | None
    of: Of | None
    top: int | None
    output: Path | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of names with one number each (None: unknown), and facts about all of them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    facts: dict[str, object]
    note: str | None = None


def count(counting: Counting, reader: Reader, filters: Filters, store: Path) -> Table:
    """Count. Raises `ConfigError` for contradictory options and unknown dimensions."""
    _refuse(counting)
    if counting.over is None:
        return _pairs(counting, reader, filters)
    from navfeed.store.active_periods import Question, series

    by = (*counting.by, *([counting.other] if counting.other else []))
    question = Question(counting.over, counting.of or Of.NEW, by, filters)
    found = series(store, reader.today, question)
    return _of_series(found, counting.top, reader.left_out(now()))


def _refuse(counting: Counting) -> None:
    if counting.output:
        raise ConfigError("--output draws one name a bar: leave --and, --over and --of out")
    if counting.of and not counting.over:
        raise ConfigError("--of is what to count over time: name the periods with --over")
    if len(counting.by) > 1 or (counting.other and not counting.by):
        raise ConfigError("name one --by, and the second dimension with --and")
    for one in (*counting.by, counting.other):
        if one in (By.FLOW, By.WEEK) and (counting.over or one is By.FLOW):
            raise ConfigError(f"--over counts over time itself: leave {one.value} out")


def _pairs(counting: Counting, reader: Reader, filters: Filters) -> Table:
    (by,) = counting.by
    assert counting.other is not None  # noqa: S101  `stats` comes here for `--and` or `--over`
    rows = reader.tally_of_two(by, counting.other, filters)
    return Table(
        (by.value, counting.other.value, "ads"),
        tuple(rows[: counting.top]),
        {"ads": reader.count(filters)},
    )


def _of_series(series: Series, top: int | None, left_out: int) -> Table:
    frame = series.frame
    facts: dict[str, object] = {
        "over": frame.over.value,
        "of": frame.of.value,
        "known_since": day_text(frame.since),
        "until": day_text(frame.until),
        "waiting": left_out,
    }
    return Table(
        (frame.over.value, *frame.by, "days" if frame.of is Of.DURATION else "ads"),
        tuple((one.period, *one.names, one.value) for one in _latest(series.points, top)),
        facts,
        "; ".join(_notes(frame, left_out)),
    )


def _notes(frame: Frame, left_out: int) -> Iterator[str]:
    """Which days are complete, and what is missing of the others."""
    period = frame.over.value
    if frame.since is None:
        yield f"no {period} is known yet: run `navfeed sync` until it exits with 0"
    elif frame.until is None or frame.until < frame.since:
        yield f"known from {frame.since} on: the first whole {period} is {frame.first_whole}"
    else:
        yield (
            f"known from {frame.since} to {frame.until}: {period}s that begin before or after "
            "are blank, and the last one is counted up to that day"
        )
    if left_out:
        yield f"{counted(left_out, 'new ad')} not fetched yet: `navfeed sync` fetches them"


def _latest(points: Sequence[Point], top: int | None) -> Sequence[Point]:
    if top is None:
        return points
    kept = sorted({one.period for one in points})[-top:]
    return [one for one in points if one.period in kept]


def print_table(table: Table, format_: StrEnum, columns: str | None) -> None:
    """Print as `json` (an object with `rows`), `csv` or tab-separated lines."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    if format_ == "json" and columns is None:
        print_json({**table.facts, "rows": rows})
        return
    if table.note:
        print_warning(table.note)
    if columns is not None:
        print_columns(pick(columns, table.columns), rows, format_)
    elif format_ == "csv":
        write_csv(table.columns, table.rows, program_stdout())
    else:
        with paged():
            print_lines(_lines(table))


def _lines(table: Table) -> Iterator[str]:
    yield "\t".join(table.columns)
    for row in table.rows:
        yield "\t".join(map(_text, row))


def _text(cell: str | float | None) -> str:
    if cell is None:
        return ""
    return f"{cell:g}" if isinstance(cell, float) else sanitize(str(cell))
