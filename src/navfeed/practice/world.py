"""The state behind the practice feed: its clock, its log and its ads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Self

from navfeed.practice import ads, mix
from navfeed.practice.ads import Ad, Content
from navfeed.practice.dates import oslo_day, seeded
from navfeed.practice.history import Past
from navfeed.practice.log import Entry, Log, Status
from navfeed.practice.mix import Changes, Event, EventKind
from navfeed.practice.transaction import HeldError, State, Transaction

Operation = Callable[[Transaction], str]

_HOUR = timedelta(hours=1)


class World:
    """The state of a feed server, deterministic for a seed and a sequence of calls.

    Time is the world's own: it moves by `advance`, and by under a second with each transaction.
    Every operation is a transaction of its own; `batch` and `begin` put several into one. Ads are
    named by uuid; naming one that was never published raises KeyError, changing one that an open
    transaction has changed raises HeldError. All methods may be called from any thread.
    """

    def __init__(self, seed: int = 0, *, now: datetime) -> None:
        """Begin with an empty log. `now` is aware."""
        self._state = State(seed, now.astimezone(UTC), seeded("world", seed))
        self._mix = seeded("mix", seed)

    @classmethod
    def history(
        cls,
        seed: int = 0,
        *,
        now: datetime,
        entries: int = 20_000,
        active: int | None = None,
        days: float = 183,
    ) -> Self:
        """Build a world whose log holds exactly `entries`, written in the `days` up to now.

        About `active` ads (by default a tenth of the entries) are active at the end; fewer if the
        entries are too few for that.
        """
        world = cls(seed, now=now - timedelta(days=days))
        target = entries // 10 if active is None else active
        past = Past(world._state, seeded("past", seed), entries=entries, active=target, days=days)
        past.write()
        world.advance(max(now - world.now, timedelta()))
        return world

    @property
    def now(self) -> datetime:
        """The world's clock (UTC)."""
        return self._state.now

    @property
    def today(self) -> date:
        """The day in Oslo."""
        return oslo_day(self._state.now)

    def advance(self, by: timedelta) -> datetime:
        """Let time pass and nothing happen."""
        with self._state.lock:
            return self._state.advance(by)

    def begin(self) -> Transaction:
        """Open a transaction; its entries are written now, whenever it commits."""
        with self._state.lock:
            return Transaction(self._state)

    def batch(self, operations: Iterable[Operation]) -> list[str]:
        """Run operations in one transaction; return the ads' uuids.

        >>> world.batch([Transaction.publish, lambda batch: batch.stop(ad)])  # doctest: +SKIP
        """
        with self.begin() as transaction:
            return [operate(transaction) for operate in operations]

    def publish(
        self,
        ad: str | None = None,
        *,
        content: Content | None = None,
        shared: bool = True,
        expires: datetime | None = None,
    ) -> str:
        """Publish a new ad, see `Transaction.publish`."""
        with self.begin() as transaction:
            return transaction.publish(ad, content=content, shared=shared, expires=expires)

    def update(self, ad: str, content: Content | None = None) -> str:
        """Change an ad's content; its status stays what it is."""
        with self.begin() as transaction:
            return transaction.update(ad, content)

    def stop(self, ad: str) -> str:
        """Withdraw an ad; its entry has neither title nor business name."""
        with self.begin() as transaction:
            return transaction.stop(ad)

    def expire(self, ad: str) -> str:
        """Withdraw an ad because its last day is over; its entry keeps title and business name."""
        with self.begin() as transaction:
            return transaction.expire(ad)

    def reactivate(
        self, ad: str, content: Content | None = None, *, expires: datetime | None = None
    ) -> str:
        """Bring an ad back, with a new last day."""
        with self.begin() as transaction:
            return transaction.reactivate(ad, content, expires=expires)

    def rewrite_silently(self, ad: str, content: Content | None = None) -> None:
        """Change an ad's content without an entry."""
        self._silently(ad, lambda old: ads.rewritten(old, content or {}))

    def drop_silently(self, ad: str) -> None:
        """Withdraw an ad without an entry."""
        self._silently(ad, lambda old: ads.stopped(old, self._state.own_clock()))

    def blank_silently(self, ad: str) -> None:
        """Lose an active ad's content without an entry, until its next rewrite."""
        self._silently(ad, lambda old: replace(old, blank=True))

    def vanish(self, ad: str) -> None:
        """Lose an ad's detail (404) without an entry, until its next entry."""
        self._silently(ad, lambda old: replace(old, known=False))

    def move_on(self, rounds: int = 1, *, changes: int = 20, step: timedelta = _HOUR) -> Changes:
        """Let `rounds` times `step` pass, each with its expiries and `changes` more events.

        The mix of events depends on the seed; an event without a suitable ad is skipped. Ads of
        open transactions are not changed.
        """
        happened: list[Event] = []
        for _ in range(rounds):
            happened += [(EventKind.EXPIRED, ad) for ad in self._expired(step)]
            happened += self._round(changes)
        return Changes.of(happened)

    def reset_log(self, keep: int | None = None) -> None:
        """Rebuild the log from each ad's newest entry, of those the newest `keep`, with new ids.

        The writes of open transactions are lost with the old log.
        """
        with self._state.lock:
            last = {entry.ad: entry for entry in self._state.log}
            kept = [entry for entry in self._state.log if last[entry.ad] is entry]
            fresh = kept if keep is None else kept[max(0, len(kept) - keep) :]
            self._state.log = Log(replace(entry, page_id=self._state.new_uuid()) for entry in fresh)

    def forget_page(self, page_id: str) -> None:
        """Make a page id invalid; its entry stays, under another id. KeyError if unknown."""
        with self._state.lock:
            self._state.log.rename(page_id, self._state.new_uuid())

    def entries(self) -> list[Entry]:
        """Return the visible log."""
        with self._state.lock:
            return list(self._state.log)

    def first(self) -> Entry | None:
        """Return the oldest entry; None if the log is empty or the oldest may not be shown."""
        with self._state.lock:
            return self._state.log.first()

    def newest(self) -> Entry | None:
        """Return the newest entry; None if the log is empty."""
        with self._state.lock:
            return self._state.log.newest()

    def first_after(self, moment: datetime) -> Entry | None:
        """Return the first entry in log order that was written after the moment, if any."""
        with self._state.lock:
            return self._state.log.first_after(moment)

    def window(
        self, page_id: str, following: int, since: datetime | None = None
    ) -> list[Entry] | None:
        """Return the entry of a page id and up to `following` later ones; None if unknown.

        `since` leaves out later entries written before it.
        """
        with self._state.lock:
            first = self._state.log.find(page_id)
            if first is None:
                return None
            rest = self._state.log.after(first)
            fresh = (entry for entry in rest if since is None or entry.written >= since)
            return [first, *islice(fresh, following)]

    def ad(self, ad: str) -> Ad:
        """Return the server's record of an ad."""
        with self._state.lock:
            return self._state.ads[ad]

    def status(self, ad: str) -> Status | None:
        """Return the present status in the ad's detail; None if that is 404."""
        with self._state.lock:
            found = self._state.ads.get(ad)
        return found.status if found and found.readable else None

    def detail(self, ad: str) -> dict[str, Any] | None:
        """Return the detail's JSON; None if the answer is 404."""
        with self._state.lock:
            found = self._state.ads.get(ad)
        return found.detail(self._state.seed) if found and found.readable else None

    def truth(self) -> dict[str, dict[str, Any]]:
        """Return uuid -> `ad_content` of every ad a lawful copy shows today."""
        with self._state.lock:
            standing = [ad for ad in self._state.ads.values() if ad.is_active(self.today)]
        return {ad.uuid: ad.content(self._state.seed) for ad in standing}

    def active(self) -> list[str]:
        """Return the uuids of `truth`, oldest ad first."""
        return self._uuids(lambda ad: ad.is_active(self.today))

    def withdrawn(self) -> list[str]:
        """Return the readable ads that are INACTIVE."""
        return self._uuids(lambda ad: ad.readable and ad.status == "INACTIVE")

    def overdue(self) -> list[str]:
        """Return the readable ads that are ACTIVE though their last day is over."""
        today = self.today
        return self._uuids(
            lambda ad: ad.readable and ad.status == "ACTIVE" and not ad.is_active(today)
        )

    def held(self, ad: str) -> bool:
        """Whether an open transaction keeps the ad to itself."""
        return ad in self._state.held

    def _expired(self, step: timedelta) -> list[str]:
        """Let time pass and withdraw the ads that expire in it; ads overdue before stay."""
        standing = set(self.active())
        self.advance(step)
        return [self.expire(ad) for ad in self._free(self.overdue()) if ad in standing]

    def _round(self, changes: int) -> Iterator[Event]:
        change = {
            EventKind.UPDATED: self.update,
            EventKind.STOPPED: self.stop,
            EventKind.EXPIRED: self.expire,
            EventKind.REACTIVATED: self.reactivate,
        }
        standing = self._free(self.active())
        withdrawn = self._free(self._uuids(lambda ad: ad.status == "INACTIVE" and ad.may_return))
        for kind, ad in mix.drawn(self._mix, changes, standing, withdrawn):
            yield kind, self.publish() if ad is None else change[kind](ad)

    def _free(self, ads: list[str]) -> list[str]:
        return [ad for ad in ads if not self.held(ad)]

    def _uuids(self, matches: Callable[[Ad], bool]) -> list[str]:
        with self._state.lock:
            return [ad.uuid for ad in self._state.ads.values() if matches(ad)]

    def _silently(self, ad: str, change: Callable[[Ad], Ad]) -> None:
        with self._state.lock:
            if self.held(ad):
                raise HeldError(f"an open transaction has changed {ad}; end that one first")
            self._state.ads[ad] = change(self._state.ads[ad])
