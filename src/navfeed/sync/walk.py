"""The first phase: walk the pages from behind the cursor to the tip, applying each to the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from navfeed.decide import ObservedEntry, confirmed_day, decide_entries
from navfeed.errors import ContractError
from navfeed.log import LogEvent, debug
from navfeed.lookback import SeenMatcher, WalkStart, advance, at_end, start_of
from navfeed.model import (
    WHOLE_LOG,
    Checkpoint,
    Effect,
    EntryDecision,
    FeedCursor,
    Page,
    SeenEntry,
    Unchanged,
    refuse_wrong_types,
)
from navfeed.sync.entry_points import find_windows
from navfeed.sync.log import log_entries
from navfeed.sync.ports import Clock, Feed, Store
from navfeed.sync.workers import WorkerPool


@dataclass(frozen=True, slots=True)
class Start:
    """Where a first sync begins: after `since`, at the oldest page (None), or at the tip.

    `back` counts from the feed's clock instead: ours may be wrong by months (faults.md T1).
    """

    since: datetime | None = None
    from_tip: bool = False
    back: timedelta | None = None

    def __post_init__(self) -> None:
        refuse_wrong_types(self)


def resolve(feed: Feed, pool: WorkerPool, start: Start, clock: Clock) -> Start:
    """Count back from the feed's clock: from its `Date`, else from its newest entry."""
    if start.back is None:
        return start
    page = pool.ask(None, lambda _: feed.newest())
    moment = (page.served_at or page.first_moment) if page else None
    return Start(since=(moment or clock()) - start.back)


def _reach_of(start: Start, page: Page) -> datetime | None:
    """From when on the log is read; None if the first page has no readable time."""
    if start.from_tip:
        return page.first_moment
    return start.since or WHOLE_LOG


_FURTHER_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))


def begin(feed: Feed, pool: WorkerPool, start: Start, lateness: timedelta) -> Page:
    """The page to begin with; the newest one if nothing is newer than `start`.

    A `start` that counts back must have been resolved (`resolve`).
    """
    page = None if start.from_tip else pool.ask(start.since, feed.seek)
    if page is None:
        page = pool.ask(None, lambda _: feed.newest())
    if page is None:
        raise ContractError(
            "the feed shows no entries at all (404). Is its address right? Nothing was changed"
        )
    if start.since is None or start.from_tip:
        return page
    for further in _FURTHER_BACK:
        if not _is_young(page, lateness):
            break
        page = pool.ask(start.since - further, feed.seek) or page
    # The server may apply the date to the entries of the page it seeks, and their moments are not
    # in order: what it leaves out would be lost. By its id the page comes whole.
    whole = pool.ask(page.id, feed.page)
    return whole if isinstance(whole, Page) else page


def _is_young(page: Page, lateness: timedelta) -> bool:
    """Whether entries may still appear before the page: nothing would ever look for them there."""
    first = next((entry.moment for entry in page.entries), None)
    if first is None or page.served_at is None:
        return False
    return page.served_at - first < 2 * lateness


@dataclass(frozen=True, slots=True)
class PageApplied:
    """A page was applied. `moment` is how far in the feed's time the walk has come.

    `window`: 0 is the newest, which every run reads; a first sync reads older ones beside it.
    """

    page: str
    entries: int
    new: int
    late: int
    moment: datetime | None
    removed: tuple[Effect, ...]
    window: int = 0


def refuse_loop(page: Page, visited: Collection[str]) -> None:
    """Forward only (faults.md S8): a page that leads back is not applied."""
    if page.next_id in visited:
        raise ContractError(
            f"the feed leads in a circle: page {page.id} names page {page.next_id} as the "
            "next one. The position is kept; run again later"
        )


def refuse_missing(answer: Page | Unchanged | None, page_id: str | None) -> Page:
    """The page that was requested. Raises `ContractError` where the feed does not have it."""
    if isinstance(answer, Page):
        return answer
    raise ContractError(
        f"the feed names a next page that it does not have ({page_id}). "
        "The position is kept; run again later"
    )


