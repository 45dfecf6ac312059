"""What the engine needs from feed, store and clock, and which errors they may raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from navfeed.model import (
    Content,
    Detail,
    DetailDecision,
    Effect,
    EntryDecision,
    Failed,
    FeedCursor,
    Gone,
    Page,
    PrivacyPolicy,
    Problem,
    Queued,
    RunEnd,
    Scope,
    SeenEntry,
    Stored,
    Unchanged,
    Window,
    WindowPart,
)

Clock = Callable[[], datetime]
"""The wall clock, aware. Only for what people read and for retries; never for the feed's order."""


class Feed(Protocol):
    """A job vacancy feed. Called from several threads at once.

    Every method may raise `UnreachableError`, `ContractError` or `TokenError`, and nothing else.
    """

    def seek(self, since: datetime | None) -> Page | None:
        """The page that starts at the first entry written after `since` (None: the oldest page).

        None when nothing is newer. Never a page with entries older than `since`.
        """

    def newest(self) -> Page | None:
        """The page that begins at the newest entry, None when the log is empty."""

    def page(self, page_id: str, etag: str | None = None) -> Page | Unchanged | None:
        """That page; None when the feed has no such page. `Unchanged` only when `etag` is given."""

    def large_page(self, page_id: str) -> Page | None:
        """That page with many more entries, and another page behind it; None where none came."""

    def detail(self, ad: str) -> Detail | Gone:
        """The ad as it is now."""


class Store(Protocol):
    """Where the ads are kept. Each method is one transaction, or only reads.

    Every method may raise `StoreError`, and nothing else; the change is rolled back then. What the
    methods mean stands with the one implementation, `navfeed.store.writer.Store`.
    """

    def feed_cursor(self) -> FeedCursor: ...
    def seen_from(self, ordinal: int) -> list[SeenEntry]: ...
    def stored_ids_among(self, ads: Iterable[str]) -> dict[str, date | None]: ...
    def get_stored(self, ad: str) -> Stored | None: ...
    def commit_page(
        self,
        decisions: Sequence[EntryDecision],
        seen: Sequence[SeenEntry],
        cursor: FeedCursor,
        *,
        keep_from: int,
        now: datetime,
        trouble: str | None = None,
        recheck: bool = False,
    ) -> list[Effect]: ...
    def begin_at(self, reach: datetime | None, stretches: Sequence[Window] = ()) -> None: ...
    def end_walk(self, cursor: FeedCursor, vanished: Sequence[SeenEntry]) -> None: ...
    def windows(self) -> list[Window]: ...
    def commit_window_page(
        self,
        number: int,
        entries: Iterable[tuple[str, str]],
        *,
        following: str | None,
    ) -> None: ...
    def window_parts(self) -> list[WindowPart]: ...
    def queue_part(self, part: WindowPart, now: datetime) -> list[Queued]: ...
    def caught_up(self, moment: datetime, served_at: datetime | None = None) -> None: ...
    def prune_changes(self, before: datetime) -> None: ...
    def commit_details(
        self, decisions: Sequence[DetailDecision], failed: Sequence[Failed], now: datetime
    ) -> list[Effect]: ...
    def sweep(self, today: date, now: datetime) -> list[Effect]: ...
    def due(self, now: datetime, *, everything: bool = False) -> list[Queued]: ...
    def queued(self, ad: str) -> Queued | None: ...
    def waiting(self, now: datetime) -> tuple[int, int]: ...
    def unconfirmed(self) -> int: ...
    def failure_reasons(self) -> list[Problem]: ...
    def queue_rechecks(self, before: datetime, most: int, now: datetime) -> int: ...
    def ad_ids(self) -> set[str]: ...
    def outside(self) -> set[str]: ...
    def privacy_policy(self) -> PrivacyPolicy: ...
    def scope(self) -> Scope: ...
    def iter_contents(self) -> Iterator[tuple[str, Content]]: ...
    def rescope(self, scope: Scope, leaving: Iterable[str], *, ask: bool, now: datetime) -> int: ...
    def begin_run(self, now: datetime) -> int: ...
    def end_run(self, run: int, end: RunEnd, now: datetime) -> None: ...
    def forget_trouble(self) -> None: ...
    def retry_at(self) -> datetime | None: ...
    def remember_retry(self, moment: datetime | None) -> None: ...
    def erasure_owed(self) -> bool: ...
    def purge(self) -> bool: ...
