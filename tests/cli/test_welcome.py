"""What somebody sees who types `navfeed`, or `navfeed sync`, for the first time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.terminal import on_terminal, plain, pty
from navfeed.practice import Practice, PracticeServer, World
from support.clock import NOW
from support.shell import Shell, invoke
from support.warm import navfeed_command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def test_three_lines_where_there_is_no_store(home: Path) -> None:
    code, drawn, stderr = on_terminal(200)
    lines = plain(drawn).splitlines()
    assert (code, stderr, len(lines)) == (0, "", 3)
    assert "pam-stilling-feed.nav.no" in lines[0]
    assert str(home / "navfeed/navfeed.db") in lines[0]
    assert "Ctrl-C" in lines[1]
    assert "`navfeed init`" in lines[2]


def test_the_commands_where_there_is_a_store(home: Path) -> None:
    (home / "navfeed").mkdir()
    (home / "navfeed/navfeed.db").touch()
    assert "Show the state of the store." in plain(on_terminal(80)[1])


def test_the_commands_where_settings_are_broken(home: Path) -> None:
    (home / "navfeed").mkdir()
    (home / "navfeed/navfeed.toml").write_text("[")
    assert "Show the state of the store." in plain(on_terminal(80)[1])


def test_the_commands_in_a_pipe(home: Path) -> None:
    assert "Show the state of the store." in invoke([]).output


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    world = World.history(3, now=NOW, entries=60, active=20, days=20)
    with PracticeServer(Practice(world, page_size=50)) as server:
        yield Shell(tmp_path, server)


def synced(shell: Shell, *words: str) -> str:
    """What a sync writes to stderr, which is a terminal."""
    ours, theirs = pty.openpty()
    command = navfeed_command("sync", *words)
    environ = {**shell.environ, "TERM": "dumb", "COLUMNS": "200"}
    with subprocess.Popen(command, stderr=theirs, env=environ) as running:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
    os.close(ours)
    assert running.returncode == 0, shown
    return plain(shown.decode())


def _read(number: int) -> bytes:
    try:
        return os.read(number, 65_536)
    except OSError:  # the end, as Linux tells it
        return b""


def test_the_first_sync_explains_what_will_happen_and_no_other(shell: Shell) -> None:
    first = synced(shell).splitlines()
    host = shell.server.url.removeprefix("http://")
    assert first[0].rstrip() == f"First sync: the job ads of {host} are copied into {shell.db}."
    assert "minutes" in first[1]
    assert "Ctrl-C stops it at any time" in first[2]
    assert "First sync" not in synced(shell)


@pytest.mark.parametrize("words", [("--quiet",), ("--log-format", "json")])
def test_what_needs_no_words_gets_none(shell: Shell, words: tuple[str, ...]) -> None:
    assert "First sync" not in synced(shell, *words)


def test_a_pipe_gets_none(shell: Shell) -> None:
    assert "First sync" not in shell.run("sync")[2]
