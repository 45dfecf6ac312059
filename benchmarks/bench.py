"""navfeed beside bare standard-library scripts that do the same, in one run: `make bench`.

Every figure is of a whole process: the time it takes (wall), the processor time it uses (CPU) and
the most memory it ever holds (peak). Ours and theirs take turns, so that the machine's moods meet
both. Nothing fails on a slow machine: the targets are printed beside what was measured.

    python benchmarks/bench.py [--runs N] [--only backfill|list]
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic

HERE = Path(__file__).resolve().parent
NAVFEED = str(Path(sys.executable).with_name("navfeed"))
MEGABYTE = 1_000_000
NAVS_LATENCY = 0.1
"""Seconds until NAV answers for an ad on a good day; a page takes half as long again."""

ON_MACOS = sys.platform == "darwin"

Command = Sequence[str]


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds, seconds of CPU, megabytes."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Target:
    """At most so many times their wall time, and so many megabytes."""

    times: float | None = None
    peak: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure navfeed beside bare scripts.")
    parser.add_argument("--runs", type=int, default=5, help="of each, taking turns (default: 5)")
    parser.add_argument("--only", choices=("backfill", "list"), help="measure this alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="navfeed-bench-") as name:
        folder = Path(name)
        if options.only != "list":
            backfill(folder, options.runs)
        if options.only != "backfill":
            lists(folder, options.runs)


# What is measured


def backfill(folder: Path, runs: int) -> None:
    """At the pace of the real feed, which is what people wait for, and as fast as loopback can."""
    heading(f"Backfill: 20,000 entries, about 2,000 active ads, {NAVS_LATENCY:g} s an answer")
    _backfill(folder, min(runs, 2), NAVS_LATENCY, Target(times=2, peak=90))
    heading("The same from a feed that answers at once: what it takes of the machine")
    _backfill(folder, runs, 0, Target(peak=90))


def _backfill(folder: Path, runs: int, latency: float, target: Target) -> None:
    with practice_feed(20_000, latency) as url:
        ours, theirs = folder / "ours.db", folder / "theirs.db"
        compare(
            "navfeed sync",
            lambda: [NAVFEED, "sync", "--quiet", "--base-url", url, "--db", fresh(ours)],
            lambda: [sys.executable, str(HERE / "bare.py"), url, fresh(theirs)],
            runs,
            target,
        )
        print(
            f"  ads kept: {kept(ours):,}; by the bare script, last days over too: {kept(theirs):,}"
        )


def lists(folder: Path, runs: int) -> None:
    heading("Questions: a store of about 10,000 ads")
    db = str(folder / "large.db")
    with practice_feed(100_000) as url:
        run([NAVFEED, "sync", "--quiet", "--base-url", url, "--db", db])
    print(f"  ads in the store: {kept(Path(db)):,}")
    for kind, place in (("json", "BERGEN"), ("text", "BERGEN"), ("json", ""), ("text", "")):
        shown = ["--format", "json"] if kind == "json" else []
        where = ["--municipal", place] if place else []
        ours = [NAVFEED, "list", "--db", db, *shown, *where]
        theirs = [sys.executable, str(HERE / "bare_list.py"), db, kind, *filter(None, [place])]
        name = " ".join(["navfeed list", *shown, *where])
        compare(name, lambda c=ours: c, lambda c=theirs: c, runs, Target(times=6))
    theirs = [str(Path(sys.executable).with_name("sqlite-utils")), "query", db, SAME_QUESTION]
    ours = [NAVFEED, "list", "--db", db, "--format", "json", "--municipal", "BERGEN"]
    compare(
        "navfeed list --format json --municipal BERGEN",
        lambda: ours,
        lambda: theirs,
        runs,
        Target(),
        beside="sqlite-utils",
    )


SAME_QUESTION = """
SELECT uuid, title, job_title, employer, employer_orgnr,
    (SELECT json_group_array(municipal) FROM locations WHERE ad = uuid) AS municipals,
    (SELECT json_group_array(county) FROM locations WHERE ad = uuid) AS counties,
    published, updated, expires, last_day, application_due, due_date, application_url, link,
    positions, extent, engagement_type, sector, start_time, source
FROM ads
WHERE (last_day >= date('now') OR last_day IS NULL)
    AND uuid IN (SELECT ad FROM locations WHERE municipal = 'BERGEN')
ORDER BY published DESC, uuid
"""


def fresh(path: Path) -> str:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    return str(path)


def kept(db: Path) -> int:
    with closing(sqlite3.connect(db)) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM ads")
    return int(count)


# How


def compare(
    name: str,
    ours: Callable[[], Command],
    theirs: Callable[[], Command],
    runs: int,
    target: Target,
    *,
    beside: str = "bare script",
) -> None:
    """One turn of each to warm up, then the turns that count."""
    run(ours())
    run(theirs())
    costs = [(run(ours()), run(theirs())) for _ in range(runs)]
    a, b = (middle(column) for column in zip(*costs, strict=True))
    times = f"{a.wall / b.wall:.2f} x"
    if target.times:
        times += f" (target: at most {target.times:g} x)"
    peak = f"; peak target: at most {target.peak:g} MB" if target.peak else ""
    print(f"  {name}")
    print(f"  {'':14}{'wall':>10}{'CPU':>10}{'peak':>10}   median of {runs}")
    for who, cost in (("navfeed", a), (beside, b)):
        print(f"  {who:14}{cost.wall:>9.3f}s{cost.cpu:>9.3f}s{cost.peak:>8.1f}MB")
    print(f"  {'ratio':14}{times}; CPU {a.cpu / b.cpu:.2f} x{peak}\n", flush=True)


def middle(costs: Sequence[Cost]) -> Cost:
    return Cost(
        *(median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu", "peak"))
    )


def run(command: Command) -> Cost:
    """Run a process to its end.

    Its peak counts from its birth, when it is still a copy of this one: that is why this script
    stays small, and leaves the practice feed to a process of its own.
    """
    began = monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment())
    _, status, used = os.wait4(process.pid, 0)
    wall = monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1 if ON_MACOS else 1_024
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / MEGABYTE)


@contextmanager
def practice_feed(entries: int, latency: float = 0) -> Iterator[str]:
    command = [NAVFEED, "practice", "--port", "0", "--seed", "1", "--entries", str(entries)]
    command += ["--latency", str(latency)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    ) as server:
        try:
            url = server.stdout.readline().decode().strip()
            if not url:
                sys.exit("the practice feed did not start")
            yield url
        finally:
            server.terminate()


def environment() -> dict[str, str]:
    """This environment without anybody's own settings for navfeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NAVFEED_")}
    return {**kept, "HOME": str(HERE), "XDG_CONFIG_HOME": str(HERE)}


def heading(text: str) -> None:
    print(f"\n{text}\n", flush=True)


if __name__ == "__main__":
    main()
