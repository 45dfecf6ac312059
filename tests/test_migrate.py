"""A store of an older schema is brought up to date, in one transaction, and loses nothing."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from cli.support import ad, run_command, store_ads
from navfeed.errors import StoreError
from navfeed.model import DetailDecision, Inactive, Reason, Scope, moment_text
from navfeed.practice import Practice, PracticeServer, World, faults
from navfeed.store import migrate
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.schema import VERSION
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.clock import NOW, machine_now
from support.limits import no_file_may_grow
from support.shell import Shell
from support.sql import rows, writing

TODAY = date(2026, 7, 3)
ADS = [f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 2, 3)]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "navfeed.db"
    script = Path(__file__).with_name("schema1.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def schema(path: Path) -> dict[object, object]:
    """Every table's columns in their order, and every index's, by name."""
    named = rows(path, "SELECT name, type FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    return {
        name: rows(path, f"SELECT name, type, pk FROM pragma_table_info('{name}')")
        if kind == "table"
        else rows(path, f"SELECT name FROM pragma_index_info('{name}')")
        for name, kind in named
    }


def test_a_new_store_has_the_record_of_every_migration(old: Path, tmp_path: Path) -> None:
    """Its schema is compared with that of migrated ones below."""
    new = tmp_path / "new.db"
    Store(new).close()
    Store(old).close()
    records = "SELECT migration_set, name FROM _sqlite_migrations ORDER BY id"
    assert rows(new, records) == rows(old, records)
    with closing(sqlite3.connect(new)) as connection:
        assert migrate.migrations.pending(Database(connection)) == []


def test_what_was_stored_is_there_and_the_day_is_read(old: Path, tmp_path: Path) -> None:
    kept = "SELECT id, uuid, title, application_due, last_day, description, content FROM ads"
    tables = ("occupations", "categories", "contacts", "milestones")
    places = "SELECT ad, position, country, city, postal_code, county, municipal FROM locations"
    before = [
        *(rows(old, kept), rows(old, places)),
        *(rows(old, f"SELECT * FROM {table}") for table in tables),
    ]
    Store(old).close()

    after = [
        *(rows(old, kept), rows(old, places)),
        *(rows(old, f"SELECT * FROM {table}") for table in tables),
    ]
    assert after == before
    assert all(before)
    assert rows(old, "SELECT due_date FROM ads ORDER BY id") == [("2026-08-21",), (None,), (None,)]
    numbers = "SELECT municipality_number FROM locations ORDER BY ad, position"
    assert rows(old, numbers) == [("4601",), ("0301",)]
    assert rows(old, "PRAGMA user_version") == [(VERSION,)]
    assert rows(old, "PRAGMA foreign_key_check") == []
    assert rows(old, "PRAGMA integrity_check") == [("ok",)]
    with Reader(old, TODAY) as reader:
        assert reader.count(Filters(text=("kjøkken",))) == 1
        assert reader.find(ADS[0])[1].due_date == date(2026, 8, 21)

    new = tmp_path / "new.db"
    Store(new).close()
    assert schema(old) == schema(new)


MOMENT = "2026-07-01T10:00:00.250000+00:00"
MOMENTS = {
    "runs": ("INSERT INTO runs (started_at, ended_at) VALUES (?1, ?1)", "2026-07-01T10:00:00Z"),
    "queue": (
        "INSERT INTO queue (ad, reason, queued_at, retry_at) VALUES ('x', 'new', ?1, ?1)",
        "2026-07-01T10:00:00.250000Z",
    ),
    "outside": ("INSERT INTO outside (ad, checked_at) VALUES ('x', ?1)", "2026-07-01T10:00:00Z"),
    "audit": (
        "INSERT INTO audit (at, action, ads, places) VALUES (?1, 'find', 0, 0)",
        "2026-07-01T10:00:00Z",
    ),
}
"""How a row is put into a table, and how its moments read afterwards."""


def made_of(path: Path, version: int) -> None:
    """Bring a store of schema 1 up to an older version than today's, and fill it as that would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        db = Database(connection)
        names = [one.name for one in migrate.migrations.pending(db)]
        following = next(name for name in names if name.startswith(f"m{version + 1:03}"))
        migrate.migrations.apply(db, stop_before=following)
        if version >= 3:
            views = "SELECT name FROM sqlite_schema WHERE type = 'view'"
            for (name,) in connection.execute(views).fetchall():
                connection.execute(f"DROP VIEW {name}")
            connection.execute("CREATE VIEW ads_in_force AS SELECT uuid FROM ads")
        for sql, _ in MOMENTS.values():
            connection.execute(sql, [MOMENT])
        connection.execute("UPDATE ads SET stored_at = ?1, checked_at = ?1", [MOMENT])
        connection.execute("UPDATE feed SET newest = ?1, retry_at = 'damaged'", [MOMENT])
        connection.execute("""UPDATE feed SET scope = '{"municipals": ["BERGEN"]}'""")
        connection.execute(
            "INSERT INTO removed (uuid, reason, removed_at, municipals, counties, occupations) "
            "VALUES ('x', 'gone', ?, '[]', '[]', '[]')",
            [MOMENT],
        )


