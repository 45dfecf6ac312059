"""A request to the withdrawn API (public-feed.md 4 and 8), parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from navfeed.errors import ConfigError
from navfeed.model import Span
from navfeed.places import listed_names
from navfeed.serve.old_dates import read_old_span
from navfeed.serve.options import Compat
from navfeed.store.filters import Filters
from navfeed.store.public_feed import OldFilters, Values, old_conditions
from navfeed.store.selection import Sort

MOST = 5_000
"""The most ads that could be reached; the search engine behind it returned no more."""

_LARGEST = 100
_USUAL = 20
_INT32 = 2**31


@dataclass(frozen=True, slots=True)
class OldRequest:
    """Which ads, and which page: called `number`, it starts after `offset` ads."""

    filters: Filters
    sort: Sort
    size: int
    number: int
    offset: int
    most: int | None


def read_old_request(
    parameters: Mapping[str, Sequence[str]], compat: Compat, now: datetime
) -> OldRequest:
    """Read the parameters; of one name the first counts. Raises `ConfigError` in NAV's words."""
    first = {name: values[0] for name, values in parameters.items()}
    size = min(max(_number(first.get("size", str(_USUAL))), 1), _LARGEST)
    page = max(_number(first.get("page", "0")), 0)
    filters = _filters(first, compat, now)
    if compat is Compat.STRICT:
        number = min(page, MOST // size - 1)
        return OldRequest(
            filters, Sort.PUBLISHED, size, number, min(page, MOST // size) * size, MOST
        )
    return OldRequest(filters, _sort(first.get("sort", "")), size, page, page * size, None)


_NUMBER = re.compile(r"[+-]?\d+")


def _number(text: str) -> int:
    """An int as the JVM reads it."""
    if _NUMBER.fullmatch(text) and len(text) < 20 and -_INT32 <= int(text) < _INT32:
        return int(text)
    raise ConfigError(f'Bad numeric parameter value: For input string: "{text}"')


def _filters(first: Mapping[str, str], compat: Compat, now: datetime) -> Filters:
    strict = compat is Compat.STRICT

    def values(name: str, *, may_exclude: bool = True) -> Values:
        return _values(first.get(name, ""), may_exclude=may_exclude)

    municipal = _upper(values("municipal", may_exclude=not strict))
    wanted = OldFilters(
        uuid=values("uuid"),
        source=values("source"),
        orgnr=values("orgnr"),
        municipal=municipal if strict else _by_number(municipal),
        county=_upper(values("county", may_exclude=not strict)),
        category=values("category", may_exclude=not strict),
        needs_all=strict,
    )
    return Filters(
        published=_span(first.get("published", ""), now),
        updated=_span(first.get("updated", ""), now),
        text=() if strict or not first.get("q", "").strip() else (first["q"],),
        more=tuple(old_conditions(wanted)),
    )


def _values(text: str, *, may_exclude: bool) -> Values:
    excluded = may_exclude and text.startswith("!")
    parts = (part.strip() for part in text.removeprefix("!").split(","))
    return Values(tuple(filter(None, parts)), excluded)


def _upper(values: Values) -> Values:
    return Values(tuple(value.upper() for value in values.names), values.excluded)


def _by_number(values: Values) -> Values:
    """A municipality may be given by its number (0301)."""
    named = ((listed_names(value) or (value,)) for value in values.names)
    return Values(tuple(name for names in named for name in names), values.excluded)


def _span(text: str, now: datetime) -> tuple[Span, ...]:
    if not text:
        return ()
    try:
        return (read_old_span(text, now),)
    except ValueError:
        raise ConfigError("Date is badly formatted") from None


_SORTS = {
    "published:desc": Sort.PUBLISHED,
    "updated:desc": Sort.UPDATED,
    "expires:asc": Sort.EXPIRES,
    "title:asc": Sort.TITLE,
}


def _sort(text: str) -> Sort:
    """`updated` or `updated:desc`; what is none of them is ignored, as the old API ignored it."""
    return next(
        (sort for name, sort in _SORTS.items() if text in (name, sort.value)), Sort.PUBLISHED
    )


def named(sort: Sort) -> str:
    """As a response's `sort` names it."""
    return next(name for name, one in _SORTS.items() if one is sort)
