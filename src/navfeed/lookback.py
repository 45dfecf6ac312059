"""Late entries: how far back to read again, and what of it was read before. Pure.

Several server processes append to the log, each in a transaction that takes an order number early
and shows its entries late. So an entry can appear *before* entries that a reader has passed (seen
in the server's public source, navikt/pam-stilling-feed). navfeed therefore starts every run some
way behind the tip and recognises what it has read already.

How far behind is enough. Say a transaction takes at most `lateness`, and a walk began at time B
and read the tip at time T. An entry that the walk did not show was still hidden when its page was
read, so it got its place after B - lateness. An entry's moment is the start of its transaction, so
one that stands in the log with moment m got its place before m + lateness. Hence a page that starts
at a moment m <= B - 2 * lateness stands before everything hidden. B is not known by the feed's
clock, but T - B is (the server's `Date` at both, or our clock where that gives more time), and T
is not before the newest moment shown. So:

    safe_until = newest - (T - B) - 2 * lateness

The moments are the feed's own. A clock that is wrong here, or jumps, can only make the next run
look back further.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from navfeed.decide import ObservedEntry
from navfeed.model import Checkpoint, Entry, FeedCursor, Key, Page, SeenEntry, Status

_SKEW = timedelta(minutes=2)
"""How far the clocks of the feed's database and its server may be apart."""

_FALLBACKS = 20
"""Older pages kept for the day when the newer ones are gone (faults.md H6)."""


def start_of(cursor: FeedCursor) -> Checkpoint | None:
    """The newest page before which nothing can be hidden, else the oldest remembered one."""
    safe = [checkpoint for checkpoint in cursor.checkpoints if _is_safe(cursor, checkpoint)]
    return safe[-1] if safe else next(iter(cursor.checkpoints), None)


def _is_safe(cursor: FeedCursor, checkpoint: Checkpoint) -> bool:
    if checkpoint.ordinal <= cursor.closed:
        return True
    if cursor.safe_until is None or checkpoint.latest is None:
        return False
    return checkpoint.latest <= cursor.safe_until


def pruned(cursor: FeedCursor) -> FeedCursor:
    """The cursor without the checkpoints no run will start from, but for some to fall back on."""
    start = start_of(cursor)
    if start is None:
        return cursor
    older = [checkpoint for checkpoint in cursor.checkpoints if checkpoint.ordinal < start.ordinal]
    kept = older[-_FALLBACKS:] + [s for s in cursor.checkpoints if s.ordinal >= start.ordinal]
    return replace(cursor, checkpoints=tuple(kept))


def safe_until(
    so_far: datetime | None, newest: datetime | None, took: timedelta, lateness: timedelta
) -> datetime | None:
    """The moment by which a page must start so that nothing can be hidden before it."""
    if newest is None:
        return so_far
    moment = newest - max(took, timedelta(0)) - 2 * lateness
    return moment if so_far is None else max(so_far, moment)


def settles(
    cursor: FeedCursor, began_at: datetime | None, began_here: datetime, lateness: timedelta
) -> bool:
    """Whether a walk that showed nothing new showed all that will ever be there.

    Whatever stands before the newest entry had its place when that one was first seen, so a
    `lateness` later it is visible. Begun at `began_at` by the server's clock, whose whole seconds
    ask for `>`, and at `began_here` by ours: one that was wrong for a while must not close early.
    """
    if began_at is None or cursor.head_seen_at is None or cursor.head_seen_here is None:
        return False
    return min(began_at - cursor.head_seen_at, began_here - cursor.head_seen_here) > lateness


def safe_etag(page: Page) -> str | None:
    """The page's ETag where a 304 to it proves that nothing was added, else None.

    The ETag is the id of the last entry shown. A full page keeps it though the log goes on; so
    does a tip of two when a third entry comes; an entry that appears late inside a page leaves it
    as it is. Only a tip that shows a single entry has none of these ways to lie.
    """
    return page.etag if page.is_tip and len(page.entries) == 1 else None


def feed_clock(so_far: datetime | None, page: Page) -> datetime | None:
    """The feed's clock after a page: the latest moment of any entry up to there."""
    horizon = _horizon(page)
    moments = (_believable(entry, horizon) for entry in page.entries)
    return max((m for m in (so_far, *moments) if m is not None), default=None)


def checkpoint_of(
    page_id: str, ordinal: int, entry: Entry, page: Page, clock: datetime | None
) -> Checkpoint:
    """The page that starts with `entry`. Where that one's moment is odd, none is safe to assume."""
    return Checkpoint(page_id, ordinal, clock if _believable(entry, _horizon(page)) else None)


def _believable(entry: Entry, horizon: datetime | None) -> datetime | None:
    """The entry's moment, unless it alone lies ahead of the server's clock: then it is a mistake.

    Taken for the feed's clock it would make everything before it look long settled.
    """
    ahead = entry.moment and horizon and entry.moment > horizon
    return None if ahead else entry.moment


