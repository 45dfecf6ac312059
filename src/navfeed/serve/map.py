"""`/map`: how many ads each municipality has, as circles on a map and as a table.

The map is an SVG of circles alone: a small dot for every municipality draws the country. Each
circle leads to the list of its ads. The table beside it has all of it in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import atan2, atanh, cos, radians, sin, sqrt, tan

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.model import By, Counted
from navfeed.places import Point, municipalities_by_number, point_of
from navfeed.serve.address import Address
from navfeed.serve.parameters import check_names, last_value, read_filters, read_parameters
from navfeed.serve.personal_view import with_marks
from navfeed.serve.queries import Snapshot
from navfeed.serve.rendering import Html
from navfeed.serve.responses import Payload
from navfeed.serve.words import Language

WIDTH, HEIGHT = 600, 760
LARGEST = 38.0
"""The radius of the circle with the most ads; the area of a circle is in proportion to its ads."""

SMALLEST = 3.0
_MARGIN = 24
_MERIDIAN = 15  # degrees east: the middle of Norway
_SVALBARD = 74  # degrees north from which on a place stands in the corner


@dataclass(frozen=True, slots=True)
class Circle:
    """A municipality on the map: where, how large, its label, where it leads."""

    x: float
    y: float
    radius: float
    name: str
    ads: int
    href: str


@dataclass(frozen=True, slots=True)
class Named:
    """A municipality in the table."""

    name: str
    ads: int
    href: str


class MapPage:
    def __init__(self, html: Html) -> None:
        self._html = html
        self._names = tuple(one.name for one in html.options.filters)

    def routes(self) -> list[Route]:
        return [Route("/map", self.map)]

    async def map(self, request: Request) -> Response:
        """The ads of the filters, by municipality."""
        return await self._html.answer(request, self._map)

    def _map(self, request: Request, language: Language, snapshot: Snapshot) -> Payload:
        parameters = read_parameters(request)
        check_names(parameters, [*self._names, "lang", "sort", *self._html.own_parameters])
        filters = read_filters(parameters, snapshot, self._html.options)
        shown = with_marks(filters, self._html.marks(), last_value(parameters, "mark"))
        counted = snapshot.tally(By.MUNICIPAL, shown)
        address = Address(self._html.options.root_path, parameters)
        return self._html.render(
            "map.html",
            language,
            address,
            snapshot,
            total=snapshot.count(shown),
            circles=circles(counted, address),
            rows=[Named(name, ads, _list_of(address, name)) for name, ads in counted],
            dots=dots(),
            size=(WIDTH, HEIGHT),
        )


def _list_of(address: Address, name: str) -> str:
    return address.href(municipality=name)


def circles(counted: Iterable[Counted], address: Address) -> list[Circle]:
    """The largest first, so that a small one lies on top. Names of no known place are left out."""
    placed = [(name, ads, point) for name, ads in counted if (point := point_of(name))]
    most = max((ads for _, ads, _ in placed), default=1)
    found = (
        Circle(*_at(point), _radius(ads, most), name, ads, _list_of(address, name))
        for name, ads, point in placed
    )
    return sorted(found, key=lambda one: -one.radius)


def _radius(ads: int, most: int) -> float:
    return round(max(SMALLEST, LARGEST * sqrt(ads / most)), 1)


@cache
def dots() -> tuple[tuple[float, float], ...]:
    """Where each municipality is on the map."""
    return tuple(_at(one.point) for one in municipalities_by_number().values())


def _at(point: Point) -> tuple[float, float]:
    """From degrees to the map. Svalbard is drawn nearer than it is, in the corner."""
    if point.latitude > _SVALBARD:
        return float(_MARGIN * 2), float(_MARGIN * 2)
    left, right, south, north = _frame()
    x, y = _projected(point)
    scale = min((WIDTH - 2 * _MARGIN) / (right - left), (HEIGHT - 2 * _MARGIN) / (north - south))
    return round(_MARGIN + (x - left) * scale, 1), round(_MARGIN + (north - y) * scale, 1)


@cache
def _frame() -> tuple[float, float, float, float]:
    """The least and the greatest of x and of y on the mainland."""
    xs, ys = zip(*_mainland(), strict=True)
    return min(xs), max(xs), min(ys), max(ys)


def _mainland() -> Iterator[tuple[float, float]]:
    points = (one.point for one in municipalities_by_number().values())
    return (_projected(point) for point in points if point.latitude <= _SVALBARD)


def _projected(point: Point) -> tuple[float, float]:
    """Transverse Mercator on a sphere: a long country along a meridian keeps its shape."""
    north, east = radians(point.latitude), radians(point.longitude - _MERIDIAN)
    return atanh(cos(north) * sin(east)), atan2(tan(north), cos(east))
