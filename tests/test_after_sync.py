"""What follows a sync: `--then`, `[hooks] after_sync`, `[push] targets`, `[notify] ping`."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from navfeed.api import store_lock
from navfeed.errors import ConfigError, ExitCode
from navfeed.ops import after_sync, ping
from navfeed.ops.ping import Pings
from navfeed.practice import Practice, PracticeServer, World, faults
from support.clock import machine_now
from support.hookserver import HookServer
from support.postgres import PostgresServer
from support.shell import Shell

STARTED = machine_now()
TELL = (
    "import json, os, sys; "
    "json.dump({n: v for n, v in os.environ.items() if n.startswith('NAVFEED_')}, "
    "open(sys.argv[1], 'w')); print('hei')"
)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    world = World.history(3, now=STARTED, entries=60, active=20, days=20)
    with PracticeServer(Practice(world, page_size=50)) as server:
        yield Shell(tmp_path, server)


def python(script: str, *arguments: str | Path) -> str:
    """A command that runs a script."""
    return shlex.join([sys.executable, "-c", script, *map(str, arguments)])


def settings(shell: Shell, text: str) -> None:
    folder = shell.db.parent / "navfeed"
    folder.mkdir(exist_ok=True)
    (folder / "navfeed.toml").write_text(text, encoding="utf-8")


def test_the_command_learns_where_the_store_stood_and_stands(
    shell: Shell, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "told"
    code, out, _ = shell.run("sync", "--quiet", "--then", python(TELL, record))
    assert (code, out) == (0, "")
    assert "hei" in capfd.readouterr().err
    first = json.loads(record.read_text())
    assert first["NAVFEED_DB"] == str(shell.db)
    assert first["NAVFEED_CURSOR_BEFORE"] == ""
    _, lines, _ = shell.run("changes", "--no-content")
    assert json.loads(lines.splitlines()[-1])["cursor"] == first["NAVFEED_CURSOR_AFTER"]

    settings(shell, f"[hooks]\nafter_sync = {json.dumps(python(TELL, record))}\n")
    shell.server.practice.world.publish()
    assert shell.run("sync", "--quiet")[0] == 0
    second = json.loads(record.read_text())
    assert second["NAVFEED_CURSOR_BEFORE"] == first["NAVFEED_CURSOR_AFTER"]
    assert second["NAVFEED_CURSOR_AFTER"] != second["NAVFEED_CURSOR_BEFORE"]


def test_X2_the_command_is_given_no_token(shell: Shell, tmp_path: Path) -> None:
    record = tmp_path / "told"
    shell.run("sync", "--then", python(TELL, record), NAVFEED_TOKEN="a.b.c")
    assert "NAVFEED_TOKEN" not in json.loads(record.read_text())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            python("raise SystemExit(7)"),
            "exited with 7. The sync is done; the next one runs it again",
        ),
        (
            "/no/such/program",
            "the sync: /no/such/program: No such file or directory. Give its full path",
        ),
        ("./plain", "./plain: Permission denied. Make it executable: chmod +x ./plain"),
        ("./bare", "./bare: Exec format error. Its first line must name a program: #!/bin/sh"),
    ],
)
def test_a_command_that_fails_fails_no_sync(shell: Shell, command: str, message: str) -> None:
    (shell.db.parent / "plain").touch(0o600)
    (shell.db.parent / "bare").touch(0o700)
    code, _, err = shell.run("sync", "--quiet", "--then", command)
    assert (code, message in err) == (0, True), err
    assert shell.is_exact()


def test_a_sync_that_fails_keeps_its_own_code_whatever_follows(shell: Shell) -> None:
    shell.server.practice.script(faults.on("page"), faults.captive_portal, times=None)
    code, _, err = shell.run("sync", "--quiet", "--then", "false")
    assert (code, "the command after the sync exited with 1" in err) == (5, True), err


def test_no_shell_reads_the_command(shell: Shell, tmp_path: Path) -> None:
    shell.run("sync", "--then", f"echo x > {tmp_path / 'file'}; touch {tmp_path / 'file'}")
    assert not (tmp_path / "file").exists()


def test_a_command_that_takes_too_long_is_ended(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after_sync, "HOOK_SECONDS", 0.1)
    code, _, err = shell.run("sync", "--quiet", "--then", python("input() or open('/dev/tty')"))
    assert code == 0
    code, _, err = shell.run("sync", "--quiet", "--then", "sleep 1000")
    assert (code, "took too long" in err) == (0, True)


def test_a_sync_that_is_stopped_runs_nothing(shell: Shell, tmp_path: Path) -> None:
    record = tmp_path / "told"
    code, _, _ = shell.run("sync", "--max-pages", "1", "--then", python(TELL, record))
    assert code == 3
    assert not record.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[hooks]\nafter_sync = ''\n", "is empty"),
        ("[hooks]\nafter_sync = '\"x'\n", "cannot read"),
        ("[hooks]\nafter_sync = 3\n", "as one string"),
        ("[hooks]\nbefore_sync = 'x'\n", "[hooks] takes after_sync"),
        ("[push]\ntargets = ['mysql://x']\n", "unknown kind of target 'mysql'"),
        ("[push]\ntargets = 3\n", "push.targets takes a string or a list of strings"),
    ],
)
def test_wrong_settings_are_reported_before_a_sync(shell: Shell, text: str, message: str) -> None:
    settings(shell, text)
    code, _, err = shell.run("sync")
    assert (code, message in err) == (2, True)
    assert not shell.db.exists()


def test_a_command_holds_up_no_stop(shell: Shell, tmp_path: Path) -> None:
    """A service ends within two seconds, and takes what it started along."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = python("import sys, time; open(sys.argv[1], 'w').close(); time.sleep(1000)", fifo)
    with shell.start("sync", "--follow", "--every", "24h", "--then", command) as process:
        fifo.read_text()  # the command runs
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "killed the command after the sync" in err


