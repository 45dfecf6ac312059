"""The clock stands still at noon."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from watches.subscriber import Subscriber


@pytest.fixture(autouse=True)
def clock(noon: time_machine.Traveller) -> time_machine.Traveller:
    return noon


@pytest.fixture
def me(tmp_path: Path, clock: time_machine.Traveller) -> Subscriber:
    """Somebody with a complete copy of two ads, one in Bergen and one in Oslo."""
    return Subscriber(tmp_path, clock)
