"""The clock stands still where ads are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from ask.support import NOW


@pytest.fixture
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
