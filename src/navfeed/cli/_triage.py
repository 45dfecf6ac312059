"""`navfeed save`, `applied` and `ignore`: a mark on an ad, and a note."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.api import now, open_store
from navfeed.cli._completion import values_of
from navfeed.cli._output import print_lines, print_warning
from navfeed.config import Settings
from navfeed.errors import NotFoundError, StoreError
from navfeed.store.filters import Filters
from navfeed.store.query import Reader, shortened
from navfeed.text.plaintext import sanitize
from navfeed.watches.choices import Mark

if TYPE_CHECKING:
    from navfeed.watches.state import Triaged

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

    with State(state_path(settings.db)) as state:
        uuid, title = _find(settings, state.marks(), start)
        if undo:
            state.unmark(uuid)
        else:
            state.mark(uuid, mark, note, now())
    print_warning(f"{'not ' if undo else ''}{mark.value}: {title}")


def predict_mark(
    settings: Settings, start: str, mark: Mark, note: str | None, *, undo: bool
) -> None:
    """Print what `mark_ad` would do."""
    marks = _read_marks(settings.db)
    uuid, title = _find(settings, marks, start)
    present = marks.get(uuid)
    kept = present.note if present else None
    before = f"{present.mark.value}{_with_note(kept)}" if present else "not marked"
    after = "not marked" if undo else f"{mark.value}{_with_note(note or kept)}"
    print_lines([f"{title}: {before}; would be {after}"])


def _with_note(note: str | None) -> str:
    return f" ({sanitize(note)})" if note else ""


def _find(settings: Settings, marks: Mapping[str, Triaged], start: str) -> tuple[str, str]:
    """The id of an ad, and what to call it: a marked one may be gone, and its title with it."""
    marked = _marked(marks, start)
    try:
        with open_store(settings.db) as reader:
            uuid, content = reader.find(start if marked is None else marked)
    except (NotFoundError, StoreError):
        if marked is None:
            raise
        return marked, marked
    return uuid, f"{sanitize(content.title or 'no title')} ({uuid[:8]})"


def _marked(marks: Iterable[str], start: str) -> str | None:
    """The marked ad whose id begins with `start`; it may no longer be in the store."""
    start = start.strip().lower()
    matches = [ad for ad in marks if start and ad.startswith(start)]
    if len(matches) > 1:
        named = ", ".join(shortened(matches)[:5])
        raise NotFoundError(f"{start} is ambiguous: {named}. Give more of the id")
    return matches[0] if matches else None


def _read_marks(db: Path) -> dict[str, Triaged]:
    """The marks beside a store. Creates no file."""
    from navfeed.watches.state import State
    from navfeed.watches.state_file import state_path

    if not (path := state_path(db)).exists():
        return {}
    with State(path) as state:
        return state.marks()


def only_marked(
    reader: Reader, filters: Filters, db: Path, marks: Collection[str]
) -> tuple[Filters, dict[str, str]]:
    """The filters for the ads with one of these marks among these, and the notes about them.

    Warns about inactive ones: only their notes are left.
    """
    found = {ad: one for ad, one in _read_marks(db).items() if one.mark in marks}
    active = {str(ad) for (ad,) in reader.rows(("uuid",), Filters(uuid=(*found, "")))}
    for ad in sorted(found.keys() - active):
        note = found[ad].note
        after = f": {sanitize(note)}" if note else ""
        print_warning(f"{found[ad].mark.value}, no longer active: {ad}{after}")
    meant = tuple(ad for ad in found if not filters.uuid or ad in filters.uuid)
    notes = {ad: one.note or "" for ad, one in found.items()}
    return replace(filters, uuid=meant or ("",)), notes
