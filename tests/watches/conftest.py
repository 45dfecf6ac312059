"""The clock stands still at noon, and processes start at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from cli.support import NOW
from support import child_clock
from watches.subscriber import Subscriber


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def processes_begin_at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in child_clock.environment(NOW).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def me(tmp_path: Path, clock: time_machine.Traveller) -> Subscriber:
    """Somebody with a complete copy of two ads, one in Bergen and one in Oslo."""
    return Subscriber(tmp_path, clock)
