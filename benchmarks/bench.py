"""navfeed beside others that do the same, in one run: `make bench`.

The others are a bare script (bare.py), NAV's documented recipe made runnable (recipe.py), a dlt
pipeline where a Python has dlt, and, for queries, a bare script and sqlite-utils. Every figure is
the median of whole processes that take turns, so that the machine's moods meet all of them; the
feed runs in another process and counts requests and connections. Nothing fails on a slow machine:
the targets are printed beside what was measured.

    python benchmarks/bench.py [--runs N] [--only backfill|polls|list|search|export]
        [--latency 0.1] [--large] [--whole] [--json FILE]

`--large` queries 100,000 ads too, `--whole` syncs 900,000 entries, once; either takes many minutes.
`DLT_PYTHON` names a Python with `dlt[sqlalchemy]`, if this one has none.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import bare_list
from measuring import HERE, NAVFEED, Command, Cost, Feed, middle, practice_feed, run

SQLITE_UTILS = str(Path(sys.executable).with_name("sqlite-utils"))
DLT_PYTHON = os.environ.get("DLT_PYTHON") or (sys.executable if find_spec("dlt") else None)
NAVS_LATENCY = 0.1
"""Seconds until NAV answers for an ad on a good day; a page takes half as long again."""

ENTRIES = 20_000
WHOLE_LOG = 900_000
POLLS_A_DAY = 144
CHANGES_A_POLL = 20
"""Every ten minutes; 2,880 entries a day, where NAV writes 1,500 to 5,000."""


@dataclass(frozen=True)
class Target:
    """At most so many times what the first of the others takes, and so many megabytes."""

    wall: float | None = None
    cpu: float | None = None
    peak: float | None = None


Runners = Mapping[str, Callable[[], Command]]


class Report:
    """Prints a table for each comparison, and keeps all for the file."""

    def __init__(self) -> None:
        self.tables: list[dict[str, object]] = []

    def add(self, name: str, costs: Mapping[str, Cost], runs: int, target: Target) -> None:
        print(f"  {name} (median of {runs})")
        print(
            f"  {'':14}{'wall':>10}{'CPU':>10}{'peak':>9}{'written':>10}{'read':>10}"
            f"{'requests':>10}{'conn.':>7}"
        )
        for who, cost in costs.items():
            print(
                f"  {who:14}{cost.wall:>9.3f}s{cost.cpu:>9.3f}s{cost.peak:>7.1f}MB"
                f"{cost.written:>8.2f}MB{cost.read:>8.2f}MB{cost.requests:>10,.0f}"
                f"{cost.connections:>7.0f}"
            )
        ours, *others = costs.values()
        if others:
            print(f"  {'ratio':14}{against(ours, others[0], target)}")
        print(flush=True)
        kept = {who: asdict(cost) for who, cost in costs.items()}
        self.tables.append({"name": name, "runs": runs, "target": asdict(target), "costs": kept})


def against(ours: Cost, theirs: Cost, target: Target) -> str:
    def one(what: str, value: float, most: float | None, unit: str) -> str:
        return f"{what} {value:.2f}{unit}" + (f" (target: at most {most:g}{unit})" if most else "")

    return "; ".join(
        [
            one("wall", ours.wall / theirs.wall, target.wall, " x"),
            one("CPU", ours.cpu / theirs.cpu, target.cpu, " x"),
            one("peak", ours.peak, target.peak, " MB"),
        ]
    )


SECTIONS = ("backfill", "polls", "list", "search", "export")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure navfeed beside others.")
    parser.add_argument("--runs", type=int, default=5, help="of each, taking turns (default: 5)")
    parser.add_argument("--only", choices=SECTIONS, help="measure this alone")
    parser.add_argument("--latency", type=float, default=NAVS_LATENCY, help="seconds an answer")
    parser.add_argument("--large", action="store_true", help="query 100,000 ads, too")
    parser.add_argument("--whole", action="store_true", help="sync 900,000 entries, once")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    sections = SECTIONS if options.only is None else (options.only,)
    report = Report()
    run(
        [sys.executable, "-m", "compileall", "-q", *find_spec("navfeed").submodule_search_locations]
    )
    with tempfile.TemporaryDirectory(prefix="navfeed-bench-") as name:
        measure(report, Path(name), sections, options)
    if options.json:
        options.json.write_text(json.dumps(report.tables, indent=1) + "\n")


def measure(
    report: Report, folder: Path, sections: tuple[str, ...], options: argparse.Namespace
) -> None:
    if "backfill" in sections:
        backfills(report, folder, options)
    if "polls" in sections:
        polls(report, folder, options.runs)
    if set(sections) & {"list", "search", "export"}:
        for ads in (10_000, 100_000) if options.large else (10_000,):
            queries(report, large_store(folder, ads), sections, options.runs)


# What is measured


def clients(url: str, folder: Path) -> Runners:
    """Each with a store of its own; the first of the others is what navfeed is compared with."""

    def python(script: str, db: str, interpreter: str = sys.executable) -> Command:
        return [interpreter, str(HERE / script), url, str(folder / db)]

    def navfeed() -> Command:
        return [NAVFEED, "sync", "--quiet", "--base-url", url, "--db", str(folder / "navfeed.db")]

    found: dict[str, Callable[[], Command]] = {"navfeed": navfeed}
    found["bare script"] = lambda: python("bare.py", "bare.db")
    found["NAV's recipe"] = lambda: python("recipe.py", "recipe.db")
    if DLT_PYTHON:
        found["dlt"] = lambda: python("dlt_feed.py", "dlt.db", DLT_PYTHON)
    return found


def backfills(report: Report, folder: Path, options: argparse.Namespace) -> None:
    heading(f"First sync: {ENTRIES:,} entries, about {ENTRIES // 10:,} active ads")
    target = Target(wall=2.5, cpu=3.5, peak=80)
    backfill(report, folder, "at once", ENTRIES, 0, options.runs, target)
    # One request after the other, the recipe takes 20 minutes at this pace.
    left_out = ("NAV's recipe",)
    slow = f"{options.latency:g} s an answer"
    few = min(options.runs, 2)
    backfill(report, folder, slow, ENTRIES, options.latency, few, Target(wall=0.65), left_out)
    if options.whole:
        heading(f"First sync: {WHOLE_LOG:,} entries, once")
        backfill(report, folder, "at once", WHOLE_LOG, 0, 1, Target(peak=80), left_out)


def backfill(
    report: Report,
    folder: Path,
    name: str,
    entries: int,
    latency: float,
    runs: int,
    target: Target,
    left_out: tuple[str, ...] = (),
) -> None:
    with practice_feed(entries, latency) as feed:
        runners = {
            who: command
            for who, command in clients(feed.url, folder).items()
            if who not in left_out
        }
        costs: dict[str, list[Cost]] = {who: [] for who in runners}
        for _ in range(runs):
            clear(folder)
            for who, command in runners.items():
                costs[who].append(run(command(), feed))
        report.add(f"first sync, {name}", middles(costs), runs, target)
        exactness(feed, folder)


def polls(report: Report, folder: Path, runs: int) -> None:
    """What follows a first sync: nothing new, and a day's changes, a tenth of an hour at a time."""
    heading(f"Polls: {CHANGES_A_POLL} changes each, and none")
    clear(folder)
    with practice_feed(ENTRIES) as feed:
        runners = {
            who: one for who, one in clients(feed.url, folder).items() if who != "bare script"
        }
        for command in runners.values():
            run(command())
        feed.control("advance", {"rounds": 1, "changes": 1, "seconds": 3_600})
        for _ in range(2):  # the look-back closes
            run(runners["navfeed"]())
        idle = {who: [run(one(), feed) for _ in range(runs)] for who, one in runners.items()}
        report.add("a poll that finds nothing", middles(idle), runs, Target())
        costs: dict[str, list[Cost]] = {who: [] for who in runners}
        for _ in range(2 * runs):
            feed.control("advance", {"changes": CHANGES_A_POLL, "seconds": 600})
            for who, command in runners.items():
                costs[who].append(run(command(), feed))
        report.add(f"a poll after {CHANGES_A_POLL} changes", middles(costs), 2 * runs, Target())
        for who, cost in middles(costs).items():
            day = f"{cost.written * POLLS_A_DAY:,.0f} MB written, {cost.read * POLLS_A_DAY:,.0f}"
            print(f"  {who:14}{POLLS_A_DAY} of them, a day: {day} MB read")
        exactness(feed, folder)


