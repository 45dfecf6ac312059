"""The log: entries in the order of their ids, some not yet visible."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

Status = Literal["ACTIVE", "INACTIVE"]

_HIDDEN, _SHOWN, _WITHHELD = range(3)
"""What is to be seen of a place: nothing yet, its entry, nothing ever."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log: what happened to an ad, as it was then.

    `page_id` is the row's own id; `written` is the start of the transaction that wrote it (UTC).
    """

    page_id: str
    ad: str
    status: Status
    title: str
    business_name: str
    municipal: str
    written: datetime


class Log:
    """Entries in order of id. `reserve` gives an entry its place, `show` makes it visible."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Start with these entries, all visible."""
        self._entries: list[Entry] = []
        self._visible = bytearray()
        self._places: dict[str, int] = {}
        # The highest `written` among the visible entries up to each place. `written` is not
        # monotonic, this is: so a seek can bisect.
        self._highest: list[datetime] = []
        self.show([self.reserve(entry) for entry in entries])

    def __iter__(self) -> Iterator[Entry]:
        return self._seen_from(0)

    def reserve(self, entry: Entry) -> int:
        """Give an entry the next place, not visible yet."""
        place = len(self._entries)
        self._entries.append(entry)
        self._visible.append(_HIDDEN)
        self._places[entry.page_id] = place
        self._highest.append(self._highest_before(place))
        return place

    def show(self, places: list[int]) -> None:
        """Make the entries at these places visible, all at once."""
        for place in places:
            self._visible[place] = _SHOWN
        if places:
            self._raise_from(min(places))

    def withhold(self, places: list[int]) -> None:
        """Hide the entries at these places forever; they keep their places."""
        for place in places:
            self._visible[place] = _WITHHELD

    def rename(self, page_id: str, new_id: str) -> None:
        """Give the entry another page id; raise KeyError for an unknown one."""
        place = self._places.pop(page_id)
        self._entries[place] = replace(self._entries[place], page_id=new_id)
        self._places[new_id] = place

    def first(self) -> Entry | None:
        """Return the oldest entry; None if it is hidden, as the server looks no further."""
        place = next((at for at, seen in enumerate(self._visible) if seen != _HIDDEN), None)
        return self._entries[place] if place is not None and self._seen(place) else None

    def newest(self) -> Entry | None:
        place = self._visible.rfind(_SHOWN)
        return None if place < 0 else self._entries[place]

    def first_after(self, moment: datetime) -> Entry | None:
        """Return the first visible entry in log order that was written after the moment."""
        place = bisect_right(self._highest, moment)
        return self._entries[place] if place < len(self._entries) else None

    def find(self, page_id: str) -> Entry | None:
        place = self._places.get(page_id)
        return None if place is None or not self._seen(place) else self._entries[place]

    def after(self, entry: Entry) -> Iterator[Entry]:
        """Yield the visible entries that follow one of the log's own."""
        return self._seen_from(self._places[entry.page_id] + 1)

    def _seen(self, place: int) -> bool:
        return self._visible[place] == _SHOWN

    def _seen_from(self, start: int) -> Iterator[Entry]:
        for place in range(start, len(self._entries)):
            if self._seen(place):
                yield self._entries[place]

    def _highest_before(self, place: int) -> datetime:
        return self._highest[place - 1] if place else _NEVER

    def _raise_from(self, start: int) -> None:
        highest = self._highest_before(start)
        for place in range(start, len(self._entries)):
            if self._seen(place):
                highest = max(highest, self._entries[place].written)
            self._highest[place] = highest
