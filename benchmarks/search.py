"""`navfeed list --text` over 100,000 ads: the query alone, and the whole process.

The ads are those of a practice feed, again and again under other ids. The target is 30 ms for the
query, and a process no slower than without a search.

    python benchmarks/search.py [--ads N] [--runs N]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import monotonic

from navfeed.model import DetailDecision, FeedCursor, Reason, oslo_day
from navfeed.practice import World
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Sort
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content

NAVFEED = str(Path(sys.executable).with_name("navfeed"))
TARGET_MS = 30
LIMIT = 50
QUERIES = ("sykepleier", "lærer", "utvikler OR kokk", '"god norsk"', "title:leder", "butikk*")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure searches over many ads.")
    parser.add_argument("--ads", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="navfeed-search-") as name:
        db = Path(name) / "navfeed.db"
        now = datetime.now(UTC)
        fill(db, options.ads, now)
        print(f"{options.ads:,} ads, {db.stat().st_size / 1e6:,.0f} MB")
        print(f"process without a search: {process(db, options.runs):.0f} ms")
        for text in QUERIES:
            asked = query(db, text, now, options.runs)
            whole = process(db, options.runs, "--text", text)
            print(f"{text}: query {asked:.1f} ms (target {TARGET_MS}), process {whole:.0f} ms")


def fill(db: Path, ads: int, now: datetime) -> None:
    with Store(db) as store:
        left = decisions(ads, now)
        while some := list(islice(left, 500)):
            store.commit_details(some, [], now)
        store.end_walk(FeedCursor(), [])
        store.caught_up(now)


def decisions(ads: int, now: datetime) -> Iterator[DetailDecision]:
    world = World.history(5, now=now, entries=20_000, active=2_000)
    details = (world.detail(one) for one in world.in_force())
    contents = [detail["ad_content"] for detail in details if detail]
    for number, content in enumerate(islice(cycle(contents), ads)):
        uuid = f"{number:08x}-0000-4000-8000-000000000000"
        text = json.dumps({**content, "uuid": uuid}, ensure_ascii=False)
        yield DetailDecision(uuid, Reason.NEW, read_content(text))


def query(db: Path, text: str, now: datetime, runs: int) -> float:
    """Milliseconds until a first page of ads, at the median."""
    with Reader(db, oslo_day(now)) as reader:
        columns = ("uuid", "title", "employer", "municipalities", "published", "last_day")
        return timed(
            lambda: list(reader.rows(columns, Filters(text=(text,)), Sort.RELEVANCE, LIMIT)), runs
        )


def process(db: Path, runs: int, *words: str) -> float:
    command = [NAVFEED, "list", "--db", str(db), "--limit", str(LIMIT), *words]
    return timed(lambda: subprocess.run(command, check=True, capture_output=True), runs)


def timed(call: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        began = monotonic()
        call()
        taken.append(monotonic() - began)
    return median(taken) * 1000


if __name__ == "__main__":
    main()
