"""The only writer of the database. Each public method is one transaction, or only reads.

What a transaction consists of stands with the tables it changes: `ads`, `queue`, `position`,
`settings`, `runs`, `journal`, `erasure`. Every method may raise `StoreError`: the change is then
rolled back and the file still readable. Moments are aware datetimes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Concatenate, Self

from navfeed.errors import StoreError
from navfeed.model import (
    Contacts,
    Content,
    DetailDecision,
    Effect,
    EntryDecision,
    ErasedTerm,
    Failed,
    FeedCursor,
    Inactive,
    PrivacyPolicy,
    Problem,
    Queued,
    Reason,
    RunEnd,
    Scope,
    SeenEntry,
    Stored,
    Window,
    WindowPart,
)
from navfeed.store import (
    ads,
    erasure,
    journal,
    position,
    queue,
    runs,
    settings,
    shards,
    windows,
)
from navfeed.store.connect import Connected, P, T, check_library, transaction, translate_errors
from navfeed.store.file_handle import open_private_file
from navfeed.store.mapping import content_of
from navfeed.store.opening import connect, prepare
from navfeed.store.pre_upgrade_copy import drop_copy, drop_copy_that_holds_more
from navfeed.store.unscrubbed import Unscrubbed


class Store(Connected):
    """An open store. Use as a context manager; one at a time (the caller holds the lock).

    One of an older schema is brought up to date, and copied first with `upgrade_copy`.
    `feed_url` is the address of the feed whose pages will be committed: from the first one on, it
    is remembered. None leaves what is remembered as it is.
    """

    def __init__(
        self, path: Path, *, feed_url: str | None = None, upgrade_copy: bool = True
    ) -> None:
        self.path = path
        self._feed_url = feed_url
        self._log_is_long_at = LONG_LOG
        self._indexed = 0
        with translate_errors(path), ExitStack() as opened:
            check_library()
            self._file = opened.enter_context(open_private_file(path))
            self._connection = opened.enter_context(closing(connect(path)))
            prepare(self._connection, path, upgrade_copy=upgrade_copy)
            shards.prepare(self._connection)
            self._unscrubbed = Unscrubbed(self._connection, path)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with translate_errors(self.path), self._opened, suppress(StoreError, sqlite3.Error):
            self._leave()

    def _leave(self) -> None:
        """Let the next run know what is to be scrubbed. Where that fails, it is the whole file."""
        if self._indexed >= shards.ROUND:
            self._merge_index()
        self._unscrubbed.note()
        if self._unscrubbed.are_many():
            self._clean(CLOSE_WAIT_MS, erased=False)
        if self._connection.total_changes:
            with transaction(self._connection):
                self._unscrubbed.leave(self._connection)

    def _merge_index(self) -> None:
        """One transaction each: the log is cut in between."""
        for name in self._read(_in_many_segments):
            self._write(shards.merge, name)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with translate_errors(self.path):
            with transaction(self._connection):
                self._unscrubbed.begin_write()
                yield self._connection
                self._indexed += shards.write_added(self._connection)
            self._cut_long_log()

    def _cut_long_log(self) -> None:
        """SQLite would do this by itself, without reporting which pages it moves."""
        if (
            erasure.log_size(self.path) > LONG_LOG
            and self._unscrubbed.note() > self._log_is_long_at
        ):
            with suppress(sqlite3.Error):  # what is committed is, and stays in the log
                self._cut_log(0)
            self._log_is_long_at = erasure.log_size(self.path) + LONG_LOG

    def _write(
        self,
        change: Callable[Concatenate[sqlite3.Connection, P], T],
        *values: P.args,
        **named: P.kwargs,
    ) -> T:
        with self._transaction() as db:
            return change(db, *values, **named)

    # Where the reading stands

    def feed_url(self) -> str | None:
        """The feed that is followed; None before the first page, and in stores of old."""
        return self._read(position.feed_url)

    def feed_cursor(self) -> FeedCursor:
        return self._read(position.cursor)

    def seen_from(self, ordinal: int) -> list[SeenEntry]:
        """The entries read so far from a place on, in feed order."""
        return self._read(position.seen_from, ordinal)

    def commit_page(
        self,
        decisions: Sequence[EntryDecision],
        seen: Sequence[SeenEntry],
        cursor: FeedCursor,
        *,
        keep_from: int,
        now: datetime,
        trouble: str | None = None,
        recheck: bool = False,
    ) -> list[Effect]:
        """Apply a page and move the cursor in one transaction; answer what was removed.

        Entries read before the place `keep_from` need not be recognised any more. `trouble`
        explains that the old cursor leads nowhere: what it recognised is dropped, the sentence
        kept for `status`. `recheck`: not one of its pages is there any more, so that the details of
        every ad in the store are requested again.
        """
        with self._transaction() as db:
            if trouble:
                position.restart(db, trouble)
            if recheck:
                position.begin_recheck(db, now)
                queue.put(db, _rechecks(ads.ids(db) | ads.outside(db)), now)
            inactive = {one.ad: one.reason for one in decisions if one.remove}
            effects = [(ad, inactive[ad]) for ad in sorted(ads.ids_among(db, inactive))]
            for ad, reason in effects:
                ads.remove(db, ad, reason, now)
            queue.drop(db, inactive)
            ads.drop_outside(db, inactive)
            queue.put(db, ((one.ad, one.reason) for one in decisions if one.ask), now)
            position.save_seen(db, seen, keep_from)
            position.save_cursor(db, cursor, self._feed_url)
            windows.save_newest(db, (one.key[:2] for one in seen))
        return effects

    def begin_at(self, reach: datetime | None, stretches: Sequence[Window] = ()) -> None:
        """Record from when on a first sync reads the log, and where it does so; None: unknown."""
        with self._transaction() as db:
            position.save_reach(db, reach)
            windows.begin(db, stretches)

    def end_walk(self, cursor: FeedCursor, vanished: Sequence[SeenEntry]) -> None:
        """Record that the end of the feed was reached; what the log no longer has is dropped."""
        with self._transaction() as db:
            position.drop_seen(db, vanished)
            position.save_cursor(db, cursor, self._feed_url)
            windows.end_newest(db)

    def windows(self) -> list[Window]:
        """The stretches of the log that a first sync has still to read, the newest first."""
        return self._read(windows.load)

    def commit_window_page(
        self,
        number: int,
        entries: Iterable[tuple[str, str]],
        *,
        following: str | None,
    ) -> None:
        """Record a page of an older window, each entry by ad and status; nothing is removed.

        `following` is the page to read next, None at the window's end.
        """
        self._write(windows.save_page, number, entries, following)

    def window_parts(self) -> list[WindowPart]:
        """What is to be queued of windows that are read to their ends, each in a transaction."""
        return self._read(windows.parts)

    def queue_part(self, part: WindowPart, now: datetime) -> list[Queued]:
        """Queue the active ads of a part; answer with them."""
        return self._write(windows.queue_part, part, now)

    def caught_up(self, moment: datetime, served_at: datetime | None = None) -> None:
        """Record that the end of the feed was reached then, and every detail requested since.

        Where the log began again, that is over once it has confirmed every ad. Where no new ad is
        left out, all days that are over are complete.
        """
        self._write(position.save_caught_up, moment, served_at)

    def forget_trouble(self) -> None:
        """A verification left everything right: what broke the cursor once is over."""
        self._write(position.clear_trouble)

    def retry_at(self) -> datetime | None:
        """The server requested a pause until this moment."""
        return self._read(position.retry_at)

    def remember_retry(self, moment: datetime | None) -> None:
        self._write(position.save_retry, moment)

    def remember_token(self, expires: datetime) -> None:
        """Keep when the token ends, never the token."""
        self._write(position.save_token_expiry, expires)

    # Ads

    def ad_ids(self) -> set[str]:
        """Every ad in the store."""
        return self._read(ads.ids)

    def outside(self) -> set[str]:
        """The active ads that are not kept because they are outside the scope."""
        return self._read(ads.outside)

    def stored_ids_among(self, wanted: Iterable[str]) -> dict[str, date | None]:
        """Those of the ads that are in the store, each with its last day."""
        return self._read(ads.ids_among, wanted)

    def get_stored(self, ad: str) -> Stored | None:
        return self._read(ads.stored, ad)

    def iter_contents(self) -> Iterator[tuple[str, Content]]:
        """Every ad in the store with its content, as the details had it."""
        for ad in self.ad_ids():
            yield ad, self._read(content_of, ad)

    def commit_details(
        self, decisions: Sequence[DetailDecision], failed: Sequence[Failed], now: datetime
    ) -> list[Effect]:
        """Apply a batch of details in one transaction; answer what was done to which ad.

        An ad that is withheld has `failed` too: it leaves, and stays queued.
        """
        with self._transaction() as db:
            effects = [(one.ad, one.reason) for one in decisions if ads.apply(db, one, now)]
            queue.settle(db, decisions, now)
            queue.fail(db, failed)
        return effects

    def sweep(self, today: date, now: datetime) -> list[Effect]:
        """Remove the ads whose last day in Oslo lies before `today`, and queue them.

        NAV may have prolonged one without an entry; then its details bring it back.
        """
        effects = [(ad, Reason.EXPIRED) for ad in self._read(ads.expired, today)]
        if effects:
            with self._transaction() as db:
                for ad, reason in effects:
                    ads.remove(db, ad, reason, now)
                queue.put(db, effects, now)
        return effects

    def prune_changes(self, before: datetime) -> None:
        """Drop what the journal keeps of ads that are gone since before then."""
        last = self._read(journal.last_ended, before)
        if last is not None:
            self._write(journal.prune, last)

    # The queue of details

    def due(self, now: datetime, *, everything: bool = False) -> list[Queued]:
        """Ads whose details may be requested at `now`, the oldest thousands first, these by id.

        `everything`: those too that wait for a retry, or were given up.
        """
        return self._read(queue.due, now, everything=everything)

    def queued(self, ad: str) -> Queued | None:
        return self._read(queue.row_of, ad)

    def waiting(self, now: datetime) -> tuple[int, int]:
        """How many details are still to be fetched, and how many more were given up.

        Ads that are gone and requested again do not count.
        """
        return self._read(queue.waiting, now)

    def unconfirmed(self) -> int:
        """How many ads are stored that the log, which began again, has not confirmed yet."""
        return self._read(queue.unconfirmed)

    def failure_reasons(self) -> list[Problem]:
        """Why details could not be fetched, the most frequent reason first."""
        return self._read(queue.failure_reasons)

    def queue_rechecks(self, before: datetime, most: int, now: datetime) -> int:
        """Queue the active ads that NAV has not confirmed since `before`, the oldest first."""
        due = self._read(queue.to_recheck, before, most, now)
        if due:
            self._write(queue.put, _rechecks(due), now)
        return len(due)

    # Settings of the store

    def inactive(self) -> Inactive:
        return self._read(settings.inactive)

    def set_inactive(self, inactive: Inactive) -> None:
        """What is left of inactive ads from now on; `delete` also drops the masks kept so far."""
        self._write(settings.set_inactive, inactive)

    def scope(self) -> Scope:
        return self._read(settings.scope)

    def rescope(self, scope: Scope, leaving: Iterable[str], *, ask: bool, now: datetime) -> int:
        """Take up a scope: remove the ads that leave it; answer how many are to be fetched.

        With `ask`, the ads that were outside so far are: of them nothing is kept but times.
        """
        with self._transaction() as db:
            wanted = ads.outside(db) if ask else set()
            queue.put(db, ((ad, Reason.RESCOPED) for ad in sorted(wanted)), now)
            for ad in leaving:
                ads.put_outside(db, ad, now)
                ads.remove(db, ad, Reason.OUT_OF_SCOPE, now)
            settings.set_scope(db, scope)
        return len(wanted)

    # What is not to be kept of active ads

    def privacy_policy(self) -> PrivacyPolicy:
        return self._read(settings.privacy_policy)

    def set_contacts(
        self, contacts: Contacts, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None:
        """Keep contacts from now on, or not, with what that makes of the ads that are here.

        What was dropped is not here any more: to be kept again, every ad is fetched again.
        """
        with self._transaction() as db:
            settings.set_contacts(db, contacts)
            for ad, content in rewritten:
                ads.rewrite(db, ad, content, now)
            if contacts is Contacts.KEEP:
                queue.put(db, _rechecks(ads.ids(db)), now)

    def take_over(
        self, policy: PrivacyPolicy, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None:
        """Take over another store's policy, with what that makes of the ads here."""
        with self._transaction() as db:
            settings.set_contacts(db, policy.contacts)
            settings.add_erased_terms(db, policy.marks, policy.key)
            for ad, content in rewritten:
                ads.rewrite(db, ad, content, now)

    def forget(
        self,
        marks: Iterable[ErasedTerm],
        key: bytes,
        rewritten: Iterable[tuple[str, Content, int]],
        now: datetime,
    ) -> tuple[int, int]:
        """Remember what is to be erased, by its hash, with what that makes of the ads here.

        Each ad comes with how many places in it are gone; answers how many ads and places it was.
        """
        count = places = 0
        with self._transaction() as db:
            settings.add_erased_terms(db, marks, key)
            for ad, content, gone in rewritten:
                ads.rewrite(db, ad, content, now)
                count, places = count + 1, places + gone
            settings.audit(db, "erase", count, places, now)
        return count, places

    def note_find(self, found: int, places: int, now: datetime) -> None:
        """Leave the line that a find must leave. Short, so it needs no lock of its own."""
        self._write(settings.audit, "find", found, places, now)

    # Runs

    def begin_run(self, now: datetime) -> int:
        return self._write(runs.begin, now)

    def end_run(self, run: int, end: RunEnd, now: datetime) -> None:
        self._write(runs.end, run, end, now)

    def end_upgrade(self) -> None:
        """A run was good: the copy of what was before is not needed any more."""
        drop_copy(self.path)

    # Erasure

    def erasure_owed(self) -> bool:
        return self._read(erasure.is_owed)

    def purge(self) -> bool:
        """Leave nothing in any file of what was taken out (`erasure`). False: still owed.

        The copy that an upgrade left is removed where it holds what the store does not.
        """
        drop_copy_that_holds_more(self.path, self._connection)
        self._write(shards.rebuild_stale)
        return self._clean(erasure.ERASE_WAIT_MS, erased=True)

    def vacuum(self) -> bool:
        """Write the file again, without free space; then as `purge`."""
        self._write(shards.rebuild_stale)
        with translate_errors(self.path):
            self._connection.execute("VACUUM")
        self._unscrubbed.forget()
        return self.purge()

    def _clean(self, wait: int, *, erased: bool) -> bool:
        """Cut the log and zero free space. False: a reader keeps the log for longer than that.

        With `erased`, nothing is owed any more.
        """
        with translate_errors(self.path):
            return self._cut_log(wait) and self._scrub(erased=erased)

    def _cut_log(self, wait: int) -> bool:
        self._unscrubbed.note()
        return erasure.cut_log(self._connection, wait)

    def _scrub(self, *, erased: bool) -> bool:
        with closing(connect(self.path)) as alone:
            return erasure.scrub_alone(
                alone, self.path, self._file, self._unscrubbed, erased=erased
            )


CLOSE_WAIT_MS = 100

LONG_LOG = 16_000_000
"""Bytes of the log from which on it is moved to the file: a first sync writes a tenth less to disk
than at SQLite's 4 MB. A reader may keep it longer."""


def _in_many_segments(db: sqlite3.Connection) -> list[str]:
    return shards.in_many_segments(lambda sql: db.execute(sql).fetchall())


def _rechecks(ads: Iterable[str]) -> Iterator[Effect]:
    return ((ad, Reason.RECHECK) for ad in sorted(ads))
