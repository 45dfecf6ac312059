"""What `navfeed list` answers, asked with the standard library's sqlite3 and nothing around it.

python bare_list.py DB json|text [MUNICIPAL]
"""

from __future__ import annotations

import json
import sqlite3
import sys
from datetime import UTC, datetime

COLUMNS = (
    "uuid, title, job_title, employer, employer_orgnr, published, updated, expires, last_day, "
    "application_due, due_date, application_url, link, positions, extent, engagement_type, sector, "
    "start_time, source"
)
PLACES = "(SELECT json_group_array({0}) FROM locations WHERE ad = uuid AND {0} <> '')"
IN_PLACE = "uuid IN (SELECT ad FROM locations WHERE municipal = :municipal)"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def query_of(kind: str, municipal: str | None) -> str:
    """One query for everybody who is measured."""
    if kind == "json":
        columns = f"{COLUMNS}, {PLACES.format('municipal')}, {PLACES.format('county')}"
    else:
        columns = f"uuid, title, employer, {PLACES.format('municipal')}, published, last_day"
    return (
        f"SELECT {columns} FROM ads WHERE (last_day >= :today OR last_day IS NULL) "
        f"AND {IN_PLACE if municipal else 'TRUE'} ORDER BY published DESC, uuid"
    )


def main(db: str, kind: str, municipal: str | None = None) -> None:
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    rows = connection.execute(query_of(kind, municipal), {"today": today(), "municipal": municipal})
    if kind == "json":
        names = [name for name, *_ in rows.description]
        print(json.dumps([as_object(names, row) for row in rows], ensure_ascii=False))
    else:
        for uuid, title, employer, places, published, last_day in rows:
            place = "; ".join(json.loads(places))
            print(uuid, title, employer, place, published[:10], last_day, sep="\t")


def as_object(names: list[str], row: tuple[str, ...]) -> dict[str, object]:
    *plain, municipalities, counties = row
    ad = dict(zip(names, plain, strict=False))
    return {**ad, "municipalities": json.loads(municipalities), "counties": json.loads(counties)}


if __name__ == "__main__":
    main(*sys.argv[1:])
