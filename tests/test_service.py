"""`navfeed sync --follow` as a service manager runs it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from navfeed.practice import Practice, PracticeServer, World, faults
from support.clock import machine_now
from support.lab import Lab
from support.shell import Shell

STARTED = machine_now()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    world = World.history(3, now=STARTED, entries=60, active=20, days=20)
    with PracticeServer(Practice(world, page_size=50)) as server:
        yield Shell(tmp_path, server)


class Manager:
    """systemd's side of sd_notify: what the service sends, in its order."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._door.bind(str(self.path))
        self._door.settimeout(60)

    def close(self) -> None:
        self._door.close()

    def hears(self, start: str) -> str:
        """The next word that begins so; signs of life and others before it are passed over."""
        while not (word := self._door.recv(4_096).decode()).startswith(start):
            pass
        return word


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    manager.close()


@contextmanager
def service(shell: Shell, manager: Manager, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Started, and through with its first run."""
    environ = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "60000000"}
    with shell.start("sync", "--follow", "--every", "24h", *words, **environ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], within: float = 60) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=within)
    assert "Traceback" not in err
    return process.returncode, err


def test_it_follows_reports_it_and_stops_within_two_seconds(shell: Shell, manager: Manager) -> None:
    with service(shell, manager) as process:
        assert manager.hears("READY")
        assert manager.hears("STATUS") == "STATUS=caught up"
        assert shell.is_exact()
        shell.server.practice.world.publish()
        shell.server.practice.forget_requests()
        process.send_signal(signal.SIGHUP)  # reads the settings again, and runs at once
        assert "MONOTONIC_USEC=" in manager.hears("RELOADING")
        assert manager.hears("STATUS") == "STATUS=caught up"
        assert manager.hears("WATCHDOG")
        assert shell.is_exact()
        code, err = ended(process, within=2)
    assert code == 3
    assert "info stopped: SIGTERM" in err  # no alarm, which an error would be
    assert manager.hears("STOPPING")


def test_a_run_at_ease_fetches_no_token_again(shell: Shell, manager: Manager) -> None:
    with service(shell, manager) as process:
        manager.hears("STATUS")
        shell.server.practice.forget_requests()
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS")
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS")
        assert ended(process)[0] == 3
    kinds = [request.kind for request in shell.server.practice.requests]
    assert kinds.count("token") == 2  # new settings may name another token


def test_S10_another_feed_in_the_settings_is_not_taken_up(shell: Shell, manager: Manager) -> None:
    del shell.environ["NAVFEED_BASE_URL"]
    settings = shell.db.with_name("navfeed.toml")
    settings.write_text(f'base_url = "{shell.server.url}"')
    with service(shell, manager, "--config", str(settings)) as process:
        manager.hears("STATUS=caught up")
        shell.server.practice.world.publish()
        settings.write_text('base_url = "http://127.0.0.1:9"')
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        assert shell.is_exact()
        code, err = ended(process)
    assert (code, "a changed feed address takes effect" in err) == (3, True)


def test_weather_is_waited_out(shell: Shell, manager: Manager) -> None:
    practice = shell.server.practice
    practice.script(faults.on("seek"), faults.status(404), times=None)
    with service(shell, manager) as process:
        assert "Retrying in" in manager.hears("STATUS")
        practice.clear_script()
        process.send_signal(signal.SIGHUP)
        assert manager.hears("STATUS=caught up")
        assert shell.is_exact()
        assert ended(process)[0] == 3


def test_H4_an_expired_public_token_is_waited_out(shell: Shell, manager: Manager) -> None:
    shell.server.practice.rotate_token(life=timedelta(hours=-1))
    with service(shell, manager) as process:
        assert "Retrying in" in manager.hears("STATUS")
        shell.server.practice.rotate_token()
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        assert shell.is_exact()
        assert ended(process)[0] == 3


def test_a_token_of_ones_own_that_is_refused_ends_it_with_6(shell: Shell, manager: Manager) -> None:
    with service(shell, manager) as process:
        manager.hears("STATUS")
        assert ended(process)[0] == 3
    token = "eyJhbGciOiJIUzI1NiJ9.e30.wrong-sign"
    code, _, err = shell.run("sync", "--follow", NAVFEED_TOKEN=token)
    assert (code, "NAVFEED_TOKEN" in err, "wrong-sign" in err) == (6, True, False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--max-pages", "3"], "--max-pages"),
        (["--every", "1s"], "every"),
        (["--every", "soon"], "every"),
        (["--log-file", "/nowhere/navfeed.log"], "--log-file"),
    ],
)
def test_wrong_use_ends_with_2(shell: Shell, words: list[str], message: str) -> None:
    code, _, err = shell.run("sync", "--follow", *words)
    assert (code, message in err) == (2, True)
    assert shell.server.practice.requests == []


def test_C1_a_second_service_ends_with_75_and_requests_nothing(
    shell: Shell, manager: Manager
) -> None:
    with service(shell, manager) as process:
        manager.hears("STATUS")
        shell.server.practice.forget_requests()
        code, _, err = shell.run("sync", "--follow")
        assert (code, "--follow" in err) == (75, True)
        assert shell.server.practice.requests == []
        assert shell.run("sync", "-q")[0] == 0  # the store is free between two runs
        assert ended(process)[0] == 3


def test_new_settings_are_taken_up_and_bad_ones_are_not(shell: Shell, manager: Manager) -> None:
    (shell.db.parent / "navfeed").mkdir()
    file = shell.db.parent / "navfeed" / "navfeed.toml"
    with service(shell, manager) as process:
        manager.hears("STATUS")
        file.write_text('colour = "red"\n')
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        assert shell.is_exact()
        file.write_text('log_file = "/nowhere/navfeed.log"\n')
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        file.write_text('db = "elsewhere.db"\nconnections = 1\n[scope]\nwords = ["e"]\n')
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        assert Lab(shell.db).rows("SELECT scope ->> 'words' FROM feed") == [('["e"]',)]
        code, err = ended(process)
    assert code == 3
    assert "unknown settings: colour" in err
    assert "cannot write the log /nowhere/navfeed.log" in err


def test_a_scope_that_is_refused_leaves_the_old_one(shell: Shell, manager: Manager) -> None:
    """A slip in the settings file may neither empty the store nor end the service."""
    (shell.db.parent / "navfeed").mkdir()
    file = shell.db.parent / "navfeed" / "navfeed.toml"
    scope = "SELECT scope FROM feed"
    with service(shell, manager, "--yes") as process:
        manager.hears("STATUS=caught up")
        before = Lab(shell.db).rows(scope)
        for slip in ("Brgen", "Utsira"):
            file.write_text(f'[scope]\nmunicipal = ["{slip}"]\n')
            process.send_signal(signal.SIGHUP)
            manager.hears("STATUS=caught up")
            assert (Lab(shell.db).rows(scope), shell.is_exact()) == (before, True)
        assert shell.run("sync", "--quiet", "--yes", "--config", str(file))[0] == 0
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        assert shell.stored() == {}  # once it was agreed to, it is what the service keeps
        code, err = ended(process)
    assert code == 3
    assert "did you mean BERGEN" in err
    assert "nothing was changed. The scope is unchanged" in err
    assert "would remove 18 of the 18 ads" in err


def test_another_store_needs_a_restart(shell: Shell, manager: Manager) -> None:
    (shell.db.parent / "navfeed").mkdir()
    file = shell.db.parent / "navfeed" / "navfeed.toml"
    file.write_text(f'db = "{shell.db}"\n')
    del shell.environ["NAVFEED_DB"]
    with service(shell, manager) as process:
        manager.hears("STATUS")
        file.write_text(f'db = "{shell.db.parent / "other.db"}"\n')
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        code, err = ended(process)
    assert (code, "a changed store takes effect" in err) == (3, True)
    assert not (shell.db.parent / "other.db").exists()


def test_a_busy_store_is_waited_for(shell: Shell, manager: Manager) -> None:
    shell.server.practice.script(faults.on("seek"), faults.hang, times=None)
    with shell.start_to_kill("sync") as other:
        shell.server.practice.wait_for_requests("seek")
        with service(shell, manager) as process:
            assert "another navfeed command is writing to" in manager.hears("STATUS")
            other.kill()
            other.communicate()
            shell.server.practice.clear_script()
            process.send_signal(signal.SIGHUP)
            manager.hears("STATUS=caught up")
            assert ended(process)[0] == 3
    assert shell.is_exact()


def test_max_time_ends_the_service(shell: Shell) -> None:
    code, _, err = shell.run("sync", "--follow", "--max-time", "1s")
    assert (code, "--max-time" in err) == (3, True)


def test_each_run_is_a_line_of_json_and_a_row(shell: Shell, manager: Manager) -> None:
    with service(shell, manager, "--format", "json") as process:
        manager.hears("STATUS")
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert [json.loads(line)["exit_code"] for line in out.splitlines()] == [0, 0]
    assert Lab(shell.db).rows("SELECT count(*) FROM runs") == [(2,)]


def test_each_run_of_a_log_is_one_event_and_so_is_a_reload(
    shell: Shell, manager: Manager, tmp_path: Path
) -> None:
    file = tmp_path / "navfeed.log"
    practice = shell.server.practice
    practice.script(faults.on("seek"), faults.status(404), times=None)
    with service(shell, manager, "--log-file", str(file), "--log-format", "json") as process:
        manager.hears("STATUS")
        practice.clear_script()
        process.send_signal(signal.SIGHUP)
        manager.hears("STATUS=caught up")
        assert ended(process) == (3, "")
    reported = [json.loads(line) for line in file.read_text().splitlines()]
    events = [(line["event"], line["level"], line["run"]) for line in reported]
    assert events == [
        ("ended", "warning", 1),
        ("reloaded", "info", None),
        ("ended", "info", 2),
        ("message", "info", None),
    ]
    failed, reloaded, well, stopped = reported
    assert (failed["exit_code"], well["exit_code"], well["outcome"]) == (5, 0, "caught up")
    assert f"{failed['outcome']}. Retrying in" in failed["message"]
    for run in (failed, well):
        rest = datetime.fromisoformat(run["next_try_at"]) - datetime.fromisoformat(run["time"])
        assert timedelta(hours=20) < rest < timedelta(hours=28)
    assert str(shell.db) in reloaded["message"]
    assert stopped["message"].startswith("stopped: SIGTERM")


def test_what_ends_the_service_is_one_event(shell: Shell) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.e30.wrong-sign"
    words = ["sync", "--follow", "--log-format", "json"]
    code, _, err = shell.run(*words, NAVFEED_TOKEN=token)
    (reported,) = [json.loads(line) for line in err.splitlines()]
    assert (code, reported["exit_code"], reported["run"], reported["level"]) == (6, 6, 1, "error")
    assert (reported["event"], reported["next_try_at"]) == ("ended", None)