@pytest.mark.parametrize("version", range(1, 7))
def test_a_store_of_every_older_schema_comes_up_to_date(
    old: Path, tmp_path: Path, version: int
) -> None:
    made_of(old, version)
    assert rows(old, "PRAGMA user_version") == [(version,)]
    contents = rows(old, "SELECT uuid, content FROM ads ORDER BY id")
    with Store(old) as store:
        assert store.feed_cursor().newest == datetime.fromisoformat(MOMENT)
        assert store.retry_at() is None
        assert store.scope() == Scope(municipalities=("BERGEN",))
        assert store.erasure_owed()

    new = tmp_path / "new.db"
    Store(new).close()
    assert schema(old) == schema(new)
    assert rows(old, "SELECT uuid, content FROM ads ORDER BY id") == contents
    assert rows(old, "SELECT DISTINCT stored_at, checked_at FROM ads") == [
        ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00Z")
    ]
    assert rows(old, "SELECT removed_at, municipalities FROM removed") == [
        ("2026-07-01T10:00:00Z", "[]")
    ]
    for table, (_, moment) in MOMENTS.items():
        held = {cell for row in rows(old, f"SELECT * FROM {table}") for cell in row}
        assert moment in held, table
        assert MOMENT not in held, table
    with Reader(old, TODAY) as reader:
        assert not reader.problems()
        changes = list(reader.changes())
        assert [(one.uuid, one.at.tzinfo) for one in changes if one.at] == [(ad, UTC) for ad in ADS]


def made_of_7(path: Path) -> None:
    """Make a store as schema 7 had it: a column of the index for how the words of titles end."""
    with Store(path) as store:
        decisions = [
            DetailDecision(
                f"{number:08}-0000-4000-8000-000000000000",
                Reason.NEW,
                read_content(json.dumps(ad(number, title=f"Storkjøkkensjef nummer{number:07}"))),
            )
            for number in range(1, 71)
        ]
        store.commit_details(decisions, [], NOW)
        assert store.purge()
    columns = "title, job_title, employer, text"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP VIEW search")
        for name in ("search_00", "search_01"):
            kept = connection.execute(f"SELECT rowid, {columns} FROM {name}").fetchall()
            connection.execute(f"DROP TABLE {name}")
            connection.execute(
                f"CREATE VIRTUAL TABLE {name} USING fts5 ({columns}, ends, "
                "tokenize = 'unicode61 remove_diacritics 0')"
            )
            connection.executemany(
                f"INSERT INTO {name} (rowid, {columns}, ends) VALUES (?, ?, ?, ?, ?, ?)",
                [(*row, "\ue000" + row[1][:15][::-1]) for row in kept],
            )
        connection.execute(
            f"CREATE VIEW search (rowid, {columns}, ends, rank, search) AS "
            f"SELECT rowid, {columns}, ends, rank, search_00 FROM search_00 UNION ALL "
            f"SELECT rowid, {columns}, ends, rank, search_01 FROM search_01"
        )
        connection.execute("DROP TABLE title_words")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm008_title_words'")
        connection.execute("PRAGMA user_version = 7")


