"""A new scope is judged before it acts: no slip of the hand empties a store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from navfeed.decide import judge_scope
from navfeed.errors import ExitCode, ScopeError
from navfeed.model import Inactive, Scope
from navfeed.practice import Practice, PracticeServer, World
from navfeed.store.writer import Store
from support.bench import Bench
from support.clock import machine_now
from support.scripted import scripted_content, uuid_named
from support.shell import Shell

STARTED = machine_now()
PLACES = {"oslo": "OSLO", "bergen": "BERGEN", "voss": "VOSS"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Three ads, one in OSLO, and two in Vestland."""
    bench = Bench(tmp_path / "navfeed.db", *[(name, "ACTIVE", 0) for name in PLACES])
    jobs = [{"level1": "Helse og sosial", "level2": "Sykepleier"}]
    bench.feed.active = {
        uuid_named(name): scripted_content(
            uuid_named(name),
            updated="2026-01-01T10:00:00+01:00",
            occupationCategories=jobs,
            workLocations=[{"municipal": at, "county": "OSLO" if at == "OSLO" else "VESTLAND"}],
        )
        for name, at in PLACES.items()
    }
    bench.sync()
    return bench


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (Scope(municipalities=("Brgen",)), "unknown municipality, 'Brgen' (did you mean BERGEN or"),
        (Scope(municipalities=("BERGEN", "Xyzzy")), "municipality, 'Xyzzy'. Correct"),
        (Scope(counties=("Vesland",)), "county, 'Vesland' (did you mean VESTLAND"),
        (Scope(occupations=("Sykpleier",)), "occupation, 'Sykpleier' (did you mean Sykepleier?)"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_a_likely_one(
    bench: Bench, scope: Scope, message: str
) -> None:
    ended = bench.sync(scope=scope, scope_agreed=True)
    assert ended.exit_code is ExitCode.USAGE
    assert isinstance(ended.error, ScopeError)
    assert message in ended.outcome
    assert bench.holds(*PLACES)
    with Store(bench.path) as store:
        assert store.scope() == Scope()


def test_a_name_that_an_ad_has_is_known_though_no_table_has_it(bench: Bench) -> None:
    bench.feed.active[uuid_named("oslo")] = scripted_content(
        uuid_named("oslo"), workLocations=[{"municipal": "YORK"}]
    )
    bench.feed.log.append(("oslo", "ACTIVE", 5))
    bench.sync()
    assert bench.sync(scope=Scope(municipalities=("york", "BERGEN"))).exit_code is ExitCode.DONE
    assert bench.holds("oslo", "bergen")


@pytest.mark.parametrize(
    "scope",
    [Scope(codes=("9999",)), Scope(orgnrs=("300000019",)), Scope(words=("xyzzy",))],
)
def test_what_no_ad_has_today_may_be_right_and_is_only_counted(bench: Bench, scope: Scope) -> None:
    assert "would remove 3 of the 3 ads" in bench.sync(scope=scope).outcome
    assert bench.sync(scope=scope, scope_agreed=True).exit_code is ExitCode.DONE


def test_occupations_are_not_judged_by_a_store_that_lacks_some(bench: Bench) -> None:
    bench.sync(scope=Scope(counties=("VESTLAND",)))
    both = Scope(counties=("VESTLAND",), occupations=("Kokk", "Sykepleier"))
    assert bench.sync(scope=both).exit_code is ExitCode.DONE


def test_a_first_sync_takes_any_scope_of_known_places(tmp_path: Path) -> None:
    new = Bench(tmp_path / "new.db", ("oslo", "ACTIVE", 0))
    assert new.sync(scope=Scope(("Narvik",), occupations=("Kokk",))).exit_code is ExitCode.DONE
    assert new.sync(scope=Scope(("Narvk",))).exit_code is ExitCode.USAGE


def test_losing_more_than_half_the_ads_needs_confirmation(bench: Bench) -> None:
    ended = bench.sync(scope=Scope(municipalities=("OSLO",)))
    assert ended.exit_code is ExitCode.USAGE
    assert "would remove 2 of the 3 ads that are stored" in ended.outcome
    assert "the same command with --yes" in ended.outcome
    assert bench.feed.requests == []
    assert bench.holds(*PLACES)
    bench.sync(scope=Scope(municipalities=("OSLO",)), scope_agreed=True)
    assert bench.holds("oslo")


def test_half_of_the_ads_is_not_more_than_half(bench: Bench) -> None:
    bench.sync(scope=Scope(municipalities=("OSLO", "VOSS")))
    bench.sync(scope=Scope(municipalities=("OSLO",)))
    assert bench.holds("oslo")


@pytest.mark.parametrize("inactive", Inactive)
def test_taking_a_scope_back_restores_when_ads_came_and_changed(
    bench: Bench, inactive: Inactive
) -> None:
    with Store(bench.path) as store:
        store.set_inactive(inactive)
    times = "SELECT uuid, stored_at, changed_at FROM ads ORDER BY uuid"
    before = bench.rows(times)
    bench.pass_time(timedelta(days=3))
    bench.sync(scope=Scope(municipalities=("OSLO",)), scope_agreed=True)
    bench.pass_time(timedelta(days=20))
    bench.sync(recheck_after=timedelta(days=1))  # those outside are asked for, and stay there
    bench.sync(scope=Scope())
    assert bench.rows(times) == before
    assert bench.rows("SELECT * FROM outside") == []
    assert bench.rows("SELECT * FROM removed") == []


def test_an_ad_that_changed_while_it_was_outside_is_reported_as_changed(bench: Bench) -> None:
    ((stored_at, changed_at),) = set(bench.rows("SELECT stored_at, changed_at FROM ads"))
    bench.sync(scope=Scope(municipalities=("OSLO",)), scope_agreed=True)
    bench.pass_time(timedelta(days=3))
    bench.feed.active[uuid_named("voss")] = scripted_content(
        uuid_named("voss"), updated="2026-01-02T10:00:00+01:00"
    )
    bench.sync(scope=Scope())
    ((came, changed),) = bench.rows(
        f"SELECT stored_at, changed_at FROM ads WHERE uuid = '{uuid_named('voss')}'"
    )
    assert came == stored_at
    assert str(changed) > str(changed_at)


def test_what_ended_outside_the_scope_starts_again(bench: Bench) -> None:
    bench.sync(scope=Scope(municipalities=("OSLO",)), scope_agreed=True)
    bench.feed.log.append(("voss", "INACTIVE", 5))
    bench.sync()
    assert bench.rows("SELECT ad FROM outside") == [(uuid_named("bergen"),)]


def test_the_judgement_names_who_leaves() -> None:
    ads = [
        (name, scripted_content(uuid_named(name), workLocations=[{"municipal": at}]))
        for name, at in PLACES.items()
    ]
    verdict = judge_scope(Scope(("VOSS", "OSLO")), Scope(), ads)
    assert (verdict.leaving, verdict.stored, verdict.unknown) == (("bergen",), 3, ())
    assert not verdict.removes_most


# As a process


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    world = World.history(3, now=STARTED, entries=300, active=60, days=20)
    with PracticeServer(Practice(world, page_size=50)) as server:
        shell = Shell(tmp_path, server)
        assert shell.run("sync", "--quiet")[0] == 0
        yield shell


def scope_of(shell: Shell) -> dict[str, list[str]]:
    return json.loads(shell.run("status", "--format", "json")[1])["scope"]


def test_a_mistyped_scope_leaves_the_store_alone_and_ends_with_2(shell: Shell) -> None:
    code, out, err = shell.run("sync", "--quiet", "--yes", "--scope", "municipality=Brgen")
    assert (code, out) == (2, "")
    assert "did you mean BERGEN" in err
    assert (scope_of(shell), shell.is_exact()) == ({}, True)


def test_a_scope_in_the_settings_file_is_judged_alike(shell: Shell) -> None:
    file = shell.db.parent / "navfeed.toml"
    file.write_text('[scope]\nmunicipal = ["Brgen"]\n')
    for command in ("sync", "verify"):
        code, _, err = shell.run(command, "--config", str(file))
        assert (code, "did you mean BERGEN" in err) == (2, True)
    file.write_text('[scope]\nmunicipal = ["BERGEN"]\n')
    code, _, err = shell.run("sync", "--follow", "--config", str(file))
    assert (code, "would remove" in err) == (2, True)
    assert shell.is_exact()


def test_yes_takes_up_a_scope_that_removes_most(shell: Shell) -> None:
    code, _, err = shell.run("sync", "--scope", "municipality=BERGEN")
    assert (code, "would remove" in err, shell.is_exact()) == (2, True, True)
    assert shell.run("sync", "--yes", "--scope", "municipal=BERGEN")[0] == 0
    assert scope_of(shell) == {"municipality": ["BERGEN"]}
    assert shell.run("sync", "--scope", "all")[0] == 0
    assert shell.is_exact()


def test_a_dry_run_reports_what_would_happen_and_changes_nothing(shell: Shell) -> None:
    shell.server.practice.forget_requests()
    before = shell.db.read_bytes()
    stored = len(shell.stored())
    code, out, err = shell.run("sync", "--dry-run", "--scope", "municipal=BERGEN")
    assert (code, "would remove" in err) == (2, True)
    code, agreed, err = shell.run("sync", "--dry-run", "--yes", "--scope", "municipal=BERGEN")
    assert (code, agreed, err) == (0, out, "")
    words = ("--scope", "county=VESTLAND", "--yes", "--format", "json")
    reported = json.loads(shell.run("sync", "--dry-run", *words)[1])
    assert reported["scope_changes"]
    assert reported["stored"] == stored
    assert 0 < reported["leaving"] < stored
    assert (reported["coming_in"], reported["expired"], reported["waiting"]) == (0, 0, 0)
    assert shell.db.read_bytes() == before
    assert shell.server.practice.requests == []


def test_a_dry_run_counts_what_would_come_back(shell: Shell) -> None:
    stored = len(shell.stored())
    shell.run("sync", "-q", "--yes", "--scope", "municipal=BERGEN")
    left = stored - len(shell.stored())
    out = shell.run("sync", "--dry-run", "--scope", "all")[1]
    assert f"present scope to fetch: {left}\n" in out
    assert "Scope: unchanged" in shell.run("sync", "--dry-run")[1]


def test_a_dry_run_counts_the_contacts_and_masks_that_would_go(shell: Shell) -> None:
    stored = len(shell.stored())
    assert "contacts" not in shell.run("sync", "--dry-run")[1]
    out = shell.run("sync", "--dry-run", "--contacts", "drop")[1]
    (ads,) = re.findall(r"Ads to remove contacts from: (\d+)\n", out)
    assert 0 < int(ads) <= stored
    shell.run("sync", "-q", "--contacts", "drop", "--inactive", "mask")
    assert "contacts" not in shell.run("sync", "--dry-run", "--contacts", "drop")[1]
    shell.run("sync", "-q", "--yes", "--scope", "municipal=BERGEN")
    out = shell.run("sync", "--dry-run", "--inactive", "delete", "--format", "json")[1]
    masks = json.loads(shell.run("status", "--format", "json")[1])["ads_masked"]
    assert json.loads(out)["masks_deleted"] == masks > 0
    out = shell.run("sync", "--dry-run", "--inactive", "delete")[1]
    assert f"Masks of removed ads to delete: {masks}\n" in out
    assert "Masks" not in shell.run("sync", "--dry-run")[1]


def test_a_dry_run_needs_a_store_and_one_run(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "none.db"
    code, _, err = shell.run("sync", "--dry-run", "--db", str(other))
    assert (code, "the first sync creates it" in err, other.exists()) == (2, True, False)
    assert shell.run("sync", "--dry-run", "--follow")[0] == 2
