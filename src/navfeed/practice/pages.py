"""Pages: windows on the log, and their JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from navfeed.practice.dates import iso
from navfeed.practice.log import Entry
from navfeed.practice.messages import DETAIL, FEED

_quoted = json.JSONEncoder(ensure_ascii=False).encode

_OPENING = (
    '{"version":"1.0","title":"Stillingsfeed fra øvelsesserveren",'
    '"home_page_url":"https://arbeidsplassen.nav.no",'
    '"description":"Oppdiktede stillinger i samme form som de ekte",'
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as shown: its entries, and the id of the next page if there is one."""

    entries: list[Entry]
    next_id: str | None

    @property
    def etag(self) -> str:
        """The last shown entry's page id. It does not depend on later entries: that is its flaw."""
        return self.entries[-1].page_id

    @property
    def modified(self) -> datetime:
        """When the last shown entry was written."""
        return self.entries[-1].written


def page(window: list[Entry]) -> Page:
    """Make a page of an entry and what follows it.

    The newest of three or more moves to the next page, which begins with the last one shown.
    """
    if len(window) < 3:
        return Page(window, None)
    shown = window[:-1]
    return Page(shown, shown[-1].page_id)


class Renderer:
    """Writes pages as JSON. An entry never changes, so its item is written once."""

    def __init__(self) -> None:
        self._items: dict[str, str] = {}

    def body(self, shown: Page) -> bytes:
        identity = shown.entries[0].page_id
        items = ",".join([self._item(entry) for entry in shown.entries])
        return (
            f'{_OPENING}"feed_url":"{FEED}/{identity}",{_links(identity, shown.next_id)},'
            f'"items":[{items}]}}'
        ).encode()

    def _item(self, entry: Entry) -> str:
        item = self._items.get(entry.page_id)
        if item is None:
            item = self._items[entry.page_id] = _item(entry)
        return item


def _links(identity: str, next_id: str | None) -> str:
    if next_id is None:
        return f'"next_url":null,"id":"{identity}","next_id":null'
    return f'"next_url":"{FEED}/{next_id}","id":"{identity}","next_id":"{next_id}"'


def _item(entry: Entry) -> str:
    title, written = _quoted(entry.title), iso(entry.written)
    return (
        f'{{"id":"{entry.ad}","url":"{DETAIL}/{entry.ad}","title":{title},'
        f'"content_text":"Stillingsannonse","date_modified":"{written}",'
        f'"_feed_entry":{{"uuid":"{entry.ad}","status":"{entry.status}","title":{title},'
        f'"businessName":{_quoted(entry.business_name)},'
        f'"municipal":{_quoted(entry.municipal)},"sistEndret":"{written}"}}}}'
    )
