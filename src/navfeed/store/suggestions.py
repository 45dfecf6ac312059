"""Values of filters that no ad has, and similar values to suggest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from navfeed.places import alike, counties, is_county, is_municipality, municipalities
from navfeed.store.filters import Filters, split_names
from navfeed.store.query import Reader

SUGGESTED = (
    *("municipal", "county", "country", "city", "source", "employer", "occupation"),
    *("level1", "level2", "styrk", "esco", "engagement", "extent", "sector"),
)
"""Filters whose values get suggestions. Numbers get none."""

PLACES = ("municipal", "county")


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A value of the filter `field` that no stored ad has, and the values most like it."""

    field: str
    value: str
    similar: tuple[str, ...]


def unmatched(
    reader: Reader, filters: Filters, fields: Sequence[str] = SUGGESTED
) -> Iterator[Unmatched]:
    """The values that no ad has, with similar values of active ads. Raises `StoreError`."""
    for field in fields:
        for value in _values(filters, field):
            if not reader.has_value(field, value):
                yield Unmatched(field, value, (*alike(value, reader.values(field)),))


def unknown_places(reader: Reader, filters: Filters) -> Iterator[Unmatched]:
    """The wanted municipalities and counties that neither an ad nor the table of places has.

    One that is not wanted can only add ads where it is mistyped.
    """
    for field, is_known, known in (
        ("municipal", is_municipality, municipalities),
        ("county", is_county, counties),
    ):
        for value in split_names(getattr(filters, field))[0]:
            if not (value.endswith("*") or is_known(value) or reader.has_value(field, value)):
                yield Unmatched(field, value, (*alike(value, known()),))


def _values(filters: Filters, field: str) -> Iterator[str]:
    """Both those that are wanted and those that are not."""
    return (value for side in split_names(getattr(filters, field)) for value in side)