def _horizon(page: Page) -> datetime | None:
    """The latest moment to believe on a page. None where all are: no `Date`, or a wrong one.

    Where most of a page lies ahead of the `Date`, it is the `Date` that is wrong.
    """
    moments = sorted(entry.moment for entry in page.entries if entry.moment is not None)
    if page.served_at is None or not moments:
        return None
    limit = page.served_at + _SKEW
    middle = moments[(len(moments) - 1) // 2]  # `statistics` loads 12 modules
    return None if middle > limit else limit


class SeenMatcher:
    """Finds which entries were read before and which are new, along one walk from a checkpoint.

    `seen` is what was read from the place `at` on. `replaying`: the place we stood at is lost and
    old pages are read as if new; then order proves nothing about what is stored, and every entry
    is contested. So it is once a page does not begin with the entry the page before ended with.
    """

    def __init__(
        self, seen: Sequence[SeenEntry], *, at: int, top: int, replaying: bool = False
    ) -> None:
        self._unmet: defaultdict[Key, deque[int]] = defaultdict(deque)
        self._unmet_of_ad: defaultdict[str, list[int]] = defaultdict(list)
        for one in seen:
            self._unmet[one.key].append(one.ordinal)
            self._unmet_of_ad[one.key[0]].append(one.ordinal)
        self._places = sorted(one.ordinal for one in seen)
        self._start = self._at = at
        self._replaying = replaying
        self._last: Key | None = None
        self._moments: tuple[set[Key], set[Key]] = (set(), set())
        self.top = top
        self.found_new = False

    def read(self, page: Page) -> list[tuple[int, ObservedEntry]]:
        """The page's entries with their places; the one it shares with the page before left out."""
        entries = page.entries
        self._moments = (self._moments[1], {entry.key for entry in entries})
        if entries and self._last is not None:
            shared = entries[0].key == self._last
            self._replaying |= not shared
            entries = entries[shared:]
        if page.entries:
            self._last = page.entries[-1].key
        return [self._sight(entry) for entry in entries]

    @property
    def at(self) -> int:
        """The place of the entry read last."""
        return self._at

    @property
    def passed_all(self) -> bool:
        """Whether everything known has come again, so that only new entries follow.

        A late entry shares the place of the one before it. So the place the walk began at may be
        shared with an entry that stands before the page, and is not waited for.
        """
        return not self._stands_after(self._start)

    def missing(self) -> list[SeenEntry]:
        """What has not come again: after a whole walk, the log has it no more."""
        return [
            SeenEntry(ordinal, key) for key, places in self._unmet.items() for ordinal in places
        ]

    def _stands_after(self, place: int) -> bool:
        return bool(self._places) and self._places[-1] > place

    def _sight(self, entry: Entry) -> tuple[int, ObservedEntry]:
        if entry.key in self._unmet:
            self._at = self._meet(entry)
            return self._at, ObservedEntry(entry, known=True)
        late = self._stands_after(self._at)
        # A late entry shares the place of the one before it, so one of that place may follow too.
        contested = any(place >= self._at for place in self._unmet_of_ad.get(entry.ad, ()))
        if not late:
            self.top += 1
            self._at = self.top
        self.found_new = True
        return self._at, ObservedEntry(
            entry,
            late=late,
            contested=self._replaying or contested,
            tied=self._is_tied(entry),
        )

    def _meet(self, entry: Entry) -> int:
        place = self._unmet[entry.key].popleft()
        if not self._unmet[entry.key]:
            del self._unmet[entry.key]
        self._unmet_of_ad[entry.ad].remove(place)
        del self._places[bisect_left(self._places, place)]
        return place

    def _is_tied(self, entry: Entry) -> bool:
        other = Status.INACTIVE if entry.status is Status.ACTIVE else Status.ACTIVE
        twin = (entry.ad, other, entry.written)
        before, here = self._moments
        return twin in here or twin in before


@dataclass(frozen=True, slots=True)
class WalkStart:
    """When a walk began: by the server's clock, where it showed one, and by ours."""

    served_at: datetime | None
    here: datetime

    def took(self, page: Page, now: datetime) -> timedelta:
        """How long it took to reach `page`: the longer time of the two clocks."""
        ours = now - self.here
        if page.served_at and self.served_at:
            return max(page.served_at - self.served_at, ours)
        return ours


def advance(
    before: FeedCursor,
    page: Page,
    ordinal: int,
    matcher: SeenMatcher,
    *,
    began: WalkStart,
    now: datetime,
    lateness: timedelta,
) -> FeedCursor:
    """The cursor once `page`, whose first entry is at `ordinal`, was read by `matcher` and applied.

    A later run can request it and the page that follows it again.
    """
    newest = feed_clock(before.newest, page)
    moment = before.safe_until
    # Moves only once all that was known has come again: what is unread yet may hide more.
    if matcher.passed_all or page.is_tip:
        moment = safe_until(moment, newest, began.took(page, now), lateness)
    cursor = replace(
        before,
        checkpoints=_with_checkpoints(before, page, ordinal, matcher.at, newest),
        top=matcher.top,
        newest=newest,
        safe_until=moment,
        etag=safe_etag(page),
    )
    if matcher.found_new:
        cursor = replace(cursor, head_seen_at=page.served_at, head_seen_here=now)
    return pruned(cursor)


def _with_checkpoints(
    before: FeedCursor, page: Page, first: int, last: int, newest: datetime | None
) -> tuple[Checkpoint, ...]:
    """Those of before, and of `page` and its next page, whose first entry is this page's last."""
    checkpoints = {checkpoint.page: checkpoint for checkpoint in before.checkpoints}
    if page.entries:
        opening = page.entries[0]
        begun = feed_clock(before.newest, replace(page, entries=(opening,)))
        checkpoints.setdefault(page.id, checkpoint_of(page.id, first, opening, page, begun))
        if page.next_id is not None:
            following = checkpoint_of(page.next_id, last, page.entries[-1], page, newest)
            checkpoints.setdefault(page.next_id, following)
    return tuple(sorted(checkpoints.values(), key=lambda checkpoint: checkpoint.ordinal))


def at_end(
    cursor: FeedCursor, matcher: SeenMatcher, began: WalkStart, lateness: timedelta
) -> FeedCursor:
    """The cursor once a walk reached the tip: what it proved to be complete is settled."""
    if matcher.found_new or not settles(cursor, began.served_at, began.here, lateness):
        return cursor
    return pruned(replace(cursor, closed=cursor.top))