# Targets


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


def held(postgres: PostgresServer) -> set[str]:
    with psycopg.connect(postgres.url()) as connection:
        return {str(uuid) for (uuid,) in connection.execute("SELECT uuid FROM ads")}


def test_a_sync_brings_targets_to_where_the_store_stands(
    shell: Shell, postgres: PostgresServer, tmp_path: Path
) -> None:
    down = f"postgresql://kari:hemmelig@/x?host={tmp_path}"
    settings(shell, f"[push]\ntargets = ['{down}', '{postgres.url()}']\n")
    code, _, err = shell.run("sync", "--quiet")
    assert code == 0
    assert "postgresql:///x: PostgreSQL cannot be reached" in err
    assert "hemmelig" not in err
    assert held(postgres) == shell.stored().keys()


def test_a_service_keeps_targets_current(shell: Shell, postgres: PostgresServer) -> None:
    settings(shell, f"[push]\ntargets = ['{postgres.url()}']\n")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("LISTEN navfeed")
        with shell.start("sync", "--follow", "--every", "24h") as process:
            for _ in connection.notifies(timeout=60, stop_after=1):
                pass
            while held(postgres) != shell.server.practice.world.truth().keys():
                assert list(connection.notifies(timeout=60, stop_after=1))
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "Traceback" not in err


def test_what_is_no_command() -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        after_sync.hook_words("'x")


# Pings


class Alarm(HookServer):
    """What takes pings: a GET of an address, or of the same with /fail."""

    @property
    def pings(self) -> list[str]:
        return [one.path for one in self.posted]


@pytest.fixture
def alarm(shell: Shell) -> Iterator[Alarm]:
    with Alarm() as server:
        server.got = 200
        settings(shell, f'[notify]\nping = "{server.url}/ping/s3cr3t"\n')
        yield server


def test_a_sync_that_is_well_pings(shell: Shell, alarm: Alarm) -> None:
    code, _, stderr = shell.run("sync")
    assert (code, alarm.pings) == (0, ["/ping/s3cr3t"])
    assert "the ping to" not in stderr


def test_a_sync_that_fails_pings_that(shell: Shell, alarm: Alarm) -> None:
    assert shell.run("sync", NAVFEED_BASE_URL="http://127.0.0.1:1")[0] == 5
    assert shell.run("sync", NAVFEED_TOKEN="no token")[0] == 2
    assert alarm.pings == ["/ping/s3cr3t/fail"]  # the settings were wrong the second time


def test_a_query_stays_behind_the_path(shell: Shell, alarm: Alarm) -> None:
    settings(shell, f'[notify]\nping = "{alarm.url}/?key=1"\n')
    shell.run("sync")
    shell.run("sync", NAVFEED_BASE_URL="http://127.0.0.1:1")
    assert alarm.pings == ["/?key=1", "/fail?key=1"]


def test_a_sync_that_is_stopped_or_kept_out_pings_nothing(shell: Shell, alarm: Alarm) -> None:
    assert shell.run("sync", "--max-pages", "1")[0] == 3
    with store_lock(shell.db):
        assert shell.run("sync")[0] == 75
    assert alarm.pings == []


def test_an_outage_is_reported_once(alarm: Alarm) -> None:
    pings = Pings(print)
    for code in (0, 5, 5, 6, 4, 3, 75, 7):
        pings.after(f"{alarm.url}/p", ExitCode(code))
    assert alarm.pings == ["/p", "/p/fail", "/p", "/p/fail"]


def test_X2_a_ping_that_fails_is_a_warning_without_its_address(shell: Shell, alarm: Alarm) -> None:
    alarm.got = 404
    code, _, stderr = shell.run("sync")
    assert (code, "the ping to 127.0.0.1 was answered with 404" in stderr) == (0, True)
    settings(shell, '[notify]\nping = "http://127.0.0.1:1/s3cr3t"\n')
    code, _, silent = shell.run("sync")
    assert (code, "the ping to 127.0.0.1 did not get through" in silent) == (0, True)
    assert "s3cr3t" not in stderr + silent
    assert shell.run("sync", "--quiet") == (0, "", "")  # for cron: the alarm service misses it


def test_a_ping_that_never_ends_is_left(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings(shell, f'[notify]\nping = "http://127.0.0.1:{silent.getsockname()[1]}/"\n')
        code, _, stderr = shell.run("sync")
    assert (code, "did not get through" in stderr) == (0, True)


def test_a_service_pings_after_each_round(shell: Shell, alarm: Alarm) -> None:
    process = shell.start("sync", "--follow")
    alarm.heard.wait(60)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 3
    process.communicate()
    assert alarm.pings == ["/ping/s3cr3t"]


@pytest.mark.parametrize("ping", ["3", '"ftp://a/b"', '"https://u:s3cr3t@a/b"', '"https://[/"'])
def test_an_address_that_cannot_be_pinged_is_refused(shell: Shell, ping: str) -> None:
    settings(shell, f"[notify]\nping = {ping}\n")
    code, _, stderr = shell.run("sync")
    assert (code, "notify.ping" in stderr, "s3cr3t" in stderr) == (2, True, False)
