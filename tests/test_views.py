"""The views: what may be shown today, by Oslo's today, and nothing of it forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.support import ad, place, store_ads, uuid_of
from navfeed.errors import StoreError
from navfeed.store.schema import OWN, PUBLIC, VERSION, VIEWS
from navfeed.store.writer import Store

OSLO = ZoneInfo("Europe/Oslo")
LISTS = {
    *("municipalities", "counties", "cities", "postal_codes", "countries", "municipality_numbers"),
    *("occupations", "styrk08"),
}


@pytest.fixture(scope="module")
def clockwork() -> Iterator[sqlite3.Connection]:
    """The views as they are, save that their clock is a table, over an empty store."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            "CREATE TABLE clock AS SELECT '' AS moment;"
            + PUBLIC
            + VIEWS.replace("'now'", "(SELECT moment FROM clock)")
        )
        yield connection


def today(clockwork: sqlite3.Connection, moment: datetime) -> str:
    clockwork.execute("UPDATE clock SET moment = ?", [f"{moment:%Y-%m-%d %H:%M:%S}"])
    ((day,),) = clockwork.execute("SELECT today FROM oslo")
    return str(day)


def in_oslo(moment: datetime) -> str:
    return moment.astimezone(OSLO).date().isoformat()


@pytest.mark.parametrize("year", range(1996, 2038))
def test_oslos_day_is_right_in_every_hour_around_the_changes(
    clockwork: sqlite3.Connection, year: int
) -> None:
    """1996 is when the EU's two dates became what they are."""
    changes = [datetime(year, month, 24, tzinfo=UTC) for month in (3, 10)]
    new_year = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    moments = [
        start + timedelta(hours=hour, seconds=second)
        for start in (new_year, *changes)
        for hour in range(9 * 24)
        for second in (-1, 0)
    ]
    assert [today(clockwork, one) for one in moments] == list(map(in_oslo, moments))


@given(second=st.integers(0, int(timedelta(days=42 * 365).total_seconds())))
def test_oslos_day_is_right_at_any_moment(clockwork: sqlite3.Connection, second: int) -> None:
    moment = datetime(1996, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    assert today(clockwork, moment) == in_oslo(moment)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-07-01 21:59:59", [1, 2, 3]),  # 23:59:59 in Oslo
        ("2026-07-01 22:00:00", [2, 3]),
        ("2026-07-02 21:59:59", [2, 3]),
        ("2026-07-02 22:00:00", [3]),
    ],
)
def test_an_ad_is_there_up_to_and_including_its_last_day(
    clockwork: sqlite3.Connection, moment: str, shown: list[int]
) -> None:
    today(clockwork, datetime.fromisoformat(moment))
    for number, last_day in ((1, "2026-07-01"), (2, "2026-07-02"), (3, None)):
        clockwork.execute(
            "INSERT INTO ads (uuid, last_day, stored_at, changed_at, checked_at, content) "
            "VALUES (?, ?, '', '', '', '{}')",
            [number, last_day],
        )
        for table in ("locations", "occupations", "categories", "contacts"):
            clockwork.execute(f"INSERT INTO {table} (ad, position) VALUES (?, 0)", [number])
    try:
        assert numbers(clockwork, "SELECT uuid FROM active_ads ORDER BY 1") == shown
        for table in ("locations", "occupations", "categories", "contacts"):
            assert numbers(clockwork, f"SELECT ad FROM active_{table} ORDER BY 1") == shown
    finally:
        clockwork.rollback()


