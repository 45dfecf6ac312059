"""What is the reader's own: watches, and marks on ads. Only with `--personal`, on this machine.

The watches are a file that is edited elsewhere, and only read here. Marks (saved, applied, ignored)
stand beside the store, and are the one thing that the service writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from navfeed.errors import ConfigError
from navfeed.names import parameter_of
from navfeed.store.filters import Filters
from navfeed.watches.choices import Mark

if TYPE_CHECKING:
    from navfeed.watches.definition import Watch

Marks = Mapping[str, Mark]
"""Marks by the ads' ids."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Where the watches and the marks are; `filters` are the names that a watch can use.

    `secret` proves that a form came from a page of this service: no other page can read it.
    """

    watches_file: Path
    state_file: Path
    filters: tuple[str, ...]
    secret: str = field(default_factory=lambda: token_urlsafe(24), repr=False)

    def watches(self) -> list[Watch]:
        """In the order of the file. Raises `ConfigError`, which does not name the file."""
        from navfeed.watches.reading import read_watch_file

        try:
            return list(read_watch_file(self.watches_file, self.filters).watches.values())
        except ConfigError:
            raise ConfigError(
                "the watch file cannot be read: `navfeed watch list` shows why"
            ) from None

    def watch(self, name: str) -> Watch:
        """Raises `ConfigError` where there is no such watch."""
        found = next((one for one in self.watches() if one.name == name), None)
        if found is None:
            raise ConfigError(f"there is no watch {name!r}")
        return found

    def marks(self) -> Marks:
        """Raises `StoreError`. Makes no file."""
        if not self.state_file.exists():
            return {}
        from navfeed.watches.state import State

        with State(self.state_file) as state:
            return {ad: one.mark for ad, one in state.marks().items()}

    def mark(self, ad: str, mark: Mark | None, now: datetime) -> None:
        """Keep a mark; None takes it away, with its note. Raises `StoreError`."""
        from navfeed.watches.state import State

        with State(self.state_file) as state:
            if mark is None:
                state.unmark(ad)
            else:
                state.mark(ad, mark, None, now)


def with_mark(filters: Filters, marks: Marks, mark: Mark) -> Filters:
    """Only the ads that have a mark."""
    marked = [ad for ad, one in marks.items() if one is mark]
    wanted = tuple(ad for ad in marked if not filters.uuid or ad in filters.uuid)
    return replace(filters, uuid=wanted or ("",))


def without_ignored(filters: Filters, marks: Marks) -> Filters:
    """Without the ads that the reader ignored, unless they are wanted by their ids."""
    if filters.uuid:
        return filters
    return replace(
        filters, uuid=tuple(f"!{ad}" for ad, one in marks.items() if one is Mark.IGNORED)
    )


def watch_parameters(watch: Watch) -> dict[str, list[str]]:
    """A watch's filters as the parameters of an address."""
    return {parameter_of(name): list(values) for name, values in watch.filters.items()}
