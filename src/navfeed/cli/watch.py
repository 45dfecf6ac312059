"""`navfeed watch`: tell of each ad that fits once."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from navfeed.cli.age import MaxAgeOption
from navfeed.cli.app import ColorOption, ConfigOption, DbOption, app
from navfeed.cli.ask import LIST_FIELDS, ListFormat, write_rows
from navfeed.cli.filters import FilterOptions, takes_filters
from navfeed.cli.output import Color, canvas, print_lines
from navfeed.cli.question import open_query
from navfeed.config import refuse_special, refuse_store
from navfeed.errors import ConfigError
from navfeed.files import replaced
from navfeed.present.words import LISTED, LISTED_AS, listed
from navfeed.store.query import Cell, Sort


@app.command()
@takes_filters
def watch(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    asked: FilterOptions,
    seen: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Where it is kept which ads were told of; made when it is not there. One for each "
            "set of filters.",
            show_default=False,
        ),
    ],
    format_: Annotated[
        ListFormat, typer.Option("--format", help="table: tab-separated in a pipe.")
    ] = ListFormat.TABLE,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
) -> None:
    """Report new matching ads.

    The first time, all that match. Meant for cron, after a sync: without news it prints
    nothing. The filters are those of navfeed list. An ad counts as told once its line is
    written, so that a failure repeats, and never loses one; an ad that was withdrawn and comes
    back is news.
    """
    known = _told(seen)
    columns = LISTED if format_ is ListFormat.TABLE else LIST_FIELDS
    with open_query(asked, db, config, max_age) as (reader, filters, store):
        refuse_store(seen, store)
        fitting = list(reader.rows(columns, filters, Sort.PUBLISHED))
    news = [row for row in fitting if row[0] not in known]
    ids = {str(row[0]) for row in fitting}
    if ids == known:
        _tell(news, format_)
        return
    with replaced(seen) as out:
        # In between: where the list cannot be kept, nobody is told again and again; and what a
        # reader who went away was not told is not kept.
        _tell(news, format_)
        sys.stdout.flush()
        out.writelines(f"{uuid}\n".encode() for uuid in sorted(ids))


def _tell(news: list[tuple[Cell, ...]], format_: ListFormat) -> None:
    if format_ is not ListFormat.TABLE:
        write_rows(LIST_FIELDS, news, format_)
    elif news and (on := canvas()):
        from navfeed.present.terminal import draw_list

        draw_list(on, map(listed, news), LISTED_AS)
    else:
        print_lines("\t".join(listed(row)) for row in news)


_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def _told(seen: Path) -> set[str]:
    """The ids in the file, one a line. Whatever else stands there is somebody's, and is kept."""
    refuse_special(seen)
    try:
        lines = seen.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {seen}: {error}. Name another file with --seen") from error
    if not all(map(_ID.fullmatch, lines)):
        raise ConfigError(f"{seen} is no file of navfeed watch's. Name another with --seen")
    return set(lines)
