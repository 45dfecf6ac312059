"""Searches whose answers were judged by reading: which ads are what somebody meant."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import fmean

from navfeed.model import DetailDecision, Reason
from navfeed.store.filters import Filters
from navfeed.store.query import Reader, Sort
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 21)

Answers = dict[str, list[str]]


@dataclass(frozen=True)
class Scores:
    """Means over the searches. `precision_at_1`: how often the first ad is one that was meant."""

    precision: float
    recall: float
    precision_at_1: float


def judgements() -> dict[str, frozenset[str]]:
    """Each search and the ads that it means."""
    lines = (HERE / "queries.tsv").read_text(encoding="utf-8").splitlines()
    return {
        query: frozenset(meant.split()) for query, meant in (line.split("\t") for line in lines)
    }


def count() -> int:
    """How many ads there are."""
    return len(list(_ads()))


def fill(path: Path) -> None:
    with Store(path) as store:
        store.commit_details(
            [DetailDecision(_uuid(raw[0]), Reason.NEW, read_content(_ad(*raw))) for raw in _ads()],
            [],
            NOW,
        )


def _ads() -> Iterator[list[str]]:
    for line in (HERE / "ads.tsv").read_text(encoding="utf-8").splitlines():
        yield line.split("\t")


def _uuid(number: str) -> str:
    return f"{int(number):08}-0000-4000-8000-000000000000"


def _ad(number: str, title: str, employer: str, text: str) -> str:
    return json.dumps(
        {
            "uuid": _uuid(number),
            "title": title,
            "employer": {"name": employer},
            "description": f"<p>{text}</p>",
        }
    )


def answers(path: Path, *, stemming: bool) -> Answers:
    """What each search finds, the best first."""
    with Reader(path, TODAY) as reader:
        if not stemming:
            as_it_stands: Callable[[str], list[str]] = lambda word: [word]  # noqa: E731
            reader._forms = as_it_stands  # type: ignore[method-assign]
        return {query: list(_found(reader, query)) for query in judgements()}


def _found(reader: Reader, query: str) -> Iterator[str]:
    for (uuid,) in reader.rows(["uuid"], Filters(text=(query,)), Sort.RELEVANCE):
        yield str(int(str(uuid)[:8]))


def scores(found: Answers) -> Scores:
    meant = judgements()
    return Scores(
        precision=fmean(_share(set(found[query]), meant[query]) for query in meant),
        recall=fmean(_share(meant[query], set(found[query])) for query in meant),
        precision_at_1=fmean(
            _share(set(found[query][:1]), meant[query]) for query in meant if meant[query]
        ),
    )


def _share(these: frozenset[str] | set[str], those: frozenset[str] | set[str]) -> float:
    """How many of these are among those. Who finds nothing finds nothing wrong."""
    return len(these & those) / len(these) if these else 1.0
