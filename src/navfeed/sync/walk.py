"""The first phase: walk the pages from behind the cursor to the tip, applying each to the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from navfeed.decide import Sighting, judge_entries
from navfeed.errors import ContractError, StoppedError
from navfeed.lookback import (
    Recognition,
    closes,
    feed_clock,
    milestone,
    pruned,
    safe_etag,
    safe_until,
    start_of,
)
from navfeed.model import (
    WHOLE_LOG,
    Effect,
    EntryVerdict,
    Milestone,
    Page,
    Seen,
    Trail,
    Unchanged,
)
from navfeed.sync.crew import Crew
from navfeed.sync.ports import Clock, Feed, Store


@dataclass(frozen=True, slots=True)
class Start:
    """Where a first sync begins: after `since`, at the oldest page (None), or at the tip.

    `back` counts from the feed's clock instead: ours may be wrong by months (faults.md T1).
    """

    since: datetime | None = None
    from_tip: bool = False
    back: timedelta | None = None


def resolve(feed: Feed, crew: Crew, start: Start, clock: Clock) -> Start:
    """Count back from the feed's clock: from its `Date`, else from its newest entry."""
    if start.back is None:
        return start
    page = crew.ask(None, lambda _: feed.newest())
    moment = (page.served_at or page.first_moment) if page else None
    return Start(since=(moment or clock()) - start.back)


def _reach_of(start: Start, page: Page) -> datetime | None:
    """From when on the log is read; None where the page to begin with tells no time."""
    if start.from_tip:
        return page.first_moment
    return start.since or WHOLE_LOG


_FURTHER_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))


def begin(feed: Feed, crew: Crew, start: Start, lateness: timedelta) -> Page:
    """The page to begin with; the newest one where nothing is newer than asked for.

    A `start` that counts back must have been resolved (`resolve`).
    """
    page = None if start.from_tip else crew.ask(start.since, feed.seek)
    if page is None:
        page = crew.ask(None, lambda _: feed.newest())
    if page is None:
        raise ContractError(
            "the feed shows no entries at all (404). Is its address right? Nothing was changed"
        )
    if start.since is None or start.from_tip:
        return page
    for further in _FURTHER_BACK:
        if not _is_young(page, lateness):
            break
        page = crew.ask(start.since - further, feed.seek) or page
    # The server may apply the date to the entries of the page it seeks, and their moments are not
    # in order: what it leaves out would be lost. By its id the page comes whole.
    whole = crew.ask(page.id, feed.page)
    return whole if isinstance(whole, Page) else page


def _is_young(page: Page, lateness: timedelta) -> bool:
    """Whether entries may still appear before the page: nothing would ever look for them there."""
    first = next((entry.moment for entry in page.entries), None)
    if first is None or page.served_at is None:
        return False
    return page.served_at - first < 2 * lateness


@dataclass(frozen=True, slots=True)
class Walked:
    """A page was applied. `moment` is how far in the feed's time the walk has come."""

    page: str
    entries: int
    new: int
    late: int
    moment: datetime | None
    removed: tuple[Effect, ...]


