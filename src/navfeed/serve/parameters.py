"""The parameters of an address: the filters of `navfeed list` by the same names, and the page."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from starlette.requests import Request

from navfeed.errors import ConfigError
from navfeed.names import parameter_of
from navfeed.serve.options import ServeOptions
from navfeed.serve.queries import Snapshot
from navfeed.store.filters import Filters
from navfeed.store.selection import Sort
from navfeed.text.likeness import nearest_or_all

Parameters = dict[str, list[str]]
"""Parameters by name, each with its values in their order."""

MOST_VALUES = 50
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which ads, in which order, and which of them."""

    filters: Filters
    sort: Sort
    limit: int
    offset: int
    state: str | None
    """The state of the store when the part before was answered; None for the first part."""

    def after(self, snapshot: Snapshot) -> str:
        """Where the next part goes on."""
        return f"{snapshot.state}.{self.offset + self.limit}"


def read_parameters(request: Request) -> Parameters:
    """The parameters that have a value: a form sends its empty fields too.

    Filters are under the names that options have, also those that came under NAV's.
    """
    found: Parameters = {}
    for name, value in request.query_params.multi_items():
        if value.strip():
            found.setdefault(parameter_of(name), []).append(value)
    return found


def filter_parameters(parameters: Parameters, options: ServeOptions) -> Parameters:
    """Those of the parameters that are filters."""
    return {one.name: parameters[one.name] for one in options.filters if one.name in parameters}


PARTS = ("sort", "limit", "after")


def read_list_request(
    request: Request, snapshot: Snapshot, options: ServeOptions, *, usual: int
) -> ListRequest:
    """Raises `ConfigError` for what is unknown or cannot be read. `usual` is how many ads."""
    parameters = read_parameters(request)
    check_names(parameters, [*(one.name for one in options.filters), *PARTS])
    filters = read_filters(parameters, snapshot, options)
    state, offset = read_continuation(parameters)
    return ListRequest(
        filters,
        sort_of(last_value(parameters, "sort"), filters),
        number(parameters, "limit", usual, options.limits.page_size),
        offset,
        state,
    )


def check_names(parameters: Parameters, known: Collection[str]) -> None:
    """A mistyped filter would give all ads, and look as if it had been applied."""
    unknown = sorted(parameters.keys() - {*known})
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is not a parameter{nearest_or_all(unknown[0], known)}")


def read_filters(parameters: Parameters, snapshot: Snapshot, options: ServeOptions) -> Filters:
    """The filters among the parameters. Raises `ConfigError`, also for more than is sensible."""
    filters = filter_parameters(parameters, options)
    if sum(map(len, filters.values())) > MOST_VALUES:
        raise ConfigError(f"there may be {MOST_VALUES} filters at most. Send fewer")
    if sum(map(len, filters.get("text", ()))) > LONGEST_SEARCH:
        raise ConfigError(f"a search may have {LONGEST_SEARCH} letters at most. Search for less")
    return options.read_filters(filters, snapshot.now)


def sort_of(text: str, filters: Filters) -> Sort:
    if not text:
        return Sort.RELEVANCE if filters.text else Sort.PUBLISHED
    try:
        return Sort(text)
    except ValueError:
        raise ConfigError(f"sort takes {_listed(Sort)}, not {text!r}") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def number(parameters: Parameters, name: str, usual: int, most: int) -> int:
    """A number from 1 to `most`."""
    text = last_value(parameters, name) or str(usual)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise ConfigError(f"{name} takes a number from 1 to {most}, not {text!r}")
    return int(text)


_AFTER = re.compile(r"(?P<state>[0-9a-f]{16}-\d{1,18}-\d{8})\.(?P<offset>\d{1,12})", re.ASCII)


def read_continuation(parameters: Parameters) -> tuple[str | None, int]:
    """Where to go on, and the state of the store when the part before was answered."""
    text = last_value(parameters, "after")
    if not text:
        return None, 0
    if (match := _AFTER.fullmatch(text)) is None:
        raise ConfigError(f"after takes the value from an answer's `next`, not {text!r}")
    return match["state"], int(match["offset"])


def last_value(parameters: Parameters, name: str) -> str:
    """The value that counts where only one can; empty where there is none."""
    return parameters.get(name, [""])[-1].strip()
