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
IN_PLACE = "uuid IN (SELECT ad FROM locations WHERE municipal = ?)"


def main(db: str, kind: str, municipal: str | None = None) -> None:
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    today = datetime.now(UTC).date().isoformat()
    if kind == "json":
        columns = f"{COLUMNS}, {PLACES.format('municipal')}, {PLACES.format('county')}"
    else:
        columns = f"uuid, title, employer, {PLACES.format('municipal')}, published, last_day"
    rows = connection.execute(
        f"SELECT {columns} FROM ads WHERE (last_day >= ? OR last_day IS NULL) "
        f"AND {IN_PLACE if municipal else '?1'} ORDER BY published DESC, uuid",
        [today, *([municipal] if municipal else [])],
    )
    if kind == "json":
        names = [name for name, *_ in rows.description]
        print(json.dumps([as_object(names, row) for row in rows], ensure_ascii=False))
    else:
        for uuid, title, employer, places, published, last_day in rows:
            place = "; ".join(json.loads(places))
            print(uuid, title, employer, place, published[:10], last_day, sep="\t")


def as_object(names: list[str], row: tuple[str, ...]) -> dict[str, object]:
    *plain, municipals, counties = row
    ad = dict(zip(names, plain, strict=False))
    return {**ad, "municipals": json.loads(municipals), "counties": json.loads(counties)}


main(*sys.argv[1:])
