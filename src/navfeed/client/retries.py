"""How often to try again, and how long to wait in between."""

from __future__ import annotations

from random import uniform

ATTEMPTS = 4

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 8.0
JITTER_SECONDS = 1.0
"""Spreads what several threads, or several machines, would all try again at one moment."""


def backoff(failures: int) -> float:
    """Seconds to wait after this many consecutive failures: doubled each time, up to a limit."""
    pause = FIRST_SECONDS * 2.0 ** (failures - 1) + uniform(0, JITTER_SECONDS)  # noqa: S311
    return min(pause, LONGEST_SECONDS)
