"""The only writer of the database. Each public method is one transaction, or only reads.

Every method may raise `StoreError`: the change is then rolled back and the file still readable.
Moments go in as aware datetimes and are kept as UTC text.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from sqlite_utils import Database

from navfeed.errors import StoreError
from navfeed.model import (
    WRONG_CLOCK,
    Checkpoint,
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
    TermKind,
)
from navfeed.store import journal, shards
from navfeed.store.connect import (
    BUSY_SECONDS,
    check_library,
    check_ownership,
    transaction,
    translate_errors,
)
from navfeed.store.file_handle import open_private_file, opening
from navfeed.store.giving_up import GIVEN_UP, PROBLEMS, UNCONFIRMED, patience_began
from navfeed.store.mapping import (
    CHILDREN,
    COLUMNS,
    ROWS,
    changed_fields,
    content_of,
    scope_of,
)
from navfeed.store.migrate import migrate
from navfeed.store.schema import APPLICATION_ID
from navfeed.store.scrub import scrub
from navfeed.store.search import searchable
from navfeed.store.unscrubbed import Unscrubbed
from navfeed.store.upgrade import copied_before, drop_copy, drop_copy_that_holds_more


class Store:
    """An open store. Use as a context manager; one at a time (the caller holds the lock).

    One of an older schema is brought up to date, and copied before where `upgrade_copy` says so.
    `feed_url` is the address of the feed whose pages will be committed: from the first one on, it
    is remembered. None leaves what is remembered as it is.
    """

    def __init__(
        self, path: Path, *, feed_url: str | None = None, upgrade_copy: bool = True
    ) -> None:
        self.path = path
        self._feed_url = feed_url
        self._log_is_long_at = LONG_LOG
        with translate_errors(path), ExitStack() as opened:
            check_library()
            self._file = opened.enter_context(open_private_file(path))
            self._connection = opened.enter_context(closing(_connect(path)))
            self._db = _prepare(self._connection, path, upgrade_copy=upgrade_copy)
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
        self._unscrubbed.note()
        if self._unscrubbed.are_many():
            self._clean(CLOSE_WAIT_MS, erased=False)
        if self._connection.total_changes:
            with transaction(self._connection):
                self._unscrubbed.leave(self._connection)

    # Where the reading stands

    def feed_url(self) -> str | None:
        """The feed that is followed; None before the first page, and in stores of old."""
        (url,) = self._one("SELECT feed_url FROM feed")
        return str(url) if url else None

    def feed_cursor(self) -> FeedCursor:
        top, newest, topped_at, topped_here, safe_until, closed, etag = self._one(
            "SELECT top, newest, topped_at, topped_here, safe_until, closed, etag FROM feed"
        )
        checkpoints = self._all("SELECT page, ordinal, latest FROM milestones ORDER BY ordinal, id")
        return FeedCursor(
            checkpoints=tuple(
                Checkpoint(page, at, _moment(latest)) for page, at, latest in checkpoints
            ),
            top=top,
            newest=_moment(newest),
            head_seen_at=_moment(topped_at),
            head_seen_here=_moment(topped_here),
            safe_until=_moment(safe_until),
            closed=closed,
            etag=etag,
        )

    def seen_from(self, ordinal: int) -> list[SeenEntry]:
        """The entries read so far from a place on, in feed order."""
        rows = self._all(
            "SELECT ordinal, ad, status, written FROM seen WHERE ordinal >= ? ORDER BY ordinal, id",
            ordinal,
        )
        return [SeenEntry(at, (ad, status, written)) for at, ad, status, written in rows]

    def commit_page(
        self,
        verdicts: Sequence[EntryDecision],
        seen: Sequence[SeenEntry],
        cursor: FeedCursor,
        *,
        keep_from: int,
        now: datetime,
        trouble: str | None = None,
        anew: bool = False,
    ) -> list[Effect]:
        """Apply a page and move the cursor in one transaction; answer what was removed.

        Entries read before the place `keep_from` need not be recognised any more. `trouble` says
        that the old cursor leads nowhere: what it recognised is dropped, the sentence kept for
        `status`. `anew`: not one of its pages is there any more, so that every ad of the store is
        asked for again.
        """
        with self._transaction():
            if trouble:
                self._db.execute("DELETE FROM seen")
                self._db.execute("UPDATE feed SET trouble = ?", [trouble])
            if anew:
                self._doubt_all(now)
            inactive = {verdict.ad: verdict.reason for verdict in verdicts if verdict.remove}
            effects = [(ad, inactive[ad]) for ad in sorted(self.stored_ids_among(inactive))]
            for ad, reason in effects:
                self._remove(ad, reason, now)
            self._unqueue(inactive)
            self._bring_inside(inactive)
            self._queue(((v.ad, v.reason) for v in verdicts if v.ask), now)
            self._save_seen(seen, keep_from)
            self._save_cursor(cursor)
        return effects

    def _doubt_all(self, now: datetime) -> None:
        self._db.execute("UPDATE feed SET recheck_since = ?", [_text(now)])
        self._queue(((ad, Reason.RECHECK) for ad in sorted(self.ads() | self.outside())), now)

    def begin_at(self, reach: datetime | None) -> None:
        """Record from when on a first sync reads the log; None: nobody knows."""
        with self._transaction():
            self._db.execute("UPDATE feed SET reaches_back = ?", [_text(reach)])

    def end_walk(self, cursor: FeedCursor, vanished: Sequence[SeenEntry]) -> None:
        """Record that the end of the feed was reached; what the log no longer has is dropped."""
        with self._transaction():
            self._many(
                "DELETE FROM seen WHERE ordinal = ? AND ad = ? AND status = ? AND written = ?",
                ((one.ordinal, *one.key) for one in vanished),
            )
            self._save_cursor(cursor)

    def caught_up(self, moment: datetime) -> None:
        """Record that the end of the feed was reached then, and every detail asked for since.

        Where the log began anew, that is over once it has confirmed every ad.
        """
        with self._transaction():
            self._db.execute("UPDATE feed SET caught_up_at = ?", [_text(moment)])
            self._db.execute(
                "UPDATE feed SET trouble = NULL, recheck_since = NULL "
                f"WHERE recheck_since IS NOT NULL AND ({UNCONFIRMED}) = 0"
            )

    def prune_changes(self, before: datetime) -> None:
        """Drop what the journal keeps of ads that are gone since before then."""
        with translate_errors(self.path):
            last = journal.last_ended(self._connection, before)
        if last is not None:
            with self._transaction():
                journal.prune(self._connection, last)

    def _save_seen(self, seen: Sequence[SeenEntry], keep_from: int) -> None:
        self._many(
            "INSERT INTO seen (ordinal, ad, status, written) VALUES (?, ?, ?, ?)",
            ((one.ordinal, *one.key) for one in seen),
        )
        self._db.execute("DELETE FROM seen WHERE ordinal < ?", [keep_from])

    def _save_cursor(self, cursor: FeedCursor) -> None:
        self._db.execute("DELETE FROM milestones")
        self._many(
            "INSERT INTO milestones (page, ordinal, latest) VALUES (?, ?, ?)",
            ((one.page, one.ordinal, _text(one.latest)) for one in cursor.checkpoints),
        )
        self._db.execute(
            "UPDATE feed SET top = ?, newest = ?, topped_at = ?, topped_here = ?, "
            "safe_until = ?, closed = ?, etag = ?, feed_url = coalesce(?, feed_url)",
            [
                cursor.top,
                *map(
                    _text,
                    (cursor.newest, cursor.head_seen_at, cursor.head_seen_here, cursor.safe_until),
                ),
                cursor.closed,
                cursor.etag,
                self._feed_url,
            ],
        )

    # Ads

    def ads(self) -> set[str]:
        """Every ad in the store."""
        return {ad for (ad,) in self._all("SELECT uuid FROM ads")}

    def outside(self) -> set[str]:
        """The active ads that are not kept because they are outside the scope."""
        return {ad for (ad,) in self._all("SELECT ad FROM outside")}

    def stored_ids_among(self, ads: Iterable[str]) -> dict[str, date | None]:
        """Those of the ads that are in the store, each with its last day."""
        rows = self._all(f"SELECT uuid, last_day FROM ads WHERE uuid IN {_LISTED}", _listed(ads))
        return {uuid: _day(last_day) for uuid, last_day in rows}

    def stored(self, ad: str) -> Stored | None:
        rows = self._all("SELECT content, last_day FROM ads WHERE uuid = ?", ad)
        return next((Stored(raw, _day(day)) for raw, day in rows), None)

    def commit_details(
        self, verdicts: Sequence[DetailDecision], failed: Sequence[Failed], now: datetime
    ) -> list[Effect]:
        """Apply a batch of details in one transaction; answer what was done to which ad.

        An ad that is withheld has `failed` too: it leaves, and stays queued.
        """
        with self._transaction():
            effects = [
                (verdict.ad, verdict.reason) for verdict in verdicts if self._apply(verdict, now)
            ]
            again = {verdict.ad for verdict in verdicts if self._is_asked_again(verdict, now)}
            self._unqueue(verdict.ad for verdict in verdicts if verdict.ad not in again)
            gone = [effect for effect in effects if effect[1] is Reason.GONE]
            self._queue(gone, now, retry_at=now + GONE_AGAIN[0])
            self._many(
                "UPDATE queue SET attempts = attempts + 1, problem = ?, retry_at = ? WHERE ad = ?",
                ((one.problem, _text(one.retry_at), one.ad) for one in failed),
            )
        return effects

    def _is_asked_again(self, verdict: DetailDecision, now: datetime) -> bool:
        """Whether an ad is withheld, or is gone as it was an hour ago and asked for a last time."""
        if verdict.reason is Reason.WITHHELD:
            self._keep_queued(verdict.ad, now)
            return True
        if verdict.reason is not Reason.GONE:
            return False
        updated = self._db.execute(
            "UPDATE queue SET attempts = 1, retry_at = ? "
            "WHERE ad = ? AND reason = ? AND attempts = 0",
            [_text(now + GONE_AGAIN[1]), verdict.ad, Reason.GONE.value],
        )
        return updated.rowcount == 1

    def _keep_queued(self, ad: str, now: datetime) -> None:
        """A verification may have asked for it unqueued. How often it was tried stays known."""
        self._db.execute(
            "INSERT INTO queue (ad, reason, queued_at) VALUES (?, ?, ?) "
            "ON CONFLICT (ad) DO UPDATE SET reason = excluded.reason",
            [ad, Reason.WITHHELD.value, _text(now)],
        )

    def sweep(self, today: date, now: datetime) -> list[Effect]:
        """Remove the ads whose last day in Oslo lies before `today`, and queue them.

        NAV may have prolonged one without an entry; then its details bring it back.
        """
        past = self._all("SELECT uuid FROM ads WHERE last_day < ?", today.isoformat())
        if not past:
            return []
        with self._transaction():
            for (ad,) in past:
                self._remove(ad, Reason.EXPIRED, now)
            self._queue(((ad, Reason.EXPIRED) for (ad,) in past), now)
        return [(ad, Reason.EXPIRED) for (ad,) in past]

    def _apply(self, verdict: DetailDecision, now: datetime) -> bool:
        """Do what a detail asks for; False when there was nothing to do."""
        if verdict.reason is Reason.OUT_OF_SCOPE:
            self._put_outside(verdict.ad, now)
            return self._remove(verdict.ad, verdict.reason, now)
        if verdict.content is None:
            self._bring_inside([verdict.ad])
            return self._remove(verdict.ad, verdict.reason, now)
        if verdict.reason is Reason.UNCHANGED:
            self._db.execute(
                "UPDATE ads SET checked_at = ? WHERE uuid = ?", [_text(now), verdict.ad]
            )
        else:
            self._write(verdict.ad, verdict.content, now)
            self._db.execute(_TIMES_BACK, [verdict.ad])
        self._bring_inside([verdict.ad])
        return True

    def _write(self, ad: str, content: Content, now: datetime, reason: str | None = None) -> None:
        """Keep what an ad says now. `reason` stands in the journal where it was here already."""
        if self._has(ad):
            self._owe_erasure()
            changed = changed_fields(content_of(self._connection, ad), content)
            journal.updated(
                self._connection, ad, content.last_day, now, changed=changed, reason=reason
            )
            for table in CHILDREN:
                self._db.execute(f"DELETE FROM {table} WHERE ad = ?", [ad])
        else:
            journal.added(self._connection, ad, content.last_day, now)
        values = [_column(getattr(content, name)) for name in COLUMNS]
        self._db.execute(_UPSERT, [ad, *values, content.raw, *[_text(now)] * 3])
        self._db.execute("DELETE FROM removed WHERE uuid = ?", [ad])
        for table, row_of in ROWS.items():
            children = enumerate(getattr(content, table))
            self._many(_CHILD[table], ((ad, at, *row_of(child)) for at, child in children))
        shards.put(self._connection, self._id(ad), searchable(content))

    def _id(self, ad: str) -> int:
        (number,) = self._one("SELECT id FROM ads WHERE uuid = ?", ad)
        return int(number)

    def _has(self, ad: str) -> bool:
        return bool(self._all("SELECT 1 FROM ads WHERE uuid = ?", ad))

    def _remove(self, ad: str, reason: Reason, now: datetime) -> bool:
        """Take an ad out, leaving its mask where the store keeps masks. False: it was not in."""
        if not self._has(ad):
            return False
        if self.inactive() is Inactive.MASK:
            self._db.execute(_MASK, {"ad": ad, "reason": reason.value, "now": _text(now)})
        shards.drop(self._connection, self._id(ad))
        self._db.execute("DELETE FROM ads WHERE uuid = ?", [ad])
        journal.ended(self._connection, ad, reason, now)
        self._owe_erasure()
        return True

    # The queue of details

    def due(self, now: datetime, *, everything: bool = False) -> list[Queued]:
        """Ads whose details may be asked for at `now`, the oldest thousands first, these by id.

        `everything`: those too that wait for a retry, or were given up. A retry that lies further
        ahead than any is ever put comes from a clock that was wrong, and is due.
        """
        rows = self._all(
            "SELECT ad, attempts FROM queue WHERE (?3 AND reason != ?4) "
            f"OR (NOT {GIVEN_UP.replace('?', '?5')} "
            "AND (coalesce(retry_at, '') NOT BETWEEN ?1 AND ?2 OR retry_at = ?1)) ORDER BY rowid",
            _text(now),
            _text(now + LONGEST_RETRY),
            everything,
            Reason.GONE.value,
            patience_began(now),
        )
        chunks = (rows[at : at + NEAR] for at in range(0, len(rows), NEAR))
        return [Queued(ad, attempts) for chunk in chunks for ad, attempts in sorted(chunk)]

    def waiting(self, now: datetime) -> tuple[int, int]:
        """How many details are still to be had, and how many more were given up.

        Ads that are gone and asked for once more do not count.
        """
        (count, given_up) = self._one(
            f"SELECT count(*), count(*) FILTER (WHERE {GIVEN_UP}) FROM queue WHERE reason != ?",
            patience_began(now),
            Reason.GONE.value,
        )
        return count - given_up, given_up

    def unconfirmed(self) -> int:
        """How many ads are stored that the log, which began anew, has not confirmed yet."""
        (count,) = self._one(UNCONFIRMED)
        return int(count)

    def problems(self) -> list[Problem]:
        """Why details could not be had, the most frequent reason first."""
        return [Problem(*row) for row in self._all(PROBLEMS)]

    def queue_rechecks(self, before: datetime, most: int, now: datetime) -> int:
        """Queue the active ads that NAV has not confirmed since `before`, the oldest first.

        One that was confirmed on a day to come was so by a clock that was wrong, and is due.
        """
        rows = self._all(
            "SELECT ad FROM (SELECT uuid AS ad, checked_at FROM ads UNION ALL "
            "SELECT ad, checked_at FROM outside) WHERE (checked_at <= ? OR checked_at > ?) "
            "AND ad NOT IN (SELECT ad FROM queue) ORDER BY checked_at LIMIT ?",
            _text(before),
            _text(now + WRONG_CLOCK),
            most,
        )
        if rows:
            with self._transaction():
                self._queue(((ad, Reason.RECHECK) for (ad,) in rows), now)
        return len(rows)

    def _queue(
        self, ads: Iterable[Effect], now: datetime, *, retry_at: datetime | None = None
    ) -> None:
        """A new reason to ask re-arms an ad that was waiting for its retry, or was given up."""
        self._many(
            "INSERT INTO queue (ad, reason, queued_at, retry_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (ad) DO UPDATE SET reason = excluded.reason, attempts = 0, "
            "queued_at = excluded.queued_at, retry_at = excluded.retry_at, problem = NULL",
            ((ad, reason.value, _text(now), _text(retry_at)) for ad, reason in ads),
        )

    def _unqueue(self, ads: Iterable[str]) -> None:
        self._db.execute(f"DELETE FROM queue WHERE ad IN {_LISTED}", [_listed(ads)])

    # Settings of the store

    def inactive(self) -> Inactive:
        (inactive,) = self._one("SELECT inactive FROM feed")
        return Inactive(inactive)

    def set_inactive(self, inactive: Inactive) -> None:
        """What is left of inactive ads from now on; `delete` also drops the masks kept so far."""
        with self._transaction():
            self._db.execute("UPDATE feed SET inactive = ?", [inactive.value])
            if inactive is Inactive.DELETE:
                masks = self._db.execute("DELETE FROM removed")
                if masks.rowcount:
                    self._owe_erasure()

    def discretion(self) -> PrivacyPolicy:
        """What is not to be kept of ads in force."""
        contacts, key = self._one("SELECT contacts, forget_key FROM feed")
        marks = self._all("SELECT kind, length, hash FROM forgotten")
        return PrivacyPolicy(
            contacts=Contacts(contacts),
            marks=frozenset(
                ErasedTerm(TermKind(kind), length, hash_) for kind, length, hash_ in marks
            ),
            key=key or b"",
        )

    def set_contacts(
        self, contacts: Contacts, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None:
        """Keep contacts from now on, or not, with what that makes of the ads that are here.

        What was dropped is not here any more: to be kept again, every ad is asked for anew.
        """
        with self._transaction():
            self._db.execute("UPDATE feed SET contacts = ?", [contacts.value])
            for ad, content in rewritten:
                self._rewrite(ad, content, now)
            if contacts is Contacts.KEEP:
                self._queue(((ad, Reason.RECHECK) for ad in sorted(self.ads())), now)

    def take_over(
        self, discretion: PrivacyPolicy, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None:
        """Keep what another store was told to keep, with what that makes of the ads here."""
        with self._transaction():
            self._db.execute("UPDATE feed SET contacts = ?", [discretion.contacts.value])
            self._remember(discretion.marks, discretion.key)
            for ad, content in rewritten:
                self._rewrite(ad, content, now)

    def forget(
        self,
        marks: Iterable[ErasedTerm],
        key: bytes,
        rewritten: Iterable[tuple[str, Content, int]],
        now: datetime,
    ) -> tuple[int, int]:
        """Remember what is to be forgotten, by its hash, with what that makes of the ads here.

        Each ad comes with how many places in it are gone; answers how many ads and places it was.
        """
        ads = places = 0
        with self._transaction():
            self._remember(marks, key)
            for ad, content, gone in rewritten:
                self._rewrite(ad, content, now)
                ads, places = ads + 1, places + gone
            self._note("erase", ads, places, now)
        return ads, places

    def _remember(self, marks: Iterable[ErasedTerm], key: bytes) -> None:
        self._db.execute("UPDATE feed SET forget_key = ?", [key or None])
        self._many(
            "INSERT OR IGNORE INTO forgotten (kind, length, hash) VALUES (?, ?, ?)",
            ((mark.kind.value, mark.length, mark.hash) for mark in marks),
        )

    def note_find(self, ads: int, places: int, now: datetime) -> None:
        """Leave the line that a find must leave. Short, so it needs no lock of its own."""
        with self._transaction():
            self._note("find", ads, places, now)

    def _note(self, action: str, ads: int, places: int, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO audit (at, action, ads, places) VALUES (?, ?, ?, ?)",
            [_text(now), action, ads, places],
        )

    def _rewrite(self, ad: str, content: Content, now: datetime) -> None:
        """Change what we keep of an ad. NAV has confirmed it no later for that."""
        (checked_at,) = self._one("SELECT checked_at FROM ads WHERE uuid = ?", ad)
        self._write(ad, content, now, journal.PRIVACY)
        self._db.execute("UPDATE ads SET checked_at = ? WHERE uuid = ?", [checked_at, ad])

    def scope(self) -> Scope:
        (scope,) = self._one("SELECT scope FROM feed")
        return scope_of(scope)

    def contents(self) -> Iterator[tuple[str, Content]]:
        """Every ad in the store with what it says, as the details said it."""
        for ad in self.ads():
            with translate_errors(self.path):
                content = content_of(self._connection, ad)
            yield ad, content

    def rescope(self, scope: Scope, leaving: Iterable[str], *, ask: bool, now: datetime) -> int:
        """Take up a scope: remove the ads that leave it; answer how many are to be fetched.

        With `ask`, the ads that were outside so far are: of them nothing is kept but times.
        """
        with self._transaction():
            asked = self._all("SELECT ad FROM outside") if ask else []
            self._queue(((ad, Reason.RESCOPED) for (ad,) in asked), now)
            for ad in leaving:
                self._put_outside(ad, now)
                self._remove(ad, Reason.OUT_OF_SCOPE, now)
            self._db.execute("UPDATE feed SET scope = ?", [json.dumps(asdict(scope))])
        return len(asked)

    def _put_outside(self, ad: str, now: datetime) -> None:
        """Before it is removed: when it came, and last changed, is known if it comes back."""
        self._db.execute(_OUTSIDE, [ad, _text(now)])

    def _bring_inside(self, ads: Iterable[str]) -> None:
        self._db.execute(f"DELETE FROM outside WHERE ad IN {_LISTED}", [_listed(ads)])

    # Runs, and what is remembered from one to the next

    def begin_run(self, now: datetime) -> int:
        with self._transaction():
            run = self._db.execute("INSERT INTO runs (started_at) VALUES (?)", [_text(now)])
        return int(run.lastrowid or 0)

    def end_run(self, run: int, end: RunEnd, now: datetime) -> None:
        with self._transaction():
            self._db.execute(
                "UPDATE runs SET ended_at = ?, exit_code = ?, outcome = ?, counts = ? WHERE id = ?",
                [_text(now), end.exit_code, end.outcome, json.dumps(dict(end.counts)), run],
            )
            self._db.execute("DELETE FROM runs WHERE id <= ?", [run - KEPT_RUNS])

    def forget_trouble(self) -> None:
        """A verification left everything right: what broke the cursor once is over."""
        with self._transaction():
            self._db.execute("UPDATE feed SET trouble = NULL, recheck_since = NULL")

    def retry_at(self) -> datetime | None:
        """Before when the server asked not to be called."""
        (moment,) = self._one("SELECT retry_at FROM feed")
        return _moment(moment)

    def remember_retry(self, moment: datetime | None) -> None:
        with self._transaction():
            self._db.execute("UPDATE feed SET retry_at = ?", [_text(moment)])

    def remember_token(self, expires: datetime) -> None:
        """Keep when the token ends, never the token."""
        with self._transaction():
            self._db.execute("UPDATE feed SET token_expires = ?", [_text(expires)])

    # Erasure

    def erasure_owed(self) -> bool:
        (owed,) = self._one("SELECT erasure_owed FROM feed")
        return bool(owed)

    def erase(self) -> bool:
        """Leave nothing in any file of what was taken out. False: still owed.

        `secure_delete` overwrites what is deleted, but the index keeps words of deleted ads until
        it is merged, the write-ahead log older pages, and free space what moving rows left behind
        (`scrub`). A program that reads an old state keeps the log from being cut. The copy that an
        upgrade left is removed where it holds what the store does not.
        """
        drop_copy_that_holds_more(self.path, self._connection)
        self._merge_index()
        return self._clean(ERASE_WAIT_MS, erased=True)

    def end_upgrade(self) -> None:
        """A run was good: the copy of what was before is not needed any more."""
        drop_copy(self.path)

    def vacuum(self) -> bool:
        """Write the file anew, without free space; then as `erase`."""
        self._merge_index()
        with translate_errors(self.path):
            self._db.execute("VACUUM")
        self._unscrubbed.forget()
        return self.erase()

    def _merge_index(self) -> None:
        """Drop the words of what was taken out."""
        with self._transaction():
            shards.rebuild_stale(self._connection)

    def _clean(self, wait: int, *, erased: bool) -> bool:
        """Cut the log and zero free space. False: a reader keeps the log for longer than that."""
        with translate_errors(self.path):
            return self._cut_log(wait) and self._scrub(erased=erased)

    def _cut_log(self, wait: int) -> bool:
        """Move what is in the log to the file, waiting so many milliseconds for who reads in it."""
        self._unscrubbed.note()
        self._db.execute(f"PRAGMA busy_timeout = {wait}")
        (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._db.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        return not busy

    def _scrub(self, *, erased: bool = True) -> bool:
        """Zero free space while nobody can write. False: somebody wrote since the log was cut.

        With `erased`, nothing is owed any more.

        On a connection of its own. That it commits makes ours forget the pages it remembers, which
        it would write back as they were.
        """
        with closing(_connect(self.path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if _log_size(self.path):
                return False
            scrub(self._file, self._unscrubbed.pages(connection))
            os.fsync(self._file.fileno())
            self._unscrubbed.end(connection)
            connection.execute("UPDATE feed SET erasure_owed = 0 WHERE ?", [erased])
            connection.execute("COMMIT")
        return True

    def _owe_erasure(self) -> None:
        self._db.execute("UPDATE feed SET erasure_owed = 1 WHERE NOT erasure_owed")

    # SQL

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translate_errors(self.path):
            with transaction(self._connection):
                self._unscrubbed.begin_write()
                yield
            self._cut_long_log()

    def _cut_long_log(self) -> None:
        """What SQLite does by itself otherwise: it would not say which pages it moves."""
        if _log_size(self.path) > LONG_LOG and self._unscrubbed.note() > self._log_is_long_at:
            with suppress(sqlite3.Error):  # what is committed is, and stays in the log
                self._cut_log(0)
            self._log_is_long_at = _log_size(self.path) + LONG_LOG

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with translate_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: object) -> tuple[Any, ...]:
        (row,) = self._all(sql, *values)
        return row

    def _many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._connection.executemany(sql, rows)


KEPT_RUNS = 10_000
"""Rows of `runs`: a year at one sync every 50 minutes."""

GONE_AGAIN = (timedelta(hours=1), timedelta(days=1))
"""When a stored ad that NAV no longer has is asked for again: a 404 may be bad weather too."""

NEAR = 4_096
"""So many ads at a time are sorted by id, by which most tables are: a batch then writes to pages
that lie together. A first sync writes a third less."""

LONGEST_RETRY = timedelta(days=1)

ERASE_WAIT_MS = 2_000
"""How long the erasing waits for readers before it records a debt (faults.md C2)."""

CLOSE_WAIT_MS = 100

LONG_LOG = 16_000_000
"""Bytes of the log from which on it is moved to the file: a first sync writes a tenth less to disk
than at SQLite's 4 MB. A reader may keep it longer."""

