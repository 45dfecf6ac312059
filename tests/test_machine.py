"""Promise 1 as a machine: whatever is published, late, lost or crashed, the store becomes exact.

The rules are what NAV's server and a bad day can do; the invariants are what navfeed promises.
`make campaign` runs thousands of schedules.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from navfeed.errors import ExitCode
from navfeed.practice import Transaction, World, faults
from navfeed.sync.engine import RunFinished
from support.clock import NOW
from support.crash import Crash, Fuse, fragile
from support.lab import Lab

LATEST = timedelta(minutes=15)
POINTS = tuple(timedelta(minutes=minutes) for minutes in (45, 60 * 6, 60 * 24 * 3))
OPERATIONS = ("update", "stop", "expire", "reactivate")


class Schedules(RuleBasedStateMachine):
    @initialize(
        page_size=st.integers(2, 9),
        seed=st.integers(0, 2**16),
        seek_filters=st.booleans(),
        hours=st.lists(st.sampled_from([0.2, 1, 8, 40]), max_size=8),
    )
    def begin(self, page_size: int, seed: int, seek_filters: bool, hours: list[float]) -> None:
        """A feed, and a history that a first sync reads in windows where it is long enough."""
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(seed, now=NOW)
        self.lab = Lab(
            self.folder / "navfeed.db", self.world, page_size=page_size, seek_filters=seek_filters
        )
        self.fuse = Fuse()
        self.lab.store_class = fragile(self.fuse.burn)
        self.lab.before = lambda _: self.fuse.burn()
        self.open: list[tuple[Transaction, object]] = []
        self.ads: list[str] = [self.world.publish()]
        for some in hours:
            self.world.advance(timedelta(hours=some))
            self.ads.append(self.world.publish())
            self.world.update(self.ads[-2])

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    # What happens at NAV's

    @rule(shared=st.integers(0, 9))
    def publish(self, shared: int) -> None:
        self.ads.append(self.world.publish(shared=shared > 0))

    @rule(choice=st.randoms(use_true_random=False), operation=st.sampled_from(OPERATIONS))
    def change(self, choice, operation: str) -> None:
        ad = choice.choice(self.ads)
        if not self.world.held(ad):
            getattr(self.world, operation)(ad)

    @rule(
        choice=st.randoms(use_true_random=False), operations=st.lists(st.sampled_from(OPERATIONS))
    )
    def batch(self, choice, operations: list[str]) -> None:
        """Several events with one moment, also of the same ad."""
        free = [ad for ad in self.ads if not self.world.held(ad)][-3:]
        if free:
            with self.world.begin() as transaction:
                for operation in operations:
                    getattr(transaction, operation)(choice.choice(free))

    @rule(choice=st.randoms(use_true_random=False), operation=st.sampled_from(OPERATIONS))
    def begin_late(self, choice, operation: str) -> None:
        """A transaction that has its place in the log, and is not visible yet."""
        ad = choice.choice(self.ads)
        if not self.world.held(ad):
            transaction = self.world.begin()
            getattr(transaction, operation)(ad)
            self.open.append((transaction, self.world.now))

    @precondition(lambda self: self.open)
    @rule(choice=st.randoms(use_true_random=False), committed=st.integers(0, 5))
    def end_late(self, choice, committed: int) -> None:
        transaction, _ = self.open.pop(choice.randrange(len(self.open)))
        if committed:
            transaction.commit()
        else:
            transaction.rollback()

    @rule(minutes=st.sampled_from([0.01, 1, 5, 14, 16, 31, 60, 60 * 24, 60 * 24 * 9]))
    def time_passes(self, minutes: float) -> None:
        """No transaction stays open for longer than 15 minutes."""
        until = self.world.now + timedelta(minutes=minutes)
        for transaction, since in sorted(self.open, key=lambda pair: pair[1]):
            if until - since > LATEST:
                if (since + LATEST) > self.world.now:
                    self.world.advance(since + LATEST - self.world.now)
                transaction.commit()
                self.open.remove((transaction, since))
        if until > self.world.now:
            self.world.advance(until - self.world.now)

    @rule()
    def rotate_token(self) -> None:
        self.lab.practice.rotate_token()

    # What happens to us

    def synced(self, **changes: object) -> RunFinished:
        large = len(self.world.entries()) % 2 == 0  # now with large pages, now without
        return self.lab.sync(entry_points=POINTS, large_pages=large, **changes)

    @rule(
        kind=st.sampled_from(["page", "seek", "detail", "token"]),
        code=st.sampled_from([500, 503, 401, 304]),
        times=st.integers(1, 6),
        skip=st.integers(0, 3),
    )
    def bad_weather(self, kind: str, code: int, times: int, skip: int) -> None:
        self.lab.practice.script(faults.on(kind), faults.status(code), times=times, skip=skip)
        ended = self.synced()
        note(f"bad weather: {ended.outcome}")
        self.lab.practice.clear_script()

    @rule(fuse=st.integers(0, 30))
    def crash(self, fuse: int) -> None:
        self.fuse.left = fuse
        try:
            self.synced()
        except Crash:
            note(f"crashed after {fuse} boundaries")
        self.fuse.left = None

    @rule(pages=st.integers(1, 3))
    def sync_some_pages(self, pages: int) -> None:
        self.synced(max_pages=pages)

    @rule()
    def sync(self) -> None:
        ended = self.synced()
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert self.lab.stored() == self.world.truth()

    @rule()
    def sync_twice(self) -> None:
        """What was read is recognised: the second run finds nothing to do."""
        self.sync()
        ended = self.synced()
        assert (ended.counts.entries, ended.counts.late) == (0, 0)
        assert self.lab.requests_of("detail") == []
        assert len(self.lab.requests_of("page")) >= 1

    @precondition(lambda self: not self.open)
    @rule(
        choice=st.randoms(use_true_random=False),
        silently=st.sampled_from(["drop_silently", "rewrite_silently", "vanish"]),
    )
    def silent_change_is_found_by_a_recheck(self, choice, silently: str) -> None:
        getattr(self.world, silently)(choice.choice(self.ads))
        ended = self.synced(recheck_after=timedelta(0))
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert self.lab.stored() == self.world.truth()

    @invariant()
    def the_file_is_sound(self) -> None:
        if hasattr(self, "lab") and self.lab.path.exists():
            assert self.lab.rows("PRAGMA integrity_check") == [("ok",)]


TestSchedules = Schedules.TestCase