def numbers(connection: sqlite3.Connection, sql: str) -> list[int]:
    return [int(value) for (value,) in connection.execute(sql)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


def test_what_is_joined(path: Path) -> None:
    described = {"categoryType": "STYRK08", "name": "Sykepleiere", "description": None, "score": 1}
    with Store(path) as store:
        store_ads(
            store,
            [
                ad(
                    1,
                    expires="2999-01-01T00:00:00Z",
                    workLocations=[
                        place("ÅS", "AKERSHUS"),
                        place("BERGEN", "VESTLAND", city="FANA"),
                        place("ÅS", "AKERSHUS"),
                        place("", "OSLO", postalCode="0150"),
                    ],
                    categoryList=[
                        {**described, "code": "2223"},
                        {**described, "code": "2221"},
                        {**described, "code": "2223"},
                        {**described, "categoryType": "ESCO", "code": "x"},
                    ],
                ),
                ad(2, expires="2999-01-01T00:00:00Z", workLocations=[], categoryList=[]),
            ],
        )
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        full, bare = map(dict, connection.execute("SELECT * FROM active_ads ORDER BY uuid"))

    assert {name: full[name] for name in sorted(LISTS)} == {
        "cities": "ÅS; FANA",
        "counties": "AKERSHUS; VESTLAND; OSLO",
        "countries": "NORGE",
        "municipality_numbers": "3218; 4601; 0301",
        "municipalities": "ÅS; BERGEN",
        "occupations": "Sykepleier",
        "postal_codes": "5003; 0150",
        "styrk08": "2223; 2221",
    }
    assert (bare["municipalities"], bare["styrk08"]) == (None, None)
    assert full["title"] == "Sykepleier natt"


def test_every_column_stands_under_its_own_name(path: Path) -> None:
    with Store(path) as store:
        store_ads(store, [ad(1, expires="2999-01-01T00:00:00Z")])
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for table in ("ads", "locations", "occupations", "categories", "contacts"):
            (row,) = map(dict, connection.execute(f"SELECT * FROM {table}"))
            (shown,) = map(dict, connection.execute(f"SELECT * FROM active_{table}"))
            kept = {name: value for name, value in row.items() if name != "content"}
            assert {name: shown.get(name, "not there") for name in kept} == kept
            assert shown.keys() - kept.keys() == (LISTS if table == "ads" else set())


def columns_of(path: Path, view: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            name for (name,) in connection.execute(f"SELECT name FROM pragma_table_info('{view}')")
        ]


def make_version_2(path: Path) -> None:
    """A store as version 2 left it, which had no views; an old one stands in the way."""
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        views = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'").fetchall()
        for (name,) in views:
            connection.execute(f"DROP VIEW {name}")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name >= 'm003'")
        connection.execute("ALTER TABLE feed DROP COLUMN reaches_back")
        connection.execute("ALTER TABLE feed DROP COLUMN feed_url")
        connection.execute("ALTER TABLE feed DROP COLUMN recheck_since")
        for name in ("stored_at", "changed_at", "updated"):
            connection.execute(f"ALTER TABLE outside DROP COLUMN {name}")
        connection.execute("ALTER TABLE removed RENAME COLUMN municipalities TO municipals")
        connection.execute("ALTER TABLE feed DROP COLUMN scrubbed")
        for name in ("changes", "journal", "stale_shards", "title_words", "search_00"):
            connection.execute(f"DROP TABLE {name}")
        for name in ("municipal", "county"):
            connection.execute(f"DROP INDEX locations_by_{name}")
        connection.execute(
            "CREATE VIRTUAL TABLE search USING fts5 (title, job_title, employer, text)"
        )
        connection.execute("CREATE VIEW active_ads AS SELECT x FROM nowhere")
        connection.execute("CREATE VIEW somebodys AS SELECT 1 AS x")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()


def test_an_older_store_gets_the_views_of_today(path: Path) -> None:
    make_version_2(path)
    with Store(path) as store:
        store_ads(store, [ad(1, expires="2999-01-01T00:00:00Z")])

    assert "municipalities" in columns_of(path, "active_ads")
    assert columns_of(path, "somebodys") == ["x"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT uuid FROM active_ads").fetchall() == [(uuid_of(1),)]
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_migration_that_is_cut_off_is_made_good(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version_2(path)
    monkeypatch.setattr("navfeed.store.migrate.VIEWS", VIEWS + "CREATE VIEW broken AS;")
    with pytest.raises(StoreError):
        Store(path)
    assert columns_of(path, "active_locations") == []
    monkeypatch.undo()
    Store(path).close()
    assert columns_of(path, "active_locations")


def test_the_views_need_nothing_of_the_bookkeeping() -> None:
    """One over navfeed's own tables would make them a part of the contract."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(PUBLIC + VIEWS)
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'"):
            connection.execute(f"SELECT * FROM {name}").fetchall()
    assert "CREATE VIEW" not in PUBLIC + OWN
