"""The log: lines for people and for programs, a file that may be moved, and what is not in it."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from navfeed.api import store_lock
from navfeed.errors import ConfigError, StoreError
from navfeed.log import LogEvent
from navfeed.model import LogFormat, LogLevel
from navfeed.ops.run_end import log_end
from navfeed.practice import Practice, PracticeServer, World, faults
from navfeed.present.progress import Logged, Silent
from navfeed.present.run_log import Log
from navfeed.store.writer import Store
from support.bench import Bench
from support.clock import machine_now
from support.scripted import active
from support.shell import Shell
from support.warm import navfeed_command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.log"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def test_a_line_for_programs_is_one_object(file: Path) -> None:
    log = Log(LogFormat.JSON, LogLevel.INFO, file)
    log.run = 7
    log.say(LogLevel.INFO, "so many \u2028 Ål\n\x1b[31m", LogEvent.ENDED, new=3)
    log.say(LogLevel.DEBUG, "not told")
    log.close()
    [line] = lines(file)
    assert datetime.fromisoformat(line.pop("time")).tzinfo
    assert line == {
        "level": "info",
        "run": 7,
        "event": "ended",
        "message": "so many   Ål \ufffd[31m",
        "new": 3,
    }


def test_a_line_for_people_begins_with_its_time_and_level(file: Path) -> None:
    log = Log(LogFormat.TEXT, LogLevel.WARNING, file)
    log.say(LogLevel.WARNING, "100 % odd")
    log.run = 7
    log.say(LogLevel.ERROR, "wrong")
    log.close()
    first, second = file.read_text().splitlines()
    assert first.endswith("Z warning 100 % odd")
    assert second.endswith("Z error run 7: wrong")
    assert datetime.fromisoformat(first.split()[0])


def test_X5_a_log_is_its_owners_alone_also_when_it_is_started_again(file: Path) -> None:
    before = os.umask(0)
    try:
        log = Log(LogFormat.JSON, LogLevel.INFO, file)
        log.say(LogLevel.INFO, "first")
        file.rename(file.with_suffix(".1"))
        log.say(LogLevel.INFO, "second")
        log.close()
    finally:
        os.umask(before)
    assert {stat.S_IMODE(one.stat().st_mode) for one in file.parent.iterdir()} == {0o600}


def test_a_log_that_was_there_keeps_its_permissions(file: Path) -> None:
    file.touch()
    file.chmod(0o640)
    log = Log(LogFormat.JSON, LogLevel.INFO, file)
    log.say(LogLevel.INFO, "more")
    log.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_log_that_was_moved_away_is_started_again(file: Path) -> None:
    log = Log(LogFormat.JSON, LogLevel.INFO, file)
    log.say(LogLevel.INFO, "one")
    moved = file.rename(file.with_suffix(".1"))
    log.say(LogLevel.INFO, "two")
    log.close()
    assert [line["message"] for line in lines(moved)] == ["one"]
    assert [line["message"] for line in lines(file)] == ["two"]


def test_a_log_that_cannot_be_written_ends_nothing(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Log(LogFormat.JSON, LogLevel.INFO, Path("/dev/full"))
    log.say(LogLevel.INFO, "lost")
    log.close()
    assert capsys.readouterr() == ("", "")


def test_a_log_in_no_folder_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--log-file"):
        Log(LogFormat.TEXT, LogLevel.INFO, tmp_path / "none" / "x.log")


def test_all_that_a_run_does_is_reported_by_its_number(tmp_path: Path, file: Path) -> None:
    bench = Bench(tmp_path / "navfeed.db", ("a", "ACTIVE", 0), ("b", "ACTIVE", 60))
    bench.feed.active = active("ab")
    ended = bench.sync()
    log = Log(LogFormat.JSON, LogLevel.DEBUG, file)
    with Logged(log, Silent()) as logged:
        for event in bench.events:
            logged.show(event)
        assert log.run == 1
    log_end(log, ended)
    assert log.run is None
    log.close()
    reported = lines(file)
    assert [line["event"] for line in reported] == ["began", "walked", "fetched", "ended"]
    assert reported[-1]["reasons"] == {"new": 2}
    assert {line["run"] for line in reported} == {1}
    assert (reported[-1]["exit_code"], reported[-1]["new"]) == (0, 2)


# As a process


@pytest.fixture
def shell(tmp_path: Path) -> Any:
    world = World.history(3, now=machine_now(), entries=40, active=9, days=20)
    with PracticeServer(Practice(world)) as server:
        yield Shell(tmp_path, server)


def test_json_on_stderr_is_json_alone_and_errors_too(shell: Shell) -> None:
    code, out, err = shell.run("sync", "--log-format", "json", "--log-level", "debug")
    logged = [json.loads(line) for line in err.splitlines()]
    assert (code, out, logged[-1]["event"]) == (0, "", "ended")
    shell.server.practice.script(faults.on("page"), faults.status(200, b"<html>"), times=None)
    code, _, err = shell.run("sync", "--log-format", "json")
    logged = [json.loads(line) for line in err.splitlines()]
    assert (code, logged[-1]["level"], logged[-1]["event"]) == (5, "error", "ended")
    code, _, err = shell.run("sync", "-q", "--log-format", "json")
    assert [json.loads(line)["level"] for line in err.splitlines()] == ["error"]


def test_with_a_log_file_stderr_reports_nothing(shell: Shell, file: Path) -> None:
    words = ["sync", "--log-file", str(file), "--log-format", "json"]
    assert shell.run(*words) == (0, "", "")
    assert lines(file)[-1]["event"] == "ended"
    token = "eyJhbGciOiJIUzI1NiJ9.e30.wrong-sign"
    assert shell.run(*words, NAVFEED_TOKEN=token) == (6, "", "")
    assert "NAVFEED_TOKEN" in lines(file)[-1]["message"]
    assert "wrong-sign" not in file.read_text()
    assert shell.run(*words, "--since", "5", "--log-level", "warning") == (0, "", "")
    assert shell.run(*words, "--db", str(file.parent))[0] == 7
    assert lines(file)[-1]["exit_code"] == 7


def test_a_failed_run_is_one_event_with_all_of_it(shell: Shell, file: Path) -> None:
    words = ["sync", "--log-file", str(file), "--log-format", "json"]
    shell.server.practice.script(
        faults.on("seek"),
        faults.then(faults.status(503), faults.retry_after("3600")),
        times=None,
    )
    assert shell.run(*words) == (5, "", "")
    (logged,) = lines(file)
    assert (logged["level"], logged["event"], logged["run"]) == ("error", "ended", 1)
    assert (logged["exit_code"], logged["outcome"]) == (5, logged["message"])
    assert datetime.fromisoformat(logged["next_try_at"]) > datetime.fromisoformat(logged["time"])
    assert "requests a pause until" in logged["outcome"]
    assert logged["new"] == 0


def test_a_run_that_found_the_store_taken_is_one_event(shell: Shell, file: Path) -> None:
    with store_lock(shell.db):
        code, _, err = shell.run("sync", "--log-format", "json")
    (logged,) = [json.loads(line) for line in err.splitlines()]
    assert (code, logged["exit_code"], logged["run"], logged["event"]) == (75, 75, None, "ended")
    assert (logged["level"], logged["next_try_at"]) == ("error", None)


def test_a_store_that_fails_in_mid_run_is_one_event(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "commit_page", refuse)
    code, _, err = shell.run("sync", "--log-format", "json")
    (logged,) = [json.loads(line) for line in err.splitlines()]
    assert (code, logged["exit_code"], logged["run"], logged["event"]) == (7, 7, 1, "ended")
    assert (logged["level"], logged["outcome"]) == ("error", "no room")


def refuse(*_: object, **__: object) -> None:
    raise StoreError("no room")


def test_a_bug_is_one_event(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "commit_page", lambda *_, **__: 1 / 0)
    code, _, err = shell.run("sync", "--log-format", "json")
    (logged,) = [json.loads(line) for line in err.splitlines()]
    assert (code, logged["exit_code"], logged["run"], logged["event"]) == (1, 1, 1, "ended")
    assert (logged["level"], "this is a bug" in logged["message"]) == ("error", True)


def test_what_a_log_cannot_take_is_reported_on_stderr(shell: Shell) -> None:
    shell.server.practice.script(faults.on("page"), faults.status(200, b"<html>"), times=None)
    code, _, err = shell.run("sync", "--log-file", "/dev/full")
    assert (code, err.startswith("navfeed: ")) == (5, True)


def test_who_looks_on_sees_what_went_wrong_beside_the_log(shell: Shell, file: Path) -> None:
    shell.server.practice.script(faults.on("page"), faults.status(200, b"<html>"), times=None)
    words = ["sync", "--log-file", str(file), "--log-format", "json"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(navfeed_command(*words), env=shell.environ, stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # which tells the end
        while piece := os.read(ours, 65_536):
            shown += piece
    os.close(ours)
    assert (process.wait(), b"navfeed: " in shown) == (5, True)
    assert [line["event"] for line in lines(file)] == ["ended"]


def test_X3_what_ads_say_is_in_no_log(shell: Shell, file: Path) -> None:
    assert shell.run("sync", "--log-file", str(file), "--log-level", "debug")[0] == 0
    text = file.read_text()
    output = [
        value
        for content in shell.stored().values()
        for person in content["contactList"]
        for value in (person["name"], person["email"], person["phone"])
        if value
    ]
    assert output
    assert [value for value in output if value in text] == []
    assert [one for one in shell.stored().values() if one["title"] in text] == []
