"""Every row of the page for those who used the withdrawn API is run, and finds what it should."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from cli.support import Fields, ad, answer, fill, place, uuid_of
from navfeed.model import OSLO
from support.clock import NOW

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/migrating-from-public-feed.md").read_text(encoding="utf-8")
SAME = dict(re.findall(r"^\| `(.+?)` \| `navfeed (.+)` \|$", PAGE, re.MULTILINE))
MEANT = dict(re.findall(r"^\| `(.+?)` \| [^|`].*? \| `navfeed (.+)` \|$", PAGE, re.MULTILINE))
ROWS = SAME | MEANT

FOUND = {
    "/ads": "654321",
    "page=0&size=20": "654321",
    "page=2&size=2": "21",
    "size=4999": "654321",
    "uuid=00000003-0000-4000-8000-000000000000": "3",
    "municipal=BERGEN": "41",
    "municipal=BERGEN,OSLO": "421",
    "county=VESTLAND": "41",
    "county=NORDLAND&municipal=HERØY": "5",
    "orgnr=300000027": "2",
    "orgnr=!300000027": "65431",
    "source=AMEDIA": "64",
    "source=!AMEDIA": "5321",
    "published=2026-11-10": "43",
    "published=2026-11-10T09:00:00": "3",
    "published=[2026-11-01,2026-11-10)": "2",
    "published=(2026-11-09,2026-11-20]": "6543",
    "published=[*,2026-11-10)": "21",
    "published=[2026-11-20,*)": "6",
    "published=[*,tomorrow]": "654321",
    "updated=[2026-11-20,*)": "4",
    "county=VESTLAND&source=!AMEDIA&updated=[2026-11-21,*)": "",
    "municipal=!OSLO": "6531",
    "municipal=!OSLO,BERGEN": "653",
    "county=!VESTLAND": "6532",
    "source=AMEDIA,IMPORTAPI": "654321",
    "orgnr=300000019,300000027": "654321",
    f"uuid={uuid_of(1)},{uuid_of(2)}": "21",
    "category=kokk": "3",
    "category=Helse og sosial": "6421",
    "published=today": "6",
    "published=yesterday": "5",
    "published=[yesterday,now]": "65",
}
"""The last digits of the ids of the ads that each command finds, newest first."""


def ads() -> list[Fields]:
    old = {"updated": "2026-11-01T08:00:00+01:00"}
    only_there = [place("HERØY", "NORDLAND")]
    two = [place("HERØY", "MØRE OG ROMSDAL"), place("BODØ", "NORDLAND")]
    other = {"employer": {"name": "Annen", "orgnr": "300000027"}}
    cook = {"categoryList": [], "jobtitle": "Kokk", "occupationCategories": []}
    health = {"occupationCategories": [{"level1": "Helse", "level2": "Lege"}]}
    return [
        ad(1, published="2026-11-01T00:00:00+01:00", **old),
        ad(2, published="2026-11-09T23:59:59+01:00", **old, **other, workLocations=[place("OSLO")]),
        ad(3, published="2026-11-10T10:00:00+01:00", **old, **cook, workLocations=two),
        ad(
            4,
            published="2026-11-10T23:00:00+01:00",
            updated="2026-11-21T08:00:00+01:00",
            source="AMEDIA",
            workLocations=[place("OSLO", "OSLO"), place("BERGEN", "VESTLAND")],
        ),
        ad(5, published="2026-11-20T00:00:00+01:00", **old, **health, workLocations=only_there),
        ad(
            6,
            published="2026-11-21T00:00:00+01:00",
            updated="2026-11-20T00:00:00+01:00",
            source="AMEDIA",
            workLocations=[],
        ),
    ]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", *ads())


class OldApi:
    """What the API answered, by its source: all that a query of the page asks of it."""

    def __init__(self, ads: list[Fields]) -> None:
        self._ads = sorted(ads, key=lambda one: one["published"], reverse=True)

    def __call__(self, query: str) -> list[str]:
        wanted = dict(parse_qsl(query)) if "=" in query else {}
        size = min(max(int(wanted.pop("size", 20)), 1), 100)
        start = int(wanted.pop("page", 0)) * size
        fit = [
            one["uuid"]
            for one in self._ads
            if all(getattr(self, f"_{name}")(one, value) for name, value in wanted.items())
            and self._in_one_place(one, wanted)
        ]
        return fit[start : start + size]

    def _uuid(self, one: Fields, value: str) -> bool:
        return self._each(one["uuid"], value)

    def _source(self, one: Fields, value: str) -> bool:
        return self._each(one["source"], value)

    def _orgnr(self, one: Fields, value: str) -> bool:
        return self._each(one["employer"]["orgnr"], value)

    def _each(self, has: str, value: str) -> bool:
        """Every value has to fit, and `!` negates all of them."""
        wanted = value.removeprefix("!").split(",")
        return all((has == each) != value.startswith("!") for each in wanted)

    def _municipal(self, one: Fields, value: str) -> bool:
        return self._in_one_place(one, {"municipal": value})

    def _county(self, one: Fields, value: str) -> bool:
        return self._in_one_place(one, {"county": value})

    def _in_one_place(self, one: Fields, parameters: dict[str, str]) -> bool:
        """Values are alternatives, `!` is ignored, and one place has to fit it all."""
        wanted = {
            name: parameters[name].removeprefix("!").upper().split(",")
            for name in ("municipal", "county")
            if name in parameters
        }
        return not wanted or any(
            all(at[name] in values for name, values in wanted.items())
            for at in one["workLocations"]
        )

    def _category(self, one: Fields, value: str) -> bool:
        names = [job[level] for job in one["occupationCategories"] for level in job]
        names += [category["name"] for category in one["categoryList"]]
        words = {word[:4] for name in names for word in re.findall(r"\w+", name.lower())}
        return bool(words & ({word[:4] for word in value.lower().split()} - {"og"}))

    def _published(self, one: Fields, value: str) -> bool:
        return self._is_within(datetime.fromisoformat(one["published"]), value)

    def _updated(self, one: Fields, value: str) -> bool:
        return self._is_within(datetime.fromisoformat(one["updated"]), value)

    def _is_within(self, moment: datetime, value: str) -> bool:
        opening, first, last, closing = "[", value, value, "]"
        if value[0] in "[(":
            opening, closing = value[0], value[-1]
            first, last = value[1:-1].split(",")
        start, end = self._point(first), self._point(last)
        after = start is None or (moment >= start[0] if opening == "[" else moment >= start[1])
        before = end is None or (moment < end[1] if closing == "]" else moment < end[0])
        return after and before

    def _point(self, text: str) -> tuple[datetime, datetime] | None:
        """A day or a second of UTC; the words mean what Oslo's calendar and clock say."""
        if text == "*":
            return None
        here = NOW.astimezone(OSLO).replace(tzinfo=UTC)
        days = {"yesterday": -1, "today": 0, "tomorrow": 1}
        if text in days:
            text = (here + timedelta(days=days[text])).date().isoformat()
        start = here if text == "now" else datetime.fromisoformat(text).replace(tzinfo=UTC)
        return start, start + (timedelta(days=1) if len(text) == 10 else timedelta(seconds=1))


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
    assert digits(ids) == FOUND[query]


@pytest.mark.parametrize("query", ROWS)
def test_what_the_api_answered(query: str) -> None:
    """The first table promises the same answer, the second another one."""
    assert (digits(OldApi(ads())(query)) == FOUND[query]) == (query in SAME)


def digits(ids: list[str]) -> str:
    return "".join(str(int(uuid[:8], 16)) for uuid in ids)


PARAMETERS = {
    *("page", "size", "uuid", "category", "source", "orgnr", "municipal", "county"),
    *("updated", "published"),
}
"""All that the API took, by its source."""


def test_every_parameter_has_a_row() -> None:
    used = {name for query in ROWS for name in re.findall(r"(\w+)=", query)}
    assert used == PARAMETERS
