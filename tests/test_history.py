"""The main job: months of log, then ten rounds of changes; at its real size in the campaign."""

from __future__ import annotations

from pathlib import Path

import pytest

from navfeed.errors import ExitCode
from navfeed.practice import World
from support.clock import NOW
from support.lab import Lab


@pytest.mark.parametrize("entries", [3_000, pytest.param(20_000, marks=pytest.mark.campaign)])
def test_a_history_and_ten_rounds_of_changes_stay_exact(tmp_path: Path, entries: int) -> None:
    lab = Lab(tmp_path / "navfeed.db", World.history(5, now=NOW, entries=entries))
    assert lab.sync(workers=4).exit_code is ExitCode.DONE
    assert lab.is_exact()
    for _ in range(10):
        changes = lab.world.move_on(rounds=2, changes=30)
        ended = lab.sync()
        assert ended.counts.new >= len(changes.published) // 2 > 0
        assert lab.is_exact()
