"""The older windows of a first sync: read to where each meets the next newer one.

They find ads and remove none (`navfeed.first_windows`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

from navfeed.errors import ContractError
from navfeed.first_windows import meeting
from navfeed.lookback import feed_clock
from navfeed.model import Key, Page, Unchanged, Window
from navfeed.sync.entry_points import seek_whole
from navfeed.sync.ports import Feed, Store
from navfeed.sync.walk import PageApplied, refuse_loop, refuse_missing

_RECENT = 2_000
"""Entries, two full pages: what a live log may grow by while the windows are read."""


class OlderWindow:
    """One window, from the page where it stands."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        window: Window,
        newer: Window,
        *,
        opened: Mapping[str, Page],
        large_pages: bool,
    ) -> None:
        self._feed = feed
        self._store = store
        self._window = window
        self._opening = newer.opening
        self._opened = opened
        self._large_pages = large_pages
        self._visited: set[str] = set()
        self._last: Key | None = None
        self._recent: deque[Key] = deque(maxlen=_RECENT)
        self._moment: datetime | None = None
        self.wants = window.page

    def fetch(self, page_id: str) -> Page | Unchanged | None:
        """Called from any thread. A page that is gone since the last run is sought again.

        The first page was read to find the window: its entries were settled then.
        """
        page = self._opened.get(page_id) or self._large_page(page_id) or self._feed.page(page_id)
        if page is None and not self._visited:
            return seek_whole(self._feed, self._window.since)
        return page

    def _large_page(self, page_id: str) -> Page | None:
        """After one that is not usable, no more are requested in this run."""
        page = self._feed.large_page(page_id) if self._large_pages else None
        self._large_pages = page is not None and page.next_id not in self._visited
        return page if self._large_pages else None

    def take(self, answer: Page | Unchanged | None) -> PageApplied:
        """Commit a page. Raises `ContractError` where the feed does not lead on."""
        page = refuse_missing(answer, self.wants)
        self._visited.add(page.id)
        refuse_loop(page, self._visited)
        self._recent.extend(entry.key for entry in page.entries)
        end = meeting(page, self._opening)
        if end is None and page.is_tip:
            self._refuse_false_tip(page)
        entries = self._new(page, end)
        self.wants = None if end is not None else page.next_id
        self._store.commit_window_page(
            self._window.number, [key[:2] for key in entries], following=self.wants
        )
        self._moment = feed_clock(self._moment, page)
        return PageApplied(
            page=page.id,
            entries=len(entries),
            new=len(entries),
            late=0,
            moment=self._moment,
            removed=(),
            window=self._window.number,
        )

    def _new(self, page: Page, end: int | None) -> list[Key]:
        """The entries of the page that are this window's, without the one it shares."""
        keys = [entry.key for entry in page.entries[:end]]
        shared = bool(keys) and keys[0] == self._last
        self._last = page.entries[-1].key if page.entries else self._last
        return keys[shared:]

    def _refuse_false_tip(self, page: Page) -> None:
        """The end of the log is behind entries that the newest window saw, or this is not the end.

        Nobody would read on from here in a later run, as the newest window does.
        """
        seen = {one.key for one in self._store.seen_from(0)}
        if seen.isdisjoint(self._recent):
            raise ContractError(
                f"the feed ends with page {page.id}, before entries that it showed already. "
                "The position is kept; run again later"
            )


def older_windows(
    feed: Feed, store: Store, opened: Mapping[str, Page], *, large_pages: bool
) -> list[OlderWindow]:
    """Those that are still to be read, the newest first. `opened` are pages that were read.

    With `large_pages`, pages of ten times as many entries are requested.
    """
    windows = store.windows()
    return [
        OlderWindow(feed, store, window, newer, opened=opened, large_pages=large_pages)
        for newer, window in pairwise(windows)
        if window.page is not None
    ]
