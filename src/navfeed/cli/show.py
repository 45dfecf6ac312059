"""`navfeed show`: show one ad from the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from navfeed.cli._age import limits
from navfeed.cli._app import app
from navfeed.cli._completion import values_of
from navfeed.cli._history import HISTORY_FIELDS, print_history
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
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
from navfeed.cli._rows import print_rows, read_json
from navfeed.config import load
from navfeed.errors import ConfigError, NotFoundError
from navfeed.export.choosing import pick
from navfeed.model import Content, oslo_day
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.wire.rewrite import drop_contacts


class ShowFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def show(
    ad: Annotated[
        str,
        typer.Argument(
            metavar="UUID",
            help="The ad's id, or its first characters.",
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
        bool, typer.Option("--without-contacts", help="Leave out the contact people.")
    ] = False,
    open_: Annotated[
        bool,
        typer.Option(
            "--open", help="Open the application page in the browser; NAV's page if there is none."
        ),
    ] = False,
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help="What the store still knows of the ad, active or not: times, reasons, changes.",
        ),
    ] = False,
    columns: Annotated[
        str | None,
        columns_of("those of list", more=f"; with --history, {', '.join(HISTORY_FIELDS)}"),
    ] = None,
    json_: JsonOption = None,
    max_age: MaxAgeOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show one ad.

    Shows the deadline, how to apply, the terms, the text and the contacts. With --history, what
    happened to the ad and why, even if it is no longer shown.
    """
    if history and open_:
        raise ConfigError("--history and --open exclude each other")
    if open_ and (columns or json_):
        raise ConfigError("--open shows nothing: leave out --columns and --json")
    format_, names = read_json(format_, columns, json_)
    chosen = None if names is None else _chosen(names, history=history, bare=without_contacts)
    now = datetime.now(UTC)
    today = oslo_day(now)
    settings = load({"db": db}, config=config)
    age = limits(settings, max_age)
    with Reader(settings.db, today) as reader:
        age.check(reader.caught_up_at(), now)
        if history:
            print_history(reader.history(ad, now), format_, chosen)
            return
        uuid, content = reader.find(ad)
        if chosen is not None:
            _print_columns(reader, uuid, chosen, format_)
            return
    if open_:
        _open(uuid, content)
        return
    if without_contacts:
        content = _contactless(content)
    if format_ is ShowFormat.JSON:
        program_stdout().write(content.raw.encode() + b"\n")
    else:
        _show(uuid, content)


def _chosen(names: str, *, history: bool, bare: bool) -> tuple[str, ...]:
    """The columns; with `bare`, none with contact people. Raises `ConfigError`."""
    if history:
        return pick(names, HISTORY_FIELDS)
    from navfeed.export.columns import chosen

    return chosen(names, None, contacts=False if bare else None)


def _print_columns(reader: Reader, uuid: str, columns: Sequence[str], format_: ShowFormat) -> None:
    """Print one row of `navfeed list`, or its object."""
    from navfeed.export.formats import records
    from navfeed.present.words import joined

    (row,) = reader.rows(columns, Filters(uuid=(uuid,)))
    if format_ is ShowFormat.JSON:
        (record,) = records(columns, [row])
        print_json(json.loads(record))
    else:
        print_rows(columns, [joined(row)])


def _contactless(content: Content) -> Content:
    return replace(content, raw=drop_contacts(content.raw), contacts=())


def _open(uuid: str, content: Content) -> None:
    """Open the source's own page: NAV's terms require that applying leads straight there.

    If the ad names none, open its page at NAV.
    """
    import webbrowser

    named = ((content.application_url or "").strip(), (content.link or "").strip())
    address = next(filter(_is_web_page, named), None)
    if address is None:
        raise NotFoundError(
            f"ad {uuid} has no page to open. `navfeed show {uuid[:8]}` shows its text"
        )
    missing = "" if address == named[0] else "the ad has no application page; "
    print_warning(f"{missing}opening {address}")
    if not webbrowser.open(address):
        raise NotFoundError(f"no browser found. The page is {address}")


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
