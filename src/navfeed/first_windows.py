"""Windows: how a first sync reads the log at several places at once, and is exact. Pure.

A seek by date leads into the middle of the log, so a first sync need not walk it page after page.
The log is cut into windows: each begins where a seek led and ends where the next newer one begins.
The newest is read as ever (`lookback`). The older ones only add to what the newest finds:

- An older entry never removes anything and never counts against a newer one: for each ad, the
  newest entry decides. Its details are requested once every window from there to the tip is read.
- Nothing appears late in an older window. Whatever was hidden when a newer window was opened got
  its place less than `lateness` before; that window's first entry got its own at most `lateness`
  after its moment. So where that moment lies 2 * lateness back, nothing hidden stands before it.
- A window ends where it *meets* the next newer one: where that one's first entries come. A date
  proves nothing, since moments are not in order along the log. The first of those entries is the
  first of the whole log that was written after the date of the seek, and so stands nowhere before.
  A window that misses them continues to the tip, and reads twice what others have read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile

from navfeed.model import Entry, Key, Page

ENTRY_POINTS = tuple(timedelta(days=days) for days in (10, 30, 80, 183))
"""How far back windows begin. Most active ads are young: what is found first can be fetched first.
The oldest window begins where the sync does, by default 183 days back."""

MOST_WINDOWS = len(ENTRY_POINTS) + 1
WINDOWS = 4

_OPENING = 5
"""The most entries that are compared where windows meet."""


def entry_points(windows: int) -> tuple[timedelta, ...]:
    """How far back the windows begin, if half a year has this many: long ones are cut first."""
    within = ENTRY_POINTS[:-1]
    if windows > len(ENTRY_POINTS):
        return ENTRY_POINTS
    return within[len(within) - (windows - 1) :]


def entry_dates(oldest: Page, points: Sequence[timedelta]) -> list[datetime]:
    """The dates to seek, newest first, where the log is read from the page `oldest` on.

    They count from the feed's clock, and none is where that is unknown, or what would be found is
    that page itself.
    """
    opens = oldest.first_moment
    if oldest.served_at is None or opens is None or oldest.is_tip:
        return []
    dates = (oldest.served_at - point for point in sorted(points))
    return [date for date in dates if date > opens]


def is_settled(page: Page, lateness: timedelta) -> bool:
    """Whether nothing can appear before the page any more: a window may begin with it."""
    return bool(page.entries) and _is_old(page.entries[0], page.served_at, lateness)


def _is_old(entry: Entry, served_at: datetime | None, lateness: timedelta) -> bool:
    if entry.moment is None or served_at is None:
        return False
    return served_at - entry.moment >= 2 * lateness


def opening_of(page: Page, lateness: timedelta) -> tuple[Key, ...]:
    """What the next older window ends at: its first entries, as far as none can come between."""
    settled = takewhile(lambda entry: _is_old(entry, page.served_at, lateness), page.entries)
    return tuple(entry.key for entry in islice(settled, _OPENING))


def meeting(page: Page, opening: Sequence[Key]) -> int | None:
    """Where on the page the entries `opening` begin; None where they do not.

    What a page cuts off cannot be compared. A single entry at its end is not enough: the following
    page begins with it, and shows the others.
    """
    keys = [entry.key for entry in page.entries]
    for at, key in enumerate(keys):
        shown = keys[at : at + len(opening)]
        is_proof = len(shown) > 1 or len(shown) == len(opening)
        if key == opening[0] and is_proof and shown == list(opening[: len(shown)]):
            return at
    return None
