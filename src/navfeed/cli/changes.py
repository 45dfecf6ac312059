"""`navfeed changes`: what happened to the ads since a place, for programs that keep up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Annotated

import typer

from navfeed.api import now, open_store
from navfeed.cli._age import limits
from navfeed.cli._app import app
from navfeed.cli._filters import FilterOptions, hint_at_unknown, takes_filters
from navfeed.cli._options import ConfigOption, DbOption, WithContactsOption
from navfeed.cli._output import program_stdout
from navfeed.config import load, refuse_store
from navfeed.errors import ConfigError
from navfeed.files import replaced
from navfeed.model import Cursor, read_cursor

if TYPE_CHECKING:
    from navfeed.changes.stream import Batch, Source
    from navfeed.model import Change

POLL_SECONDS = 1.0
"""How often --follow looks for news: a question of a few milliseconds to the file."""

HEARTBEAT_SECONDS = 30.0
"""How long --follow is silent at most: who hears nothing for longer knows that it is dead."""


class ChangesFormat(StrEnum):
    JSONL = "jsonl"
    CLOUDEVENTS = "cloudevents"
    BULK = "bulk"


@app.command()
@takes_filters
def changes(
    *,
    db: DbOption = None,
    config: ConfigOption = None,
    asked: FilterOptions,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="CURSOR",
            help="Tell what happened since there. Default: all that is kept.",
            show_default=False,
        ),
    ] = None,
    cursor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Go on from the cursor in this file, and keep it there; made when it is not "
            "there. One for each consumer.",
            show_default=False,
        ),
    ] = None,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Begin with every ad as it is, as kind snapshot.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on telling what happens, until stopped.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many changes.", show_default=False)
    ] = None,
    no_content: Annotated[
        bool, typer.Option("--no-content", help="Only which ad, and what happened to it.")
    ] = False,
    with_contacts: WithContactsOption = False,
    format_: Annotated[
        ChangesFormat,
        typer.Option(
            "--format",
            help="cloudevents: an event a line. bulk: what OpenSearch's and Elasticsearch's _bulk "
            "take.",
        ),
    ] = ChangesFormat.JSONL,
) -> None:
    """Write what changed, for other programs.

    A line for each ad that was added, updated or removed, or that expired. Whoever applies the
    lines in their order has the active ads. The last line, of kind caught_up, holds the cursor to
    go on from. With filters, an ad that no longer fits is removed.

    Ends with 10 where a cursor cannot be continued without a hole: take a --snapshot then.
    """
    if cursor is not None and after is not None:
        raise ConfigError("--after and --cursor both say where to go on from. Leave one out")
    if snapshot and (after is not None or limit is not None):
        raise ConfigError("--snapshot tells of every ad. Leave --after and --limit out")
    settings = load({"db": db}, config=config)
    if cursor is not None:
        refuse_store(cursor, settings.db)
    began = _cursor_in(cursor) if cursor and not snapshot else _cursor(after)
    with open_store(settings.db) as reader:
        limits(settings, None).check(reader.caught_up_at(), now())
        hint_at_unknown(reader, asked.filters(now()))
    from navfeed.changes.stream import Source

    source = Source(
        open=partial(open_store, settings.db),
        filters=lambda: asked.filters(now()),
        content=not no_content,
    )
    telling = Telling(format_, source, cursor, contacts=with_contacts)
    stands = telling.snapshot() if snapshot else telling.catch_up(began, limit)
    if follow:
        telling.follow(stands, limit)


def _cursor(text: str | None) -> Cursor | None:
    try:
        return None if text is None else read_cursor(text)
    except ValueError:
        raise ConfigError(
            f"--after takes a cursor as `navfeed changes` gives it, not {text!r}"
        ) from None


def _cursor_in(file: Path) -> Cursor | None:
    """None where the file is not there yet: its consumer begins."""
    try:
        return read_cursor(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it holds no cursor"
        raise ConfigError(
            f"cannot go on from {file}: {said}. Name another with --cursor, or begin anew with "
            "--snapshot"
        ) from error


@dataclass(slots=True)
class Telling:
    """Writes changes, and notes how far: a cursor only once its lines have been handed over."""

    format: ChangesFormat
    source: Source
    file: Path | None
    contacts: bool
    told: int = 0
    _noted: Cursor | None = None

    def snapshot(self) -> Cursor:
        from navfeed.changes import stream

        with stream.snapshot(self.source) as batch:
            self._write(batch)
        self._end(batch)
        return batch.cursor

    def catch_up(self, after: Cursor | None, limit: int | None) -> Cursor:
        """Tell all there is, or up to `limit` in all; answer where that ends."""
        from navfeed.changes import stream

        left = None if limit is None else limit - self.told
        for batch in stream.batches(self.source, after, left):
            self._write(batch)
            if not batch.complete:
                self._hand_over(batch.cursor)
        self._end(batch)
        return batch.cursor

    def follow(self, after: Cursor, limit: int | None) -> None:
        """Tell what happens, and at least every half minute that one is alive."""
        from navfeed.changes import stream

        spoke = monotonic()
        while limit is None or self.told < limit:
            sleep(POLL_SECONDS)
            batch = stream.batch(self.source, after, 1)
            if batch.cursor != after or monotonic() - spoke >= HEARTBEAT_SECONDS:
                after = self.catch_up(after, limit)
                spoke = monotonic()

    def _write(self, batch: Batch) -> None:
        out = program_stdout()
        lines = self._lines()
        for change in batch.changes:
            for line in lines(change):
                out.write(line.encode() + b"\n")
            self.told += 1

    def _lines(self) -> Callable[[Change], Iterator[str]]:
        from navfeed.changes import lines

        of = {
            ChangesFormat.JSONL: lines.jsonl,
            ChangesFormat.CLOUDEVENTS: lines.cloudevents,
            ChangesFormat.BULK: lines.bulk,
        }
        return partial(of[self.format], contacts=self.contacts)

    def _end(self, batch: Batch) -> None:
        """Say that this is all. `_bulk` takes actions alone: there it is said by silence."""
        from navfeed.changes import lines

        if self.format is ChangesFormat.JSONL:
            program_stdout().write(lines.caught_up_line(batch).encode() + b"\n")
        elif self.format is ChangesFormat.CLOUDEVENTS:
            program_stdout().write(lines.caught_up_event(batch, now()).encode() + b"\n")
        self._hand_over(batch.cursor)

    def _hand_over(self, cursor: Cursor) -> None:
        """At least once: what was not handed over whole is told again."""
        sys.stdout.flush()
        if self.file is not None and cursor != self._noted:
            with replaced(self.file, stoppable=False) as out:
                out.write(f"{cursor}\n".encode())
            self._noted = cursor
