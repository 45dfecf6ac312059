"""The main job at its real size: half a year of log, then ten rounds of changes."""

from __future__ import annotations

from pathlib import Path

from navfeed.errors import ExitCode
from navfeed.practice import World
from support.lab import NOW, Lab


def test_a_history_of_20000_entries_and_ten_rounds_of_changes_stay_exact(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "navfeed.db", World.history(5, now=NOW, entries=20_000))
    assert lab.sync(workers=4).exit_code is ExitCode.DONE
    assert lab.is_exact()
    for _ in range(10):
        changes = lab.world.move_on(rounds=2, changes=30)
        ended = lab.sync()
        assert ended.counts.new >= len(changes.published) // 2 > 0
        assert lab.is_exact()
