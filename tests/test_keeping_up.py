"""Whoever applies what `changes` prints has the store's active ads, whatever happens to either.

The rules are what can happen to a store and to a consumer; the invariant is what the page on
changes promises. `make campaign` runs thousands of histories.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from navfeed.changes import stream
from navfeed.changes.stream import Batch, Source
from navfeed.errors import CursorError
from navfeed.model import (
    Change,
    ChangeKind,
    Contacts,
    Content,
    Cursor,
    DetailDecision,
    Inactive,
    Reason,
    Scope,
    oslo_day,
)
from navfeed.privacy.erasure import apply_contacts_setting, erase_person
from navfeed.privacy.matcher import term_of
from navfeed.store import ads
from navfeed.store.backup import copy, release
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.writer import Store
from support.clock import NOW
from support.crash import Crash, crash
from support.scripted import scripted_content, uuid_named
from support.sql import writing

NAMES = ("a", "b", "c", "d", "e")
SECTORS = ("Privat", "Offentlig")
PEOPLE = ("Kari Nordmann", "Ola Nordmann")
ENDS = (Reason.STOPPED, Reason.GONE, Reason.OUT_OF_SCOPE, Reason.EXPIRED)
NO_FILTERS, PRIVATE = Filters(), Filters(sector=("privat",))
Held = tuple[int, Content | None, date | None]


@dataclass
class Consumer:
    """Does what docs/reference/changes.md describes, and no more."""

    source: Source
    cursor: Cursor | None = None
    held: dict[str, Held] = field(default_factory=dict)

    def pull(self, after: Cursor | None, most: int) -> Batch | None:
        """The next batch; None where a snapshot had to be taken instead."""
        if after is None:
            self.held = {}  # what was applied and never noted is of nobody knows which store
        try:
            return stream.batch(self.source, after, most)
        except CursorError:
            with stream.snapshot(self.source) as batch:
                self.held = {change.uuid: _held(change) for change in batch.changes}
                self.cursor = batch.cursor
            return None

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            known = self.held.get(change.uuid)
            if known is None or known[0] < change.cursor.number:
                self.held[change.uuid] = _held(change)

    def keep_up(self) -> None:
        while (batch := self.pull(self.cursor, 3)) is None or not batch.complete:
            if batch is not None:
                self.apply(batch.changes)
                self.cursor = batch.cursor
        self.apply(batch.changes)
        self.cursor = batch.cursor

    def shows(self, today: date) -> dict[str, Content]:
        return {
            ad: text
            for ad, (_, text, last_day) in self.held.items()
            if text is not None and (last_day is None or last_day >= today)
        }


def _held(change: Change) -> Held:
    gone = change.kind in (ChangeKind.REMOVED, ChangeKind.EXPIRED)
    assert (change.content is None) == gone
    return change.cursor.number, change.content, change.last_day


class Histories(RuleBasedStateMachine):
    @initialize(inactive=st.sampled_from(Inactive))
    def begin(self, inactive: Inactive) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "navfeed.db"
        self.copy: Path | None = None
        self.now = NOW
        self.store = Store(self.path)
        self.store.set_inactive(inactive)
        self.consumers = [
            Consumer(Source(self._open, partial(lambda filters: filters, filters)))
            for filters in (NO_FILTERS, PRIVATE)
        ]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            try:
                self.everyone_keeps_up()
            finally:
                self.store.close()
                shutil.rmtree(self.folder)

    def _open(self) -> Reader:
        return Reader(self.path, oslo_day(self.now))

    # What happens to the store

    @rule(
        names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4),
        sector=st.sampled_from(SECTORS),
        person=st.sampled_from(PEOPLE),
        days=st.integers(0, 5),
        revision=st.integers(0, 3),
    )
    def details_come(
        self, names: list[str], sector: str, person: str, days: int, revision: int
    ) -> None:
        expires = (self.now + timedelta(days=days)).isoformat()
        for name in names:
            revised = scripted_content(
                uuid_named(name),
                title=f"{person} {revision}",
                sector=sector,
                expires=expires,
                contactList=[{"name": person}],
            )
            before = self.store.get_stored(uuid_named(name))
            reason = Reason.NEW if before is None else Reason.CHANGED
            if before is not None and before.raw == revised.raw:
                reason = Reason.UNCHANGED
            verdict = DetailDecision(uuid_named(name), reason, revised)
            self.store.commit_details([verdict], [], self.now)

    @rule(name=st.sampled_from(NAMES), reason=st.sampled_from(ENDS))
    def an_ad_ends(self, name: str, reason: Reason) -> None:
        self.store.commit_details([DetailDecision(uuid_named(name), reason)], [], self.now)

    @rule(hours=st.sampled_from([1, 13, 25, 24 * 3]), swept=st.booleans())
    def time_passes(self, hours: int, swept: bool) -> None:
        self.now += timedelta(hours=hours)
        if swept:
            self.store.sweep(oslo_day(self.now), self.now)

    @rule(name=st.sampled_from(NAMES))
    def the_scope_narrows(self, name: str) -> None:
        leaving = self.store.ad_ids() & {uuid_named(name)}
        self.store.rescope(Scope(words=(name,)), leaving, ask=False, now=self.now)

    @rule(person=st.sampled_from(PEOPLE))
    def somebody_is_forgotten(self, person: str) -> None:
        erase_person(self.store, term_of(person), self.now)

    @rule(contacts=st.sampled_from(Contacts))
    def contacts_are_kept_or_not(self, contacts: Contacts) -> None:
        apply_contacts_setting(self.store, contacts, self.now)

    @rule(days=st.integers(0, 3))
    def old_endings_are_dropped(self, days: int) -> None:
        self.store.prune_changes(self.now - timedelta(days=days))

    @rule(name=st.sampled_from(NAMES))
    def the_sync_dies_before_its_commit(self, name: str) -> None:
        with suppress(Crash):
            self._remove_and_crash(uuid_named(name))

    def _remove_and_crash(self, ad: str) -> None:
        with writing(self.path) as db:
            ads.remove(db, ad, Reason.STOPPED, self.now)
            crash()

    @rule()
    def a_backup_is_made(self) -> None:
        self.copy = self.folder / "copy.db"
        self.copy.unlink(missing_ok=True)
        with self.copy.open("w+b") as out:
            copy(self.path, out)

    @precondition(lambda self: self.copy)
    @rule()
    def the_backup_is_put_back(self) -> None:
        assert self.copy
        self.store.close()
        restored = self.folder / "restored.db"
        with restored.open("w+b") as out:
            copy(self.copy, out)
        release(self.path)
        restored.replace(self.path)
        self.store = Store(self.path)

    # What happens to those who keep up

    @rule(who=st.integers(0, 1), most=st.integers(1, 4), noted=st.booleans())
    def a_batch_is_applied(self, who: int, most: int, noted: bool) -> None:
        """Where it is not noted, the consumer died: it hears the batch again."""
        consumer = self.consumers[who]
        if (batch := consumer.pull(consumer.cursor, most)) is not None:
            consumer.apply(batch.changes)
            if noted:
                consumer.cursor = batch.cursor

    @rule(who=st.integers(0, 1), applied=st.integers(0, 2))
    def a_consumer_dies_in_the_middle(self, who: int, applied: int) -> None:
        consumer = self.consumers[who]
        if (batch := consumer.pull(consumer.cursor, 4)) is not None:
            consumer.apply(list(batch.changes)[:applied])

    @rule(who=st.integers(0, 1), seed=st.integers(0, 99), most=st.integers(1, 3))
    def batches_arrive_in_any_order(self, who: int, seed: int, most: int) -> None:
        """And some of them twice."""
        consumer = self.consumers[who]
        at, came = consumer.cursor, []
        for _ in range(4):
            batch = consumer.pull(at, most)
            if batch is None:
                return
            came += [list(batch.changes)] * (1 + seed % 2)
            at = batch.cursor
        Random(seed).shuffle(came)
        for changes in came:
            consumer.apply(changes)
        consumer.cursor = at

    @rule(who=st.integers(0, 1))
    def a_consumer_begins_anew(self, who: int) -> None:
        self.consumers[who] = Consumer(self.consumers[who].source)

    @rule()
    def everyone_keeps_up(self) -> None:
        today = oslo_day(self.now)
        for consumer in self.consumers:
            consumer.keep_up()
            with self._open() as reader:
                assert consumer.shows(today) == dict(reader.ads(consumer.source.filters()))


TestK4Histories = Histories.TestCase


def test_K4_batches_come_in_any_order_and_twice(tmp_path: Path) -> None:
    """One history of the above, written out: the older batch arrives after the newer one."""
    path = tmp_path / "navfeed.db"
    consumer = Consumer(Source(lambda: Reader(path, NOW.date()), Filters))
    with Store(path) as store:
        first = scripted_content(uuid_named("a"))
        store.commit_details([DetailDecision(uuid_named("a"), Reason.NEW, first)], [], NOW)
        older = stream.batch(consumer.source, None)
        store.commit_details([DetailDecision(uuid_named("a"), Reason.STOPPED)], [], NOW)
        newer = stream.batch(consumer.source, older.cursor)
    for batch in (newer, older, newer):
        consumer.apply(batch.changes)
        assert consumer.shows(NOW.date()) == {}
