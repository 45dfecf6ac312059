"""A feed of a few lines, written out by the test: for orders of entries that no server makes twice.

`log` holds (ad, status, minute) in feed order; a test edits it between runs. Windows are NAV's:
`size` entries at most, the last one shared with the next page, a tip of one or two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from navfeed.model import Content, Detail, Entry, Gone, Page, Status, Unchanged
from navfeed.wire.detail import read_detail
from support.clock import NOW

BEGAN = NOW - timedelta(hours=4)
"""Minute 0 of the log."""
Row = tuple[str, str, int]


def uuid_named(name: str) -> str:
    """An ad or a page by a readable name: always the same uuid."""
    return str(UUID(bytes=name.encode().ljust(16, b".")[:16]))


def scripted_content(ad: str, **fields: object) -> Content:
    """An ad's content through the wire module, as the engine would get it."""
    import json

    served = {"uuid": ad, "title": "Sykepleier", "workLocations": [{"municipal": "BERGEN"}]}
    body = {"uuid": ad, "status": "ACTIVE", "ad_content": {**served, **fields}}
    detail = read_detail(json.dumps(body).encode(), expected=ad)
    assert detail.content is not None
    return detail.content


@dataclass
class ScriptedFeed:
    """A `Feed` over a list. Details answer ACTIVE where `active` has the ad, else INACTIVE.

    Those that are `withheld` are ACTIVE without content.
    """

    log: list[Row]
    active: dict[str, Content] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)
    size: int = 1_000
    now: datetime = BEGAN
    requests: list[str] = field(default_factory=list)
    etag: str | None = None
    probes: int = 0
    tells_date: bool = True

    def seek(self, since: datetime | None) -> Page | None:
        return self.window(0) if self.log else None

    def newest(self) -> Page | None:
        self.probes += 1
        return self.window(len(self.log) - 1) if self.log else None

    def page(self, page_id: str, etag: str | None = None) -> Page | Unchanged | None:
        self.requests.append("page" if etag is None else "page?")
        if etag is not None and etag == self.etag:
            return Unchanged(self.now)
        places = [at for at, row in enumerate(self.log) if self._page_id(row) == page_id]
        return self.window(places[0]) if places else None

    def large_page(self, page_id: str) -> Page | None:
        return None

    def detail(self, ad: str) -> Detail | Gone:
        self.requests.append(ad)
        if ad in self.errors:
            raise self.errors[ad]
        if ad in self.withheld:
            return Detail(ad, Status.ACTIVE, None)
        found = self.active.get(ad)
        return Detail(ad, Status.ACTIVE if found else Status.INACTIVE, found)

    def window(self, at: int) -> Page:
        following = self.log[at:]
        shown = following[: min(self.size, max(len(following) - 1, 2))]
        more = len(following) > len(shown)
        return Page(
            id=self._page_id(shown[0]),
            entries=tuple(_entry(row) for row in shown),
            next_id=self._page_id(shown[-1]) if more else None,
            etag=self.etag,
            served_at=self.now if self.tells_date else None,
        )

    @staticmethod
    def _page_id(row: Row) -> str:
        name, status, minute = row
        return uuid_named(f"{name[:6]}{status[:3]}{minute}")


def _entry(row: Row) -> Entry:
    name, status, minute = row
    moment = BEGAN + timedelta(minutes=minute)
    return Entry(uuid_named(name), Status(status), moment.isoformat(), moment)


def active(names: Iterable[str], **fields: object) -> dict[str, Content]:
    return {uuid_named(name): scripted_content(uuid_named(name), **fields) for name in names}
