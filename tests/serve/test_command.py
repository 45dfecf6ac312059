"""`navfeed serve` as a process: its options, its messages, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import pytest
import time_machine
from typer.testing import Result

from cli import support
from cli.support import ad, fill
from navfeed.errors import ExitCode
from support.clock import NOW, child_environment
from support.shell import SOON
from support.warm import navfeed_command


def run_at_noon(db: Path, *words: str) -> Result:
    """Run the command here, at noon."""
    with time_machine.travel(NOW, tick=False):
        return support.run_command(db, *words)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1))


@contextmanager
def process(db: Path, *words: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        navfeed_command("serve", "--db", str(db), "--port", "0", *words),
        env={**os.environ, **child_environment(), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def port_of(child: subprocess.Popen[str]) -> int:
    """What it prints once it accepts requests: an address, and nothing else, on stdout."""
    assert child.stdout
    address = child.stdout.readline()
    assert address.startswith("http://127.0.0.1:")
    return int(address.rsplit(":", 1)[1].split("/")[0])


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_reports_its_address_answers_and_ends_soon(db: Path, name: str) -> None:
    with process(db) as child:
        port = port_of(child)
        assert get(port, "/healthz?q=Kari+Nordmann")[0] == 200
        idle = socket.create_connection(("127.0.0.1", port))  # a caller that says nothing
        began = monotonic()
        child.send_signal(signal.Signals[name])
        out, err = child.communicate(timeout=30)
        idle.close()
        assert monotonic() - began < SOON
        assert (child.returncode, out) == (ExitCode.STOPPED, "")
        assert "GET /healthz 200" in err
        assert f"stopped serving ({name})" in err
        assert "Kari" not in err
        assert "Traceback" not in err


def test_it_takes_the_socket_that_systemd_hands_over(db: Path, tmp_path: Path) -> None:
    """As systemd does: number 3 is the socket, and the process knows that it is meant."""
    starter = tmp_path / "starter.py"
    starter.write_text(
        "import os, socket, sys\n"
        "door = socket.create_server(('127.0.0.1', 0))\n"
        "os.dup2(door.fileno(), 3)\n"
        "os.set_inheritable(3, True)\n"
        "os.environ |= {'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '1'}\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'navfeed', *sys.argv[1:]])\n"
    )
    words = [sys.executable, str(starter), "serve", "--db", str(db), "--port", "1"]
    environ = {**os.environ, **child_environment()}
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert get(port_of(child), "/healthz")[0] == 200
        finally:
            child.kill()


def test_it_notifies_systemd_that_it_is_ready(db: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        with process(db, NOTIFY_SOCKET=str(tmp_path / "notify")) as child:
            assert manager.recv(99) == b"READY=1"
            child.send_signal(signal.SIGTERM)
            assert manager.recv(99) == b"STOPPING=1"
            child.communicate(timeout=30)


def test_a_port_in_use_is_reported_with_the_next_step(db: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run_at_noon(db, "serve", "--port", str(taken.getsockname()[1]))
    assert ended.exit_code == ExitCode.USAGE
    assert "Choose another with --port" in ended.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--compat", "loose"], "--compat takes sane or strict, not 'loose'"),
        (["--max-age", "soon"], "--max-age (or never) takes seconds"),
        (["--cors", "jobs.example"], "--cors takes an origin such as"),
        (["--cors", "https://jobs.example/page"], "--cors takes an origin such as"),
        (["--root-path", "jobs"], "--root-path takes a path such as /jobs"),
        (["--host", "no.such.host.invalid"], "is not an address of this machine"),
        (["--require-token", "/nowhere/token"], "cannot read the token file"),
        (["--require-token", os.devnull], "is empty"),
    ],
)
def test_wrong_use_is_reported(db: Path, words: list[str], message: str) -> None:
    ended = run_at_noon(db, "serve", *words)
    assert ended.exit_code == ExitCode.USAGE
    assert message in ended.stderr
    assert ended.stdout == ""


def test_without_a_store_there_is_nothing_to_serve(tmp_path: Path) -> None:
    ended = run_at_noon(tmp_path / "none.db", "serve")
    assert ended.exit_code == ExitCode.STORE
    assert "Run `navfeed sync` first" in ended.stderr


def test_without_the_extra_it_explains_how_to_install_it(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = run_at_noon(db, "serve")
    assert ended.exit_code == ExitCode.USAGE
    assert "pip install 'navfeed[serve]'" in ended.stderr


def test_others_may_come_in_by_another_address_and_that_is_reported(
    db: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("navfeed.cli.serve._serve", lambda _, door: door.close())
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    open_to_all = run_at_noon(db, "serve", "--host", "0.0.0.0", "--port", "0")
    assert "can be reached from other machines" in open_to_all.stderr
    for words in (["--host", "127.0.0.1"], ["--host", "0.0.0.0", "--require-token", str(token)]):
        assert "other machines" not in run_at_noon(db, "serve", "--port", "0", *words).stderr


def test_data_that_is_too_old_is_reported_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("navfeed.cli.serve._serve", lambda _, door: door.close())
    empty = fill(tmp_path / "empty.db")
    assert "until then no ads are shown" in run_at_noon(empty, "serve", "--port", "0").stderr
    never = run_at_noon(empty, "serve", "--port", "0", "--max-age", "never")
    assert "no ads are shown" not in never.stderr
