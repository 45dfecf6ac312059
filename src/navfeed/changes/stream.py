"""Read changes from a store, batch by batch.

The store is reopened for each batch: a slow consumer never delays the erasure of what is removed
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from navfeed.model import Change, Cursor
from navfeed.store.filters import Filters
from navfeed.store.query import Reader

BATCH = 200
"""Changes in memory at once: some 5 MB of ads."""


@dataclass(frozen=True, slots=True)
class Source:
    """A store, and the selection of its ads.

    `open` opens it as of now; `filters` returns the filters as of now, as days may be relative.
    """

    open: Callable[[], Reader]
    filters: Callable[[], Filters]
    content: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes, and the cursor after them.

    `complete`: the cursor is the store's own. `caught_up_at` is when the store was last
    complete, `feed_time` how far it has read in the feed's time, `today` the day in Oslo on which
    the batch was read.
    """

    changes: Iterable[Change]
    cursor: Cursor
    complete: bool
    today: date
    caught_up_at: datetime | None
    feed_time: datetime | None


@contextmanager
def snapshot(source: Source) -> Iterator[Batch]:
    """All selected ads as of one moment. May raise what `Reader` does."""
    with source.open() as reader:
        changes = reader.snapshot(source.filters(), content=source.content)
        yield _batch(reader, changes, reader.cursor(), complete=True)


def batch(
    source: Source, after: Cursor | None, most: int = BATCH, *, from_start: bool = False
) -> Batch:
    """The next changes, `most` of them at most. Raises `CursorError`, and what `Reader` does.

    `from_start`: all changes before were read from the start of the journal, without a gap.
    """
    with source.open() as reader:
        return read_batch(
            reader, after, source.filters(), most, content=source.content, from_start=from_start
        )


def read_batch(
    reader: Reader,
    after: Cursor | None,
    filters: Filters,
    most: int,
    *,
    content: bool,
    from_start: bool = False,
) -> Batch:
    """The next changes from an open store. Raises `CursorError`, and what `Reader` does."""
    found = reader.changes(after, filters, content=content, from_start=from_start)
    changes = list(islice(found, most))
    complete = len(changes) < most
    cursor = reader.cursor() if complete else changes[-1].cursor
    return _batch(reader, changes, cursor, complete=complete)


def read_snapshot(
    reader: Reader, filters: Filters, most: int, *, content: bool, since: Cursor | None, beyond: str
) -> Batch:
    """A part of a snapshot: at most `most` ads, with ids after `beyond`.

    `since` is the cursor of the first part, None for that part itself. A consumer that continues
    from there after the last part also gets the changes between the parts, so none is missed.
    Raises `CursorError` if the cursor is no longer valid in this store, and what `Reader` does.
    """
    if since is not None:
        reader.changes(since)  # refuses a cursor that cannot be continued
    changes = list(islice(reader.snapshot(filters, content=content, beyond=beyond), most))
    cursor = since or reader.cursor()
    return _batch(reader, changes, cursor, complete=len(changes) < most)


def _batch(reader: Reader, changes: Iterable[Change], cursor: Cursor, *, complete: bool) -> Batch:
    return Batch(changes, cursor, complete, reader.today, reader.caught_up_at(), reader.feed_time())


def batches(source: Source, after: Cursor | None, limit: int | None = None) -> Iterator[Batch]:
    """All later changes, or at most `limit`. The last batch is complete, or full."""
    left = limit
    from_start = after is None
    while True:
        most = BATCH if left is None else min(BATCH, left)
        part = batch(source, after, most, from_start=from_start)
        yield part
        after = part.cursor
        if left is not None:
            left -= len(list(part.changes))
        if part.complete or left == 0:
            return
