"""`navfeed privacy`: what is stored about somebody, and its removal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.cli.app import ColorOption, ConfigOption, DbOption, RowsOption, app
from navfeed.cli.output import Color, RowsFormat, print_json, print_rows, print_warning
from navfeed.config import load
from navfeed.errors import ConfigError, StoppedError
from navfeed.model import AuditLine, counted, moment_text, oslo_day
from navfeed.store.query import Reader

if TYPE_CHECKING:
    from navfeed.privacy.matcher import Term

privacy = typer.Typer(help="Find or erase what is stored about a person.", no_args_is_help=True)
app.add_typer(privacy, name="privacy")

TextArgument = Annotated[
    str,
    typer.Argument(
        metavar="TEXT",
        help="A name, an e-mail address or a number. -: read it from stdin, so that it stands in "
        "no list of processes and no shell's history.",
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
    _color: ColorOption = Color.AUTO,
) -> None:
    """Show where a name, an address or a number is stored.

    In which ads and fields. Words are compared whole, also in the genitive, without regard to
    case, spacing and what hides in them; numbers by their digits. It changes no ad, and leaves a
    line in the log that does not say what was looked for.
    """
    from navfeed.store.writer import Store

    needle = _needle(text)
    now = datetime.now(UTC)
    path = load({"db": db}, config=config).db
    with Reader(path, oslo_day(now)) as reader:
        found = list(_places(reader, needle))
    with Store(path) as store:
        store.note_find(len({ad for ad, _, _ in found}), len(found), now)
    _give(FOUND_AS, list(dict.fromkeys(found)), format_)
    if not found:
        print_warning("it is in no ad that is stored")


@privacy.command()
def erase(
    text: TextArgument,
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
) -> None:
    """Erase a name, an address or a number for good.

    From all that is stored, now and in future syncs. A contact whose name, address or number it
    is goes as a whole; in texts it is replaced. It is remembered by a keyed hash alone. Ends
    with 75 when a sync is running.
    """
    from navfeed.api import store_lock
    from navfeed.privacy import erasure as engine
    from navfeed.store.writer import Store

    needle = _needle(text)
    path = load({"db": db}, config=config).db
    _agree(path, needle, yes=yes)
    with store_lock(path), Store(path) as store:
        erased = engine.erase_person(store, needle, datetime.now(UTC))
    places, ads = counted(erased.places, "place"), counted(erased.ads, "ad")
    print_warning(f"erased in {places} of {ads}, and from future syncs")
    if erased.owed:
        print_warning(
            "another program reads the store: the next sync overwrites what is left on disk"
        )


@privacy.command()
def log(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    format_: RowsOption = RowsFormat.TABLE,
    _color: ColorOption = Color.AUTO,
) -> None:
    """Show when something was looked for or erased.

    And in how many ads; never what it was.
    """
    path = load({"db": db}, config=config).db
    with Reader(path, oslo_day(datetime.now(UTC))) as reader:
        lines = reader.audit()
    _give(LOGGED_AS, list(map(_cells, lines)), format_)


def _needle(text: str) -> Term:
    from navfeed.privacy.matcher import SHORTEST, term_of

    needle = term_of(_from_stdin() if text == "-" else text)
    if needle is None:
        raise ConfigError(
            f"that is nothing to tell a person by: give at least {SHORTEST} letters or digits"
        )
    return needle


def _from_stdin() -> str:
    """Bytes that are no text would split a name in two, and then somebody else is erased."""
    try:
        line = sys.stdin.readline()
        line.encode()
    except UnicodeError:
        raise ConfigError(
            f"what came on stdin is no text in {sys.stdin.encoding}. Convert it, or say in LC_ALL "
            "what it is"
        ) from None
    return line


def _places(reader: Reader, needle: Term) -> Iterator[tuple[str, str, str]]:
    from navfeed.privacy.matcher import matcher_of
    from navfeed.privacy.redact import places_of

    seeker = matcher_of(needle)
    for ad, raw in reader.iter_all_raw():
        yield from ((ad, field, text) for field, text in places_of(raw, seeker))


def _agree(path: Path, needle: Term, *, yes: bool) -> None:
    """Ask whoever sits at a terminal; a script knows what it does. Raises `StoppedError`."""
    with Reader(path, oslo_day(datetime.now(UTC))) as reader:
        if yes or not sys.stdin.isatty():
            return
        ads = len({ad for ad, _, _ in _places(reader, needle)})
    question = f"Erase it from {counted(ads, 'ad')} and all future syncs? This cannot be undone"
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:  # Ctrl-C, or the end of the input
        agreed = False
    if not agreed:
        raise StoppedError("nothing was erased")


def _cells(line: AuditLine) -> tuple[str, str, int, int]:
    return (moment_text(line.at) or "", line.action, line.ads, line.places)


def _give(names: Sequence[str], rows: Sequence[Sequence[object]], format_: RowsFormat) -> None:
    if format_ is RowsFormat.JSON:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_rows(names, rows)
