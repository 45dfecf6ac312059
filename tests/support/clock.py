"""The tests' one clock: the moment that they call now, here and in the processes that they start.

Tests whose data carries dates run at `NOW`. Tests of commands that read the machine's own clock
build their worlds around `machine_now()`, and `make clocks` moves that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""A Saturday at noon, 13:00 in Oslo."""

TODAY = NOW.date()

CHILD_CLOCK = Path(__file__).parent / "child_clock"


def machine_now() -> datetime:
    """What the machine's clock shows, as a process that no test gives a clock reads it."""
    return datetime.now(UTC)


def without_child_clock(environ: Mapping[str, str]) -> dict[str, str]:
    """The same environment with the machine's clock: what `child_environment` adds taken out."""
    path = [each for each in environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    left = os.pathsep.join(each for each in path if each != str(CHILD_CLOCK))
    kept = {name: value for name, value in environ.items() if name != "TESTS_NOW"}
    return {**kept, "PYTHONPATH": left}


def child_environment(now: datetime = NOW) -> dict[str, str]:
    """What makes a Python process, and whatever it starts, begin at `now`; its clock ticks on."""
    path = os.environ.get("PYTHONPATH")
    here = str(CHILD_CLOCK)
    return {
        "PYTHONPATH": os.pathsep.join([here, path] if path else [here]),
        "TESTS_NOW": now.isoformat(),
    }
