"""`navfeed push postgresql://…` against a real server: what is there, after whatever happens."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine

from cli.support import ad, answer, fill, place, run_command, store_ads, uuid_of
from navfeed.model import Contacts, DetailDecision, Reason
from navfeed.privacy.erasure import apply_contacts_setting
from navfeed.push import runner
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.canaries import canary_content, find_canaries
from support.clock import NOW
from support.postgres import PostgresServer

FAR = "2999-12-10T23:59:59+01:00"
"""The server's clock is its own."""

ODD = ad(
    3,
    title="Kokk\\ \t\u0000 'natt' \U0001f600",
    published="no date",
    expires=None,
    applicationDue="Snarest",
    workLocations=[place("OSLO", "OSLO"), place("BERGEN", "VESTLAND"), place(None)],
    categoryList=[],
)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "navfeed.db", ad(1, expires=FAR), ad(2, expires=FAR, sector="Privat"), ODD
    )


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


def push(db: Path, url: str, *words: str) -> dict[str, Any]:
    return json.loads(answer(db, "push", url, "--format", "json", *words).splitlines()[0])


def change(db: Path, number: int, **fields: object) -> None:
    content = read_content(json.dumps(ad(number, **{"expires": FAR, **fields}), ensure_ascii=False))
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(number), Reason.CHANGED, content)], [], NOW)


def drop(db: Path, *numbers: int, reason: Reason = Reason.STOPPED) -> None:
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(one), reason) for one in numbers], [], NOW)


def equal(db: Path, url: str, *words: str) -> bool:
    """Whether every ad is held as the store has it. Pushes what is left to push."""
    return run_command(db, "push", url, "--verify", "--quiet", *words).exit_code == 0


def titles(url: str) -> dict[str, str]:
    return {str(one): title for one, title in rows(url, "SELECT uuid, title FROM active_ads")}


# What is there


def test_all_ads_are_there_typed_and_can_be_searched(db: Path, url: str) -> None:
    assert push(db, url)["loaded"]
    assert titles(url).keys() == {uuid_of(1), uuid_of(2), uuid_of(3)}
    columns = "published, last_day, due_date, content->>'title', content->'contactList'"
    (one,) = rows(url, f"SELECT {columns} FROM ads WHERE uuid = '{uuid_of(1)}'")
    assert one[0].isoformat() == "2026-11-10T08:00:00+00:00"
    assert one[1:] == (date(2999, 12, 10), date(2026, 12, 10), "Sykepleier natt", [])
    assert rows(
        url, f"SELECT published, last_day, due_date FROM ads WHERE uuid = '{uuid_of(3)}'"
    ) == [(None, None, None)]
    assert rows(
        url, f"SELECT municipal FROM locations WHERE ad = '{uuid_of(3)}' ORDER BY position"
    ) == [("OSLO",), ("BERGEN",), (None,)]
    assert rows(url, "SELECT DISTINCT code, score FROM categories") == [("2223", 0.9)]
    assert rows(url, "SELECT count(*) FROM contacts") == [(0,)]
    found = (
        "SELECT count(*) FROM active_ads WHERE search @@ websearch_to_tsquery('norwegian', '{}')"
    )
    assert rows(url, found.format("turnusen -lager")) == [(3,)]
    assert rows(url, found.format("kokken")) == [(1,)]
    assert equal(db, url)


def test_an_ad_is_shown_up_to_its_last_day_in_oslo(db: Path, url: str) -> None:
    change(db, 1, expires="2020-01-01T00:00:00+01:00")
    with time_machine.travel("2019-12-01T00:00:00Z"):
        push(db, url)
    assert rows(url, "SELECT count(*) FROM ads") == [(3,)]
    assert uuid_of(1) not in titles(url)


def test_an_incremental_push_costs_what_changed(db: Path, url: str) -> None:
    push(db, url)
    versions = "SELECT uuid, xmin::text FROM ads ORDER BY uuid"
    before = rows(url, versions)
    change(db, 2, title="Kokk", sector="Privat")
    drop(db, 3)
    done = push(db, url)
    assert (done["changes"], done["loaded"]) == (2, False)
    after = rows(url, versions)
    assert after[0] == before[0]
    assert after[1] != before[1]
    assert titles(url) == {uuid_of(1): "Sykepleier natt", uuid_of(2): "Kokk"}
    assert rows(url, "SELECT uuid::text, kind, reason FROM tombstones") == [
        (uuid_of(3), "removed", "stopped")
    ]
    assert push(db, url)["changes"] == 0
    put_back(db)
    assert push(db, url)["changes"] == 1
    assert rows(url, "SELECT count(*) FROM tombstones") == [(0,)]
    assert equal(db, url)


