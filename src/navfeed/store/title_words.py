"""Table `title_words`: the long words of titles, each backwards, and how many ads have it.

Backwards, all words that end alike stand together, so that compounds are found by their last part:
one look-up in one table, where the index has 64. A word is written by the transaction that indexes
the first ad with it in a title, and deleted by the one that takes the last such ad out.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from navfeed.store.sql import LISTED, Query, listed

_SHORTEST = 7
"""Letters of the shortest compound that is found by its end."""

_WORD = re.compile(rf"\w{{{_SHORTEST},}}")

Titles = tuple[str | None, str | None]
"""The title and the job title of an ad, as they are in the index."""


def add(db: sqlite3.Connection, ads: Iterable[Titles]) -> None:
    """Count the words of ads that were added to the index."""
    db.execute(_ADD, [json.dumps(_counted(ads))])


def subtract(db: sqlite3.Connection, titles: Titles) -> None:
    """Count the words of an ad no more that is taken out of the index."""
    words = listed(_words(titles))
    db.execute(f"UPDATE title_words SET ads = ads - 1 WHERE backwards IN {LISTED}", [words])
    db.execute(f"DELETE FROM title_words WHERE ads < 1 AND backwards IN {LISTED}", [words])


def ending(query: Query, ends: Iterable[str]) -> list[tuple[str, str]]:
    """The words with one of these ends, each as (end, word), in the order of ends and letters."""
    found = query(_ENDING, listed(end[::-1] for end in ends))
    return [(end[::-1], word[::-1]) for end, word in found]


def is_exact(query: Query) -> bool:
    """Whether the words are those of all titles in the index, counted again."""
    counted = _counted(query("SELECT title, job_title FROM search"))
    return counted == dict(query("SELECT backwards, ads FROM title_words"))


def _counted(ads: Iterable[Titles]) -> Counter[str]:
    return Counter(word for titles in ads for word in _words(titles))


def _words(titles: Titles) -> Iterator[str]:
    """The long words of an ad's titles, each once, backwards."""
    words = (word for title in titles for word in _WORD.findall((title or "").lower()))
    return iter(dict.fromkeys(word[::-1] for word in words))


# `WHERE true`: else SQLite takes ON for that of a join (https://www.sqlite.org/lang_upsert.html).
_ADD = """
INSERT INTO title_words SELECT key, value FROM json_each(?) WHERE true
ON CONFLICT (backwards) DO UPDATE SET ads = ads + excluded.ads
"""
_ENDING = f"""
SELECT value, backwards FROM json_each(?) CROSS JOIN title_words
WHERE backwards BETWEEN value AND value || char({sys.maxunicode}) ORDER BY json_each.key, backwards
"""
