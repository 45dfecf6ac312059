"""The tests' temporary files: in memory, if the machine has a disk there.

Each commit of SQLite waits for the disk: a quarter of the suite's time. No test needs that, because
tests kill processes, not the machine, and what a process has written outlives it in memory too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY_DISK = Path("/dev/shm")
"""Part of Linux. In a container it may have 64 MB only, and forbid to run what is on it."""

NEEDED_BYTES = 2 << 30
"""The suite takes a small part: a test's folder is removed when the test has passed."""


def use_memory_disk() -> None:
    """Create this process's temporary files there, and its children's, unless TMPDIR is set."""
    if "TMPDIR" not in os.environ and has_room(MEMORY_DISK):
        tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY_DISK)


def has_room(disk: Path) -> bool:
    """Whether the suite's files can be there, and the programs among them can run there."""
    return (
        os.access(disk, os.W_OK | os.X_OK)
        and shutil.disk_usage(disk).free >= NEEDED_BYTES
        and not os.statvfs(disk).f_flag & os.ST_NOEXEC
    )
