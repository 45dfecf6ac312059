"""Which tests coverage measures. While it does, all code takes half as long again or more.

The gate (`.ci/coverage.toml`) is about what decides, reads, fetches and keeps. The tests of other
rooms, of the documents and of the tests' own rules run without: what they reach of it, they do not
check.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coverage import Coverage

TESTS = Path(__file__).parents[1]

NOT_MEASURED = {
    *("browser", "derived", "docs", "practice", "push", "serve"),
    *("cli/test_judged.py", "cli/test_list.py", "cli/test_markup.py"),
    *("test_budgets.py", "test_conventions.py", "test_growth.py", "test_layers.py"),
    "test_matcher.py",
}
"""Folders and modules of `tests`."""

MEASURED = {"serve/test_guard.py", "serve/test_old_api.py", "serve/test_readers.py"}
"""Modules in those folders that test a room of the gate."""


def is_measured(test: Path) -> bool:
    name = test.relative_to(TESTS)
    places = {name.as_posix(), *(parent.as_posix() for parent in name.parents)}
    return bool(places & MEASURED) or not places & NOT_MEASURED


@contextmanager
def without_coverage() -> Iterator[None]:
    """Stop all measuring: in a worker, pytest-cov has two, and one that stops resumes the other."""
    stopped = []
    while coverage := Coverage.current():
        coverage.stop()
        stopped.append(coverage)
    try:
        yield
    finally:
        for coverage in reversed(stopped):
            coverage.start()
