"""Debug lines: each decision with its reason and ids, and nothing of what an ad contains."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from navfeed.errors import ContractError, ExitCode
from navfeed.log import LOGGER, is_debugging
from navfeed.model import LogFormat, LogLevel, Scope
from navfeed.practice import Practice, PracticeServer, World, faults
from navfeed.present.run_log import Log
from support.bench import Bench
from support.canaries import find_canaries
from support.clock import machine_now
from support.leak_scenario import LeakScenario
from support.scripted import BEGAN, active, uuid_named
from support.shell import Shell

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For the log alone."""
    folder = tmp_path / "log"
    folder.mkdir()
    return folder


@pytest.fixture
def lines(folder: Path) -> Iterator[Lines]:
    """The debug lines written since the last call."""
    file = folder / "navfeed.log"
    log = Log(LogFormat.JSON, LogLevel.DEBUG, file)
    read = 0

    def since() -> list[dict[str, Any]]:
        nonlocal read
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        found, read = rows[read:], len(rows)
        return found

    yield since
    log.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path / "navfeed.db", ("a", "ACTIVE", 0), ("b", "ACTIVE", 60))
    bench.feed.active = active("ab")
    return bench


def decisions(lines: Lines) -> list[tuple[str, str, str]]:
    """Which ad, what was done to it, and why."""
    names = {uuid_named(name): name for name in "abcd"}
    return [
        (names[line["ad"]], line["action"], line["reason"])
        for line in lines()
        if line["event"] == "decided"
    ]


def test_an_ad_is_queued_and_added(bench: Bench, lines: Lines) -> None:
    bench.feed.active = active("a")
    bench.sync()
    assert decisions(lines) == [
        ("a", "queued", "announced"),
        ("b", "queued", "announced"),
        ("a", "added", "new"),
        ("b", "not stored", "inactive"),
    ]


def test_an_entry_removes_an_ad_and_is_named(bench: Bench, lines: Lines) -> None:
    bench.sync()
    lines()
    bench.feed.log += [("a", "INACTIVE", 61), ("c", "INACTIVE", 62)]
    bench.sync()
    a, c = [line for line in lines() if line["event"] == "decided"]
    assert (a["action"], c["action"]) == ("removed", "not stored")
    assert (a["ad"], a["status"], a["entry"]) == (uuid_named("a"), "INACTIVE", 3)
    assert datetime.fromisoformat(a["written"]) == BEGAN + timedelta(minutes=61)
    assert a["message"] == (
        f"ad {uuid_named('a')}: removed, inactive (entry 3, INACTIVE, 2026-11-21T09:01:00Z)"
    )


def test_an_entry_that_order_cannot_judge_is_queued_or_ignored(bench: Bench, lines: Lines) -> None:
    bench.feed.log += [("c", "ACTIVE", 70), ("c", "INACTIVE", 70), ("a", "INACTIVE", 71)]
    bench.sync()
    lines()
    bench.feed.log.insert(2, ("a", "INACTIVE", 60))
    bench.sync()
    assert decisions(lines) == [("a", "ignored", "superseded")]


def test_what_the_details_decide(bench: Bench, lines: Lines) -> None:
    bench.sync()
    lines()
    bench.feed.active = active("a", title="Lege")
    bench.feed.withheld = {uuid_named("b")}
    bench.clock += timedelta(days=1)
    bench.sync(recheck_after=timedelta(0))
    logged = lines()
    queued = [line["rechecks"] for line in logged if "rechecks" in line]
    done = [(line["action"], line["reason"]) for line in logged if line["event"] == "decided"]
    assert queued == [2]
    assert done == [("updated", "changed"), ("removed", "withheld")]
    (retried,) = [line for line in logged if line["event"] == "retried"]
    assert (retried["ad"], retried["attempt"]) == (uuid_named("b"), 1)
    assert "hidden" in retried["problem"]
    assert {"waiting": 1, "given_up": 0}.items() <= logged[-2].items() | logged[-1].items()
    assert logged[-1]["event"] == "erased"


def test_a_failure_names_its_attempt_and_the_next_one(bench: Bench, lines: Lines) -> None:
    bench.feed.errors = {uuid_named("a"): ContractError("no JSON")}
    for _ in range(3):
        bench.sync()
    failed = [line for line in lines() if line["event"] == "retried"]
    assert [line["attempt"] for line in failed] == [1, 2, 3]
    assert failed[-1]["problem"] == "no JSON"
    waits = datetime.fromisoformat(failed[-1]["retry_at"]) - bench.clock
    assert waits == timedelta(minutes=5)


