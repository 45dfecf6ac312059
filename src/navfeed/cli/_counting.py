"""`navfeed stats` with two dimensions or over time: what is counted, as a table of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from navfeed.cli._output import print_json, print_lines, print_warning, program_stdout
from navfeed.errors import ConfigError
from navfeed.export.formats import write_csv
from navfeed.model import By
from navfeed.research.series import Of, Over, Point, Series
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.text.plaintext import sanitize


@dataclass(frozen=True, slots=True)
class Counting:
    """What the options of `stats` name."""

    by: tuple[By, ...]
    other: By | None
    over: Over | None
    of: Of | None
    top: int | None
    output: Path | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of names and one number each, None: not known; and facts about all of them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    facts: dict[str, object]
    note: str | None = None


def count(wanted: Counting, reader: Reader, filters: Filters, store: Path) -> Table:
    """Raises `ConfigError` for options that contradict each other, and for what is not known."""
    _refuse(wanted)
    if wanted.over is None:
        return _pairs(wanted, reader, filters)
    from navfeed.store.spells import Question, series

    by = (*wanted.by, *([wanted.other] if wanted.other else []))
    question = Question(wanted.over, wanted.of or Of.NEW, by, filters)
    return _of_series(series(store, reader.today, question), wanted.top)


def _refuse(wanted: Counting) -> None:
    if wanted.output:
        raise ConfigError("--output draws one name a bar: leave --and, --over and --of out")
    if wanted.of and not wanted.over:
        raise ConfigError("--of is what to count over time: name the periods with --over")
    if len(wanted.by) > 1 or (wanted.other and not wanted.by):
        raise ConfigError("name one --by, and the second dimension with --and")
    for one in (*wanted.by, wanted.other):
        if one in (By.FLOW, By.WEEK) and (wanted.over or one is By.FLOW):
            raise ConfigError(f"--over counts over time itself: leave {one.value} out")


def _pairs(wanted: Counting, reader: Reader, filters: Filters) -> Table:
    (by,) = wanted.by
    assert wanted.other is not None  # noqa: S101  `stats` comes here for `--and` or `--over`
    rows = reader.tally_of_two(by, wanted.other, filters)
    return Table(
        (by.value, wanted.other.value, "ads"),
        tuple(rows[: wanted.top]),
        {"ads": reader.count(filters)},
    )


def _of_series(counted: Series, top: int | None) -> Table:
    frame = counted.frame
    facts: dict[str, object] = {
        "over": frame.over.value,
        "of": frame.of.value,
        "known_since": frame.since.isoformat(),
        "until": frame.until.isoformat(),
    }
    return Table(
        (frame.over.value, *frame.by, "days" if frame.of is Of.DURATION else "ads"),
        tuple((one.period, *one.names, one.value) for one in _latest(counted.points, top)),
        facts,
        f"known since {frame.since}: {frame.over.value}s that begin before are blank; the last one "
        f"is counted up to {frame.until}",
    )


def _latest(points: Sequence[Point], top: int | None) -> Sequence[Point]:
    if top is None:
        return points
    kept = sorted({one.period for one in points})[-top:]
    return [one for one in points if one.period in kept]


def print_table(table: Table, format_: str) -> None:
    """As `json` an object with `rows`, as `csv`, or as lines separated by tabs."""
    if format_ == "json":
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        print_json({**table.facts, "rows": rows})
        return
    if table.note:
        print_warning(table.note)
    if format_ == "csv":
        write_csv(table.columns, table.rows, program_stdout())
    else:
        print_lines(_lines(table))


def _lines(table: Table) -> Iterator[str]:
    yield "\t".join(table.columns)
    for row in table.rows:
        yield "\t".join(map(_text, row))


def _text(cell: str | float | None) -> str:
    if cell is None:
        return ""
    return f"{cell:g}" if isinstance(cell, float) else sanitize(str(cell))
