"""A codebook and a manifest beside an export: a frictionless data package of its one file.

What each column means, its type and which share of it is missing; and from which store, at which
change, with which filters and by which navfeed it was made, so that a figure can be made again.
https://datapackage.org/standard/data-package/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from navfeed.export import columns as kinds
from navfeed.export.formats import Cell
from navfeed.version import __version__

ENDING = ".datapackage.json"
"""Behind the name of the file that is described."""

_FORMATS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(slots=True)
class Missing:
    """Counts rows, and the empty cells of each column, as they pass."""

    columns: Sequence[str]
    rows: int = 0
    empty: dict[str, int] = field(default_factory=dict)

    def watch(self, rows: Iterable[tuple[Cell, ...]]) -> Iterator[tuple[Cell, ...]]:
        self.empty = dict.fromkeys(self.columns, 0)
        for row in rows:
            self.rows += 1
            for name, cell in zip(self.columns, row, strict=True):
                self.empty[name] += cell in (None, "", ())
            yield row

    def share(self, name: str) -> float | None:
        """Of 1, to four digits; None of no rows."""
        return round(self.empty.get(name, 0) / self.rows, 4) if self.rows else None


@dataclass(frozen=True, slots=True)
class Origin:
    """Out of what an export was made. `change`: the store's number at that moment.

    Counts over time are complete for the days from `known_since` to `until`, in Oslo; None: for no
    day. `waiting` new ads are missing.
    """

    store: str
    change: int
    data_as_of: datetime | None
    known_since: date | None
    until: date | None
    waiting: int
    made_at: datetime
    filters: Mapping[str, object]
    table: str


def package(
    file: Path, format_: str, meanings: Mapping[str, str], missing: Missing, origin: Origin
) -> dict[str, Any]:
    """The descriptor of an export that was written."""
    with file.open("rb") as written:
        digest = file_digest(written, "sha256").hexdigest()
    return {
        "profile": "tabular-data-package" if format_ == "csv" else "data-package",
        "name": "navfeed-export",
        "title": "Job ads from NAV's vacancy feed",
        "created": _text(origin.made_at),
        "sources": [{"title": "NAV, pam-stilling-feed", "path": "https://arbeidsplassen.nav.no"}],
        "resources": [
            {
                "name": origin.table,
                "path": file.name,
                "format": format_,
                "mediatype": _FORMATS[format_],
                "encoding": "utf-8",
                "bytes": file.stat().st_size,
                "hash": f"sha256:{digest}",
                "rows": missing.rows,
                "schema": {"fields": [_field(name, meanings, missing) for name in missing.columns]},
            }
        ],
        "navfeed": {
            "version": __version__,
            "store": origin.store,
            "change": origin.change,
            "data_as_of": _text(origin.data_as_of),
            "known_since": _text(origin.known_since),
            "until": _text(origin.until),
            "waiting": origin.waiting,
            "filters": dict(origin.filters),
        },
    }


def package_text(descriptor: Mapping[str, Any]) -> str:
    return json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"


def _field(name: str, meanings: Mapping[str, str], missing: Missing) -> dict[str, Any]:
    return {
        "name": name,
        "type": _type(name),
        "description": meanings.get(name, ""),
        "missing": missing.share(name),
    }


def _type(name: str) -> str:
    """A list is an array in parquet; in csv and xlsx its values are joined by `; `."""
    for type_, names in (
        ("array", kinds.LISTS),
        ("datetime", kinds.MOMENTS),
        ("date", kinds.DAYS),
        ("integer", kinds.INTEGERS),
        ("number", kinds.NUMBERS),
        ("boolean", kinds.BOOLEANS),
    ):
        if name in names:
            return type_
    return "string"


def _text(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