def test_the_words_of_titles_come_out_of_the_index(tmp_path: Path) -> None:
    path, new = tmp_path / "navfeed.db", tmp_path / "new.db"
    made_of_7(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIEW mine AS SELECT title FROM active_ads")
        connection.execute("CREATE VIEW ours AS SELECT rowid FROM search")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"older navfeed \(schema 7"):
        Reader(path, TODAY)
    assert path.read_bytes() == before
    with Store(path) as store:
        assert store.purge()
    with Store(new) as store:
        ids = [f"{number:08}{ADS[0][8:]}" for number in range(70)]  # so that it has two shards too
        store.commit_details(
            [DetailDecision(uuid, Reason.NEW, read_content("{}")) for uuid in ids], [], NOW
        )
    assert rows(path, "SELECT count(*) FROM ours") == [(70,)]
    rows(path, "SELECT title FROM mine")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP VIEW mine; DROP VIEW ours")
    assert schema(path) == schema(new)
    assert "\ue000".encode() not in path.read_bytes()
    assert rows(path, "SELECT ads FROM title_words WHERE backwards LIKE 'fejs%'") == [(70,)]
    with Reader(path, TODAY) as reader:
        assert reader.count(Filters(text=("sjef",))) == 70
        assert not reader.problems()


def test_masks_of_schema_7_are_kept_since_the_first_of_them(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    Store(new).close()
    with Store(old) as store:
        store.set_inactive(Inactive.MASK)
        store_ads(store, [ad(1)])
        store.commit_details([DetailDecision(ad(1)["uuid"], Reason.STOPPED)], [], NOW)
    with closing(sqlite3.connect(old)) as connection:
        for column in ("details_complete_at", "masks_since"):
            connection.execute(f"ALTER TABLE feed DROP COLUMN {column}")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm008_complete_days'")
        connection.execute("PRAGMA user_version = 7")
        connection.commit()
    Store(old).close()
    assert schema(old) == schema(new)
    assert rows(old, "SELECT details_complete_at, masks_since FROM feed") == [
        (None, moment_text(NOW))
    ]


STEPS_OF_7 = [step for name, step in vars(migrate).items() if name.startswith("m007")]


@pytest.mark.parametrize("steps", [*itertools.permutations(STEPS_OF_7)])
def test_steps_of_one_version_come_in_any_order_and_but_once(
    old: Path, tmp_path: Path, steps: tuple[Callable[[Database], None], ...]
) -> None:
    made_of(old, 6)
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("UPDATE removed SET expires = '2026-06-30T22:00:00Z'")
        for step in steps:
            step(Database(connection))
    new = tmp_path / "new.db"
    Store(old).close()
    Store(new).close()
    assert schema(old) == schema(new)
    assert rows(old, "PRAGMA user_version") == [(VERSION,)]
    assert rows(old, "SELECT removed_at, municipalities, first_seen, last_day FROM removed") == [
        ("2026-07-01T10:00:00Z", "[]", None, "2026-07-01")
    ]
    assert rows(old, "SELECT municipality_number FROM locations ORDER BY ad, position") == [
        ("4601",),
        ("0301",),
    ]
    with Reader(old, TODAY) as reader:
        assert reader.count(Filters(text=("kjøkken",))) == 1
        assert reader.scope() == Scope(municipalities=("BERGEN",))
        assert not reader.problems()


def test_a_mask_whose_last_day_no_calendar_has_keeps_none(old: Path) -> None:
    """In Oslo, the last hours of the year 9999 in UTC are in the year 10000."""
    made_of(old, 6)
    with writing(old) as db:
        db.execute("UPDATE removed SET expires = '9999-12-31T23:59:59Z'")
    Store(old).close()
    assert rows(old, "SELECT last_day FROM removed") == [(None,)]


def test_the_journal_begins_with_what_is_stored(old: Path) -> None:
    Store(old).close()
    with Reader(old, TODAY) as reader:
        changes = list(reader.changes())
        assert reader.cursor().number == len(ADS)
    assert [(change.uuid, change.kind.value) for change in changes] == [(ad, "added") for ad in ADS]
    assert rows(old, "SELECT ad, last_day FROM changes ORDER BY number") == rows(
        old, "SELECT uuid, last_day FROM ads ORDER BY id"
    )
    with Store(old) as store:
        store.commit_details([DetailDecision(ADS[1], Reason.STOPPED)], [], NOW)
    with Reader(old, TODAY) as reader:
        (gone,) = reader.changes(changes[-1].cursor)
        assert (gone.uuid, gone.cursor.number) == (ADS[1], len(ADS) + 1)


def test_titles_are_found_by_how_their_words_end(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE search SET title = 'Storkjøkkensjef' WHERE rowid = 7")
    Store(old).close()
    with Reader(old, TODAY) as reader:
        assert [uuid for (uuid,) in reader.rows(["uuid"], Filters(text=("sjef",)))] == [ADS[0]]


def test_what_leaves_later_is_erased_and_takes_its_rows_with_it(old: Path) -> None:
    with Store(old) as store:
        assert store.erasure_owed()
        store.commit_details([DetailDecision(ADS[0], Reason.STOPPED)], [], NOW)
        assert store.purge()
        for word in ("Nordmann", "Kokk", "Kjøkken", "Vertshuset", "kjøkken", "5120"):
            assert word.encode() not in old.read_bytes(), word
    assert rows(old, "SELECT count(*) FROM contacts") == [(0,)]
    assert rows(old, "SELECT count(*) FROM ads") == [(2,)]


def test_a_migration_that_is_cut_off_has_not_begun(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema(old)
    monkeypatch.setattr(migrate, "_INDEXES_OF_2", "CREATE INDEX ads_by_due ON nothing (x)")
    with pytest.raises(StoreError):
        Store(old)
    assert schema(old) == before
    assert rows(old, "PRAGMA user_version") == [(1,)]
    assert rows(old, "SELECT count(*) FROM contacts") == [(1,)]
    monkeypatch.undo()
    Store(old).close()
    assert rows(old, "SELECT count(*) FROM ads WHERE due_date = '2026-08-21'") == [(1,)]


def test_who_only_reads_changes_nothing_and_is_reported(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(StoreError, match=r"older navfeed \(schema 1.*Run `navfeed sync` once"):
        Reader(old, TODAY)
    assert old.read_bytes() == before


# The copy that is made before


def copies(store: Path) -> list[Path]:
    return [one for one in store.parent.iterdir() if "upgrade" in one.name]


def test_D5_a_store_is_copied_before_it_is_upgraded(old: Path) -> None:
    ads = rows(old, "SELECT uuid, content FROM ads")
    before = os.umask(0)
    try:
        Store(old).close()
    finally:
        os.umask(before)
    (copy,) = copies(old)
    assert copy.name == "navfeed.db.before-upgrade"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert rows(copy, "PRAGMA user_version") == [(1,)]
    assert rows(copy, "SELECT uuid, content FROM ads") == ads
    assert rows(old, "PRAGMA user_version") == [(VERSION,)]
    made = copy.read_bytes()
    Store(old).close()
    assert copy.read_bytes() == made
    assert run_command(old, "restore", str(copy), "--yes").exit_code == 0
    assert run_command(old, "backup", str(copy), "--force").exit_code == 2


def test_D5_no_copy_is_made_where_it_is_turned_off_nor_of_a_new_store(
    old: Path, tmp_path: Path
) -> None:
    Store(old, upgrade_copy=False).close()
    Store(tmp_path / "new.db").close()
    assert copies(old) == []


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_D5_a_store_that_cannot_be_copied_is_not_upgraded(old: Path) -> None:
    old.with_name(".navfeed.db.before-upgrade.part").write_bytes(b"left by a killed one")
    with (
        no_file_may_grow(64 * 1_024),
        pytest.raises(StoreError, match="--no-upgrade-copy") as caught,
    ):
        Store(old)
    assert caught.value.passes
    assert rows(old, "PRAGMA user_version") == [(1,)]
    assert copies(old) == []
    Store(old).close()
    assert len(copies(old)) == 1


def test_D5_a_store_that_is_not_in_order_after_its_upgrade_is_left_as_it_was(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DELETE FROM ads WHERE uuid = ?", [ADS[0]])  # and not its contacts
        connection.commit()
    with pytest.raises(StoreError, match="a row of .* has no ad"):
        Store(old)
    assert (rows(old, "PRAGMA user_version"), copies(old)) == ([(1,)], [])


def test_X3_the_copy_goes_with_the_first_erasure_of_what_is_in_it(old: Path) -> None:
    with Store(old) as store:
        assert store.purge()
        assert len(copies(old)) == 1  # all that is in it is still in the store
        store.commit_details([DetailDecision(ADS[0], Reason.STOPPED)], [], NOW)
        assert store.purge()
    assert copies(old) == []


def test_X3_a_copy_that_nobody_can_read_goes_too(old: Path) -> None:
    with Store(old) as store:
        (copy,) = copies(old)
        copy.write_bytes(b"dear grandmother, " * 400)
        assert store.purge()
    assert copies(old) == []


def test_X3_who_is_erased_is_in_no_copy(old: Path) -> None:
    served = json.dumps(ad(1, uuid=ADS[0]), ensure_ascii=False)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("UPDATE ads SET content = ? WHERE uuid = ?", [served, ADS[0]])
        connection.commit()
    Store(old).close()
    assert b"Nordmann" in copies(old)[0].read_bytes()
    assert run_command(old, "privacy", "erase", "Kari Nordmann").exit_code == 0
    held = b"".join(one.read_bytes() for one in old.parent.iterdir() if one.is_file())
    assert b"Nordmann" not in held


def test_D5_the_copy_is_kept_until_a_run_was_good(old: Path) -> None:
    world = World.history(3, now=machine_now(), entries=40, active=9, days=20)
    with PracticeServer(Practice(world)) as server:
        shell = Shell(old.parent, server)
        server.practice.script(faults.on("seek"), faults.status(404), times=None)
        server.practice.script(faults.on("page"), faults.status(404), times=None)
        code, _, err = shell.run("sync")
        assert (code, len(copies(old))) == (5, 1), err
        assert str(copies(old)[0]) in err
        _, out, _ = shell.run("doctor", "--offline", "--format", "json")
        assert "upgrade" in {one["check"] for one in json.loads(out)}
        server.practice.clear_script()
        code, _, err = shell.run("sync")
        assert (code, copies(old)) == (0, []), err
        assert shell.is_exact()


@pytest.mark.parametrize("how", ["flag", "file"])
def test_D5_without_a_copy_where_it_is_turned_off(old: Path, how: str) -> None:
    (old.parent / "navfeed").mkdir()
    words = ["--no-upgrade-copy"] if how == "flag" else []
    text = "" if words else "upgrade_copy = false"
    (old.parent / "navfeed" / "navfeed.toml").write_text(text, encoding="utf-8")
    with PracticeServer(Practice(World(3, now=machine_now()))) as server:
        server.practice.script(faults.on("seek"), faults.status(404), times=None)
        assert Shell(old.parent, server).run("sync", *words)[0] == 5
    assert (rows(old, "PRAGMA user_version"), copies(old)) == ([(VERSION,)], [])
