"""`navfeed quality`: report the quality of the data."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated, Any

from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, takes_filters
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    JsonOption,
    MaxAgeOption,
    NoPagerOption,
    RowsOption,
    columns_of,
)
from navfeed.cli._output import Color, RowsFormat, print_json, print_warning
from navfeed.cli._query import open_query
from navfeed.cli._rows import print_columns, print_rows, read_columns
from navfeed.model import counted
from navfeed.research.quality import AdFacts, Finding, Report, examine

_COLUMNS = tuple(one.name for one in fields(AdFacts))
FIELDS = tuple(one.name for one in fields(Finding))


@app.command()
@takes_filters
def quality(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    filter_options: FilterOptions,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*FIELDS)] = None,
    json_: JsonOption = None,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show how good the data is.

    Counts the active ads that lack something, contradict themselves or seem to duplicate another
    one, each with the ids of the first few. Takes the filters of `navfeed list`.
    """
    format_, chosen = read_columns(format_, columns, json_, FIELDS)
    with open_query(filter_options, db, config, max_age) as (reader, filters, _):
        rows: Any = reader.rows(_COLUMNS, filters)
        report = examine((AdFacts(*row) for row in rows), reader.today)
    if chosen is not None:
        print_columns(chosen, [asdict(one) for one in report.findings], format_)
    elif format_ is RowsFormat.JSON:
        print_json(asdict(report))
    else:
        _print(report)


def _print(report: Report) -> None:
    print_warning(f"{counted(report.ads, 'active ad')} examined")
    print_rows(
        ("check", "ads", "share", "meaning", "examples"),
        [
            (one.check, one.ads, f"{one.share:.1%}", one.meaning, " ".join(_short(one.examples)))
            for one in report.findings
        ],
    )


def _short(uuids: tuple[str, ...]) -> list[str]:
    """As many characters of each id as `navfeed show` needs."""
    return [uuid[:8] for uuid in uuids]
