"""faults.md T1: our clock shows something else at every look, by minutes or by years."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from navfeed.errors import ExitCode
from navfeed.practice import World, faults
from support.clock import NOW
from support.lab import Lab
from support.socket_harness import SocketLab

JUMPS = [timedelta(hours=hours) for hours in (0, -1, 1, -2, 2, -30, 30, -24 * 400, 24 * 4_000)]


def test_T1_a_clock_that_no_date_header_confirms_takes_no_ad(tmp_path: Path) -> None:
    with SocketLab(tmp_path / "navfeed.db") as socket_lab:
        ad = socket_lab.world.publish(expires=NOW + timedelta(days=20))
        socket_lab.sync()
        assert socket_lab.is_exact()
        for kind in ("seek", "page", "detail"):
            socket_lab.spoil(kind, faults.header("Date", "today"))  # where it is none, it is added
        socket_lab.clock = lambda: socket_lab.world.now + timedelta(days=40)
        ended = socket_lab.sync(recheck_after=timedelta(0))
        assert (ended.exit_code, ended.counts.removed) == (ExitCode.DONE, 0)
        assert ad in socket_lab.stored()
        socket_lab.clock = lambda: socket_lab.world.now
        socket_lab.recovers()


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(n, marks=pytest.mark.campaign) for n in range(4, 200))]
)
def test_T1_a_clock_that_jumps_at_every_look_loses_nothing(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    lab = Lab(tmp_path / "navfeed.db", World(seed, now=NOW), page_size=7)
    for _ in range(12):
        lab.world.publish()

    def jumping() -> datetime:
        return lab.world.now + rng.choice(JUMPS)

    for _ in range(8):
        lab.now = jumping  # type: ignore[method-assign]
        lab.world.move_on(changes=5, step=timedelta(minutes=rng.choice([1, 20, 60 * 7, 60 * 50])))
        ended = lab.sync()
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert lab.is_exact()
    lab.now = lambda: lab.world.now  # type: ignore[method-assign]
    lab.world.move_on(changes=5)
    assert lab.sync(retry_now=False).exit_code is ExitCode.DONE
    assert lab.is_exact()
