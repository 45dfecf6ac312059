"""`navfeed list` and `show`: questions to the store.

They import no rich unless they draw on a terminal, and never what a sync needs: people wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.cli.age import MaxAgeOption, limits
from navfeed.cli.app import ColorOption, ConfigOption, DbOption, app
from navfeed.cli.complete import values_of
from navfeed.cli.filters import FilterOptions, takes_filters
from navfeed.cli.output import (
    Color,
    canvas,
    print_lines,
    print_rows,
    print_warning,
    program_stdout,
)
from navfeed.cli.pager import paged
from navfeed.cli.question import open_query
from navfeed.config import load
from navfeed.errors import ConfigError, NotFoundError
from navfeed.export.columns import chosen
from navfeed.export.formats import records, write_csv, write_json, write_jsonl
from navfeed.model import Content, counted, oslo_day
from navfeed.present.words import DUE, LISTED, LISTED_AS, joined, listed, marked, pieces
from navfeed.store.filters import Filters
from navfeed.store.query import Cell, Reader, Sort
from navfeed.wire.rewrite import drop_contacts

if TYPE_CHECKING:
    from navfeed.present.terminal import Canvas

ROWS_ON_TERMINAL = 50
"""How many ads a table shows where no --limit was given."""

LIST_FIELDS = (
    *("uuid", "title", "job_title", "employer", "employer_orgnr", "municipals", "counties"),
    "municipality_numbers",
    *("published", "updated", "expires", "last_day", "application_due", "due_date"),
    *("application_url", "link"),
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
    asked: FilterOptions,
    sort: Annotated[
        Sort | None,
        typer.Option(
            metavar="ORDER",
            help=f"What comes first: {', '.join(Sort)}. Default: relevance with --text or --title, "
            "due with --closing-soon, else published.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"At most so many. Default: {ROWS_ON_TERMINAL} on a terminal, else all.",
            show_default=False,
        ),
    ] = None,
    offset: Annotated[
        int, typer.Option(min=0, help="Leave out so many of the first.", show_default=False)
    ] = 0,
    snippets: Annotated[
        bool | None,
        typer.Option(
            "--snippets/--no-snippets",
            help="Where each ad says what --text searches for. Default: on a terminal only.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        ListFormat, typer.Option("--format", help="table: tab-separated in a pipe.")
    ] = ListFormat.TABLE,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="These columns, in this order, with commas between them.",
            show_default=False,
        ),
    ] = None,
    json_: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="NAMES",
            help="The same as --format json --columns NAMES.",
            show_default=False,
        ),
    ] = None,
    with_contacts: WithContactsOption = False,
    saved: Annotated[
        bool, typer.Option("--saved", help="Only ads that you saved, with your notes.")
    ] = False,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
) -> None:
    """List the active ads.

    Several filters must all fit. One given several times takes any of its values, --text all of
    its words. `!` before a name leaves its ads out, `*` after it takes every name that begins so;
    places, numbers and sources may be separated by commas. Case never matters.
    """
    if json_ is not None:
        if columns is not None or format_ not in (ListFormat.TABLE, ListFormat.JSON):
            raise ConfigError("--json names format and columns: leave --format and --columns out")
        columns, format_ = json_, ListFormat.JSON
    named = None if columns is None else chosen(columns, None, contacts=None)
    with open_query(asked, db, config, max_age) as (reader, filters, store):
        meant, notes = _saved(reader, filters, store) if saved else (filters, None)
        listing = Listing(
            meant,
            sort or _by_default(filters),
            limit,
            offset,
            with_contacts=with_contacts,
            snippets=snippets,
            notes=notes,
            columns=named,
        )
        _list(reader, listing, format_)


def _saved(reader: Reader, filters: Filters, store: Path) -> tuple[Filters, Mapping[str, str]]:
    from navfeed.cli.triage import only_saved

    return only_saved(reader, filters, store)


def _by_default(filters: Filters) -> Sort:
    if filters.text or filters.title:
        return Sort.RELEVANCE
    return Sort.DUE if filters.closing_soon else Sort.PUBLISHED


@app.command()
def show(
    ad: Annotated[
        str,
        typer.Argument(
            metavar="UUID",
            help="The ad's id, or how it begins.",
            autocompletion=values_of("uuid"),
        ),
    ],
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    format_: Annotated[
        ShowFormat, typer.Option("--format", help="json: the content as NAV served it.")
    ] = ShowFormat.TEXT,
    without_contacts: Annotated[
        bool, typer.Option("--without-contacts", help="Leave out whom to ask.")
    ] = False,
    open_: Annotated[
        bool,
        typer.Option("--open", help="Open the page to apply at in the browser, or else NAV's."),
    ] = False,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
) -> None:
    """Show one ad.

    How to apply, the terms, the text, and the contacts.
    """
    now = datetime.now(UTC)
    today = oslo_day(now)
    settings = load({"db": db}, config=config)
    age = limits(settings, max_age)
    with Reader(settings.db, today) as reader:
        age.check(reader.caught_up_at(), now)
        uuid, content = reader.find(ad)
    if open_:
        _open(uuid, content)
        return
    if without_contacts:
        content = _contactless(content)
    if format_ is ShowFormat.JSON:
        program_stdout().write(content.raw.encode() + b"\n")
    else:
        _show(uuid, content)


def _contactless(content: Content) -> Content:
    return replace(content, raw=drop_contacts(content.raw), contacts=())


def _open(uuid: str, content: Content) -> None:
    """Open the source's own page: NAV's terms ask that applying leads straight there.

    Where the ad names none, the page it has at NAV.
    """
    import webbrowser

    named = ((content.application_url or "").strip(), (content.link or "").strip())
    address = next(filter(_is_web_page, named), None)
    if address is None:
        raise NotFoundError(
            f"ad {uuid} names no page to open. `navfeed show {uuid[:8]}` shows what it says"
        )
    missing = "" if address == named[0] else "the ad names no page to apply at; "
    print_warning(f"{missing}opening {address}")
    if not webbrowser.open(address):
        raise NotFoundError(f"no browser was found. The page is {address}")


def _is_web_page(address: str) -> bool:
    return address.lower().startswith(("https://", "http://"))


def _show(uuid: str, content: Content) -> None:
    from navfeed.present.adpage import ad_page
    from navfeed.text.html import lines_of

    page = ad_page(uuid, content)
    if on := canvas():
        from navfeed.present.terminal import draw_page

        with paged():
            draw_page(canvas() or on, page)  # the pager's, where there is one
    else:
        print_lines(line for _, line in lines_of(page, None))


@dataclass(frozen=True, slots=True)
class Listing:
    """Which ads a list is to show, and what of them.

    `snippets` None: where people look on. `columns` None: those that each format has by itself.
    `notes`: what somebody wrote about ads, where that is wanted.
    """

    filters: Filters
    sort: Sort
    limit: int | None
    offset: int
    with_contacts: bool
    snippets: bool | None
    columns: tuple[str, ...] | None = None
    notes: Mapping[str, str] | None = None

    def rows(
        self, reader: Reader, columns: Sequence[str], most: int | None = None
    ) -> Iterator[tuple[Cell, ...]]:
        """Rows of these columns, and what was asked for beside."""
        asked = (*columns, "contacts") if self._adds_contacts(columns) else tuple(columns)
        rows = reader.rows(
            ("uuid", *asked), self.filters, self.sort, self.limit or most, self.offset
        )
        if (notes := self.notes) is not None:
            rows = ((*row, notes.get(str(row[0]))) for row in rows)
        if not self.snippets:
            return (row[1:] for row in rows)
        snippet = reader.snippets(self.filters)
        return ((*row[1:], snippet(str(row[0]))) for row in rows)

    def _adds_contacts(self, columns: Sequence[str]) -> bool:
        return self.with_contacts and "contacts" not in columns

    def named(self, columns: Sequence[str]) -> tuple[str, ...]:
        """What each cell of a row is."""
        more = {
            "contacts": self._adds_contacts(columns),
            "note": self.notes is not None,
            "snippet": self.snippets,
        }
        return (*columns, *(name for name, wanted in more.items() if wanted))


def _list_for_people(reader: Reader, listing: Listing) -> None:
    if listing.columns is not None:
        rows = _marked(listing, reader, listing.columns)
        with paged():
            shown = print_rows(listing.named(listing.columns), map(joined, rows))
    elif on := canvas():
        shown = _draw(on, reader, listing)
    else:
        columns, _ = _columns(listing)
        shown = print_lines("\t".join(listed(row)) for row in _marked(listing, reader, columns))
    if not shown and not listing.offset:
        print_warning(f"no matching ads ({reader.count(Filters()):,} searched)")


def _columns(listing: Listing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a list for people, and what they are called: those sorted by are shown."""
    if listing.sort is not Sort.DUE:
        return LISTED, LISTED_AS
    column, name = DUE
    return (*LISTED, column), (*LISTED_AS, name)


