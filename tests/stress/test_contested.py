"""Random schedules over a log where everything may be disputed; the store must come to the truth.

The quick run takes a few of each kind; `make campaign` thousands.

    python -m pytest -m campaign tests/stress/test_contested.py -n auto -rP
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from navfeed.errors import ExitCode
from navfeed.sync.engine import Plan, RunFinished, sync
from navfeed.sync.walk import Start
from navfeed.sync.workers import Stop
from support.contested import LATEST, Contested, Trouble
from support.crash import Crash, Fuse, fragile

PLAN = Plan(start=Start(), workers=1, retry_now=True)
STEPS = 25
POINTS = tuple(timedelta(minutes=minutes) for minutes in (35, 90, 180))
"""Entry points within the history of such a feed, so that a first sync reads several windows."""

KINDS = {
    "contested": Trouble(),
    "repeated moments": Trouble(repeated_moments=True),
    "no clock": Trouble(no_clock=True),
    "no moments": Trouble(no_moments=True),
    "forgetful": Trouble(forgetful=True),
    "all but forgetful": Trouble(repeated_moments=True, no_clock=True, no_moments=True),
}


class Schedule:
    """One feed, one store, and what happens to both."""

    def __init__(
        self, path: Path, seed: int, trouble: Trouble, points: tuple[timedelta, ...]
    ) -> None:
        self._path = path
        self._plan = replace(PLAN, entry_points=points, large_pages=seed % 2 == 1)
        self._rng = Random(seed)
        self._feed = Contested(self._rng, trouble)
        self._forgetful = trouble.forgetful
        self._fuse = Fuse()
        self._feed.before = self._fuse.burn
        self._store_class = fragile(self._fuse.burn)

    def play(self) -> None:
        self._feed.some_history()
        if self._plan.entry_points:
            self._windows()
        for _ in range(STEPS):
            if self._forgetful and self._rng.random() < 0.12:
                self._feed.forget()
            self._step(self._rng.random())
        self._feed.advance(LATEST + timedelta(minutes=1))
        self._is_exact()

    def _windows(self) -> None:
        """Hours of log, and a first sync that stops, dies, or goes through at once."""
        for _ in range(8):
            self._feed.happen()
            self._feed.some_history()
        for _ in range(self._rng.choice([0, 1, 3, 6])):
            if self._forgetful and self._rng.random() < 0.3:
                self._feed.forget()
            if self._rng.random() < 0.5:
                self._sync(max_pages=1)
            else:
                self._dies()

    def _step(self, chance: float) -> None:
        if chance < 0.45:
            for _ in range(self._rng.choice([1, 1, 2, 4, 8])):
                self._feed.happen()
        elif chance < 0.6:
            minutes = self._rng.choice([1, 5, 10, 15, 16, 31, 60, 600])
            self._feed.advance(timedelta(minutes=minutes))
        elif chance < 0.75:
            self._is_exact()
        elif chance < 0.85:
            self._sync(max_pages=self._rng.choice([1, 1, 2, 3]))
        elif chance < 0.93:
            self._while_it_lives()
        else:
            self._dies()

    def _is_exact(self) -> None:
        ended, stored = self._sync()
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert stored == self._feed.truth()

    def _while_it_lives(self) -> None:
        self._feed.live = True
        ended, _ = self._sync()
        self._feed.live = False
        assert ended.exit_code is ExitCode.DONE, ended.outcome

    def _dies(self) -> None:
        self._fuse.left = self._rng.randint(0, 14)
        self._feed.live = self._rng.random() < 0.3
        try:
            self._sync()
        except Crash:
            pass
        finally:
            self._fuse.left, self._feed.live = None, False

    def _sync(self, **changes: Any) -> tuple[RunFinished, dict[str, str]]:
        with self._store_class(self._path) as store:
            plan = replace(self._plan, **changes)
            *_, ended = sync(self._feed, store, plan, clock=lambda: self._feed.now, stop=Stop())
            assert isinstance(ended, RunFinished)
            return ended, {ad: content.raw for ad, content in store.iter_contents()}


@pytest.mark.parametrize("points", [(), POINTS], ids=["one walk", "windows"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "seeds", [range(4), pytest.param(range(10_000, 10_500), marks=pytest.mark.campaign)]
)
def test_whatever_is_disputed_the_store_becomes_exact(
    tmp_path: Path, kind: str, points: tuple[timedelta, ...], seeds: range
) -> None:
    for seed in seeds:
        Schedule(tmp_path / f"{seed}.db", seed, KINDS[kind], points).play()
    print(f"{kind}: {len(seeds)} schedules, 0 divergences")
