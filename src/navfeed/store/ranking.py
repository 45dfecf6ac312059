"""What fits a search best, by the statistics of the whole index.

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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from navfeed.store.shards import COLUMNS, Query, shard_of, sizes, table, varints

WEIGHTS = "10, 8, 3, 1, 0"
"""Of a word in the title, the job title, the employer's name and the text; none of `ends`."""

RANKED = "(SELECT CAST(key AS INTEGER) AS id, value AS place FROM json_each(?)) AS ranked"
"""A table of what `places` answers, to be joined with `ads`."""

_K, _B = 1.2, 0.75
_LEAST_RARITY = 1e-6
"""FTS5's own parameters of BM25, and what a word is worth that more than half of the ads say."""

_SAME = ".10g"
"""Values that differ less come from ads that say the same: what is solved for is not exact."""

_FOUND = "SELECT rowid FROM search WHERE search MATCH ?"
_SCORED = f"SELECT rowid, bm25(search, {WEIGHTS}) FROM search WHERE search MATCH ?"


def places(query: Query, wanted: str, in_titles: str) -> str:
    """The ads that a search finds and the place of each, as a JSON object; 0 is the first.

    All of the search in the titles comes first. Weights alone would not do: a rare form in the text
    (`kokkene`) counts for more than a common one in the title (`Kokk`).
    """
    found = [ad for (ad,) in query(_FOUND, wanted)]
    titled = {ad for (ad,) in query(_FOUND, in_titles)}
    scores = _scores(query, wanted, found)
    order = {ad: (ad not in titled, -scores[ad]) for ad in found}
    place = {value: at for at, value in enumerate(sorted(set(order.values())))}
    return json.dumps({ad: place[value] for ad, value in order.items()})


def _scores(query: Query, wanted: str, found: list[int]) -> dict[int, float]:
    """BM25 of each ad that was found."""
    corpus = _Corpus.read(query)
    lengths = _lengths(query, found)
    scores = dict.fromkeys(found, 0.0)
    for phrase, times in Counter(phrases_of(wanted)).items():
        hits = query(_SCORED, phrase)
        rarity = times * _rarity(corpus.ads, len(hits))
        in_shard = Counter(shard_of(ad) for ad, _ in hits)
        for ad, score in hits:
            if ad in scores:
                said = corpus.hits_of(ad, -score, in_shard[shard_of(ad)], lengths[ad])
                scores[ad] += rarity * _weight(said, lengths[ad], corpus.average)
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
            {shard: (count, said / count) for shard, (count, said) in counted.items()},
        )

    def hits_of(self, ad: int, score: float, in_shard: int, length: int) -> float:
        """How often an ad says a phrase, weighted, from its score in its shard.

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


def _lengths(query: Query, ads: Iterable[int]) -> dict[int, int]:
    """How many words each ad says."""
    by_shard: dict[int, list[int]] = {}
    for ad in ads:
        by_shard.setdefault(shard_of(ad), []).append(ad)
    return {
        ad: sum(varints(counts))
        for shard, chosen in by_shard.items()
        for ad, counts in query(
            f"SELECT id, sz FROM {table(shard)}_docsize "
            "WHERE id IN (SELECT value FROM json_each(?))",
            json.dumps(chosen),
        )
    }


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
