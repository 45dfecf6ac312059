"""Opens the store for a command with filters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from navfeed.api import open_store
from navfeed.cli._age import limits
from navfeed.cli._filters import FilterOptions, suggest_values
from navfeed.config import load
from navfeed.store.filters import Filters
from navfeed.store.query import Reader


@contextmanager
def open_query(
    filter_options: FilterOptions, db: Path | None, config: Path | None, max_age: str | None
) -> Iterator[tuple[Reader, Filters, Path]]:
    """The open store as of today, the filters, and the path of the store.

    Warns about old data, and about values that match no ad. Raises `ConfigError`, `StoreError`, and
    `StaleError` for data older than `max_age`.
    """
    now = datetime.now(UTC)
    filters = filter_options.filters(now)
    settings = load({"db": db}, config=config)
    age = limits(settings, max_age)
    with open_store(settings.db, at=now, synonyms=settings.synonyms_file) as reader:
        age.check(reader.caught_up_at(), now)
        suggest_values(reader, filters)
        yield reader, filters, settings.db
