"""`navfeed list` and `show`: questions to the store.

They import no rich unless they draw on a terminal, and never what a sync needs: people wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from navfeed.cli.age import MaxAgeOption, limits
from navfeed.cli.app import ConfigOption, DbOption, app
from navfeed.cli.filters import Asked, takes_filters
from navfeed.cli.output import for_people, for_programs, hint, print_lines
from navfeed.config import load
from navfeed.export.formats import records, write_csv, write_json, write_jsonl
from navfeed.model import Content, oslo_day
from navfeed.store.query import Cell, Filters, Reader, Sort
from navfeed.wording import LISTED, LISTED_AS, listed

ROWS_ON_TERMINAL = 50
"""How many ads a table shows where no --limit was given."""

LIST_FIELDS = (
    *("uuid", "title", "job_title", "employer", "employer_orgnr", "municipals", "counties"),
    *("published", "updated", "expires", "last_day", "application_due", "application_url", "link"),
    *("positions", "extent", "engagement_type", "sector", "start_time", "source"),
)
"""What `list` gives of each ad as json, jsonl and csv."""


class ListFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


class ShowFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


WithContactsOption = Annotated[
    bool, typer.Option("--with-contacts", help="Also the people whom the ads name to be asked.")
]


@app.command("list")
@takes_filters
def list_ads(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    asked: Asked,
    sort: Annotated[Sort, typer.Option(help="What comes first.")] = Sort.PUBLISHED,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"At most so many. Default: {ROWS_ON_TERMINAL} on a terminal, else all.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        ListFormat, typer.Option("--format", help="table: tab-separated in a pipe.")
    ] = ListFormat.TABLE,
    with_contacts: WithContactsOption = False,
    max_age: MaxAgeOption = None,
) -> None:
    """List the ads that are in force today.

    A filter given several times takes any of its values, --text all of its words; several filters
    must all fit. Case never matters.
    """
    now = datetime.now(UTC)
    filters = asked.filters(now)
    settings = load({"db": db}, config=config)
    age = limits(settings, max_age)
    with Reader(settings.db, oslo_day(now)) as reader:
        age.check(reader.caught_up_at(), now)
        _list(reader, Listing(filters, sort, limit, with_contacts=with_contacts), format_)


@app.command()
def show(
    ad: Annotated[str, typer.Argument(metavar="UUID", help="The ad's id, or how it begins.")],
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    format_: Annotated[
        ShowFormat, typer.Option("--format", help="json: the content as NAV served it.")
    ] = ShowFormat.TEXT,
    without_contacts: Annotated[
        bool, typer.Option("--without-contacts", help="Leave out whom to ask.")
    ] = False,
    max_age: MaxAgeOption = None,
) -> None:
    """Show one ad: the way to apply, its terms and contacts, and what it says."""
    now = datetime.now(UTC)
    today = oslo_day(now)
    settings = load({"db": db}, config=config)
    age = limits(settings, max_age)
    with Reader(settings.db, today) as reader:
        age.check(reader.caught_up_at(), now)
        uuid, content = reader.find(ad)
    if without_contacts:
        content = _contactless(content)
    if format_ is ShowFormat.JSON:
        for_programs().write(content.raw.encode() + b"\n")
    else:
        _show(uuid, content)


def _contactless(content: Content) -> Content:
    from navfeed.wire import contactless  # takes 100 ms to import, so only who asks pays

    return replace(content, raw=contactless(content.raw), contacts=())


def _show(uuid: str, content: Content) -> None:
    from navfeed.adpage import ad_page
    from navfeed.markup import lines_of

    page = ad_page(uuid, content)
    if for_people().isatty():
        from navfeed.render import draw_page

        draw_page(page)
    else:
        print_lines(line for _, line in lines_of(page, None))


@dataclass(frozen=True, slots=True)
class Listing:
    """Which ads a list is to show, and what of them."""

    filters: Filters
    sort: Sort
    limit: int | None
    with_contacts: bool

    def rows(
        self, reader: Reader, columns: Sequence[str], most: int | None = None
    ) -> Iterator[tuple[Cell, ...]]:
        return reader.rows(self.named(columns), self.filters, self.sort, self.limit or most)

    def named(self, columns: Sequence[str]) -> tuple[str, ...]:
        return (*columns, "contacts") if self.with_contacts else tuple(columns)


def _list_for_people(reader: Reader, listing: Listing) -> None:
    if for_people().isatty():
        shown = _draw(reader, listing)
    else:
        shown = print_lines("\t".join(listed(row)) for row in listing.rows(reader, LISTED))
    if not shown:
        ads = f"none of the {reader.count(Filters()):,} ads in force fits"
        hint(f"{ads}; `navfeed status` tells how fresh they are")


def _draw(reader: Reader, listing: Listing) -> int:
    if ads := list(map(listed, listing.rows(reader, LISTED, ROWS_ON_TERMINAL))):
        from navfeed.render import draw_list

        draw_list(ads, listing.named(LISTED_AS))
    if listing.limit is None and (found := reader.count(listing.filters)) > len(ads):
        hint(f"{len(ads)} of {found:,} shown; --limit {found} shows all")
    return len(ads)


def _list(reader: Reader, listing: Listing, format_: ListFormat) -> None:
    columns = listing.named(LIST_FIELDS)
    rows = listing.rows(reader, LIST_FIELDS)
    match format_:
        case ListFormat.TABLE:
            _list_for_people(reader, listing)
        case ListFormat.JSON:
            write_json(records(columns, rows), for_programs())
        case ListFormat.JSONL:
            write_jsonl(records(columns, rows), for_programs())
        case ListFormat.CSV:
            write_csv(columns, rows, for_programs())