def exactness(feed: Feed, folder: Path) -> None:
    """How many ads each store has that the feed does not show today, and the other way round."""
    truth = set(feed.control("truth"))
    for db in sorted(folder.glob("[!_]*[!g].db")):  # not what dlt stages
        with closing(sqlite3.connect(db)) as connection:
            try:
                kept = {ad for (ad,) in connection.execute("SELECT uuid FROM ads")}
            except sqlite3.OperationalError:
                continue
        print(f"  {db.name}: {len(kept - truth)} ads too many, {len(truth - kept)} missing")


def large_store(folder: Path, ads: int) -> str:
    heading(f"Queries: a store of {ads:,} ads")
    db = str(folder / f"{ads}.sqlite")
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from search import fill; fill(Path(sys.argv[1]), int(sys.argv[2]), datetime.now(UTC))"
    )
    subprocess.run([sys.executable, "-c", program, db, str(ads)], check=True, cwd=HERE)
    return db


def queries(report: Report, db: str, sections: tuple[str, ...], runs: int) -> None:
    if "list" in sections:
        lists(report, db, runs)
    if "search" in sections:
        ours = [NAVFEED, "list", "--db", db, "--limit", "50"]
        for words in ([], ["--text", "sykepleier"], ["--text", "title:leder"]):
            command = [*ours, *words]
            compare(report, " ".join(["list --limit 50", *words]), {"navfeed": command}, runs)
    if "export" in sections:
        for kind in ("csv", "jsonl", "jobposting", "xlsx"):
            command = [NAVFEED, "export", "--db", db, "--format", kind, "--output", f"{db}.{kind}"]
            compare(report, f"export --format {kind}", {"navfeed": command}, runs)


