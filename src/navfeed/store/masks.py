"""What is left of removed ads, and which ads were active on a day that is over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from navfeed.errors import ConfigError
from navfeed.model import By
from navfeed.store.active_periods import SpellReader, oslo_date
from navfeed.store.selection import Cell
from navfeed.store.times import day_text

LISTS = ("municipalities", "counties", "municipality_numbers", "styrk08", "esco")

_LEFT_ON = "min(coalesce(date(last_day, '+1 day'), '9999-12-31'), oslo_date(removed_at))"
_BEGAN = "oslo_date(coalesce(published, first_seen))"


class MaskReader(SpellReader):
    """A store read for what is left of removed ads."""

    def masks(self, columns: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
        """These columns of every mask, in the order of ids."""
        return self._rows(columns, "FROM removed ORDER BY uuid")

    def active_on(self, day: date, columns: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
        """The same of every ad that was active at the end of a day in Oslo.

        Raises `ConfigError` where that is not known.
        """
        self._refuse_unknown_day(day)
        after = (day + timedelta(days=1)).isoformat()
        return self._rows(
            columns,
            f"FROM ({_EVERY}) WHERE {_BEGAN} < ? AND "
            f"(removed_at IS NULL AND coalesce(last_day, '9999') >= ? OR {_LEFT_ON} >= ?) "
            "ORDER BY uuid",
            after,
            day.isoformat(),
            after,
        )

    def _refuse_unknown_day(self, day: date) -> None:
        if day >= self.day:
            raise ConfigError(f"{day} is not over: --as-of takes a day before {self.day}")
        if not self.keeps_masks():
            raise ConfigError(
                f"which ads were active on {day} is not known: masks of removed ads are kept by "
                "`navfeed sync --inactive mask` alone"
            )
        since, until = self.complete_days(self.day)
        if since is None or until is None or not since <= day <= until:
            raise ConfigError(
                f"which ads were active on {day} is not known: all are from "
                f"{since or 'the next sync that exits with 0'} on, so far to {until or 'no day'}"
            )

    def _rows(self, columns: Sequence[str], rest: str, *values: str) -> Iterator[tuple[Cell, ...]]:
        self._connection.create_function("oslo_date", 1, _oslo_date, deterministic=True)
        self._connection.create_function("codes_of", 2, _codes_of, deterministic=True)
        if "counties" in columns:
            self._add_counties()
        chosen = ", ".join(_COMPUTED.get(name, name) for name in columns)
        lists = [at for at, name in enumerate(columns) if name in LISTS]
        for row in self._all(f"SELECT {chosen} {rest}", *values):
            cells = list(row)
            for at in lists:
                cells[at] = tuple(filter(None, json.loads(cells[at] or "[]")))
            yield tuple(cells)

    def _add_counties(self) -> None:
        """A function for the counties that `stats` counts an ad in."""
        counties = self.names(By.COUNTY)
        self.show_masks()
        counties |= self.names(By.COUNTY)
        self._connection.create_function(
            "counted_in", 1, lambda ad: json.dumps(sorted(counties.get(ad, ())))
        )


_COMPUTED = {
    "left_on": f"iif(reason = 'out of scope', NULL, {_LEFT_ON})",
    "counties": "counted_in(uuid)",
    "styrk08": "codes_of('STYRK08', occupations)",
    "esco": "codes_of('ESCO', occupations)",
}

# An active ad in the shape of a mask.
_EVERY = """
SELECT uuid, reason, removed_at, published, expires, municipalities, counties, occupations, sector,
    extent, engagement_type, first_seen, last_day, municipality_numbers
FROM main.removed WHERE reason <> 'out of scope'
UNION ALL SELECT uuid, NULL, NULL, published, expires,
    (SELECT json_group_array(DISTINCT municipal) FROM main.locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT county) FROM main.locations WHERE ad = uuid),
    (SELECT json_group_array(DISTINCT type || ' ' || code) FROM main.categories WHERE ad = uuid),
    sector, extent, engagement_type, stored_at, last_day,
    (SELECT json_group_array(DISTINCT municipality_number) FROM main.locations WHERE ad = uuid)
FROM main.ads
"""


def _oslo_date(moment: str | None) -> str | None:
    return day_text(oslo_date(moment))


def _codes_of(kind: str, occupations: str) -> str:
    named = (one.partition(" ") for one in json.loads(occupations) if one)
    return json.dumps([code for type_, _, code in named if type_ == kind])


def masks(path: Path, today: date, columns: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    """The masks of a store, row by row."""
    with MaskReader(path, today) as reader:
        yield from reader.masks(columns)


def active_on(
    path: Path, today: date, day: date, columns: Sequence[str]
) -> Iterator[tuple[Cell, ...]]:
    """The ads that were active on a day, row by row."""
    with MaskReader(path, today) as reader:
        yield from reader.active_on(day, columns)
