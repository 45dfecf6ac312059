"""The clock stands still where ads are queried."""

from __future__ import annotations

import pytest
import time_machine


@pytest.fixture(autouse=True)
def clock(noon: time_machine.Traveller) -> time_machine.Traveller:
    return noon
