"""Changes written for other programs, with the cursor that each consumer continues from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic, sleep
from typing import BinaryIO

from navfeed.changes import lines, stream
from navfeed.changes.stream import Batch, Source
from navfeed.errors import ConfigError, CursorError
from navfeed.files import replaced
from navfeed.model import Change, Cursor, read_cursor

POLL_SECONDS = 1.0
"""How often `follow` looks for changes: a query of a few milliseconds."""

HEARTBEAT_SECONDS = 30.0
"""The longest silence of `follow`: a consumer that receives nothing for longer knows it is dead."""


class ChangesFormat(StrEnum):
    JSONL = "jsonl"
    CLOUDEVENTS = "cloudevents"
    BULK = "bulk"
    TABLE = "table"


def cursor_in(file: Path, selection: str) -> Cursor | None:
    """The cursor in a file; None if there is no file yet. Raises `ConfigError`.

    `selection` identifies the filters (`navfeed.push.targets.selection_of`). Raises `CursorError`
    for a cursor with others: ads that match only now would never be written.
    """
    try:
        cursor, saved = _parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it holds no cursor"
        raise ConfigError(
            f"cannot continue from {file}: {reason}. Name another with --cursor, or start over "
            "with --snapshot"
        ) from error
    if saved not in (None, selection):
        raise CursorError(
            f"the filters differ from those of {file}, so ads would be missing. Start over with "
            "--snapshot, or name another file with --cursor"
        )
    return cursor


def _parse(text: str) -> tuple[Cursor, str | None]:
    """A cursor file's cursor and selection; None: an older version of navfeed wrote it."""
    cursor, _, second = text.strip().partition("\n")
    if second and not second.startswith(_SELECTION):
        raise ValueError(text)
    return read_cursor(cursor), second.removeprefix(_SELECTION) or None


_SELECTION = "filters "
"""Begins the second line of a cursor file, before the selection."""


@dataclass(slots=True)
class ChangeWriter:
    """Writes changes, and saves the cursor to `file` only once its lines are flushed.

    `selection` identifies the filters of `source`; it is saved with the cursor.
    `columns` of jsonl and the table, in their order; None: all of jsonl, all but the content of a
    table.
    """

    format: ChangesFormat
    source: Source
    out: BinaryIO
    file: Path | None
    selection: str
    contacts: bool
    clock: Callable[[], datetime]
    columns: tuple[str, ...] | None = None
    written: int = 0
    _saved: Cursor | None = None

    def snapshot(self) -> Cursor:
        """Write every ad as it is now; return the cursor to continue from."""
        with stream.snapshot(self.source) as batch:
            self._write(batch)
        self._end(batch)
        return batch.cursor

    def catch_up(self, after: Cursor | None, limit: int | None) -> Cursor:
        """Write all changes, up to `limit` in total; return the cursor to continue from."""
        left = None if limit is None else limit - self.written
        for batch in stream.batches(self.source, after, left):
            self._write(batch)
            if not batch.complete:
                self._flush(batch.cursor)
        self._end(batch)
        return batch.cursor

    def follow(self, after: Cursor, limit: int | None) -> None:
        """Write changes as they happen, and a sign of life every half minute."""
        last = monotonic()
        while limit is None or self.written < limit:
            sleep(POLL_SECONDS)
            batch = stream.batch(self.source, after, 1)
            if batch.cursor != after or monotonic() - last >= HEARTBEAT_SECONDS:
                after = self.catch_up(after, limit)
                last = monotonic()

    def _write(self, batch: Batch) -> None:
        for change in batch.changes:
            for line in self._lines(change):
                self.out.write(line.encode() + b"\n")
            self.written += 1

    def _lines(self, change: Change) -> Iterator[str]:
        match self.format:
            case ChangesFormat.JSONL:
                columns = self.columns or lines.FIELDS
                return lines.jsonl(change, contacts=self.contacts, columns=columns)
            case ChangesFormat.TABLE:
                return lines.table(change, contacts=self.contacts, columns=self._table_columns())
            case ChangesFormat.CLOUDEVENTS:
                return lines.cloudevents(change, contacts=self.contacts)
            case ChangesFormat.BULK:
                return lines.bulk(change, contacts=self.contacts)

    def _table_columns(self) -> tuple[str, ...]:
        return self.columns or lines.FIELDS[:-1]

    def _end(self, batch: Batch) -> None:
        """Mark the end of what there is. `_bulk` takes actions alone, so it gets no mark."""
        if (line := self._last_line(batch)) is not None:
            self.out.write(line.encode() + b"\n")
        self._flush(batch.cursor)

    def _last_line(self, batch: Batch) -> str | None:
        match self.format:
            case ChangesFormat.JSONL:
                return lines.caught_up_line(batch, self.columns)
            case ChangesFormat.TABLE:
                return lines.row(lines.caught_up(batch), self._table_columns())
            case ChangesFormat.CLOUDEVENTS:
                return lines.caught_up_event(batch, self.clock())
            case ChangesFormat.BULK:
                return None

    def _flush(self, cursor: Cursor) -> None:
        """At least once: lines that were not flushed are written again by the next run."""
        self.out.flush()
        if self.file is not None and cursor != self._saved:
            with replaced(self.file, stoppable=False) as out:
                out.write(f"{cursor}\n{_SELECTION}{self.selection}\n".encode())
            self._saved = cursor
