"""Every row of the page for those who used the withdrawn API is run, and finds what it should."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from cli.support import ad, answer, fill, place

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/migrating-from-public-feed.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(.+?)` \| `navfeed (.+)` \|$", PAGE, re.MULTILINE))

FOUND = {
    "/ads": "654321",
    "page=0&size=20": "654321",
    "page=2&size=2": "21",
    "uuid=00000003-0000-4000-8000-000000000000": "3",
    "municipal=BERGEN": "41",
    "municipal=BERGEN,OSLO": "421",
    "municipal=!OSLO": "6531",
    "municipal=!OSLO,BERGEN": "653",
    "county=VESTLAND": "41",
    "county=!VESTLAND": "6532",
    "county=NORDLAND&municipal=HERØY": "5",
    "orgnr=300000027": "2",
    "orgnr=!300000027": "65431",
    "source=AMEDIA": "64",
    "source=!AMEDIA": "5321",
    "category=kokk": "3",
    "published=2026-11-10": "43",
    "published=2026-11-10T09:00:00": "3",
    "published=[2026-11-01,2026-11-10)": "21",
    "published=(2026-11-09,2026-11-20]": "543",
    "published=[*,2026-11-10)": "21",
    "published=[2026-11-20,*)": "65",
    "published=today": "6",
    "published=yesterday": "5",
    "published=[yesterday,now]": "65",
    "published=[*,tomorrow]": "654321",
    "updated=[2026-11-20,*)": "64",
    "county=VESTLAND&source=!AMEDIA&updated=today": "",
}
"""The last digits of the ids of the ads that each query finds, newest first."""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    old = {"updated": "2026-11-01T08:00:00+01:00"}
    only_there = [place("HERØY", "NORDLAND")]
    two = [place("HERØY", "MØRE OG ROMSDAL"), place("BODØ", "NORDLAND")]
    other = {"employer": {"name": "Annen", "orgnr": "300000027"}}
    cook = {"categoryList": [], "jobtitle": "Kokk", "occupationCategories": []}
    return fill(
        tmp_path / "navfeed.db",
        ad(1, published="2026-11-01T00:00:00+01:00", **old),
        ad(2, published="2026-11-09T23:59:59+01:00", **old, **other, workLocations=[place("OSLO")]),
        ad(3, published="2026-11-10T09:00:00+01:00", **old, **cook, workLocations=two),
        ad(
            4,
            published="2026-11-10T23:00:00+01:00",
            updated="2026-11-21T08:00:00+01:00",
            source="AMEDIA",
            workLocations=[place("OSLO", "OSLO"), place("BERGEN", "VESTLAND")],
        ),
        ad(5, published="2026-11-20T00:00:00+01:00", **old, workLocations=only_there),
        ad(
            6,
            published="2026-11-21T00:00:00+01:00",
            updated="2026-11-20T00:00:00+01:00",
            source="AMEDIA",
            workLocations=[],
        ),
    )


def test_every_row_is_tried() -> None:
    assert ROWS.keys() == FOUND.keys()


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("query", ROWS)
def test_a_row_of_the_table(db: Path, query: str) -> None:
    shown = answer(db, *shlex.split(ROWS[query]))
    if "--format json" in ROWS[query]:
        ids = [record["uuid"] for record in json.loads(shown)]
    else:
        ids = [line.partition("\t")[0] for line in shown.splitlines()]
    assert "".join(str(int(uuid[:8], 16)) for uuid in ids) == FOUND[query]


PARAMETERS = {
    *("page", "size", "uuid", "category", "source", "orgnr", "municipal", "county"),
    *("updated", "published"),
}
"""All that the API took, by its source."""


def test_every_parameter_has_a_row() -> None:
    used = {name for query in ROWS for name in re.findall(r"(\w+)=", query)}
    assert used == PARAMETERS
