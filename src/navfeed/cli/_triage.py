"""`navfeed save`, `applied` and `ignore`: a mark on an ad, and a note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.api import now, open_store
from navfeed.cli._completion import values_of
from navfeed.cli._output import print_warning
from navfeed.config import Settings
from navfeed.errors import NotFoundError
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.text.plaintext import sanitize
from navfeed.watches.choices import Mark

if TYPE_CHECKING:
    from navfeed.watches.state import State

AdArgument = Annotated[
    str,
    typer.Argument(
        metavar="UUID",
        help="The ad's id, or its first characters.",
        autocompletion=values_of("uuid"),
    ),
]
NoteOption = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="A note of your own. It stays when the ad is gone.",
        show_default=False,
    ),
]
UndoOption = Annotated[bool, typer.Option("--undo", help="Remove the mark and its note.")]


def mark_ad(settings: Settings, start: str, mark: Mark, note: str | None, *, undo: bool) -> None:
    from navfeed.watches.state import State
    from navfeed.watches.state_file import state_path

    moment = now()
    with State(state_path(settings.db)) as state:
        if (uuid := _marked(state, start)) is None:
            with open_store(settings.db, at=moment) as reader:
                uuid, content = reader.find(start)
            title = content.title or uuid
        else:
            title = uuid
        if undo:
            state.unmark(uuid)
        else:
            state.mark(uuid, mark, note, moment)
    print_warning(f"{'not ' if undo else ''}{mark.value}: {sanitize(title)}")


def _marked(state: State, start: str) -> str | None:
    """The marked ad whose id begins with `start`; it may no longer be in the store."""
    start = start.strip().lower()
    matches = [ad for ad in state.marks() if start and ad.startswith(start)]
    if len(matches) > 1:
        raise NotFoundError(f"{start} is ambiguous: {', '.join(matches[:5])}. Give more of the id")
    return matches[0] if matches else None


def only_saved(reader: Reader, filters: Filters, db: Path) -> tuple[Filters, dict[str, str]]:
    """The filters for the saved ads among these, and the notes about them.

    Warns about inactive ones: only their notes are left.
    """
    from navfeed.watches.state import State
    from navfeed.watches.state_file import state_path

    path = state_path(db)
    if not path.exists():  # reading creates no file
        return replace(filters, uuid=("",)), {}
    with State(path) as state:
        marks = state.marks()
    saved = {ad: one.note or "" for ad, one in marks.items() if one.mark is Mark.SAVED}
    active = {str(ad) for (ad,) in reader.rows(("uuid",), Filters(uuid=(*saved, "")))}
    for ad in sorted(saved.keys() - active):
        note = f": {sanitize(saved[ad])}" if saved[ad] else ""
        print_warning(f"saved, no longer active: {ad}{note}")
    meant = tuple(ad for ad in saved if not filters.uuid or ad in filters.uuid)
    return replace(filters, uuid=meant or ("",)), saved
