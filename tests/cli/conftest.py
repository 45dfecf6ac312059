"""The clock stands still where ads are asked for, and processes begin at the same moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from cli.support import NOW
from support import child_clock


@pytest.fixture(autouse=True)
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def processes_begin_at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in child_clock.environment(NOW).items():
        monkeypatch.setenv(name, value)