def test_a_last_day_and_a_scope_remove_ads(bench: Bench, lines: Lines) -> None:
    expires = "2026-11-22T12:00:00+01:00"
    bench.feed.active = active("a", expires=expires) | active("b")
    bench.sync()
    lines()
    bench.feed.active = active("b")
    bench.pass_time(timedelta(days=3))
    bench.sync()
    assert decisions(lines) == [("a", "removed", "expired"), ("a", "not stored", "inactive")]
    bench.sync(scope=Scope(municipalities=("OSLO",)), scope_agreed=True)
    assert decisions(lines) == [("b", "removed", "out of scope")]


def test_a_log_that_began_again_is_reported(bench: Bench, lines: Lines) -> None:
    bench.sync()
    lines()
    bench.feed.log = [("c", "ACTIVE", 200), ("d", "ACTIVE", 201)]
    bench.sync()
    lost = [line for line in lines() if "lost" in line]
    assert "its log was restarted" in lost[0]["message"]


def test_without_a_handler_nothing_is_built_or_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not is_debugging()
    monkeypatch.setattr("navfeed.sync.log.debug", lambda *_, **__: 1 / 0)
    bench.sync()
    bench.feed.log += [("a", "INACTIVE", 61)]
    assert bench.sync().exit_code is ExitCode.DONE
    assert capfd.readouterr() == ("", "")


def test_a_program_reads_the_lines_by_the_standard_library(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "navfeed")
    bench.sync()
    assert f"ad {uuid_named('a')}: added, new" in caplog.messages


def test_a_closed_log_leaves_the_logger_as_it_was(folder: Path) -> None:
    before = LOGGER.level, list(LOGGER.handlers)
    outer = Log(LogFormat.TEXT, LogLevel.WARNING, folder / "outer.log")
    inner = Log(LogFormat.TEXT, LogLevel.DEBUG, folder / "inner.log")
    LOGGER.debug("fine")
    inner.close()
    assert not is_debugging()
    LOGGER.warning("grave \x1b")
    outer.close()
    assert (LOGGER.level, list(LOGGER.handlers)) == before
    assert (folder / "inner.log").read_text().endswith("debug fine\n")
    assert (folder / "outer.log").read_text().endswith("warning grave \ufffd\n")
    assert "fine" not in (folder / "outer.log").read_text()


def test_X3_no_line_holds_a_word_of_any_ad(tmp_path: Path, folder: Path, lines: Lines) -> None:
    scenario = LeakScenario(tmp_path, seed=11)
    for _ in range(4):
        scenario.publish(8)
        scenario.change(3)
        scenario.withdraw(3)
        scenario.rewrite_silently(2)
        scenario.days_pass(3)
        scenario.sync(thorough=True)
    actions = {line["action"] for line in lines() if line["event"] == "decided"}
    assert {"queued", "added", "updated", "confirmed", "removed"} <= actions
    assert scenario.finds_all_active()
    assert find_canaries(folder) == set()


# As a process


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    world = World.history(3, now=machine_now(), entries=40, active=9, days=20)
    with PracticeServer(Practice(world)) as server:
        yield Shell(tmp_path, server)


def test_a_sync_answers_why_an_ad_was_removed(shell: Shell) -> None:
    assert shell.run("sync")[0] == 0
    ad = shell.server.practice.world.active()[0]
    shell.server.practice.world.stop(ad)
    code, out, err = shell.run("sync", "--log-level", "debug")
    (logged,) = [line for line in err.splitlines() if ad in line]
    assert (code, out) == (0, "")
    assert f" debug run 2: ad {ad}: removed, stopped (entry " in logged


@pytest.mark.parametrize("command", ["sync", "verify"])
def test_a_variable_turns_debug_lines_on(shell: Shell, command: str) -> None:
    code, _, err = shell.run(command, NAVFEED_LOG="debug", NAVFEED_LOG_FORMAT="json")
    logged = [json.loads(line) for line in err.splitlines()]
    assert (code, {"decided", "ended"} <= {line["event"] for line in logged}) == (0, True)
    code, _, err = shell.run("sync", NAVFEED_LOG="debug", NAVFEED_LOG_LEVEL="error")
    assert (code, err) == (0, "")
    code, _, err = shell.run("sync", NAVFEED_LOG="all")
    assert (code, "log_level" in err) == (2, True)


def test_X2_no_line_holds_a_token(shell: Shell) -> None:
    practice = shell.server.practice
    practice.script(faults.on("page"), faults.status(503), times=1)
    practice.script(faults.on("detail"), faults.status(401), times=1)
    words = ["sync", "--log-level", "debug"]
    code, _, err = shell.run(*words)
    assert (code, "the token was refused" in err, "retrying in" in err) == (0, True, True)
    assert "eyJ" not in err
    token = "eyJhbGciOiJIUzI1NiJ9.e30.wrong-sign"
    code, _, err = shell.run(*words, NAVFEED_TOKEN=token)
    assert (code, "wrong-sign" in err) == (6, False)


def test_a_library_does_not_write_to_stderr(shell: Shell) -> None:
    program = "import navfeed; navfeed.sync_store(navfeed.load_settings())"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=shell.environ, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
