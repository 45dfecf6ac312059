"""faults.md R1: ended by SIGKILL before every operation on the database, a file or a socket.

And at random moments. Real commands, real sockets, real files; each death is followed by a check of
the file and by one clean run, which must end with 0 and with the truth.

    python -m pytest -m campaign tests/stress/test_kills.py -n auto -rP
"""

from __future__ import annotations

import signal
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from navfeed.errors import ExitCode
from support.children import child, die, die_after, navfeed
from support.crash import Fuse
from support.failpoints import watched
from support.stages import STAGES, Stage, staged

RANDOM_KILLS = 200
MOST = 3_000
"""More boundaries than any stage has; else it would never have come to its end."""


def killed_at(stage: Stage, boundary: int, log: Path) -> bool:
    """Run the stage's command, dead before its `boundary`-th operation. False: it lived."""

    def run() -> tuple[int, str]:
        fuse = Fuse(die)
        fuse.left = boundary
        with watched(lambda _: fuse.burn()):
            return navfeed(stage.socket_lab, *stage.words)

    fate = child(run, log)
    assert fate.killed_by == signal.SIGKILL or fate.code == ExitCode.DONE, fate.output
    return fate.killed_by is not None


def deaths(stage: Stage, log: Path, boundaries: range) -> int:
    for boundary in boundaries:
        stage.reset()
        if not killed_at(stage, boundary, log):
            return boundary - boundaries.start
        stage.settles()
    return len(boundaries)


@pytest.mark.campaign
@pytest.mark.parametrize("name", STAGES)
def test_R1_killed_before_every_operation(tmp_path: Path, name: str) -> None:
    with staged(name, tmp_path) as stage:
        died = deaths(stage, tmp_path / "log", range(MOST))
    print(f"{name}: {died} kills at {died} boundaries, 0 divergences, 0 wedges")
    assert 100 < died < MOST


@pytest.mark.campaign
@pytest.mark.parametrize("name", STAGES)
def test_R1_killed_at_random_moments(tmp_path: Path, name: str) -> None:
    rng, log, died = Random(name), tmp_path / "log", 0
    with staged(name, tmp_path) as stage:
        began = perf_counter()
        assert child(lambda: navfeed(stage.socket_lab, *stage.words), log).code == ExitCode.DONE
        took = perf_counter() - began

        def run() -> tuple[int, str]:
            die_after(0.001 + rng.random() * took)
            return navfeed(stage.socket_lab, *stage.words)

        for _ in range(RANDOM_KILLS):
            rng.random()  # the child draws from a copy
            stage.reset()
            fate = child(run, log)
            assert fate.killed_by == signal.SIGALRM or fate.code == ExitCode.DONE, fate.output
            died += fate.killed_by is not None
            stage.settles()
    print(f"{name}: {died} kills at random moments, 0 divergences, 0 wedges")
    assert died > RANDOM_KILLS // 3


@pytest.mark.campaign
@pytest.mark.parametrize("name", STAGES)
def test_R1_killed_again_and_again_before_it_ends(tmp_path: Path, name: str) -> None:
    """Each run dies a little later than the last one, on what that one left behind."""
    with staged(name, tmp_path) as stage:
        boundary = died = 0
        while killed_at(stage, boundary, tmp_path / "log"):
            died += 1
            boundary = (boundary * 5 // 4 + 1) % MOST
        stage.settles()
    print(f"{name}: {died} kills in a row, 0 divergences")
    assert died > 5