_PRAGMAS = (
    *("foreign_keys = ON", "secure_delete = ON", "temp_store = MEMORY"),
    "wal_autocheckpoint = 0",  # see `Unscrubbed`
    "cache_size = -8000",  # kB: a batch of details with its pages, or they are written twice
)

_UPSERT = (  # names of columns, and nothing from outside
    f"INSERT INTO ads (uuid, {', '.join(COLUMNS)}, content, stored_at, changed_at, checked_at) "
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 5))}) ON CONFLICT (uuid) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}" for name in (*COLUMNS, "content", "changed_at", "checked_at")
    )
)

_CHILD = {
    table: f"INSERT INTO {table} VALUES (?, ?, {', '.join('?' * len(fields(kind)))})"
    for table, kind in CHILDREN.items()
}

_MASK = """
INSERT OR REPLACE INTO removed
SELECT uuid, :reason, :now, published, expires,
    (SELECT json_group_array(DISTINCT municipal) FROM locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT county) FROM locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT type || ' ' || code) FROM categories WHERE ad = uuid),
    sector, extent, engagement_type
FROM ads WHERE uuid = :ad
"""


_OUTSIDE = """
INSERT INTO outside (ad, checked_at, stored_at, changed_at, updated)
SELECT ?1, ?2, max(stored_at), max(changed_at), max(updated) FROM ads WHERE uuid = ?1
ON CONFLICT (ad) DO UPDATE SET checked_at = excluded.checked_at
"""
_TIMES_BACK = """
UPDATE ads SET stored_at = was.stored_at,
    changed_at = iif(ads.updated IS was.updated, was.changed_at, ads.changed_at)
FROM outside AS was WHERE uuid = ?1 AND was.ad = ?1 AND was.stored_at IS NOT NULL
"""


