"""Which municipalities lie near one, by the straight line between a point in each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from navfeed.places import alike, listed_names, municipalities, numbers_of
from navfeed.places.table import Point, former_numbers, municipalities_by_number
from navfeed.text.likeness import did_you_mean

DEFAULT_KM = 50.0
"""How far is near where no distance is given."""


@dataclass(frozen=True, slots=True)
class Near:
    """All that lies within `km` kilometres of a point, in a straight line."""

    point: Point
    km: float

    def numbers(self) -> tuple[str, ...]:
        """The numbers of the municipalities whose point does, the nearest first."""
        away = {
            number: self.point.km_to(one.point)
            for number, one in municipalities_by_number().items()
        }
        return tuple(one for one in sorted(away, key=away.__getitem__) if away[one] <= self.km)


def km_from(latitude: float, longitude: float, number: str | None) -> float | None:
    """Kilometres from there to the municipality with that number; None where there is none."""
    one = municipalities_by_number().get(number or "")
    return None if one is None else Point(latitude, longitude).km_to(one.point)


def read_near(place: str, within: str | None) -> Near:
    """Read a municipality's name or number, and a distance (`30km`, `2.5 km`).

    Raises `ValueError` with the reason and what to give instead.
    """
    found = numbers_of(place.strip())
    if len(found) != 1:
        raise ValueError(_hint(place.strip(), found))
    return Near(municipalities_by_number()[found[0]].point, _km(within))


_KM = re.compile(r"(\d{1,5}(?:[.,]\d{1,3})?)\s*(?:km)?", re.ASCII | re.IGNORECASE)


def _km(text: str | None) -> float:
    if text is None:
        return DEFAULT_KM
    if (match := _KM.fullmatch(text.strip())) is None:
        raise ValueError(f"--within takes a distance such as 30km, not {text!r}")
    return float(match[1].replace(",", "."))


def _hint(place: str, found: tuple[str, ...]) -> str:
    if found:
        return f"{place} could be {_either(found)}: give the number"
    if former := hint_of_former(place):
        return former
    guess = did_you_mean(alike(place, municipalities()))
    return f"no municipality is called {place!r}{guess}"


def hint_of_former(number: str) -> str | None:
    """What to write for a number that is no longer used; None for any other text."""
    now = former_numbers().get(number, ())
    return f"{number} is a former number: it is now {_either(now)}" if now else None


def _either(numbers: tuple[str, ...]) -> str:
    return " or ".join(f"{one} ({listed_names(one)[0]})" for one in numbers)
