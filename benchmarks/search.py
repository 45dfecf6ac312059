"""`navfeed list --text` over 100,000 ads: looking up the words, the query, and the whole process.

The ads are those of a practice feed, again and again under other ids. Processor time, which counts
on a busy machine too, at the median of runs that each open the store afresh. The target is 30 ms
for the words and the query together.

    python benchmarks/search.py [--ads N] [--runs N] [--db FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import process_time

from measuring import NAVFEED, run

from navfeed.model import DetailDecision, FeedCursor, Reason, oslo_day
from navfeed.practice import World
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Sort
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content

TARGET_MS = 30
LIMIT = 50
COLUMNS = ("uuid", "title", "employer", "municipalities", "published", "last_day")
QUERIES = (
    *("sykepleier", "lærer", "utvikler OR kokk", '"god norsk"', "title:leder", "butikk*"),
    *("kokk oslo", "turnus"),
    *("selger", "sjåfør", "ingeniør", "rørlegger", "lærling", "barnehage"),
    *("førerkort", "sykeplier"),
    *("natt", "oslo", "fast", "heltid", "erfaring", "og"),
    *("vakt*", '"fast stilling"', "title:vikar", "employer:kommune", "kokk -oslo"),
    *("helse OR omsorg", "sykepleier turnus", "lærer bergen", "daglig leder"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure searches over many ads.")
    parser.add_argument("--ads", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--db", type=Path, help="the store: made there if there is none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="navfeed-search-") as name:
        db = options.db or Path(name) / "navfeed.db"
        now = datetime.now(UTC)
        if not db.exists():
            fill(db, options.ads, now)
        print(
            f"{db.stat().st_size / 1e6:,.0f} MB; words and query are to take {TARGET_MS} ms at most"
        )
        print(f"process without a search: {process(db, options.runs):.0f} ms")
        for text in QUERIES:
            words, query = search(db, text, oslo_day(now), options.runs)
            whole = process(db, options.runs, "--text", text)
            print(f"{text}: words {words:.1f} ms, query {query:.1f} ms, process {whole:.0f} ms")


def fill(db: Path, ads: int, now: datetime) -> None:
    with Store(db) as store:
        left = decisions(ads, now)
        while some := list(islice(left, 500)):
            store.commit_details(some, [], now)
        store.end_walk(FeedCursor(), [])
        store.caught_up(now)


def decisions(ads: int, now: datetime) -> Iterator[DetailDecision]:
    world = World.history(5, now=now, entries=20_000, active=2_000)
    details = (world.detail(one) for one in world.active())
    contents = [detail["ad_content"] for detail in details if detail]
    for number, content in enumerate(islice(cycle(contents), ads)):
        uuid = f"{number:08x}-0000-4000-8000-000000000000"
        text = json.dumps({**content, "uuid": uuid}, ensure_ascii=False)
        yield DetailDecision(uuid, Reason.NEW, read_content(text))


def search(db: Path, text: str, today: date, runs: int) -> tuple[float, float]:
    """Milliseconds to look up the words of a search, and from there to a first page of ads."""
    filters = Filters(text=(text,))
    costs = []
    for _ in range(runs):
        with Reader(db, today) as reader:
            words = cost(lambda: reader.commonplace(filters))
            query = cost(lambda: list(reader.rows(COLUMNS, filters, Sort.RELEVANCE, LIMIT)))
        costs.append((words, query))
    words, query = map(median, zip(*costs, strict=True))
    return words, query


def cost(call: Callable[[], object]) -> float:
    began = process_time()
    call()
    return (process_time() - began) * 1000


def process(db: Path, runs: int, *words: str) -> float:
    command = [NAVFEED, "list", "--db", str(db), "--limit", str(LIMIT), *words]
    return median(run(command).cpu for _ in range(runs)) * 1000


if __name__ == "__main__":
    main()
