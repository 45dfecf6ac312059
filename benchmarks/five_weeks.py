"""Show what readers miss of four writers with long transactions over five weeks of feed time.

    python benchmarks/five_weeks.py [--days 35] [--poll 10] [--seed 1]

navfeed's own engine and client read the practice feed beside two simpler readers, all at the same
moments: NAV's documented recipe (ETag and If-Modified-Since while walking) and a poll of the tip
without validators. Missed are the entries that can be read in the end and that a reader never saw.
For navfeed the store is compared with the server's truth every day as well, content included.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from navfeed.practice import Transaction, World
from support.lab import Lab

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
WRITERS = 4
PER_DAY = 5_700
LONG = 0.01
LONGEST = timedelta(minutes=15)


class Server:
    """The practice world with writers that take their time between first write and commit."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed, now=BEGAN)
        self._rng = random.Random(seed)
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._ads: list[str] = []
        for writer in range(WRITERS):
            self._later(timedelta(seconds=writer), self._write)

    def run_until(self, moment: datetime) -> None:
        while self._due and self._due[0][0] <= moment:
            due, _, act = heapq.heappop(self._due)
            self._wait_until(due)
            act()
        self._wait_until(moment)

    def quiet(self) -> None:
        """Let every open transaction end, and nothing begin."""
        commits = [due for due in self._due if due[2] != self._write]
        self._due = [due for due in self._due if due[2] == self._write]
        for due, _, act in sorted(commits):
            self._wait_until(due)
            act()

    def _wait_until(self, moment: datetime) -> None:
        if moment > self.world.now:
            self.world.advance(moment - self.world.now)

    def _later(self, delay: timedelta, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.world.now + delay, self._rng.getrandbits(48), act))

    def _write(self) -> None:
        """One transaction of one writer: some events now, the commit later, then the next one."""
        transaction = self.world.begin()
        for _ in range(self._rng.choice((1, 1, 1, 2, 5))):
            self._event(transaction)
        is_long = self._rng.random() < LONG
        seconds = self._rng.uniform(10, LONGEST.total_seconds()) if is_long else self._rng.random()
        self._later(timedelta(seconds=seconds), transaction.commit)
        pause = self._rng.expovariate(PER_DAY / 2 / WRITERS / 86_400)
        self._later(timedelta(seconds=max(pause, seconds)), self._write)

    def _event(self, transaction: Transaction) -> None:
        ad = self._rng.choice(self._ads[-3_000:]) if self._ads else ""
        if not ad or self.world.held(ad) or self._rng.random() < 0.4:
            self._ads.append(transaction.publish())
            return
        event = self._rng.choice(("update", "stop", "expire", "reactivate"))
        getattr(transaction, event)(ad)


class Recipe:
    """NAV's documented recipe, or without `validators` a plain poll of the tip."""

    def __init__(self, world: World, *, validators: bool) -> None:
        self._world = world
        self._validators = validators
        self._page: str | None = None
        self._etag: str | None = None
        self._since: datetime | None = None
        self.seen: set[str] = set()

    def poll(self) -> None:
        first = self._world.first()
        self._page = self._page or (first.page_id if first else None)
        while self._page is not None and self._read(self._page):
            pass
        self._since = self._world.now

    def _read(self, page: str) -> bool:
        """Read one page; whether another one follows."""
        window = self._world.window(page, 1_000) or []
        shown = window[: min(1_000, max(len(window) - 1, 2))]
        etag = shown[-1].page_id
        if self._validators and etag == self._etag:
            return False
        kept = shown
        if self._validators and self._since is not None:
            kept = shown[:1] + [entry for entry in shown[1:] if entry.written >= self._since]
        self.seen.update(entry.page_id for entry in kept)
        self._etag = etag
        if len(window) == len(shown):
            return False
        self._page = etag
        return True


class Reader:
    """navfeed, polled; counts what it read and what that cost."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.polls = self.pages = self.bytes = self.read = self.late = self.wrong = 0
        lab.weigh = self._weigh

    def poll(self) -> None:
        if self._lab.world.first() is None:
            return
        ended = self._lab.sync()
        assert ended.exit_code == 0, ended.outcome
        self.polls += 1
        self.pages += ended.counts.pages
        self.read += ended.counts.entries
        self.late += ended.counts.late

    def compare(self, day: int) -> None:
        self.poll()
        self.wrong += not self._lab.is_exact()
        print(f"day {day}: {self.read:,} entries read, {self.late} late", file=sys.stderr)

    def _weigh(self, kind: str, size: int) -> None:
        self.bytes += size if kind == "page" else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=35)
    parser.add_argument("--poll", type=int, default=10, help="minutes between two polls")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = monotonic()
    server = Server(options.seed)
    simple = {
        "NAV's documented recipe": Recipe(server.world, validators=True),
        "poll of the tip": Recipe(server.world, validators=False),
    }
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Lab(Path(folder) / "navfeed.db", server.world))
        for day in range(1, options.days + 1):
            for minute in range(0, 24 * 60, options.poll):
                server.run_until(BEGAN + timedelta(days=day - 1, minutes=minute))
                reader.poll()
                for one in simple.values():
                    one.poll()
            server.quiet()
            for one in simple.values():
                one.poll()
            reader.compare(day)
    visible = {entry.page_id for entry in server.world.entries()}
    print(f"{len(visible):,} entries in {options.days} days, seed {options.seed}")
    for name, one in simple.items():
        print(f"{name}: {len(visible - one.seen)} missed")
    print(
        f"navfeed: {len(visible) - reader.read} missed, {reader.late} read late; "
        f"{reader.wrong} of {options.days} daily comparisons differ"
    )
    print(
        f"{reader.polls:,} polls of {reader.bytes / reader.polls / 1_000:.1f} kB and "
        f"{reader.pages / reader.polls:.2f} pages (JSON as it is; gzip makes it a sixth)"
    )
    print(f"took {monotonic() - began:.0f} s")
    sys.exit(bool(reader.wrong or len(visible) != reader.read))


if __name__ == "__main__":
    main()
