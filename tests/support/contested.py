"""A log in which everything may be disputed: ads in several open transactions, moments that repeat.

The practice feed keeps NAV's rule that one transaction at a time changes an ad. This one need not;
and it is a `Feed` without HTTP, so that thousands of schedules take minutes. True of an ad is what
stands at its last place in the log, once that is visible.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from random import Random
from uuid import UUID

from navfeed.model import Content, Detail, Entry, Gone, Page, Status, Unchanged
from navfeed.wire.detail import read_detail
from support.scripted import BEGAN

LATEST = timedelta(minutes=15)
"""No transaction stays open for longer."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is odd about this feed, beside the order of its entries."""

    repeated_moments: bool = False
    no_clock: bool = False
    no_moments: bool = False
    forgetful: bool = False


@dataclass(eq=False, slots=True)
class Row:
    page_id: str
    ad: str
    status: Status
    moment: datetime
    visible: bool = False


@dataclass(eq=False, slots=True)
class Open:
    """A transaction that has its places in the log and is not committed."""

    began: datetime
    rows: list[Row] = field(default_factory=list)


@cache
def contested_content(ad: str, version: int) -> Content:
    place = [{"municipal": "BERGEN"}]
    served = {"uuid": ad, "title": f"v{version}", "workLocations": place}
    body = {"uuid": ad, "status": "ACTIVE", "ad_content": served}
    found = read_detail(json.dumps(body).encode(), expected=ad).content
    assert found is not None
    return found


