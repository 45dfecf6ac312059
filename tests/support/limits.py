"""Limits on what this process may do, which stand in for a full disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_file_may_grow(most: int = 16 * 1_024) -> Iterator[None]:
    """Beyond so many bytes; 16 kB are half of what SQLite needs for the index of a log."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