class Walk:
    """One walk to the tip. `served_at` is the server's clock at its last answer, once known."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        crew: Crew,
        *,
        start: Start,
        lateness: timedelta,
        clock: Clock,
        max_pages: int | None = None,
    ) -> None:
        self._feed = feed
        self._store = store
        self._crew = crew
        self._start = start
        self._lateness = lateness
        self._clock = clock
        self._max_pages = max_pages
        self._trail = store.trail()
        self._trouble: str | None = None
        self._visited: set[str] = set()
        self._behind: set[str] = set()
        self._began_at: datetime | None = None
        self._began_here = clock()
        self.served_at: datetime | None = None

    def run(self) -> Iterator[Walked]:
        """Walk to the tip. May raise what `Feed` and `Store` raise, and `StoppedError`."""
        page = self._first_page()
        self.served_at = self._began_at = page.served_at
        if isinstance(page, Page):
            yield from self._walk(page)
        self._end()

    # The first page

    def _first_page(self) -> Page | Unchanged:
        """The page to begin with; `Unchanged` when there is nothing new at all."""
        stone = start_of(self._trail)
        self._recognition = Recognition([], at=self._trail.top, top=self._trail.top)
        if stone is None:
            start = resolve(self._feed, self._crew, self._start, self._clock)
            first = begin(self._feed, self._crew, start, self._lateness)
            self._store.begin_at(_reach_of(start, first))
            return first
        page = self._page_at(stone)
        if page is None:
            return self._fall_back(stone)
        if isinstance(page, Page):
            self._behind = {
                older.page for older in self._trail.milestones if older.ordinal < stone.ordinal
            }
            seen = self._store.seen_from(stone.ordinal)
            self._recognition = Recognition(seen, at=stone.ordinal, top=self._trail.top)
        return page

    def _page_at(self, stone: Milestone) -> Page | Unchanged | None:
        """Only the page to read next may answer 304: behind it, new entries come without notice."""
        etag = self._trail.etag if stone == self._trail.milestones[-1] else None
        return self._crew.ask(stone.page, lambda page: self._feed.page(page, etag))

    def _fall_back(self, lost: Milestone) -> Page:
        """The page we stood at is gone (faults.md H6, S7): an older one, else a seek by date.

        What was read is then read again; order proves nothing any more, so details decide.
        """
        self._recognition = Recognition([], at=self._trail.top, top=self._trail.top, replaying=True)
        page = self._older_page(lost) or begin(
            self._feed,
            self._crew,
            resolve(self._feed, self._crew, self._restart(), self._clock),
            self._lateness,
        )
        moment = self._clock().isoformat(timespec="seconds")
        self._trouble = (
            f"{moment}: the feed no longer had the page where the last sync stood "
            f"({lost.page}); read again from page {page.id}"
        )
        self._trail = replace(self._trail, milestones=(), closed=0, etag=None)
        return page

    def _older_page(self, lost: Milestone) -> Page | None:
        for stone in reversed(self._trail.milestones):
            if stone != lost and stone.ordinal <= lost.ordinal:
                page = self._crew.ask(stone.page, self._feed.page)
                if isinstance(page, Page):
                    return page
        return None

    def _restart(self) -> Start:
        """Where nothing was hidden before, else where a first sync would begin.

        Who asks for the whole log gets it: it is what a feed that ignores dates leaves to ask for.
        """
        if self._trail.safe_until is None or self._start == Start():
            return self._start
        return Start(since=self._trail.safe_until)

    # From page to page

    def _walk(self, page: Page) -> Iterator[Walked]:
        pages = 0
        while True:
            self._refuse_loops(page)
            walked = self._apply(page)
            yield walked
            if page.next_id is None:
                return
            # Pages that are only read again do not count, or a small limit would never get past.
            pages += walked.new > 0
            if pages == self._max_pages:
                raise StoppedError(
                    f"stopped after {pages} {'page' if pages == 1 else 'pages'} (--max-pages); "
                    "the next sync goes on"
                )
            page = self._next_page(page.next_id)

    def _next_page(self, page_id: str) -> Page:
        page = self._crew.ask(page_id, self._feed.page)
        if not isinstance(page, Page):
            raise ContractError(
                f"the feed names a next page that it does not have ({page_id}). "
                "The position is kept; run again later"
            )
        return page

    def _refuse_loops(self, page: Page) -> None:
        """Forward only (faults.md S8): a page that leads back is not applied."""
        self._visited.add(page.id)
        if page.next_id in self._visited | self._behind:
            raise ContractError(
                f"the feed leads in a circle: page {page.id} names page {page.next_id} as the "
                "next one. The position is kept; run again later"
            )

    def _apply(self, page: Page) -> Walked:
        self.served_at = page.served_at or self.served_at
        trail_before = self._trail
        first = self._recognition.at
        sightings = self._recognition.read(page)
        new = [(at, sighting) for at, sighting in sightings if not sighting.known]
        verdicts = self._judge([sighting for _, sighting in sightings])
        self._trail = self._advance(page, first if sightings == [] else sightings[0][0])
        removed: list[Effect] = []
        if new or self._trail != trail_before or self._trouble:
            removed = self._store.commit_page(
                verdicts,
                [Seen(at, sighting.entry.key) for at, sighting in new],
                self._trail,
                keep_from=self._keep_from(),
                now=self._clock(),
                trouble=self._trouble,
            )
            self._trouble = None
        return Walked(
            page=page.id,
            entries=len(sightings),
            new=len(new),
            late=sum(sighting.late for _, sighting in new),
            moment=self._trail.newest,
            removed=tuple(removed),
        )

    def _judge(self, sightings: list[Sighting]) -> list[EntryVerdict]:
        ads = sorted(sightings, key=lambda sighting: sighting.entry.ad)  # stable: feed order stays
        stored = self._store.stored_among({sighting.entry.ad for sighting in sightings})
        verdicts = (
            judge_entries(list(group), stored=ad in stored)
            for ad, group in groupby(ads, key=lambda sighting: sighting.entry.ad)
        )
        return [verdict for verdict in verdicts if verdict is not None]

    def _advance(self, page: Page, ordinal: int) -> Trail:
        """The trail once this page is applied: it and its next page can be asked for again."""
        before = self._trail
        newest = feed_clock(before.newest, page)
        stones = list(before.milestones)
        if page.entries:
            first, last = page.entries[0], page.entries[-1]
            begun = feed_clock(before.newest, replace(page, entries=(first,)))
            self._remember(stones, milestone(page.id, ordinal, first, page, begun))
            if page.next_id is not None:
                at = self._recognition.at
                self._remember(stones, milestone(page.next_id, at, last, page, newest))
        trail = replace(
            before,
            milestones=tuple(sorted(stones, key=lambda stone: stone.ordinal)),
            top=self._recognition.top,
            newest=newest,
            safe_until=self._safe_until(page, newest),
            etag=safe_etag(page),
        )
        if self._recognition.found_new:
            trail = replace(trail, topped_at=page.served_at, topped_here=self._clock())
        return pruned(trail)

    @staticmethod
    def _remember(stones: list[Milestone], stone: Milestone) -> None:
        if all(known.page != stone.page for known in stones):
            stones.append(stone)

    def _keep_from(self) -> int:
        start = start_of(self._trail)
        return start.ordinal if start else 0

    def _safe_until(self, page: Page, newest: datetime | None) -> datetime | None:
        """Moves only once all that was known has come again: what is unread yet may hide more."""
        if not (self._recognition.passed_all or page.is_tip):
            return self._trail.safe_until
        return safe_until(self._trail.safe_until, newest, self._took(page), self._lateness)

    def _took(self, page: Page) -> timedelta:
        """How long this walk has taken: by the server's clock or by ours, whichever says longer."""
        ours = self._clock() - self._began_here
        if page.served_at and self._began_at:
            return max(page.served_at - self._began_at, ours)
        return ours

    def _end(self) -> None:
        """The tip is reached: what a re-reading proved is recorded with the time of it."""
        trail = self._trail
        if not self._recognition.found_new and closes(
            trail, self._began_at, self._began_here, self._lateness
        ):
            trail = pruned(replace(trail, closed=trail.top))
        self._store.end_walk(trail, self._recognition.unmet())
