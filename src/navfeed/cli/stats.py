"""`navfeed stats`: count the active ads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, takes_filters
from navfeed.cli._help import Panel
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    DryRunOption,
    JsonOption,
    MaxAgeOption,
    NoPagerOption,
    columns_of,
)
from navfeed.cli._output import (
    Color,
    canvas,
    print_json,
    print_lines,
    print_warning,
    program_stdout,
)
from navfeed.cli._pager import paged
from navfeed.cli._query import open_query
from navfeed.cli._rows import print_columns, read_json
from navfeed.config import refuse_store
from navfeed.errors import ConfigError
from navfeed.export.choosing import pick
from navfeed.export.formats import write_csv
from navfeed.model import By, Stats, moment_text
from navfeed.present.words import counted_since, first, stats_rows
from navfeed.research.series import Of, Over
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.text.plaintext import sanitize

MOST = 10
"""Names of each kind that are drawn without --top."""

USUAL = (By.MUNICIPAL, By.COUNTY, By.OCCUPATION, By.EMPLOYER, By.ENGAGEMENT, By.WEEK, By.FLOW)
"""What is counted without --by."""

COLUMNS = ("by", "name", "ads")


def _listed(dimensions: Iterable[By]) -> str:
    return ", ".join(by.shown for by in dimensions)


class StatsFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@app.command()
@takes_filters
def stats(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    filter_options: FilterOptions,
    by: Annotated[
        list[By] | None,
        typer.Option(
            metavar="NAME",
            help=f"What to count by: {_listed(By)}; may be repeated. flow is new against removed, "
            f"week by week. Default: {_listed(USUAL)}.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Show this many names of each, the most frequent, and as many weeks, the latest. "
            f"Default: {MOST} where bars are drawn, else all.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        StatsFormat,
        typer.Option(
            "--format", help="table: bars; tab-separated in a pipe.", rich_help_panel=Panel.OUTPUT
        ),
    ] = StatsFormat.TABLE,
    columns: Annotated[
        str | None, columns_of(*COLUMNS, more="; with --and or --over, those of that table")
    ] = None,
    json_: JsonOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg|FILE.png",
            help="Draw the bars into this file; it is replaced. Needs navfeed[charts].",
            show_default=False,
            rich_help_panel=Panel.OUTPUT,
        ),
    ] = None,
    and_: Annotated[
        By | None,
        typer.Option(
            "--and",
            metavar="NAME",
            help="Count each pair of the one --by and this.",
            show_default=False,
        ),
    ] = None,
    over: Annotated[
        Over | None,
        typer.Option(
            help="Count ads over time, removed ones too; combine it with --by and --and.",
            show_default=False,
        ),
    ] = None,
    of: Annotated[
        Of | None,
        typer.Option(
            help="With --over: ads published then, active at its end, removed then, or for how "
            "many days those had stood (the median). Default: new.",
            show_default=False,
        ),
    ] = None,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Count active ads.

    Counts by place, occupation, employer, engagement and week. Takes the filters of
    `navfeed list`. An ad with several places counts in each. --over counts removed ads too, by
    the fields that a mask has. --by flow counts the whole store, without filters. Figures that are
    not known are blank.
    """
    format_, columns = read_json(format_, columns, json_)
    if over or of or and_:
        from navfeed.cli._counting import Counting, count, print_table

        counting = Counting(tuple(by or ()), and_, over, of, top, output)
        with open_query(filter_options, db, config, max_age) as (reader, filters, store):
            print_table(count(counting, reader, filters, store), format_, columns)
        return
    chart = _chart(output)
    if dry_run and output is None:
        raise ConfigError("--dry-run shows what --output would replace: name a file")
    with open_query(filter_options, db, config, max_age) as (reader, filters, store):
        counted = _counted(reader, filters, by)
    if output is None:
        _print(counted, top, format_, columns)
        return
    from navfeed.files import check_replaceable, replaced

    refuse_store(output, store)
    if dry_run:
        check_replaceable(output)
        verb = "replace" if output.exists() else "write"
        print_lines([f"would {verb} {output} with {chart}: bars of {counted.ads:,} active ads"])
        return
    from navfeed.present.plot import draw

    with replaced(output) as out:
        draw(counted, top or MOST, chart, out)


def _chart(output: Path | None) -> str:
    """The chart format that a file's name selects."""
    format_ = output.suffix.lower().removeprefix(".") if output else "svg"
    if format_ not in ("svg", "png"):
        raise ConfigError(f"--output draws .svg or .png, not {str(output)!r}")
    return format_


def _counted(reader: Reader, filters: Filters, by: Sequence[By] | None) -> Stats:
    if by and By.FLOW in by and filters != Filters():
        raise ConfigError("--by flow is about the whole store: leave the filters out")
    dimensions = dict.fromkeys(by or USUAL)
    return Stats(
        ads=reader.count(filters),
        tallies={one: reader.tally(one, filters) for one in dimensions if one is not By.FLOW},
        flow=reader.flow() if By.FLOW in dimensions and filters == Filters() else None,
    )


def _print(counted: Stats, top: int | None, format_: StatsFormat, columns: str | None) -> None:
    if columns is None and format_ is StatsFormat.TABLE and (on := canvas()):
        from navfeed.present.terminal import draw_stats

        with paged():
            draw_stats(canvas() or on, counted, top or MOST)  # the pager's, where there is one
        return
    counted = _cut(counted, top)
    rows = stats_rows(counted)
    if counted.flow is not None and format_ is not StatsFormat.JSON:
        print_warning(counted_since(counted.flow))
    if columns is not None:
        print_columns(pick(columns, COLUMNS), list(map(_record, rows)), format_)
        return
    match format_:
        case StatsFormat.JSON:
            print_json(as_json(counted))
        case StatsFormat.CSV:
            write_csv(COLUMNS, rows, program_stdout())
        case StatsFormat.TABLE:
            print_lines("\t".join((by, sanitize(name), count)) for by, name, count in rows)


def _record(row: tuple[str, str, str]) -> dict[str, object]:
    by, name, count = row
    return {"by": by, "name": name, "ads": int(count) if count else None}


def _cut(counted: Stats, top: int | None) -> Stats:
    if top is None:
        return counted
    return Stats(
        ads=counted.ads,
        tallies={by: first(by, names, top) for by, names in counted.tallies.items()},
        flow=None
        if counted.flow is None
        else replace(counted.flow, weeks=counted.flow.weeks[-top:]),
    )


def as_json(counted: Stats) -> dict[str, object]:
    """The numbers for programs. `flow` and `flow_since` are present if `--by flow` was given."""
    numbers: dict[str, object] = {"ads": counted.ads}
    for by, names in counted.tallies.items():
        numbers[by.value] = [{"name": name, "ads": count} for name, count in names]
    if counted.flow is not None:
        numbers["flow"] = [asdict(one) for one in counted.flow.weeks]
        numbers["flow_since"] = moment_text(counted.flow.since)
    return numbers
