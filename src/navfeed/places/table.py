"""The table of municipalities: numbers, names, counties and points, from the package's data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

from navfeed.text.letters import fold

EARTH_RADIUS_KM = 6371.0
"""Of a sphere: within 0.5 % of the ellipsoid."""


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees north and east, WGS 84."""

    latitude: float
    longitude: float

    def km_to(self, other: Point) -> float:
        """The length of the straight line on the globe, in kilometres: no road is that short."""
        north, south = radians(self.latitude), radians(other.latitude)
        across = sin((south - north) / 2) ** 2
        along = sin(radians(other.longitude - self.longitude) / 2) ** 2
        return 2 * EARTH_RADIUS_KM * asin(sqrt(across + cos(north) * cos(south) * along))


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality or Svalbard. `name` is official, `listed` the name in NAV's lists.

    `names` are all of its names, `county` all names of its county, folded; `point` lies in it.
    """

    number: str
    name: str
    listed: str
    county: tuple[str, ...]
    names: tuple[str, ...]
    point: Point

    def qualified(self) -> Iterator[str]:
        """Its names with the county's behind them in brackets, folded."""
        return (f"{name} ({county})" for name in self.names for county in self.county)


@cache
def municipalities_by_number() -> dict[str, Municipality]:
    """All municipalities, in the order of their numbers."""
    return {row[0]: _municipality(row) for row in _rows("municipalities.tsv")}


@cache
def former_numbers() -> dict[str, tuple[str, ...]]:
    """Numbers that are no longer used, and those of the municipalities that came after."""
    return {former: tuple(now.split()) for former, now in _rows("former.tsv")}


COUNTIES = {
    "03": ("oslo",),
    "11": ("rogaland",),
    "15": ("møre og romsdal",),
    "18": ("nordland", "nordlánnda"),
    "21": ("svalbard",),
    "31": ("østfold",),
    "32": ("akershus",),
    "33": ("buskerud",),
    "34": ("innlandet",),
    "39": ("vestfold",),
    "40": ("telemark",),
    "42": ("agder",),
    "46": ("vestland",),
    "50": ("trøndelag", "trööndelage"),
    "55": ("troms", "romsa", "tromssa"),
    "56": ("finnmark", "finnmárku", "finmarkku"),
}
"""The counties' numbers and their names, folded, the Norwegian one first."""


def _municipality(row: list[str]) -> Municipality:
    """Names in several languages also stand in a row: `KÁRÁŠJOHKA KARASJOK`."""
    number, name, listed, county, _, latitude, longitude = row
    single = fold(name).split(" - ")
    rows = [mark.join(single) for mark in (" ", " - ") if len(single) > 1]
    navs = [] if listed.endswith(")") else [fold(listed)]
    return Municipality(
        number,
        name,
        listed,
        COUNTIES[county],
        tuple(dict.fromkeys((*single, *rows, *navs))),
        Point(float(latitude), float(longitude)),
    )


def _rows(name: str) -> Iterator[list[str]]:
    """The rows of a table; above them stand remarks and a heading."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return (line.split("\t") for line in lines[1:])
