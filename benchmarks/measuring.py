"""How processes are measured: their own cost, and what a practice feed in another process counted.

Seconds of wall and processor time, megabytes of memory at the most, megabytes that `write` and
`read` moved in files (Linux alone: /proc/PID/io; sockets are not in it), requests and connections.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
NAVFEED = str(Path(sys.executable).with_name("navfeed"))
MEGABYTE = 1_000_000
ON_MACOS = sys.platform == "darwin"

Command = Sequence[str]


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds, megabytes, numbers."""

    wall: float
    cpu: float
    peak: float
    written: float = 0.0
    read: float = 0.0
    requests: float = 0
    connections: float = 0


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure by itself."""
    return Cost(*map(median, zip(*map(astuple, costs), strict=True)))


class Feed:
    """A practice feed in a process of its own, and what it counts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = HTTPConnection(urlsplit(url).netloc)

    def control(self, endpoint: str, order: object = None) -> Any:
        method = "GET" if order is None else "POST"
        self._connection.request(method, f"/practice/{endpoint}", json.dumps(order or {}))
        return json.loads(self._connection.getresponse().read())

    def counts(self) -> tuple[int, int]:
        """Requests and connections so far."""
        return sum(self.control("requests").values()), self.control("connections")["count"]


@contextmanager
def practice_feed(entries: int, latency: float = 0) -> Iterator[Feed]:
    command = [NAVFEED, "practice", "--port", "0", "--seed", "1", "--entries", str(entries)]
    command += ["--latency", str(latency)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    ) as server:
        try:
            url = server.stdout.readline().decode().strip()
            if not url:
                sys.exit("the practice feed did not start")
            yield Feed(url)
        finally:
            server.terminate()


def run(command: Command, feed: Feed | None = None) -> Cost:
    """Run a process to its end; with `feed`, count what it requested there.

    Its peak counts from its birth, when it is still a copy of this one: that is why this script
    stays small, and leaves the practice feed to a process of its own.
    """
    before = feed.counts() if feed else (0, 0)
    began = monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment())
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    wall = monotonic() - began
    written, read = moved(process.pid)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    after = feed.counts() if feed else (0, 0)
    unit = 1 if ON_MACOS else 1_024
    return Cost(
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * unit / MEGABYTE,
        written,
        read,
        *(new - old for new, old in zip(after, before, strict=True)),
    )


def moved(pid: int) -> tuple[float, float]:
    """Megabytes written and read by a process that has ended and is not yet waited for."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    facts = dict(line.split(": ") for line in lines)
    return int(facts["wchar"]) / MEGABYTE, int(facts["rchar"]) / MEGABYTE


def environment() -> dict[str, str]:
    """This environment without anybody's own settings for navfeed, and with compiled modules.

    Those of an installed navfeed are: with PYTHONDONTWRITEBYTECODE, an editable one compiles its
    modules at each start, which takes as long as everything else.
    """
    left_out = ("NAVFEED_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "HOME": str(HERE), "XDG_CONFIG_HOME": str(HERE)}