def _draw(on: Canvas, reader: Reader, listing: Listing) -> int:
    columns, names = _columns(listing)
    if listing.snippets is None:
        listing = replace(listing, snippets=bool(listing.filters.text))
    if ads := list(listing.rows(reader, columns, ROWS_ON_TERMINAL)):
        from navfeed.present.terminal import draw_found, draw_list

        with paged():
            on = canvas() or on  # the pager's, where there is one
            if listing.snippets:
                found = ((listed(ad[:-1]), pieces(str(ad[-1]))) for ad in ads)
                draw_found(on, found, listing.named(names))
            else:
                draw_list(on, map(listed, ads), listing.named(names))
    more = reader.count(listing.filters) - listing.offset if listing.limit is None else 0
    if more > len(ads):
        print_warning(f"{len(ads)} of {counted(more, 'ad')} shown; --limit {more} shows all")
    return len(ads)


def _marked(listing: Listing, reader: Reader, columns: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    """Rows for who has no colours: what was found stands between asterisks."""
    rows = listing.rows(reader, columns)
    return ((*row[:-1], marked(str(row[-1]))) for row in rows) if listing.snippets else rows


def _list(reader: Reader, listing: Listing, format_: ListFormat) -> None:
    if listing.offset and (there := reader.count(listing.filters)) <= listing.offset:
        print_warning(f"--offset {listing.offset} is past the end: {counted(there, 'ad')} found")
    if format_ is ListFormat.TABLE:
        _list_for_people(reader, listing)
    else:
        columns = LIST_FIELDS if listing.columns is None else listing.columns
        write_rows(listing.named(columns), _marked(listing, reader, columns), format_)


def write_rows(
    columns: Sequence[str], rows: Iterable[tuple[Cell, ...]], format_: ListFormat
) -> None:
    """Rows for programs: any format but the table."""
    match format_:
        case ListFormat.JSON:
            write_json(records(columns, rows), program_stdout())
        case ListFormat.JSONL:
            write_jsonl(records(columns, rows), program_stdout())
        case _:
            write_csv(columns, rows, program_stdout())
