"""The reader's own on the page: links to watches and marked ads, the form that marks an ad."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from navfeed.serve.address import Address
from navfeed.serve.parameters import last_value
from navfeed.serve.personal import Marks, watch_parameters, with_mark, without_ignored
from navfeed.serve.triage import NO_MARK, read_mark
from navfeed.store.filters import Filters
from navfeed.watches.choices import Mark

if TYPE_CHECKING:
    from navfeed.watches.definition import Watch

ORDER = (Mark.SAVED, Mark.APPLIED, Mark.IGNORED)
_ALL = Filters()


@dataclass(frozen=True, slots=True)
class WatchLink:
    """A watch: the address that lists its ads, and its feed."""

    name: str
    href: str
    feed: str


@dataclass(frozen=True, slots=True)
class MarkLink:
    """A mark, how many active ads have it, and the address that lists them, or all again."""

    mark: str
    ads: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class TriageForm:
    """The form that marks the open ad; `back` is the query of the address to return to."""

    secret: str
    mark: Mark | None
    back: str

    @property
    def buttons(self) -> Iterator[tuple[str, str, bool]]:
        """The mark's name, the value to send, and whether the ad has it: then it is taken away."""
        for mark in ORDER:
            is_set = mark is self.mark
            yield mark.value, NO_MARK if is_set else mark.value, is_set


def with_marks(filters: Filters, marks: Marks, mark: str) -> Filters:
    """Only the ads with that mark, or all but the ignored ones. Raises `ConfigError`."""
    return with_mark(filters, marks, read_mark(mark)) if mark else without_ignored(filters, marks)


def mark_links(
    address: Address, marks: Marks, count: Callable[[Filters], int]
) -> Iterator[MarkLink]:
    """The marks that any active ad has."""
    chosen = last_value(address.parameters, "mark")
    for mark in ORDER:
        if (ads := count(with_mark(_ALL, marks, mark))) or mark == chosen:
            href = address.with_mark(None if mark == chosen else mark.value)
            yield MarkLink(mark.value, ads, href, mark == chosen)


def watch_link(watch: Watch, address: Address) -> WatchLink:
    return WatchLink(
        watch.name, address.watch(watch_parameters(watch)), address.watch_feed(watch.name)
    )
