"""What was promised, over any history: news, crashes at every step, restores, rebuilt copies.

Nobody misses a matching ad, nobody is notified of the same twice except after a crash between a
channel's acceptance and our record of it, and nothing of an inactive ad is delivered.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cli.support import ad, store_ads, uuid_of
from navfeed.errors import DeliveryError
from navfeed.model import DetailDecision, Reason, oslo_day
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.writer import Store
from navfeed.watches.choices import Channel, Mark, Trigger
from navfeed.watches.definition import Watch, WatchFile
from navfeed.watches.deliver import Deliverer
from navfeed.watches.digest import Digest
from navfeed.watches.events import InvalidWatch, RunOptions
from navfeed.watches.state import State
from navfeed.watches.target import Target
from navfeed.watches.view import View
from support.clock import NOW
from support.sql import rows

BERGEN = Filters(municipal=("bergen",))
TARGETS = (Target(Channel.MAIL, "one@example.org"), Target(Channel.COMMAND, "two"))
WATCH = Watch("bergen", {"municipal": ("bergen",)}, TARGETS)

numbers = st.integers(1, 5)


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Fuse:
    """Counts steps down to a crash; None: none comes."""

    left: int | None = None
    blown: bool = False

    def burn(self) -> None:
        if self.blown:
            raise Crash
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.blown = True
                raise Crash


class Fused:
    """A connection whose every statement may be the last; what was not committed is lost."""

    def __init__(self, connection: Any, machine: Watched) -> None:
        self._connection = connection
        self._machine = machine

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._connection, name)
        return partial(self._run, member) if name.startswith("execute") else member

    def _run(self, execute: Callable[..., Any], sql: str, *values: Any) -> Any:
        self._machine.fuse.burn()
        result = execute(sql, *values)
        if sql == "COMMIT":
            self._machine.sent = None  # recorded
        return result


@dataclass
class Inbox:
    """A subscriber's side: what arrived, of which state of each ad."""

    received: list[tuple[Trigger, str, str]] = field(default_factory=list)
    twice_allowed: set[tuple[Trigger, str, str]] = field(default_factory=set)
    is_down: bool = False


class Sender:
    """Two ads a digest, so that most digests go in parts."""

    most = 2

    def __init__(self, inbox: Inbox, machine: Watched) -> None:
        self._inbox = inbox
        self._machine = machine

    def send(self, digest: Digest) -> None:
        self._machine.fuse.burn()
        if self._inbox.is_down:
            raise DeliveryError("it is down")
        active = self._machine.stored()
        items = []
        for item in digest.items:
            assert item.ad.uuid not in self._machine.ignored
            if item.trigger is Trigger.GONE:
                assert int(item.ad.uuid[:8], 16) not in self._machine.alive
            else:
                assert item.ad.uuid in active
            items.append((item.trigger, item.ad.uuid, f"{item.ad.title} {item.ad.deadline}"))
        self._inbox.received += items
        try:
            self._machine.fuse.burn()  # accepted, and we never hear of it
        except Crash:
            self._inbox.twice_allowed |= set(items)
            raise
        self._machine.sent = (self._inbox, items)


