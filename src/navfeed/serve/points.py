"""Where each municipality is, by the name that ads have for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees north and east, WGS 84."""

    latitude: float
    longitude: float


def point_of(name: str) -> Point | None:
    """A point in the municipality that ads call so; None where there is none of that name."""
    return all_points().get(name.upper())


@cache
def all_points() -> dict[str, Point]:
    """Of all municipalities, by their names in NAV's lists. Source: Kartverket, CC BY 4.0."""
    lines = Path(__file__).with_name("points.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {name: Point(float(north), float(east)) for name, north, east in rows}