_LISTED = "(SELECT value FROM json_each(?))"


def _listed(ads: Iterable[str]) -> str:
    """A list of any length as one value, for `_LISTED`."""
    return json.dumps(list(ads))


def _connect(path: Path) -> sqlite3.Connection:
    with opening:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA secure_delete").fetchone() != (1,):
        connection.close()
        raise StoreError("this build of SQLite cannot erase what it deletes (secure_delete)")
    return connection


def _log_size(path: Path) -> int:
    log = Path(f"{path.resolve()}-wal")
    return log.stat().st_size if log.exists() else 0


def _prepare(connection: sqlite3.Connection, path: Path, *, upgrade_copy: bool) -> Database:
    """Check whose file it is before anything is written to it."""
    if not check_ownership(connection, path):
        # First of all, so that a file whose making was cut off is known as ours.
        connection.execute("PRAGMA auto_vacuum = NONE")  # as `scrub` wants it
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA journal_mode = WAL")
    # With a WAL, NORMAL never tears a transaction; power loss may cost the last ones, which the
    # next run repeats.
    connection.execute("PRAGMA synchronous = NORMAL")
    db = Database(connection)
    migrate(db, partial(copied_before, path) if upgrade_copy else nullcontext)
    return db


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _column(value: date | str | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    """A damaged moment is as good as none: nothing but comfort hangs on a single one."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