def lists(report: Report, db: str, runs: int) -> None:
    for kind, place in (("json", "BERGEN"), ("text", "BERGEN"), ("json", ""), ("text", "")):
        shown = ["--format", "json"] if kind == "json" else []
        where = ["--municipality", place] if place else []
        query = bare_list.query_of(kind, place or None)
        named = ["-p", "today", bare_list.today(), *(["-p", "municipal", place] if place else [])]
        tsv = [] if kind == "json" else ["--tsv"]
        bare = [sys.executable, str(HERE / "bare_list.py"), db, kind, *filter(None, [place])]
        commands = {
            "navfeed": [NAVFEED, "list", "--db", db, *shown, *where],
            "bare script": bare,
            "sqlite-utils": [SQLITE_UTILS, "query", db, query, *named, *tsv],
        }
        compare(report, " ".join(["list", *shown, *where]), commands, runs, Target(wall=5.5))


# How


def compare(
    report: Report,
    name: str,
    commands: Mapping[str, Command],
    runs: int,
    target: Target = Target(),
) -> None:
    """One turn of each to warm up, then the turns that count."""
    for command in commands.values():
        run(command)
    costs: dict[str, list[Cost]] = {who: [] for who in commands}
    for _ in range(runs):
        for who, command in commands.items():
            costs[who].append(run(command))
    report.add(name, middles(costs), runs, target)


def middles(costs: Mapping[str, list[Cost]]) -> dict[str, Cost]:
    return {who: middle(each) for who, each in costs.items()}


def clear(folder: Path) -> None:
    """Nobody has a store any more."""
    for each in folder.glob("*.db*"):
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def heading(text: str) -> None:
    print(f"\n{text}\n", flush=True)


if __name__ == "__main__":
    main()
