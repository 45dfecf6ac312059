"""In which order the ads that a search finds come, at a cost that does not grow with the store.

Those with all of it in their titles come first, the newest at the top, which needs no statistics
(decision 0103). The others are ranked by BM25 if a page is not full by then, and if they are few.
More than `MANY` are in the order of time too, and a phrase that more ads contain counts for nothing
(decision 0120).

FTS5's `bm25` (https://www.sqlite.org/fts5.html#the_bm25_function) counts within one table: how
many of its ads contain a word, and how long they are on average. The index is up to 64 tables, so
its value is solved for the hits in the ad, and computed again with the numbers of all tables. The
order is that of one large table.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from navfeed.store.shards import COLUMNS, shard_of, sizes
from navfeed.store.sql import Query

WEIGHTS = "10, 8, 3, 1"
"""Of a word in the title, the job title, the employer's name and the text."""

RANKED = "(SELECT CAST(key AS INTEGER) AS id, value AS place FROM json_each(?)) AS ranked"
"""A table of ads and their places, from JSON, to be joined with `ads`."""

MANY = 1_000
"""More ads than this are not ranked, and do not rank others: 5 µs for each hit of each phrase."""

_FIRST = 500
"""Ads in the first part: more than a page."""

_EVERY = 5
"""A search that every fifth ad matches is looked up in one ad after the other, the newest first:
20 µs each, until the page is full. To gather all ads that match takes 25 ms for 60,000."""

_K, _B = 1.2, 0.75
_LEAST_RARITY = 1e-6
"""FTS5's own parameters of BM25, and what a word is worth that more than half of the ads say."""

_SAME = ".10g"
"""Values that differ less come from ads that say the same: what is solved for is not exact."""

_FOUND = "SELECT rowid FROM search WHERE search MATCH ?"
_SCORED = f"SELECT rowid, bm25(search, {WEIGHTS}) FROM search WHERE search MATCH ?"


def finds(query: Query, wanted: str) -> bool:
    """Whether a search finds any ad. If none, nothing else has to be looked up."""
    return bool(query(f"{_FOUND} LIMIT 1", wanted))


def few(query: Query, wanted: str) -> list[int] | None:
    """The ads that a search finds; None if they are more than a page."""
    found = query(f"{_FOUND} LIMIT {_FIRST + 1}", wanted)
    return None if len(found) > _FIRST else [ad for (ad,) in found]


def in_one_place(ads: Iterable[int]) -> str:
    """The JSON for `RANKED` of ads that rank alike."""
    return json.dumps(dict.fromkeys(ads, 0))


def count_up_to(query: Query, wanted: str, most: int) -> int:
    """The number of ads that a search finds, or `most`."""
    ((count,),) = query(f"SELECT count(*) FROM ({_FOUND} LIMIT {most})", wanted)
    return int(count)


def are_common(query: Query, found: Collection[int]) -> bool:
    """Whether these are every fifth ad, or more, of the shards that they are in."""
    held = sizes(query)
    return len(found) * _EVERY >= sum(held[shard][0] for shard in {shard_of(ad) for ad in found})


def best_first(query: Query, wanted: str, lengths: dict[int, int]) -> Iterator[str]:
    """Ads that a search finds, given with their lengths in words, the best first.

    Yields JSON objects, each with the next ads and their places, and larger than the one before:
    for a page, only the first ads are looked up.
    """
    scores = _scores(query, wanted, lengths)
    part: dict[int, int] = {}
    most = _FIRST
    ordered = sorted(scores, key=scores.__getitem__, reverse=True)
    for place, (_, ads) in enumerate(groupby(ordered, key=scores.__getitem__)):
        part.update(dict.fromkeys(ads, place))
        if len(part) >= most:
            yield json.dumps(part)
            part, most = {}, most * 8
    if part:
        yield json.dumps(part)


def _scores(query: Query, wanted: str, lengths: dict[int, int]) -> dict[int, float]:
    """BM25 of each of these ads.

    What a phrase in more than `MANY` ads would add is left out.
    """
    if not lengths:
        return {}
    corpus = _Corpus.read(query)
    scores = dict.fromkeys(lengths, 0.0)
    for phrase, times in Counter(phrases_of(wanted)).items():
        if count_up_to(query, phrase, MANY + 1) > MANY:
            continue
        hits = query(_SCORED, phrase)
        rarity = times * _rarity(corpus.ads, len(hits))
        in_shard = Counter(shard_of(ad) for ad, _ in hits)
        for ad, score in hits:
            if ad in scores:
                hits_in_ad = corpus.hits_of(ad, -score, in_shard[shard_of(ad)], lengths[ad])
                scores[ad] += rarity * _weight(hits_in_ad, lengths[ad], corpus.average)
    return {ad: float(format(score, _SAME)) for ad, score in scores.items()}


@dataclass(frozen=True, slots=True)
class _Corpus:
    """How many ads there are, how many words they say on average; of each shard likewise."""

    ads: int
    average: float
    of_shards: dict[int, tuple[int, float]]

    @classmethod
    def read(cls, query: Query) -> _Corpus:
        counted = sizes(query)
        ads = sum(one for one, _ in counted.values())
        words = sum(one for _, one in counted.values())
        return cls(
            ads,
            words / max(ads, 1),
            {shard: (count, length / count) for shard, (count, length) in counted.items()},
        )

    def hits_of(self, ad: int, score: float, in_shard: int, length: int) -> float:
        """How often an ad contains a phrase, weighted, from its score in its shard.

        `in_shard`: how many ads there say it. Solves `_weight` for its first argument.
        """
        ads, average = self.of_shards[shard_of(ad)]
        weight = score / _rarity(ads, in_shard)
        return weight * _damping(length, average) / (_K + 1 - weight)


def _weight(hits: float, length: int, average: float) -> float:
    return hits * (_K + 1) / (hits + _damping(length, average))


def _damping(length: int, average: float) -> float:
    """What long ads say often counts for less."""
    return _K * (1 - _B + _B * length / average)


def _rarity(ads: int, hits: int) -> float:
    """The inverse document frequency."""
    return max(math.log((ads - hits + 0.5) / (hits + 0.5)), _LEAST_RARITY)


_TOKEN = re.compile(r'(?:\{([^}]*)\} : )?([()])|("[^"]*"\*?)')


def phrases_of(expression: str) -> Iterator[str]:
    """Each phrase of a search in FTS5's own language, as a search of its own within its columns.

    The language is what `navfeed.store.search` writes: columns stand before a parenthesis.
    """
    around: list[tuple[str, ...]] = [COLUMNS]
    for columns, mark, phrase in _TOKEN.findall(expression):
        if mark == "(":
            named = columns.split() or COLUMNS
            around.append(tuple(name for name in around[-1] if name in named))
        elif mark == ")":
            around.pop()
        elif phrase and around[-1]:
            yield f"{{{' '.join(around[-1])}}} : {phrase}"
