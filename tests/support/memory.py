"""What a whole command costs in memory, measured by itself in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

from support.socket_harness import SocketLab, environment_of

# VmHWM is of this program alone; what getrusage tells includes the test runner it was forked from.
MEASURE = """
import atexit, re, resource, sys
from pathlib import Path

def tell():
    status = Path("/proc/self/status")
    if status.exists():
        peak = int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1])
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak {peak}", file=sys.stderr)

atexit.register(tell)
from navfeed.cli import main
main()
"""


def peak_of_a_sync(socket_lab: SocketLab, *arguments: str) -> tuple[int, float]:
    """The exit code of `navfeed sync` against this feed, and its peak in MB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "sync", "--from-start", *arguments],
        env=environment_of(socket_lab),
        capture_output=True,
        timeout=50,
        check=False,
    )
    match = re.search(rb"peak (\d+)", done.stderr)
    assert match, done.stderr.decode()
    return done.returncode, int(match[1]) / 1024
