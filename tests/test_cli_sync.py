"""`navfeed sync` and `verify` as a user or a cron job runs them, over sockets.

In a process of its own where signals, kills or a terminal are the point.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from navfeed.practice import Practice, PracticeServer, World, faults
from support.clock import machine_now
from support.lab import Lab
from support.shell import SOON, Shell
from support.warm import navfeed_command

STARTED = machine_now()


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    world = World.history(3, now=STARTED, entries=300, active=60, days=20)
    with PracticeServer(Practice(world, page_size=50)) as server:
        yield server


@pytest.fixture
def shell(tmp_path: Path, server: PracticeServer) -> Shell:
    return Shell(tmp_path, server)


def test_a_sync_needs_no_settings_and_tells_what_it_did(shell: Shell) -> None:
    with shell.start("sync") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert shell.is_exact()
    assert f"{len(shell.stored())} new, 0 changed" in err.splitlines()[-1]
    assert len(err.splitlines()) == 4  # pages, pages of older entries, details, summary


LOADED = """
import sys
from navfeed.cli import main
try:
    main()
finally:
    print(*sys.modules)
"""


def test_an_idle_sync_loads_no_schema_tools(shell: Shell) -> None:
    """sqlite-utils makes a schema and brings one up to date: 400 ms that no other run pays."""
    assert shell.run("sync")[0] == 0
    ended = subprocess.run(
        [sys.executable, "-c", LOADED, "sync"],
        capture_output=True,
        check=True,
        text=True,
        env=shell.environ,
    )
    assert "httpx" in ended.stdout.split()
    assert "sqlite_utils" not in ended.stdout.split()


def test_a_rest_without_a_service_is_refused(shell: Shell) -> None:
    code, _, err = shell.run("sync", "--every", "5m")
    assert (code, "--follow" in err) == (2, True)


def test_quiet_says_nothing_of_a_run_that_was_stopped_as_asked(shell: Shell) -> None:
    assert shell.run("sync", "--quiet", "--max-pages", "1") == (3, "", "")


def test_quiet_says_nothing_and_json_is_data(shell: Shell) -> None:
    assert shell.run("sync", "--quiet") == (0, "", "")
    code, out, err = shell.run("sync", "--format", "json", "--quiet")
    summary = json.loads(out)
    assert (code, err) == (0, "")
    assert summary["exit_code"] == 0
    assert [summary[name] for name in ("new", "changed", "removed", "waiting")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("words", "environ", "message"),
    [
        (["sync"], {"NAVFEED_BASE_URL": "http://example.org"}, "unencrypted"),
        (["sync"], {"NAVFEED_BASE_URL": "ftp://example.org"}, "not an http(s) URL"),
        (["sync", "--since", "soon"], {}, "--since"),
        (["sync", "--since", "3", "--from-tip"], {}, "exclude each other"),
        (["sync", "--since", "2999-01-01"], {}, "2999-01-01 is in the future"),
        (["verify", "--since", "2999-01-01"], {}, "2999-01-01 is in the future"),
        (["sync", "--max-time", "0"], {}, "--max-time"),
        (["sync", "--scope", "colour=red"], {}, "--scope"),
        (["sync", "--scope", "municipalty=BERGEN"], {}, "Did you mean municipality?"),
        (["sync", "--config", "nowhere.toml"], {}, "nowhere.toml"),
        (["sync", "--connections", "0"], {}, "connections"),
        (["sync", "--inactive", "burn"], {}, "burn"),
        (["sync"], {"NAVFEED_TOKEN_FILE": "/nowhere/token"}, "token file"),
        (["sync"], {"NAVFEED_TOKEN": "two words"}, "token"),
    ],
)
def test_wrong_use_ends_with_2_before_any_request(
    shell: Shell, words: list[str], environ: dict[str, str], message: str
) -> None:
    code, out, err = shell.run(*words, **environ)
    assert (code, out) == (2, "")
    assert message in err
    assert shell.server.practice.requests == []
    assert not shell.db.exists()


def test_options_may_stand_in_any_order(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other" / "store.db"
    code, _, _ = shell.run(
        "sync", "--max-pages", "2", "--db", str(other), "--connections", "2", "-q"
    )
    assert code == 3
    assert other.exists()
    assert not shell.db.exists()


def test_starts_are_kept_to(shell: Shell) -> None:
    assert shell.run("sync", "-q", "--from-tip")[0] == 0
    assert len(shell.stored()) <= 1
    shell.db.unlink()
    assert shell.run("sync", "-q", "--since", "3")[0] == 0
    some = len(shell.stored())
    shell.db.unlink()
    day = f"{STARTED - timedelta(days=20):%Y-%m-%d}"
    assert shell.run("sync", "-q", "--since", day)[0] == 0
    assert 0 < some < len(shell.stored())
    shell.db.unlink()
    assert shell.run("sync", "-q", "--from-start", "--max-time", "1m")[0] == 0
    assert shell.is_exact()


def test_settings_come_from_flags_then_environment_then_file(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "navfeed"
    folder.mkdir()
    (folder / "navfeed.toml").write_text(
        'db = "from-file.db"\nbase_url = "http://example.org"\n[scope]\nmunicipal = ["BERGEN"]\n'
    )
    assert shell.run("sync", "-q")[0] == 0
    assert shell.db.exists()
    places = Lab(shell.db).rows("SELECT DISTINCT ad FROM locations WHERE municipal = 'BERGEN'")
    assert {ad for (ad,) in places} == shell.stored().keys()
    assert shell.run("sync", "-q", "--scope", "all")[0] == 0
    assert shell.is_exact()


def test_C1_a_second_sync_ends_with_75_and_asks_nothing(shell: Shell) -> None:
    shell.server.practice.script(faults.on("seek"), faults.hang, times=None)
    first = shell.start_to_kill("sync")
    shell.server.practice.wait_for_requests("seek")
    shell.server.practice.forget_requests()
    code, _, err = shell.run("sync", "--max-time", "30s")  # without the lock it would hang, too
    assert code == 75
    assert "another sync" in err
    assert shell.server.practice.requests == []
    first.kill()
    first.communicate()
    shell.server.practice.clear_script()
    assert shell.run("sync", "-q")[0] == 0
    assert shell.is_exact()


@contextmanager
def at_terminal() -> Iterator[None]:
    """Start processes that SIGHUP ends, even where the tests themselves run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SIGTERM", "token"),
        ("SIGINT", "seek"),
        ("SIGHUP", "page"),
        ("SIGTERM", "detail"),
    ],
)
def test_R2_a_signal_ends_a_hanging_run_with_3(shell: Shell, name: str, kind: Any) -> None:
    shell.server.practice.script(faults.on(kind), faults.hang, times=None)
    with at_terminal(), shell.start("sync") as process:
        shell.server.practice.wait_for_requests(kind)
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=SOON)
    assert process.returncode == 3
    assert name in err
    shell.server.practice.clear_script()
    assert shell.run("sync", "-q")[0] == 0
    assert shell.is_exact()


