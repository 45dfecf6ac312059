"""What an address asks for: the filters of `navfeed list` by the same names, and which part."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from starlette.requests import Request

from navfeed.errors import ConfigError
from navfeed.serve.desk import Hour
from navfeed.serve.terms import Terms
from navfeed.store.filters import Filters
from navfeed.store.selection import Sort

Given = dict[str, list[str]]
"""Parameters by name, each with its values in their order."""

MOST_VALUES = 50
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """Which ads, in which order, and which of them."""

    filters: Filters
    sort: Sort
    limit: int
    offset: int
    state: str | None
    """The state of the store when the part before was answered; None for the first part."""

    def after(self, hour: Hour) -> str:
        """Where the next part goes on."""
        return f"{hour.state}.{self.offset + self.limit}"


def given(request: Request) -> Given:
    """The parameters that have a value: a form sends its empty fields too."""
    found: Given = {}
    for name, value in request.query_params.multi_items():
        if value.strip():
            found.setdefault(name, []).append(value)
    return found


def of_filters(asked: Given, terms: Terms) -> Given:
    """Those of the parameters that are filters."""
    return {one.name: asked[one.name] for one in terms.filters if one.name in asked}


PARTS = ("sort", "limit", "after")


def read(request: Request, hour: Hour, terms: Terms, *, usual: int) -> Asked:
    """Raises `ConfigError` for what is unknown or cannot be read. `usual` is how many ads."""
    asked = given(request)
    check_names(asked, [*(one.name for one in terms.filters), *PARTS])
    filters = read_filters(asked, hour, terms)
    state, offset = continued(asked)
    return Asked(
        filters,
        sort_of(_last(asked, "sort"), filters),
        number(asked, "limit", usual, terms.limits.page_size),
        offset,
        state,
    )


def check_names(asked: Given, known: Collection[str]) -> None:
    """A mistyped filter would give all ads, and look as if it had been heeded."""
    unknown = sorted(asked.keys() - {*known})
    if unknown:
        names = ", ".join(known)
        raise ConfigError(f"{unknown[0]!r} is no parameter. There are {names}")


def read_filters(asked: Given, hour: Hour, terms: Terms) -> Filters:
    """The filters among the parameters. Raises `ConfigError`, also for more than is sensible."""
    filters = of_filters(asked, terms)
    if sum(map(len, filters.values())) > MOST_VALUES:
        raise ConfigError(f"there may be {MOST_VALUES} filters at most. Ask for less")
    if sum(map(len, filters.get("text", ()))) > LONGEST_SEARCH:
        raise ConfigError(f"a search may have {LONGEST_SEARCH} letters at most. Search for less")
    return terms.read_filters(filters, hour.now)


def sort_of(text: str, filters: Filters) -> Sort:
    if not text:
        return Sort.RELEVANCE if filters.text else Sort.PUBLISHED
    try:
        return Sort(text)
    except ValueError:
        raise ConfigError(f"sort takes {_listed(Sort)}, not {text!r}") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def number(asked: Given, name: str, usual: int, most: int) -> int:
    """A number from 1 to `most`."""
    text = _last(asked, name) or str(usual)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise ConfigError(f"{name} takes a number from 1 to {most}, not {text!r}")
    return int(text)


_AFTER = re.compile(r"(?P<state>[0-9a-f]{16})\.(?P<offset>\d{1,12})", re.ASCII)


def continued(asked: Given) -> tuple[str | None, int]:
    """Where to go on, and the state of the store when the part before was answered."""
    text = _last(asked, "after")
    if not text:
        return None, 0
    if (match := _AFTER.fullmatch(text)) is None:
        raise ConfigError(f"after takes what an answer's `next` said, not {text!r}")
    return match["state"], int(match["offset"])


def _last(asked: Given, name: str) -> str:
    return asked.get(name, [""])[-1].strip()