class Watched(RuleBasedStateMachine):
    """A world of five ads, a copy of it, a watch with two subscribers."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.db = Path(self._folder.name) / "navfeed.db"
        self.copy = self.db.with_name("copy.db")
        self.state = self.db.with_name("state.db")
        self.now = NOW
        self.truth: dict[int, dict[str, Any]] = {}
        self.hidden: set[int] = set()
        self.inboxes = {target: Inbox() for target in TARGETS}
        self.fuse = Fuse()
        self.sent: tuple[Inbox, list[tuple[Trigger, str, str]]] | None = None
        self.complete = False
        self.versions = 0
        self.alive: set[int] = set()
        self.ignored: set[str] = set()
        self.ever_ignored: set[str] = set()

    def teardown(self) -> None:
        self._folder.cleanup()

    # The world

    @initialize()
    def begin(self) -> None:
        self.truth = {1: ad(1), 2: ad(2)}
        self.sync()
        self.run(None)

    @rule(number=numbers, due=st.integers(1, 9))
    def publish(self, number: int, due: int) -> None:
        self.versions += 1
        day = oslo_day(self.now) + timedelta(days=due)
        title = f"Sykepleier {self.versions}"
        expires = (self.now + timedelta(days=40)).isoformat()
        self.truth[number] = ad(
            number, title=title, applicationDue=day.isoformat(), expires=expires
        )
        self.hidden.discard(number)

    @rule(number=numbers)
    def stop(self, number: int) -> None:
        self.truth.pop(number, None)
        self.hidden.discard(number)

    @rule(days=st.integers(1, 3))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        for number, one in [*self.truth.items()]:
            if datetime.fromisoformat(one["expires"]) < self.now:
                del self.truth[number]
                self.alive.discard(number)

    @rule()
    def sync(self) -> None:
        self.now += timedelta(minutes=1)
        there = {number: one for number, one in self.truth.items() if number not in self.hidden}
        with Store(self.db) as store:
            store_ads(store, there.values(), self.now)
            gone = [
                DetailDecision(uuid_of(n), Reason.STOPPED) for n in range(1, 6) if n not in there
            ]
            store.commit_details(gone, [], self.now)
            store.sweep(oslo_day(self.now), self.now)
            store.caught_up(self.now)
        rows(self.db, "UPDATE feed SET newest = ?", self.now.isoformat())
        self.complete = True
        self.alive = {*self.truth}

    @rule()
    def back_up(self) -> None:
        if self.complete:
            with Store(self.db):
                pass  # closing it leaves no log beside it
            shutil.copy(self.db, self.copy)

    @rule()
    def restore(self) -> None:
        if self.copy.exists():
            self._remove_store()
            shutil.copy(self.copy, self.db)
            self.hidden = set()  # as of then, whatever it has it knows
            self.complete = False

    @rule(from_tip=st.booleans())
    def rebuild(self, from_tip: bool) -> None:
        self._remove_store()
        Store(self.db).close()
        if from_tip:
            values = [self.now.isoformat()] * 2
            rows(self.db, "UPDATE feed SET newest = ?, reaches_back = ?", *values)
            self.hidden = {*self.truth}
        else:
            self.hidden = set()
        self.complete = False

    def _remove_store(self) -> None:
        for file in self.db.parent.glob("navfeed.db*"):
            file.unlink()

    # Telling

    @rule(which=st.sampled_from(TARGETS), down=st.booleans())
    def go_down_or_up(self, which: Target, down: bool) -> None:
        self.inboxes[which].is_down = down

    @rule(steps=st.none() | st.integers(0, 40))
    def run(self, steps: int | None) -> None:
        self.fuse, self.sent = Fuse(steps), None
        try:
            with State(self.state) as state:
                real = state._db
                state._db = Fused(real, self)  # type: ignore[assignment]
                try:
                    round_ = Deliverer(
                        WatchFile(self.state, {WATCH.name: WATCH}),
                        state,
                        self.view,
                        lambda target, _: Sender(self.inboxes[target], self),
                        clock=lambda: self.now,
                    )
                    for event in round_.run(RunOptions(immediately=True)):
                        assert not isinstance(event, InvalidWatch)
                finally:
                    state._db = real
        except Crash:
            if self.sent is not None:  # accepted, and not recorded
                inbox, items = self.sent
                inbox.twice_allowed |= set(items)

    @rule(number=numbers)
    def ignore_or_not(self, number: int) -> None:
        with State(self.state) as state:
            if uuid_of(number) in self.ignored:
                state.unmark(uuid_of(number))
            else:
                state.mark(uuid_of(number), Mark.IGNORED, None, self.now)
        self.ignored ^= {uuid_of(number)}
        self.ever_ignored.add(uuid_of(number))

    @rule(number=numbers, due=st.integers(4, 9), steps=st.integers(0, 25))
    def crash_with_news(self, number: int, due: int, steps: int) -> None:
        self.publish(number, due)
        self.sync()
        self.run(steps)
        self.after_a_clean_run_nobody_misses_anything()

    @rule(number=numbers, due=st.integers(1, 9))
    def restore_what_is_older_than_the_last_delivery(self, number: int, due: int) -> None:
        self.back_up()
        self.publish(number, due)
        self.sync()
        self.run(None)
        self.restore()
        self.run(None)

    @contextmanager
    def view(self) -> Iterator[View]:
        with Reader(self.db, oslo_day(self.now)) as reader:
            yield View(reader, self.now, lambda *_: BERGEN)

    def stored(self) -> dict[str, str]:
        with Reader(self.db, oslo_day(self.now)) as reader:
            return {str(a): str(t) for a, t in reader.rows(("uuid", "title"), BERGEN)}

    # The promises

    @rule()
    def after_a_clean_run_nobody_misses_anything(self) -> None:
        for inbox in self.inboxes.values():
            inbox.is_down = False
        self.sync()
        self.run(None)
        self.nobody_misses_anything()

    def nobody_misses_anything(self) -> None:
        there = self.stored()
        for inbox in self.inboxes.values():
            last = {one: (trigger, text) for trigger, one, text in inbox.received}
            for one, title in there.items():
                if one in self.ignored:
                    continue
                if one in last or title != "Sykepleier natt":  # these two matched when it started
                    trigger, text = last[one]
                    assert trigger is not Trigger.GONE
                    assert text.startswith(f"{title} ")

    @invariant()
    def nobody_is_notified_twice(self) -> None:
        for inbox in self.inboxes.values():
            received: dict[str, list[tuple[Trigger, str]]] = defaultdict(list)
            for trigger, one, text in inbox.received:
                # An ignored ad leaves silently, and may come back as a new one.
                if (trigger, one, text) in inbox.twice_allowed or one in self.ever_ignored:
                    continue
                before = received[one]
                if before and before[-1][0] is not Trigger.GONE:
                    assert (trigger, text) not in before
                    assert trigger is not Trigger.NEW
                elif before:
                    assert trigger is Trigger.NEW
                    before.clear()
                before.append((trigger, text))


TestWatched = Watched.TestCase
TestWatched.settings = settings(stateful_step_count=12)


def test_a_crash_at_any_step_loses_nothing_and_repeats_only_what_was_not_recorded() -> None:
    """Two parts for each of two subscribers, with a change and an ad that is gone."""
    steps = 0
    while _crashes(steps):
        steps += 1
    assert steps > 50


def _crashes(steps: int) -> bool:
    """Whether the delivery took more steps than that; checked is what the next run makes of it."""
    machine = Watched()
    try:
        _restore_news(machine)
        machine.run(steps)
        crashed = machine.fuse.blown
        machine.run(None)
        machine.nobody_misses_anything()
        machine.nobody_is_notified_twice()
    finally:
        machine.teardown()
    return crashed


@cache
def _news() -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files and memory of a machine with news: made once, as syncs take most of the time."""
    machine = Watched()
    machine.begin()
    machine.publish(3, due=9)
    machine.sync()
    machine.run(None)
    machine.publish(3, due=8)
    machine.publish(4, due=2)
    machine.publish(5, due=9)
    machine.stop(1)
    machine.sync()
    files = {file.name: file.read_bytes() for file in machine.db.parent.iterdir()}
    machine.teardown()
    names = ("now", "truth", "inboxes", "complete", "versions", "alive")
    return files, {name: getattr(machine, name) for name in names}


def _restore_news(machine: Watched) -> None:
    files, memory = _news()
    for name, content in files.items():
        (machine.db.parent / name).write_bytes(content)
    vars(machine).update(deepcopy(memory))
