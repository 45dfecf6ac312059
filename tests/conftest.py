"""Fixtures and the profiles of hypothesis."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings

from support.clock import NOW, child_environment
from support.lab import Lab
from support.measuring import is_measured, without_coverage
from support.temporary import use_memory_disk

for _wish in ("FORCE_COLOR", "NO_COLOR"):  # a tester's, which commands would heed
    os.environ.pop(_wish, None)

use_memory_disk()

_CALM = {"deadline": None, "suppress_health_check": list(HealthCheck)}
# `derandomize`: the same schedules in every run; the campaign draws new ones.
settings.register_profile("quick", max_examples=20, derandomize=True, **_CALM)
settings.register_profile("campaign", max_examples=2_000, print_blob=True, **_CALM)
settings.register_profile(
    "mutation", max_examples=400, phases=[Phase.explicit, Phase.generate], **_CALM
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage where the gate needs it."""
    with nullcontext() if is_measured(item.path) else without_coverage():
        return (yield)


@pytest.fixture(autouse=True, scope="session")
def no_waiting_between_tries() -> Iterator[None]:
    """Tries as often as in earnest, without its pauses."""
    with (
        mock.patch("navfeed.client.retries.FIRST_SECONDS", 0.0),
        mock.patch("navfeed.client.retries.JITTER_SECONDS", 0.0),
    ):
        yield


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """The clock stands still at `NOW`, and the processes that the test starts begin there."""
    for name, value in child_environment().items():
        monkeypatch.setenv(name, value)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "navfeed.db", page_size=5)
