"""How many ads have which name, and how many came and went: what `stats` counts."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from navfeed.model import By, Counted, Flow, Week
from navfeed.store.filters import COUNTY, OF_ADS, OF_CATEGORIES, OF_ROWS
from navfeed.store.sql import one_row
from navfeed.store.times import read_moment

VALUES = {
    **{name: f"SELECT uuid AS ad, {column} AS value FROM ads" for name, column in OF_ADS.items()},
    **{
        name: f"SELECT ad, {name} AS value FROM {table}"
        for table, names in OF_ROWS.items()
        for name in names
    },
    **{
        name: f"SELECT ad, name AS value FROM categories WHERE type GLOB '{types}'"
        for name, types in OF_CATEGORIES.items()
    },
    "county": f"SELECT ad, {COUNTY} AS value FROM locations",
    "municipality_number": "SELECT ad, municipality_number AS value FROM locations",
    **{
        f"styrk{digits}": f"SELECT ad, styrk_group(code, {digits}) AS value FROM categories "
        "WHERE type GLOB 'STYRK08*'"
        for digits in (1, 2)
    },
    "employer": "SELECT uuid AS ad, employer AS value FROM ads",
    "occupation": "SELECT ad, level2 AS value FROM occupations",
    "group": "SELECT ad, level1 AS value FROM occupations",
    "week": "SELECT uuid AS ad, oslo_week(published) AS value FROM ads",
}
"""Where the values of each filter by names, and of what can be counted by, stand."""

COUNTED_BY = {
    **VALUES,
    "styrk": "SELECT ad, trim(substr(code, 1, 4) || ' ' || coalesce(label, '')) AS value "
    "FROM categories LEFT JOIN (SELECT code AS known, min(name) AS label FROM categories "
    "WHERE type = 'STYRK08' GROUP BY code) ON known = substr(code, 1, 4) "
    "WHERE type GLOB 'STYRK08*' AND code GLOB '[0-9][0-9][0-9][0-9]*'",
}
"""The same for what is counted by: a STYRK-08 code with its name, and NAV's own codes below it."""

COUNTED = "INSERT INTO temp.counted "
"""Takes `COUNTED_COLUMNS` of the ads that are to be counted."""

_COPIED = {name: column for name, column in OF_ADS.items() if name != "uuid"}
"""Of an ad itself, and short. Each look at all ads again takes longer than all else."""

COUNTED_COLUMNS = ", ".join(["ads.uuid", *(f"ads.{column}" for column in _COPIED.values())])

_FROM_COPY = {
    name: f"SELECT ad, {column} AS value FROM temp.counted" for name, column in _COPIED.items()
}


def begin_count(db: sqlite3.Connection) -> None:
    columns = ", ".join(["ad TEXT PRIMARY KEY", *_COPIED.values()])
    db.execute(f"CREATE TABLE IF NOT EXISTS temp.counted ({columns}) WITHOUT ROWID")
    db.execute("DELETE FROM temp.counted")


def tally(db: sqlite3.Connection, by: By) -> list[Counted]:
    """The ads in `temp.counted` by name; weeks in their order, else the most frequent first."""
    order = "value" if by is By.WEEK else "2 DESC, alphabetical(value)"
    rows = db.execute(
        f"SELECT value, count(DISTINCT ad) FROM ({_FROM_COPY.get(by, COUNTED_BY[by])}) "
        f"WHERE value <> '' AND ad IN (SELECT ad FROM temp.counted) GROUP BY value ORDER BY {order}"
    )
    return [(str(name), int(count)) for name, count in rows]


def tally_of_two(db: sqlite3.Connection, by: By, other: By) -> list[tuple[str, str, int]]:
    """The ads in `temp.counted` by two names at once, the most frequent pair first."""
    rows = db.execute(
        f"SELECT one.value, other.value, count(DISTINCT one.ad) FROM ({COUNTED_BY[by]}) AS one "
        f"JOIN ({COUNTED_BY[other]}) AS other ON other.ad = one.ad "
        "WHERE one.value <> '' AND other.value <> '' AND one.ad IN (SELECT ad FROM temp.counted) "
        "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return [(str(one), str(other), int(count)) for one, other, count in rows]


def flow(db: sqlite3.Connection) -> Flow:
    """By the masks, where there are any; else by what the syncs counted."""
    (masked_at,) = one_row(db, "SELECT min(removed_at) FROM removed")
    if masked_at is not None:
        return _flow(db, read_moment(masked_at), _FLOW_OF_MASKS, masked_at)
    counted = db.execute(_FIRST_COUNTED).fetchone()
    if counted is None:
        return Flow(None, ())
    run, since = counted
    return _flow(db, read_moment(since), _FLOW_OF_RUNS, run)


def _flow(db: sqlite3.Connection, since: datetime | None, sql: str, first: str | int) -> Flow:
    rows = db.execute(
        f"SELECT week, sum(new), sum(removed) FROM ({sql}) WHERE week <> '' "
        "GROUP BY week HAVING coalesce(sum(new) + sum(removed), 1) > 0 ORDER BY week",
        [first],
    )
    return Flow(since, [Week(*row) for row in rows])


_FLOW_OF_MASKS = """
SELECT oslo_week(published) AS week, iif(published >= ?1, 1, NULL) AS new,
    iif(published >= ?1, 0, NULL) AS removed
FROM (SELECT published FROM ads
    UNION ALL SELECT published FROM removed WHERE reason <> 'out of scope')
UNION ALL SELECT oslo_week(removed_at), 0, 1 FROM removed WHERE reason <> 'out of scope'
"""
_FLOW_OF_RUNS = """
SELECT oslo_week(started_at) AS week, coalesce(json_extract(counts, '$.new'), 0) AS new,
    coalesce(json_extract(counts, '$.removed'), 0) AS removed
FROM runs WHERE id > ?1
"""
# Where the first rows of `runs` have been dropped, the first that is left counted like any other.
_FIRST_COUNTED = """
SELECT id, since FROM (
    SELECT id - 1 AS id, started_at AS since FROM runs
    WHERE id = (SELECT min(id) FROM runs) AND id > 1
    UNION ALL SELECT id, ended_at FROM runs WHERE exit_code IN (0, 4)
) ORDER BY id LIMIT 1
"""
