"""`navfeed privacy`: find and erase what is stored about a person."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.cli._app import Commands, app
from navfeed.cli._options import (
    ColorOption,
    ConfigOption,
    DbOption,
    DryRunOption,
    JsonOption,
    NoPagerOption,
    RowsOption,
    YesOption,
    columns_of,
)
from navfeed.cli._output import Color, RowsFormat, confirmed, print_json, print_lines, print_warning
from navfeed.cli._rows import print_columns, print_rows, read_columns
from navfeed.config import load
from navfeed.errors import ConfigError, StoppedError
from navfeed.model import AuditLine, counted, moment_text, oslo_day
from navfeed.store.query import Reader

if TYPE_CHECKING:
    from navfeed.privacy.matcher import Term

privacy = Commands(help="Find or erase what is stored about a person.", no_args_is_help=True)
app.add_typer(privacy, name="privacy")

TextArgument = Annotated[
    str,
    typer.Argument(
        metavar="TEXT",
        help="A name, an e-mail address or a number. -: read it from stdin, which keeps "
        "it out of the process list and the shell history.",
    ),
]

FOUND_AS = ("ad", "field", "text")
LOGGED_AS = ("at", "action", "ads", "places")


@privacy.command()
def find(
    text: TextArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*FOUND_AS)] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show where a name, an address or a number is stored.

    Lists ads and fields. Matches whole words, also in the genitive, whatever the case, spacing and
    invisible characters; numbers by their digits. Changes no ad. The privacy log records the
    search, but not its text.
    """
    from navfeed.store.writer import Store

    format_, chosen = read_columns(format_, columns, json_, FOUND_AS)
    term = _term(text)
    now = datetime.now(UTC)
    path = load({"db": db}, config=config).db
    with Reader(path, oslo_day(now)) as reader:
        found = list(_places(reader, term))
    with Store(path) as store:
        store.note_find(len({ad for ad, _, _ in found}), len(found), now)
    _give(FOUND_AS, list(dict.fromkeys(found)), format_, chosen)
    if not found:
        print_warning("no stored ad contains it")


@privacy.command()
def erase(
    text: TextArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Erase a name, an address or a number for good.

    Erases it from the store, now and in future syncs. Removes a contact with that name, address or
    number entirely; replaces it in texts. Remembers it only as a keyed hash. Ends with 75 while a
    sync is running.
    """
    from navfeed.api import store_lock
    from navfeed.privacy import erasure as engine
    from navfeed.store.writer import Store

    term = _term(text)
    path = load({"db": db}, config=config).db
    if dry_run:
        with Reader(path, oslo_day(datetime.now(UTC))) as reader:
            found = [ad for ad, _, _ in _places(reader, term)]
        print_lines([f"would erase {_extent(len(found), len(set(found)))}"])
        return
    _confirm(path, term, yes=yes)
    with store_lock(path), Store(path) as store:
        erased = engine.erase_person(store, term, datetime.now(UTC))
    print_warning(f"erased {_extent(erased.places, erased.ads)}")
    if erased.owed:
        print_warning(
            "another program is reading the store: the next sync erases what is left on disk"
        )


def _extent(places: int, ads: int) -> str:
    return f"in {counted(places, 'place')} of {counted(ads, 'ad')}, and from future syncs"


@privacy.command()
def log(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    format_: RowsOption = RowsFormat.TABLE,
    columns: Annotated[str | None, columns_of(*LOGGED_AS)] = None,
    json_: JsonOption = None,
    _color: ColorOption = Color.AUTO,
    _no_pager: NoPagerOption = False,
) -> None:
    """Show when something was searched for or erased.

    Shows the number of ads, never the text.
    """
    format_, chosen = read_columns(format_, columns, json_, LOGGED_AS)
    path = load({"db": db}, config=config).db
    with Reader(path, oslo_day(datetime.now(UTC))) as reader:
        lines = reader.audit()
    _give(LOGGED_AS, list(map(_cells, lines)), format_, chosen)


def _term(text: str) -> Term:
    from navfeed.privacy.matcher import SHORTEST, term_of

    term = term_of(_from_stdin() if text == "-" else text)
    if term is None:
        raise ConfigError(
            f"too short to identify a person: give at least {SHORTEST} letters or digits"
        )
    return term


def _from_stdin() -> str:
    """Read a line from stdin. Invalid bytes could split a name, and erase another person."""
    try:
        line = sys.stdin.readline()
        line.encode()
    except UnicodeError:
        raise ConfigError(
            f"stdin is not valid {sys.stdin.encoding}. Convert it, or set LC_ALL to its encoding"
        ) from None
    return line


def _places(reader: Reader, term: Term) -> Iterator[tuple[str, str, str]]:
    from navfeed.privacy.matcher import matcher_of
    from navfeed.privacy.redact import places_of

    matcher = matcher_of(term)
    for ad, raw in reader.iter_all_raw():
        yield from ((ad, field, text) for field, text in places_of(raw, matcher))


def _confirm(path: Path, term: Term, *, yes: bool) -> None:
    """Raises `StoppedError` unless confirmed, `ConfigError` without a terminal."""
    with Reader(path, oslo_day(datetime.now(UTC))) as reader:
        if yes:
            return
        if not sys.stdin.isatty():
            raise ConfigError("erasing cannot be undone. Confirm with --yes")
        ads = len({ad for ad, _, _ in _places(reader, term)})
    question = f"Erase it from {counted(ads, 'ad')} and all future syncs? This cannot be undone"
    if not confirmed(question):
        raise StoppedError("nothing was erased")


def _cells(line: AuditLine) -> tuple[str, str, int, int]:
    return (moment_text(line.at) or "", line.action, line.ads, line.places)


def _give(
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    format_: RowsFormat,
    chosen: Sequence[str] | None,
) -> None:
    records = [dict(zip(names, row, strict=True)) for row in rows]
    if chosen is not None:
        print_columns(chosen, records, format_)
    elif format_ is RowsFormat.JSON:
        print_json(records)
    else:
        print_rows(names, rows)
