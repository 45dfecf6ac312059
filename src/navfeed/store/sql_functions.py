"""What SQLite is taught for questions: Norwegian letters and order, weeks, places, and texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Container
from functools import lru_cache

from navfeed.model import oslo_week
from navfeed.places import county_of, municipality_number
from navfeed.places.near import km_from
from navfeed.store.public_feed import has_stem
from navfeed.store.times import read_moment
from navfeed.text.letters import fold
from navfeed.text.styrk import styrk_group


def add_functions(connection: sqlite3.Connection) -> None:
    for name, arguments, function in (
        ("folded", 1, _folded),
        ("alphabetical", 1, _alphabetical),
        ("begins", 2, _begins),
        ("oslo_week", 1, _week),
        ("mentions", -1, _mentions),
        ("concat_with", -1, _concat_with),
        ("has_stem", -1, has_stem),
        ("county_of", 4, county_of),
        ("municipality_number", 5, municipality_number),
        ("km_from", 3, km_from),
        ("styrk_group", 2, styrk_group),
        ("words_of", 1, _words_of),
        ("derived", 3, _derived),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


# Æ, ø and å end the Norwegian alphabet, in this order, the Swedish letters with theirs. What
# follows z in ASCII stands in for them; other letters come after all of these.
_NORWEGIAN = str.maketrans("æäøöå", "{{||}")


def alphabetical(text: str) -> str:
    """The key by which texts sort in the order of the Norwegian alphabet."""
    return fold(text).translate(_NORWEGIAN)


def _alphabetical(text: str | None) -> str | None:
    return alphabetical(text) if text else None


def _folded(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _week(text: str | None) -> str | None:
    moment = read_moment(text)
    try:
        return oslo_week(moment) if moment else None
    except OverflowError:  # the last hours of year 9999
        return None


def _begins(start: str, name: str | None) -> bool | None:
    return None if name is None else fold(name).startswith(start)


def _mentions(part: str, *names: str | None) -> bool:
    return any(part in fold(name) for name in names if name)


def _concat_with(separator: str, *parts: str | None) -> str:
    return separator.join(filter(None, parts))


def _words_of(html: str | None) -> str | None:
    from navfeed.text.html import words_of  # needed where descriptions are exported as texts

    return None if html is None else words_of(html)


def _derived(name: str, title: str | None, html: str | None) -> str | None:
    return "true" if name in _facts_of(title, html) else None


@lru_cache(maxsize=1)  # an ad's columns follow each other
def _facts_of(title: str | None, html: str | None) -> Container[str]:
    from navfeed.research.derived import derive

    return derive(title, _words_of(html))
