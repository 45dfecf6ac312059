"""`navfeed doctor`: each check finds what it is for, and the exit code follows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.support import ad, fill, process, run_command
from navfeed.errors import ExitCode, TokenError
from navfeed.model import RunFacts, RunState
from navfeed.ops.doctor import (
    Finding,
    Level,
    check_backlog,
    check_clock,
    check_disk,
    check_erasure,
    check_feed,
    check_integrity,
    check_lag,
    check_pause,
    check_permissions,
    check_reachability,
    check_runs,
    check_schema,
    check_token,
    exit_code_of,
    failed,
    fine,
)
from navfeed.practice import Practice, PracticeServer, World
from navfeed.store.writer import Store
from support.clock import NOW, machine_now
from support.shell import Shell
from test_metrics import FACTS

OK, WARNING, FAILURE = Level
FOLDER = Path("/srv/navfeed")
DAY = timedelta(days=1)


def run(code: int | None) -> RunFacts:
    return RunFacts(1, NOW, NOW, code, "so it went", {})


@pytest.mark.parametrize(
    ("finding", "level", "code", "message"),
    [
        (check_token(private=False, exposed=None), OK, 0, "public"),
        (check_token(private=True, exposed=None), OK, 0, "your own"),
        (check_token(private=True, exposed=FOLDER), WARNING, 0, "chmod 600"),
        (
            check_token(private=True, exposed=FOLDER / "Application Support"),
            *(WARNING, 0, "chmod 600 '/srv"),
        ),
        (check_token(private=True, exposed=None, left=30 * DAY), OK, 0, "your own"),
        (check_token(private=True, exposed=None, left=6 * DAY), WARNING, 0, "expires in 6.0 days"),
        (check_token(private=True, exposed=FOLDER, left=-DAY), FAILURE, 6, "has expired"),
        (check_disk(10**9, 10**8), OK, 0, "1,000 MB"),
        (check_disk(10**8, 10**8), WARNING, 0, "space"),
        (check_disk(49_999_999, 0), FAILURE, 7, "space"),
        (check_permissions(FOLDER, [], writable=True), OK, 0, "owner"),
        (check_permissions(FOLDER, [FOLDER / "x.db"], writable=True), WARNING, 0, "chmod 600 /srv"),
        (check_permissions(FOLDER, [], writable=False), FAILURE, 7, "cannot be written"),
        (check_schema(1, 1), OK, 0, "schema 1"),
        (check_schema(1, 2), WARNING, 0, "next sync"),
        (check_integrity([]), OK, 0, "no damage"),
        (check_integrity(["page 3 is odd"]), FAILURE, 7, "page 3"),
        (check_runs(None, None), WARNING, 0, "no run"),
        (check_runs(run(None), None, RunState.RUNNING), OK, 0, "in progress"),
        (check_runs(run(None), None, RunState.KILLED), WARNING, 0, "was killed"),
        (check_runs(run(None), None, RunState.UNKNOWN), WARNING, 0, "still running"),
        *((check_runs(run(code), None), OK, 0, f"with {code}") for code in (0, 3, 4)),
        (check_runs(run(5), None), WARNING, 0, "so it went"),
        (check_runs(run(0), "the log was reset"), WARNING, 0, "verify --repair"),
        (
            check_runs(run(4), "the log was reset", unconfirmed=7),
            WARNING,
            0,
            "until it exits with 0",
        ),
        (check_feed(None, "https://a"), OK, 0, "no feed yet"),
        (check_feed("https://a", "https://a"), OK, 0, "https://a"),
        (check_feed("https://a", "https://b"), FAILURE, 2, "--feed-moved"),
        (check_lag(NOW, NOW, DAY), OK, 0, "0 seconds ago"),
        (check_lag(NOW - 2 * DAY, NOW, None), OK, 0, "2 days ago"),
        (check_lag(NOW - 2 * DAY, NOW, DAY), FAILURE, 8, "2 days ago"),
        (check_lag(None, NOW, None), FAILURE, 8, "incomplete: no sync"),
        (check_lag(NOW + 2 * DAY, NOW, None), FAILURE, 8, "with a wrong clock"),
        (check_backlog(replace(FACTS, waiting=1_000, given_up=0)), OK, 0, "1,000"),
        (check_backlog(replace(FACTS, waiting=1_001, given_up=0)), WARNING, 0, "longer"),
        (check_backlog(replace(FACTS, waiting=0, given_up=1)), WARNING, 0, "--retry-now"),
        (check_erasure(owed=False), OK, 0, "no removed text"),
        (check_erasure(owed=True), WARNING, 0, "Close that program"),
        (check_reachability(NOW), OK, 0, "2026-11-21 13:00 +01:00"),
        (check_reachability(None), FAILURE, 5, "address"),
        (check_pause(NOW), WARNING, 0, "2026-11-21 13:00 +01:00"),
        (check_clock(NOW, NOW + timedelta(minutes=2)), OK, 0, "120 s"),
        (check_clock(NOW, NOW - timedelta(minutes=3)), WARNING, 0, "NTP"),
        (check_clock(NOW, NOW + timedelta(hours=2)), FAILURE, 2, "NTP"),
        (check_clock(NOW, NOW + 9 * DAY), FAILURE, 2, "2026-11-30 12:00 here, 2026-11-21"),
        (check_clock(NOW, NOW + 9 * DAY, is_here=True), WARNING, 0, "the clocks differ by 9 days"),
        (check_clock(NOW, NOW, is_here=True), OK, 0, "0 s"),
        (check_clock(None, NOW), WARNING, 0, "yourself"),
        (failed("token", TokenError("refused")), FAILURE, 6, "refused"),
    ],
)
def test_a_check_reports_its_result_and_the_next_step(
    finding: Finding, level: Level, code: int, message: str
) -> None:
    assert (finding.level, finding.exit_code) == (level, code)
    assert message in f"{finding.message}. {finding.advice}"
    assert finding.advice or level is OK or finding.check == "token"


def test_the_first_failure_gives_the_exit_code() -> None:
    odd = check_disk(0, 0), check_lag(None, NOW, None)
    assert exit_code_of([fine("a", "b"), check_erasure(owed=True)]) is ExitCode.DONE
    assert exit_code_of([fine("a", "b"), *odd]) is ExitCode.STORE
    assert exit_code_of([*reversed(odd)]) is ExitCode.STALE


# The command


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1))


def examined(db: Path, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    result = run_command(db, "doctor", "--format", "json", *words)
    return result.exit_code, {one["check"]: one for one in json.loads(result.stdout_bytes)}


@pytest.mark.usefixtures("noon")
def test_a_store_that_is_well(db: Path) -> None:
    with Store(db) as store:
        from navfeed.model import FeedCursor

        store.end_walk(FeedCursor(newest=NOW), [])
        store.caught_up(NOW)
    code, found = examined(db, "--offline")
    assert (code, found["runs"]["level"]) == (0, "warning")
    assert {one["level"] for name, one in found.items() if name not in ("runs", "disk")} == {"ok"}
    assert "reachability" not in found


@pytest.mark.usefixtures("noon")
def test_of_a_store_that_has_read_nothing_no_history_is_claimed(tmp_path: Path) -> None:
    _, found = examined(fill(tmp_path / "new.db"), "--offline")
    assert found["history"]["level"] == "warning"
    assert "nothing has been read" in found["history"]["message"]


@pytest.mark.usefixtures("noon")
def test_a_damaged_store_is_reported_and_left(db: Path) -> None:
    data = bytearray(db.read_bytes())
    data[4_096 * 3 :] = b"\xff" * (len(data) - 4_096 * 3)
    db.write_bytes(data)
    code, found = examined(db, "--offline")
    assert code == 7
    assert found.get("integrity", found.get("store", {}))["level"] == "failure"
    assert db.read_bytes() == data


def test_no_store_yet(tmp_path: Path) -> None:
    code, found = examined(tmp_path / "none.db", "--offline")
    assert (code, "navfeed sync" in found["store"]["message"]) == (7, True)


def test_settings_that_cannot_be_used_are_the_only_finding(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text("colour = 1")
    code, found = examined(db, "--config", str(file))
    assert (code, list(found)) == (2, ["configuration"])


def test_a_missing_token_file_has_a_next_step_and_ends_no_check(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVFEED_TOKEN_FILE", "/nowhere/token")
    code, found = examined(db, "--base-url", "http://127.0.0.1:9")
    assert (code, "/nowhere/token" in found["token"]["message"]) == (2, True)
    assert found["token"]["advice"] == "Create the token file, or correct token_file"
    assert {"disk", "integrity"} < found.keys()
    assert "reachability" not in found  # the feed would refuse


def test_a_token_of_ones_own_that_ran_out_and_a_variable_that_is_none(db: Path) -> None:
    claims = base64.urlsafe_b64encode(b'{"exp": 1}').decode().rstrip("=")
    ended = process(
        *("doctor", "--offline", "--format", "json", "--db", str(db)),
        NAVFEED_TOKEN=f"e30.{claims}.x",
        NAVFEED_BD="x",
    )
    found = {one["check"]: one for one in json.loads(ended.stdout) if one["level"] != "ok"}
    assert ended.returncode == 6
    assert found["token"]["message"] == "your own token has expired"
    assert found["environment"]["message"].endswith("NAVFEED_BD")


@pytest.mark.usefixtures("noon")
def test_a_pause_that_was_requested_is_respected(db: Path) -> None:
    with Store(db) as store:
        store.remember_retry(NOW + timedelta(hours=1))
    _, found = examined(db, "--base-url", "http://127.0.0.1:9")
    assert found["reachability"]["level"] == "warning"


def test_people_get_a_line_a_check(db: Path) -> None:
    result = run_command(db, "doctor", "--offline")
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [line[0] for line in lines][:3] == ["configuration", "token", "disk"]
    assert {len(line) for line in lines} == {4}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    world = World.history(3, now=machine_now(), entries=40, active=9, days=20)
    with PracticeServer(Practice(world)) as server:
        yield Shell(tmp_path, server)


def test_the_feed_gets_two_requests_and_no_more(shell: Shell) -> None:
    assert shell.run("sync", "-q")[0] == 0
    shell.server.practice.forget_requests()
    code, out, _ = shell.run("doctor", "--format", "json")
    found = {one["check"]: one["level"] for one in json.loads(out)}
    assert (code, found["reachability"], found["clock"]) == (0, "ok", "ok")
    assert len(shell.server.practice.requests) == 2
    code, out, _ = shell.run("doctor", NAVFEED_TOKEN="eyJhbGciOiJIUzI1NiJ9.e30.wrong-sign")
    assert (code, "wrong-sign" in out) == (6, False)
    nowhere = "http://127.0.0.1:9"
    with Store(shell.db, feed_url=nowhere) as store:
        store.end_walk(store.feed_cursor(), [])
    code, out, _ = shell.run("doctor", NAVFEED_BASE_URL=nowhere)
    assert (code, "cannot reach" in out) == (5, True)


def test_a_practice_feed_whose_clock_stands_is_not_this_machines_fault(tmp_path: Path) -> None:
    world = World.history(3, now=machine_now() - DAY, entries=40, active=9, days=20)
    with PracticeServer(Practice(world)) as server:
        shell = Shell(tmp_path, server)
        assert shell.run("sync", "-q")[0] == 0
        code, out, _ = shell.run("doctor", "--format", "json")
    (clock,) = [one for one in json.loads(out) if one["check"] == "clock"]
    assert (code, clock["level"]) == (0, "warning")
    assert "a practice feed's clock stands still" in clock["advice"]