class Contested:
    """A `Feed`, and the server behind it. `live`: things happen while it is read."""

    def __init__(self, rng: Random, trouble: Trouble) -> None:
        self.rng = rng
        self.now = BEGAN
        self.live = False
        self.before: Callable[[], None] = lambda: None
        self._trouble = trouble
        self._disputed = rng.random() < 0.5
        self._size = rng.choice([2, 3, 4, 5, 7, 1_000])
        self._clock = rng.choice([0.0, 0.6, 1.0]) if trouble.no_clock else 1.0
        self._dated = 0.7 if trouble.no_moments and rng.random() < 0.6 else 1.0
        self._log: list[Row] = []
        self._open: list[Open] = []
        self._ads: list[str] = []
        self._now_is: dict[str, tuple[Row, int]] = {}

    # What happens there

    def some_history(self) -> None:
        for _ in range(self.rng.choice([2, 3, 5, 9])):
            self._commit(self._begin_with_news())
            self.advance(timedelta(minutes=self.rng.choice([1, 10, 40])))
        self.advance(2 * LATEST + timedelta(minutes=1))

    def happen(self) -> None:
        """One thing: an ad comes, some change, a transaction begins, grows or ends."""
        chance = self.rng.random()
        if chance < 0.25 or not self._ads:
            self._commit(self._begin_with_news())
        elif chance < 0.6:
            self._commit(self._begin_with_changes(self.rng.choice([1, 1, 1, 2, 3])))
        elif chance < 0.8:
            self._begin_with_changes(self.rng.choice([1, 1, 2]))
        elif chance < 0.85 and self._open:
            self._change(self.rng.choice(self._open))
        elif self._open:
            self._commit(self.rng.choice(self._open))
        if self.rng.random() < 0.5:
            self.advance(timedelta(seconds=self.rng.choice([0.001, 0.5, 3, 30, 60, 200])))

    def advance(self, by: timedelta) -> None:
        until = self.now + by
        for transaction in sorted(self._open, key=lambda one: one.began):
            if transaction.began + LATEST <= until:
                self.now = max(self.now, transaction.began + LATEST)
                self._commit(transaction)
        self.now = until

    def forget(self) -> None:
        """Pages lose their names, or the log is rebuilt from each ad's last entry."""
        if self.rng.random() < 0.7:
            for row in self._log[-self.rng.choice([1, 2, 5, 20]) :]:
                row.page_id = self._uuid()
        elif not self._open:
            last = {row.ad: row for row in self._log}
            self._log = [row for row in self._log if last[row.ad] is row]
            for row in self._log:
                row.page_id = self._uuid()

    def truth(self) -> dict[str, str]:
        return {
            ad: contested_content(ad, version).raw
            for ad, (row, version) in self._now_is.items()
            if row.status is Status.ACTIVE
        }

    def _begin_with_news(self) -> Open:
        transaction = self._begin()
        self._ads.append(self._uuid())
        self._write(transaction, self._ads[-1], Status.ACTIVE)
        return transaction

    def _begin_with_changes(self, count: int) -> Open:
        transaction = self._begin()
        for _ in range(count):
            self._change(transaction)
        return transaction

    def _begin(self) -> Open:
        if not self._trouble.repeated_moments:
            self.now += timedelta(microseconds=1 + self.rng.randrange(5))
        self._open.append(Open(self.now))
        return self._open[-1]

    def _change(self, transaction: Open) -> None:
        ad = self.rng.choice(self._ads[-8:])
        held = {row.ad for one in self._open if one is not transaction for row in one.rows}
        if self._disputed or ad not in held:
            self._write(transaction, ad, self.rng.choice(list(Status)))

    def _write(self, transaction: Open, ad: str, status: Status) -> None:
        row = Row(self._uuid(), ad, status, transaction.began)
        self._log.append(row)
        transaction.rows.append(row)

    def _commit(self, transaction: Open) -> None:
        self._open.remove(transaction)
        for row in transaction.rows:
            row.visible = True
            before, version = self._now_is.get(row.ad, (None, 0))
            if before is None or self._log.index(row) > self._log.index(before):
                self._now_is[row.ad] = (row, version + 1)

    def _uuid(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    # The feed

    def seek(self, since: datetime | None) -> Page | None:
        rows = self._asked()
        return self._window([row for row in rows if since is None or row.moment > since][:1], rows)

    def newest(self) -> Page | None:
        rows = self._asked()
        return self._window(rows[-1:], rows)

    def page(self, page_id: str, etag: str | None = None) -> Page | Unchanged | None:
        rows = self._asked()
        page = self._window([row for row in rows if row.page_id == page_id], rows)
        if page is not None and etag is not None and etag == page.etag:
            return Unchanged(page.served_at)
        return page

    def large_page(self, page_id: str) -> Page | None:
        """Several times as many entries, or none: as a feed without such pages answers."""
        rows = self._asked()
        if self.rng.random() < 0.2:
            return None
        first = [row for row in rows if row.page_id == page_id]
        page = self._window(first, rows, 5 * self._size)
        return page if page and not page.is_tip else None

    def detail(self, ad: str) -> Detail | Gone:
        self._asked()
        if ad not in self._now_is:
            return Gone(ad)
        row, version = self._now_is[ad]
        return Detail(
            ad, row.status, contested_content(ad, version) if row.status is Status.ACTIVE else None
        )

    def _asked(self) -> list[Row]:
        """The visible log. Time goes on meanwhile, and more than that on a live feed."""
        self.before()
        if self.live:
            if self.rng.random() < 0.3:
                self.happen()
            seconds = self.rng.choice([0, 0.1, 5, 60, 300]) if self.rng.random() < 0.3 else 0.1
            self.advance(timedelta(seconds=seconds))
        return [row for row in self._log if row.visible]

    def _window(self, first: list[Row], rows: list[Row], size: int | None = None) -> Page | None:
        if not first:
            return None
        following = rows[rows.index(first[0]) :]
        shown = following[: min(size or self._size, max(len(following) - 1, 2))]
        return Page(
            id=shown[0].page_id,
            entries=tuple(map(self._entry, shown)),
            next_id=shown[-1].page_id if len(following) > len(shown) else None,
            etag=shown[-1].page_id,
            served_at=self.now.replace(microsecond=0) if self.rng.random() < self._clock else None,
        )

    def _entry(self, row: Row) -> Entry:
        # The same answer for the same entry, however often it is asked for.
        dated = Random(f"{row.ad}{row.moment}").random() < self._dated
        return Entry(row.ad, row.status, row.moment.isoformat(), row.moment if dated else None)