def test_R2_a_run_under_nohup_goes_on_when_the_terminal_is_closed(shell: Shell) -> None:
    gate = threading.Event()
    shell.server.practice.script(faults.on("token"), faults.hold(gate))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does, for its child
    try:
        process = shell.start("sync", "-q")
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        shell.server.practice.wait_for_requests("token")
        process.send_signal(signal.SIGHUP)
        gate.set()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert shell.is_exact()


@pytest.mark.parametrize("kind", ["token", "page", "detail"])
def test_R2_max_time_holds_even_when_the_feed_dribbles(shell: Shell, kind: Any) -> None:
    shell.server.practice.script(faults.on(kind), faults.dribble(0.5), times=None)
    began = monotonic()
    code, _, err = shell.run("sync", "--max-time", "1s")
    assert monotonic() - began < 1 + SOON
    assert code == 3
    assert "--max-time" in err
    shell.server.practice.clear_script()
    assert shell.run("sync", "-q")[0] == 0
    assert shell.is_exact()


@pytest.mark.parametrize("details", [1, 30])
def test_R1_killed_in_the_middle_of_a_backfill_the_next_run_converges(
    shell: Shell, details: int
) -> None:
    with shell.start_to_kill("sync") as process:
        shell.server.practice.wait_for_requests("detail", details)
        process.kill()
    assert shell.run("sync", "-q")[0] == 0
    assert shell.is_exact()


