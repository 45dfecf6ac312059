"""Searches whose answers were judged by reading: which ads are what somebody meant.

There are two sets. In `by_hand`, ads of a few sentences that were written to be distinguished, each
judged for each search. In `practice`, ads of the practice feed, with the sentences that most ads
have in common: an ad is meant by a search if its title or job title is one of those that the search
means.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import fmean

from navfeed.model import DetailDecision, Reason
from navfeed.practice import invented
from navfeed.practice.occupations import OCCUPATIONS
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.search import Spelled, Spellings
from navfeed.store.selection import Sort
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.clock import NOW, TODAY

HERE = Path(__file__).parent

PRACTICE_ADS = 600

Answers = dict[str, list[str]]


@dataclass(frozen=True)
class Judged:
    """Ads, by number, as JSON; and each search with the numbers of the ads that it means."""

    ads: dict[str, str]
    meant: dict[str, frozenset[str]]

    def fill(self, path: Path) -> None:
        with Store(path) as store:
            store.commit_details(
                [
                    DetailDecision(_uuid(number), Reason.NEW, read_content(raw))
                    for number, raw in self.ads.items()
                ],
                [],
                NOW,
            )


@dataclass(frozen=True)
class Scores:
    """Means over the searches.

    `precision_at_1`: how often the first ad is one that was meant. `first`: how many of the first
    ads are, of so many as are meant.
    """

    precision: float
    recall: float
    precision_at_1: float
    first: float


def by_hand() -> Judged:
    ads = {number: _ad(number, *rest) for number, *rest in _rows("ads.tsv")}
    return Judged(ads, {query: frozenset(meant.split()) for query, meant in _rows("queries.tsv")})


def practice() -> Judged:
    outlines = {str(number): invented.outline(f"judged {number}") for number in range(PRACTICE_ADS)}
    term = invented.Term(NOW, NOW, NOW + timedelta(days=30))
    contents = {
        number: invented.content(f"judged {number}", _uuid(number), outline, term)
        for number, outline in outlines.items()
    }
    kinds = {
        number: {_kind(content["title"]), _kind(content["jobtitle"])}
        for number, content in contents.items()
    }
    return Judged(
        {number: json.dumps(content, ensure_ascii=False) for number, content in contents.items()},
        {
            query: frozenset(number for number in kinds if kinds[number] & set(meant.split("; ")))
            for query, meant in _rows("practice.tsv")
        },
    )


_TITLES = sorted((title for one in OCCUPATIONS for title in one.titles), key=len, reverse=True)


def _kind(title: str) -> str:
    """A title without what an ad adds to it: `Kokk` for `Kokk, fast stilling`."""
    return next((known for known in _TITLES if title.startswith(known)), "")


def _rows(name: str) -> Iterator[list[str]]:
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
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


def answers(path: Path, judged: Judged, *, expanded: bool = True) -> Answers:
    """What each search finds, the best first; `expanded`: by more than the words as they stand."""
    with Reader(path, TODAY) as reader:
        if not expanded:
            as_it_stands: Spelled = lambda word: Spellings((word,))  # noqa: E731
            reader._spelled = as_it_stands  # type: ignore[method-assign]
        return {query: list(_found(reader, query)) for query in judged.meant}


def _found(reader: Reader, query: str) -> Iterator[str]:
    for (uuid,) in reader.rows(["uuid"], Filters(text=(query,)), Sort.RELEVANCE):
        yield str(int(str(uuid)[:8]))


def scores(found: Answers, meant: dict[str, frozenset[str]]) -> Scores:
    queries = [query for query in meant if meant[query]]
    return Scores(
        precision=fmean(_share(set(found[query]), meant[query]) for query in meant),
        recall=fmean(_share(meant[query], set(found[query])) for query in meant),
        precision_at_1=fmean(_share(set(found[query][:1]), meant[query]) for query in queries),
        first=fmean(
            len(set(found[query][: len(meant[query])]) & meant[query]) / len(meant[query])
            for query in queries
        ),
    )


def _share(these: frozenset[str] | set[str], those: frozenset[str] | set[str]) -> float:
    """How many of these are among those. Who finds nothing finds nothing wrong."""
    return len(these & those) / len(these) if these else 1.0