def put_back(db: Path) -> None:
    with Store(db) as store:
        store_ads(store, [ODD])


def test_where_it_stands_is_kept_with_the_ads(db: Path, url: str) -> None:
    stands = push(db, url)["cursor"]
    (found,) = rows(url, "SELECT store, number, caught_up_at FROM navfeed_target")
    assert (
        f"{found[0]}:{found[1]}"
        == stands
        == json.loads(answer(db, "changes", "--no-content").splitlines()[-1])["cursor"]
    )
    assert found[2] == NOW


def test_listeners_are_notified(db: Path, url: str) -> None:
    push(db, url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("LISTEN navfeed")
        drop(db, 1)
        stands = push(db, url)["cursor"]
        (heard,) = connection.notifies(timeout=30, stop_after=1)
    assert (heard.channel, heard.payload) == ("navfeed", stands)


def test_where_nothing_happened_nothing_is_written(db: Path, url: str) -> None:
    push(db, url)
    noted = "SELECT xmin::text, caught_up_at FROM navfeed_target"
    before = rows(url, noted)
    push(db, url)
    assert rows(url, noted) == before
    with Store(db) as store:
        store.caught_up(NOW + timedelta(hours=1))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("LISTEN navfeed")
        push(db, url)
        ((_, caught_up_at),) = rows(url, noted)
        assert caught_up_at == NOW + timedelta(hours=1)
        drop(db, 1)
        stands = push(db, url)["cursor"]
        (heard_of,) = connection.notifies(timeout=30, stop_after=1)
    assert heard_of.payload == stands


def test_batches_of_one(db: Path, url: str) -> None:
    push(db, url)
    for number in (1, 2, 3):
        drop(db, number)
    put_back(db)
    assert push(db, url, "--batch", "1")["changes"] == 3
    assert titles(url).keys() == {uuid_of(3)}


# Filters, contacts, stores


def test_a_filter_holds_and_another_one_reloads(db: Path, url: str) -> None:
    push(db, url, "--sector", "Privat")
    assert titles(url).keys() == {uuid_of(2)}
    change(db, 2, sector="Offentlig")
    change(db, 1, sector="Privat")
    push(db, url, "--sector", "Privat")
    assert titles(url).keys() == {uuid_of(1)}
    assert rows(url, "SELECT uuid::text, reason FROM tombstones") == [(uuid_of(2), "filtered")]
    assert push(db, url)["loaded"]
    assert len(titles(url)) == 3


def test_contacts_are_there_where_they_are_requested(db: Path, url: str) -> None:
    push(db, url, "--with-contacts")
    assert rows(url, "SELECT DISTINCT name, email FROM contacts") == [
        ("Kari Nordmann", "kari@sykehjem.example")
    ]
    assert equal(db, url, "--with-contacts")
    assert push(db, url)["loaded"]
    assert rows(url, "SELECT count(*) FROM contacts") == [(0,)]
    assert rows(url, "SELECT count(*) FROM ads WHERE content::text LIKE '%Nordmann%'") == [(0,)]


def test_what_the_store_forgets_the_target_forgets(db: Path, url: str) -> None:
    push(db, url, "--with-contacts")
    with Store(db) as store:
        apply_contacts_setting(store, Contacts.DROP, NOW)
    push(db, url, "--with-contacts")
    assert rows(url, "SELECT count(*) FROM contacts") == [(0,)]
    assert equal(db, url, "--with-contacts")


def test_K3_a_store_that_was_restored_is_reloaded(db: Path, url: str, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    copy = str(tmp_path / "copies" / "copy.db")
    run_command(db, "backup", copy)
    push(db, url)
    drop(db, 1)
    push(db, url)
    run_command(db, "restore", copy, "--yes")
    assert push(db, url)["loaded"]
    assert titles(url).keys() == {uuid_of(1), uuid_of(2), uuid_of(3)}
    assert equal(db, url)


def test_a_cursor_that_is_too_old_is_reloaded(db: Path, url: str) -> None:
    push(db, url)
    drop(db, 1)
    with Store(db) as store:
        store.prune_changes(NOW + timedelta(days=1))
    assert push(db, url)["loaded"]
    assert titles(url).keys() == {uuid_of(2), uuid_of(3)}


# Comparing


def test_what_differs_is_reported_and_mended(db: Path, url: str) -> None:
    push(db, url)
    foreign = "99999999-0000-4000-8000-000000000000"
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE ads SET title = 'x' WHERE uuid = %s", [uuid_of(1)])
        connection.execute("DELETE FROM ads WHERE uuid = %s", [uuid_of(2)])
        connection.execute("DELETE FROM locations WHERE ad = %s AND position = 1", [uuid_of(3)])
        connection.execute(
            "INSERT INTO ads (uuid, number, content) VALUES (%s, 1, '{}')", [foreign]
        )
    result = run_command(db, "push", url, "--verify", "--quiet")
    assert result.exit_code == 9
    assert result.stdout.splitlines() == [
        f"altered\t{uuid_of(1)}",
        f"missing\t{uuid_of(2)}",
        f"altered\t{uuid_of(3)}",
        f"lingering\t{foreign}",
    ]
    output = run_command(db, "push", url, "--dry-run", "--reconcile", "--format", "json").stdout
    assert len(json.loads(output.splitlines()[1])["differences"]) == 4
    assert run_command(db, "push", url, "--reconcile", "--quiet").exit_code == 0
    assert equal(db, url)
    assert uuid_of(2) in titles(url)


def test_an_ad_past_its_last_day_is_no_difference_before_the_sync(db: Path, url: str) -> None:
    """The store and the target hide it alike until then."""
    change(db, 1, expires="2026-11-21T23:00:00+01:00")
    push(db, url)
    with time_machine.travel(NOW + timedelta(days=1)):
        assert equal(db, url)
        with Store(db) as store:
            store.sweep((NOW + timedelta(days=1)).date(), NOW)
        assert push(db, url)["changes"] == 1
        assert equal(db, url)
    assert rows(url, "SELECT kind FROM tombstones") == [("expired",)]


def test_a_dry_run_changes_nothing(db: Path, url: str) -> None:
    output = push(db, url, "--dry-run")
    assert (output["changes"], output["loaded"]) == (3, True)
    assert rows(url, "SELECT count(*) FROM ads") == [(0,)]
    push(db, url)
    drop(db, 1)
    assert push(db, url, "--dry-run")["changes"] == 1
    assert len(titles(url)) == 3
    assert "would push 1 changes" in run_command(db, "push", url, "--dry-run").stderr
    assert run_command(db, "push", url, "--quiet").stderr == ""


# Trouble


def test_K2_a_target_that_is_down(db: Path, tmp_path: Path) -> None:
    ended = run_command(db, "push", f"postgresql://postgres@/x?host={tmp_path}")
    assert (ended.exit_code, ended.stdout) == (7, "")
    assert "PostgreSQL cannot be reached" in ended.stderr
    assert "run again" in ended.stderr


def test_a_password_is_not_shown(db: Path) -> None:
    ended = run_command(db, "push", "postgresql://kari:hemmelig@127.0.0.1:1/x")
    assert ended.exit_code == 7
    assert "hemmelig" not in ended.stderr


def test_K2_a_target_that_only_lets_itself_be_read(db: Path, url: str) -> None:
    push(db, url)
    drop(db, 1)
    read_only = f"{url}&options=-cdefault_transaction_read_only%3Don"
    ended = run_command(db, "push", read_only)
    assert (ended.exit_code, "is read-only here" in ended.stderr) == (7, True)
    assert len(titles(url)) == 3
    push(db, url)
    assert len(titles(url)) == 2


def test_K2_a_role_that_may_not_write(db: Path, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
    ended = run_command(db, "push", url.replace("postgres@", "reader@"))
    assert (ended.exit_code, "grant it the schema" in ended.stderr) == (7, True)
    push(db, url)
    with psycopg.connect(url) as connection:
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    reading = url.replace("postgres@", "reader@")
    assert rows(reading, "SELECT count(*) FROM active_ads") == [(3,)]
    with psycopg.connect(url) as connection:
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")


def test_a_schema_of_its_own(db: Path, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE ads (x integer)")
        connection.execute("CREATE SCHEMA navfeed")
    ended = run_command(db, "push", url)
    assert (ended.exit_code, "search_path%3Dnavfeed" in ended.stderr) == (7, True)
    named = f"{url}&options=-csearch_path%3Dnavfeed"
    push(db, named)
    assert rows(url, "SELECT count(*) FROM navfeed.active_ads") == [(3,)]
    assert equal(db, named)


@pytest.mark.parametrize("version", [0, 2])
def test_K2_tables_of_another_version_stay_as_they_are(db: Path, url: str, version: int) -> None:
    push(db, url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE navfeed_target SET version = %s", [version])
    drop(db, 1)
    ended = run_command(db, "push", url)
    assert (ended.exit_code, f"version {version}" in ended.stderr) == (7, True)
    assert len(titles(url)) == 3


def test_tables_are_made_whole_or_not_at_all(
    db: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from navfeed.push import postgres

    monkeypatch.setattr(postgres, "_SCHEMA", postgres._SCHEMA + "SELECT 1 / 0;")
    assert run_command(db, "push", url).exit_code == 7
    assert rows(url, "SELECT to_regclass('ads'), to_regclass('navfeed_target')") == [(None, None)]
    monkeypatch.undo()
    push(db, url)
    assert equal(db, url)


def test_a_batch_is_applied_whole_or_not_at_all(db: Path, url: str) -> None:
    """As if the server had been killed: a trigger stands in for the power cut."""
    push(db, url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER fail BEFORE INSERT ON tombstones FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    change(db, 2, title="Kokk")
    drop(db, 1)
    assert run_command(db, "push", url).exit_code == 7
    assert titles(url)[uuid_of(2)] == "Sykepleier natt"
    with psycopg.connect(url) as connection:
        connection.execute("DROP TRIGGER fail ON tombstones")
    push(db, url)
    assert titles(url)[uuid_of(2)] == "Kokk"
    assert equal(db, url)


def test_a_huge_ad_holds_up_no_other(db: Path, url: str) -> None:
    """Indexes of PostgreSQL have limits that NAV's texts have not."""
    many = " ".join(f"ord{number}" for number in range(200_000))
    change(
        db,
        1,
        description=many,
        title="x" * 200_000,
        workLocations=[place("Y" * 100_000, "Z" * 100_000)],
    )
    push(db, url)
    assert equal(db, url)


def test_two_pushes_at_once_leave_one_place(
    db: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from navfeed.push.postgres import Postgres

    push(db, url)
    drop(db, 1)
    apply = Postgres.apply

    def late(self: Postgres, batch: Any, after: Any) -> None:
        monkeypatch.setattr(Postgres, "apply", apply)
        push(db, url)
        apply(self, batch, after)

    monkeypatch.setattr(Postgres, "apply", late)
    ended = run_command(db, "push", url)
    assert (ended.exit_code, "another push" in ended.stderr) == (7, True)
    assert equal(db, url)


# Wrong use


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mysql://x/y"], "unknown kind of target 'mysql'"),
        (["x.db"], "unknown kind of target 'x.db'"),
        (["postgresql://x/y", "--follow", "--verify"], "--follow excludes"),
    ],
)
def test_wrong_use(db: Path, words: list[str], message: str) -> None:
    ended = run_command(db, "push", *words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


def test_without_the_extra(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    ended = run_command(db, "push", "postgresql://x/y")
    assert (ended.exit_code, "pip install 'navfeed[postgres]'" in ended.stderr) == (2, True)


# Following


def test_K2_following_waits_out_a_server_that_is_killed(
    db: Path, own: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    steps = {
        2: lambda: drop(db, 1),
        4: own.kill,
        5: lambda: drop(db, 2),
        8: own.start,
    }

    def nap(seconds: float) -> None:
        naps.append(seconds)
        steps.pop(len(naps), lambda: None)()
        if not steps and titles(own.url()).keys() == {uuid_of(3)}:
            raise SystemExit(3)

    monkeypatch.setattr(runner, "sleep", nap)
    ended = run_command(db, "push", own.url(), "--follow", "--format", "json")
    assert ended.exit_code == 3
    output = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["changes"] for line in output] == [3, 1, 1]
    assert ended.stderr.count("PostgreSQL") == 1
    assert naps[4:8] == [1.0, 2.0, 4.0, 8.0]
    assert equal(db, own.url())


def test_following_ends_where_waiting_does_not_help(db: Path, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE ads (x integer)")
    assert run_command(db, "push", url, "--follow").exit_code == 7


def test_a_push_that_is_killed_goes_on(db: Path, url: str) -> None:
    """Killed while it waits for a lock, in the middle of a transaction."""
    with Store(db) as store:
        store_ads(store, [ad(number, expires=FAR) for number in range(10, 30)])
    push(db, url)
    drop(db, *range(10, 20))
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE tombstones")
        process = subprocess.Popen(
            [sys.executable, "-m", "navfeed", "push", url, "--db", str(db), "--batch", "3"]
        )
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while rows(url, waiting) == [(0,)]:
            assert process.poll() is None
        process.kill()
        process.wait()
    push(db, url)
    assert equal(db, url)
    assert len(titles(url)) == 13


def test_X3_what_is_gone_is_in_no_table_after_a_full_vacuum(
    tmp_path: Path, own: PostgresServer
) -> None:
    """As in the guide; in the write-ahead log it is until that is recycled."""
    db = fill(
        tmp_path / "navfeed.db", *(ad(number, **canary_content(number, 0)) for number in range(9))
    )
    push(db, own.url(), "--with-contacts")
    drop(db, *range(9))
    push(db, own.url(), "--with-contacts")
    tables = own.folder / "data" / "base"
    with psycopg.connect(own.url(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        assert any(find_canaries(folder) for folder in tables.iterdir())
        connection.execute("VACUUM FULL")
        connection.execute("CHECKPOINT")
    assert not any(find_canaries(folder) for folder in tables.iterdir())