def test_D2_a_folder_that_cannot_be_written_ends_with_7_before_any_request(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = shell.run("sync", "--db", str(tmp_path / "file" / "x.db"))
    assert code == 7
    assert "file" in err
    assert shell.server.practice.requests == []


def test_D3_a_foreign_file_ends_with_7_and_stays(shell: Shell) -> None:
    shell.db.write_text("dear grandmother, " * 100)
    code, _, err = shell.run("sync")
    assert code == 7
    assert "--db" in err
    assert shell.db.read_text() == "dear grandmother, " * 100
    assert shell.server.practice.requests == []


def test_a_detail_that_fails_ends_with_4_and_no_connection_with_5(shell: Shell) -> None:
    ad = next(iter(shell.server.practice.world.truth()))
    shell.server.practice.script(faults.on("detail", ad), faults.without("ad_content"), times=1)
    code, _, err = shell.run("sync")
    assert code == 4
    assert "1 waiting" in err
    elsewhere = {"NAVFEED_BASE_URL": "http://127.0.0.1:9"}
    code, out, err = shell.run("sync", "--feed-moved", "--format", "json", **elsewhere)
    assert (code, json.loads(out)["exit_code"]) == (5, 5)
    assert "cannot reach http://127.0.0.1:9" in err
    assert shell.run("sync", "-q")[0] == 0
    assert shell.is_exact()


def test_a_private_token_is_sent_and_never_told(shell: Shell, tmp_path: Path) -> None:
    token = shell.server.practice.issue_token()
    file = tmp_path / "token"
    file.write_text(token + "\n")
    file.chmod(0o600)
    assert shell.run("sync", "-q", NAVFEED_TOKEN_FILE=str(file)) == (0, "", "")
    assert all(request.kind != "token" for request in shell.server.practice.requests)
    code, out, err = shell.run("sync", NAVFEED_TOKEN="eyJhbGciOiJIUzI1NiJ9.e30.wrong-sign")
    assert code == 6
    assert "NAVFEED_TOKEN" in err
    assert "wrong-sign" not in out + err
    assert token.encode() not in b"".join(
        one.read_bytes() for one in tmp_path.iterdir() if one.is_file() and one != file
    )


def test_a_token_that_others_can_read_is_used_with_a_warning(shell: Shell, tmp_path: Path) -> None:
    token = shell.server.practice.issue_token()
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(0o644)
    code, _, err = shell.run("sync", "-q", NAVFEED_TOKEN_FILE=str(file))
    assert code == 0
    assert f"others can read the token file {file}" in err
    assert token not in err


@pytest.mark.parametrize("command", ["list", "status", "export"])
def test_commands_that_ask_the_store_alone_read_no_token(shell: Shell, command: str) -> None:
    words = ["export", "--format", "csv"] if command == "export" else [command]
    assert shell.run("sync", "-q")[0] == 0
    environ = {"NAVFEED_TOKEN_FILE": "/nowhere/token", "NAVFEED_TOKEN": "two words"}
    code, out, err = shell.run(*words, **environ)
    assert (code, err) == (0, "")
    assert out
    assert shell.run("sync", **environ)[0] == 2


def test_the_policy_for_inactive_ads_is_the_stores(shell: Shell) -> None:
    assert shell.run("sync", "-q", "--inactive", "mask")[0] == 0
    world = shell.server.practice.world
    ad = next(iter(world.truth()))
    world.stop(ad)
    assert shell.run("sync", "-q")[0] == 0
    lab = Lab(shell.db, world)
    assert lab.rows("SELECT uuid, reason FROM removed") == [(ad, "stopped")]
    assert shell.run("sync", "-q", "--inactive", "delete")[0] == 0
    assert lab.rows("SELECT uuid FROM removed") == []


def test_dropped_contacts_are_a_setting_of_the_store(shell: Shell) -> None:
    lab = Lab(shell.db, shell.server.practice.world)
    people = "SELECT count(*) FROM contacts"
    assert shell.run("sync", "-q")[0] == 0
    assert lab.rows(people) != [(0,)]
    assert shell.run("sync", "-q", "--contacts", "drop") == (0, "", "")
    assert lab.rows(people) == [(0,)]
    world = shell.server.practice.world
    world.publish()
    assert shell.run("sync", "-q")[0] == 0
    assert lab.rows(people) == [(0,)]
    assert len(shell.stored()) == len(world.truth())
    assert shell.run("verify", "-q") == (0, "", "")
    assert shell.run("sync", "-q", "--contacts", "keep")[0] == 0
    assert shell.is_exact()


def test_verify_tells_mends_and_ends_with_0_only_when_equal(shell: Shell) -> None:
    assert shell.run("sync", "-q")[0] == 0
    assert shell.run("verify", "-q") == (0, "", "")
    ad = next(iter(shell.server.practice.world.truth()))
    shell.server.practice.world.rewrite_silently(ad)
    code, out, err = shell.run("verify")
    assert (code, out) == (9, f"altered\t{ad}\tchanged\n")
    assert "ads compared" in err
    code, out, _ = shell.run("verify", "--repair", "--format", "json", "-q")
    assert (code, json.loads(out)["kinds"]) == (0, {"altered": 1})
    assert shell.run("verify", "-q")[0] == 0
    assert shell.is_exact()
    shell.server.practice.script(faults.on("detail", ad), faults.status(500), times=None)
    assert shell.run("verify", "-q")[0] == 4


def test_verify_ends_as_its_sync_does_when_that_fails(shell: Shell) -> None:
    code, out, err = shell.run("verify", NAVFEED_BASE_URL="http://127.0.0.1:9")
    assert (code, out) == (5, "")
    assert "cannot reach" in err


def test_a_beginning_for_a_store_that_has_begun_is_told_to_do_nothing(shell: Shell) -> None:
    assert "already exists" not in shell.run("sync", "--since", "20")[2]
    assert shell.run("sync", "--quiet", "--since", "100") == (0, "", "")
    code, out, err = shell.run("sync", "--since", "100")
    assert (code, out) == (0, "")
    assert f"{shell.db} already exists and continues from its position" in err


def test_commas_part_the_values_of_a_scope_as_they_do_in_filters(shell: Shell) -> None:
    assert (
        shell.run("sync", "--scope", "municipal=BERGEN, OSLO")[2].count("no stored ad matches") == 0
    )
    assert json.loads(shell.run("status", "--format", "json")[1])["scope"] == {
        "municipality": ["BERGEN", "OSLO"]
    }
    assert shell.run("sync", "--scope", "municipal=BERGEN,")[0] == 2
    shell.run("sync", "--yes", "--scope", "occupation=Rengjøring, hotell")
    assert json.loads(shell.run("status", "--format", "json")[1])["scope"] == {
        "occupation": ["Rengjøring, hotell"]
    }


def test_a_scope_that_keeps_nothing_is_told(shell: Shell) -> None:
    """A place that exists and has no ads is not mistyped, and no sync fails for that."""
    words = ("--scope", "municipal=UTSIRA", "--scope", "municipal=BERGEN")
    code, _, err = shell.run("sync", *words)
    message = "navfeed: no stored ad matches 'UTSIRA', one of the scope's municipalities. If NAV"
    assert code == 0
    assert next(line for line in err.splitlines() if "no stored ad matches" in line).startswith(
        message
    )
    assert "'BERGEN'" not in err
    assert message in shell.run("sync")[2]
    assert shell.run("sync", "--quiet") == (0, "", "")


def test_what_a_changed_scope_does_is_told(shell: Shell) -> None:
    assert shell.run("sync", "-q", "--scope", "municipal=BERGEN")[0] == 0
    _, _, err = shell.run("sync", "--scope", "all")
    assert "scope changed: 0 ads removed" in err


def test_on_a_terminal_it_draws_bars(shell: Shell) -> None:
    """A pseudo terminal, as a person would have."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    with subprocess.Popen(
        navfeed_command("sync"),
        env=shell.environ | {"TERM": "xterm", "COLUMNS": "100"},
        stderr=follower,
        stdout=subprocess.DEVNULL,
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 4096):
                shown += chunk
        except OSError:
            pass
    os.close(leader)
    assert process.returncode == 0
    assert b"walking" in shown
    assert b" pages" in shown
    assert b" new, 0 changed" in shown


def test_R5_a_machine_that_starts_no_thread_is_told_and_a_later_run_goes_on(shell: Shell) -> None:
    resource = pytest.importorskip("resource")

    def poor() -> None:
        """Each thread would take a terabyte for its stack, and four gigabytes are all there is."""
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 40, 1 << 40))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

    done = subprocess.run(
        [sys.executable, "-m", "navfeed", "sync"],
        env=shell.environ | {"OPENBLAS_NUM_THREADS": "1"},  # of a numpy that may be installed
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=poor,
        check=False,
    )
    assert (done.returncode, "starts no thread" in done.stderr) == (5, True), done.stderr
    assert "bug" not in done.stderr
    assert shell.run("sync", "--quiet")[0] == 0
    assert shell.is_exact()