class Walk:
    """One walk to the tip. `served_at` is the server's clock at its last answer, once known."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        pool: WorkerPool,
        *,
        start: Start,
        lateness: timedelta,
        clock: Clock,
        entry_points: Sequence[timedelta] = (),
    ) -> None:
        self._feed = feed
        self._store = store
        self._pool = pool
        self._start = start
        self._lateness = lateness
        self._clock = clock
        self._entry_points = entry_points
        self._cursor = store.feed_cursor()
        self._trouble: str | None = None
        self._is_new_log = False
        self._visited: set[str] = set()
        self._behind: set[str] = set()
        self._began = WalkStart(None, clock())
        self.served_at: datetime | None = None
        self.opened: Mapping[str, Page] = {}
        """The first pages of older windows that this run found, by their ids."""
        self.wants: str | None = None
        """The page to read next; None at the tip."""

    @property
    def newest(self) -> datetime | None:
        """The moment of the newest entry that was ever read."""
        return self._cursor.newest

    def begin(self) -> PageApplied | None:
        """Read the first page; None where there is nothing new at all.

        May raise what `Feed` and `Store` raise, and `StoppedError`; so may what follows.
        """
        page = self._first_page()
        self.served_at = page.served_at
        self._began = replace(self._began, served_at=page.served_at)
        return self.take(page) if isinstance(page, Page) else None

    def fetch(self, page_id: str) -> Page | Unchanged | None:
        """Called from any thread."""
        return self._feed.page(page_id)

    def take(self, answer: Page | Unchanged | None) -> PageApplied:
        """Apply the page that was wanted."""
        page = refuse_missing(answer, self.wants)
        self._refuse_loops(page)
        self.wants = page.next_id
        return self._apply(page)

    def end(self) -> None:
        """The tip is reached: what a re-reading proved is recorded with the time of it."""
        cursor = at_end(self._cursor, self._matcher, self._began, self._lateness)
        self._store.end_walk(cursor, self._matcher.missing())

    # The first page

    def _first_page(self) -> Page | Unchanged:
        """The page to begin with; `Unchanged` when there is nothing new at all."""
        checkpoint = start_of(self._cursor)
        self._matcher = SeenMatcher([], at=self._cursor.top, top=self._cursor.top)
        if checkpoint is None:
            return self._begin_log()
        page = self._page_at(checkpoint)
        if page is None:
            return self._fall_back(checkpoint)
        if isinstance(page, Page):
            self._behind = {
                older.page
                for older in self._cursor.checkpoints
                if older.ordinal < checkpoint.ordinal
            }
            seen = self._store.seen_from(checkpoint.ordinal)
            self._matcher = SeenMatcher(seen, at=checkpoint.ordinal, top=self._cursor.top)
        return page

    def _begin_log(self) -> Page:
        """Where a log is read for the first time."""
        start = resolve(self._feed, self._pool, self._start, self._clock)
        oldest = begin(self._feed, self._pool, start, self._lateness)
        found = find_windows(
            self._feed,
            self._pool,
            (start.since, oldest),
            points=() if start.from_tip else self._entry_points,
            lateness=self._lateness,
        )
        self._store.begin_at(_reach_of(start, oldest), found.windows)
        self.opened = found.pages
        return found.first

    def _page_at(self, checkpoint: Checkpoint) -> Page | Unchanged | None:
        """Only the page to read next may answer 304: behind it, new entries come without notice."""
        etag = self._cursor.etag if checkpoint == self._cursor.checkpoints[-1] else None
        return self._pool.ask(checkpoint.page, lambda page: self._feed.page(page, etag))

    def _fall_back(self, lost: Checkpoint) -> Page:
        """The page we stood at is gone (faults.md H6, S7): an older one, else a seek by date.

        What was read is then read again; order proves nothing any more, so details decide.
        """
        self._matcher = SeenMatcher([], at=self._cursor.top, top=self._cursor.top, replaying=True)
        older = self._older_page(lost)
        self._is_new_log = older is None
        page = older or self._page_of_new_log()
        moment = self._clock().isoformat(timespec="seconds")
        nor_others = ", nor any before it, so its log was restarted" if self._is_new_log else ""
        self._trouble = (
            f"{moment}: the feed no longer had the page where the last sync stood "
            f"({lost.page}){nor_others}; read again from page {page.id}"
        )
        debug(LogEvent.MESSAGE, self._trouble, lost=lost.page, page=page.id)
        self._cursor = replace(self._cursor, checkpoints=(), closed=0, etag=None)
        return page

    def _page_of_new_log(self) -> Page:
        """The same entries may stand under new ids; where none is known, it is another log."""
        start = resolve(self._feed, self._pool, self._restart(), self._clock)
        page = begin(self._feed, self._pool, start, self._lateness)
        known = {one.key for one in self._store.seen_from(0)}
        if any(entry.key in known for entry in page.entries):
            return page
        # The other log's clock does not apply to this one.
        self._cursor = FeedCursor(top=self._cursor.top)
        return self._begin_log()

    def _older_page(self, lost: Checkpoint) -> Page | None:
        for checkpoint in reversed(self._cursor.checkpoints):
            if checkpoint != lost and checkpoint.ordinal <= lost.ordinal:
                page = self._pool.ask(checkpoint.page, self._feed.page)
                if isinstance(page, Page):
                    return page
        return None

    def _restart(self) -> Start:
        """Where nothing was hidden before, else where a first sync would begin.

        `--from-start` still means the whole log: a feed that ignores dates offers nothing else.
        """
        if self._cursor.safe_until is None or self._start == Start():
            return self._start
        return Start(since=self._cursor.safe_until)

    # From page to page

    def _refuse_loops(self, page: Page) -> None:
        self._visited.add(page.id)
        refuse_loop(page, self._visited | self._behind)

    def _apply(self, page: Page) -> PageApplied:
        self.served_at = page.served_at or self.served_at
        cursor_before = self._cursor
        first = self._matcher.at
        observed = self._matcher.read(page)
        decisions = self._decide([one for _, one in observed])
        self._cursor = advance(
            cursor_before,
            page,
            observed[0][0] if observed else first,
            self._matcher,
            began=self._began,
            now=self._clock(),
            lateness=self._lateness,
        )
        new = [(at, one) for at, one in observed if not one.known]
        is_news = bool(new or self._cursor != cursor_before or self._trouble)
        removed = self._commit(decisions, new) if is_news else []
        log_entries(decisions, new, removed)
        return PageApplied(
            page=page.id,
            entries=len(observed),
            new=len(new),
            late=sum(one.late for _, one in new),
            moment=self._cursor.newest,
            removed=tuple(removed),
        )

    def _commit(
        self, decisions: list[EntryDecision], new: list[tuple[int, ObservedEntry]]
    ) -> list[Effect]:
        """Commit the page with the cursor behind it; the ads that were removed."""
        removed = self._store.commit_page(
            decisions,
            [SeenEntry(at, one.entry.key) for at, one in new],
            self._cursor,
            keep_from=self._keep_from(),
            now=self._clock(),
            trouble=self._trouble,
            recheck=self._is_new_log,
        )
        self._trouble, self._is_new_log = None, False
        return removed

    def _decide(self, observed: list[ObservedEntry]) -> list[EntryDecision]:
        ads = sorted(observed, key=lambda one: one.entry.ad)  # stable: feed order stays
        stored = self._store.stored_ids_among({one.entry.ad for one in observed})
        today = confirmed_day(self.served_at, self.newest, self._clock())
        decisions = (
            decide_entries(list(group), stored=ad in stored, last_day=stored.get(ad), today=today)
            for ad, group in groupby(ads, key=lambda one: one.entry.ad)
        )
        return [decision for decision in decisions if decision is not None]

    def _keep_from(self) -> int:
        start = start_of(self._cursor)
        return start.ordinal if start else 0
