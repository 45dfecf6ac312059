"""A command out of `support.warm` does what `python -m navfeed` does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.support import ad, fill
from navfeed.practice import Practice, PracticeServer, World, faults
from support.clock import NOW, child_environment
from support.shell import SOON
from support.warm import navfeed_command, navfeed_folder

Ended = tuple[int, bytes, bytes]


def ended(command: list[str], folder: Path, **environ: str) -> Ended:
    done = subprocess.run(
        command,
        input="Kari Nørdmann\n".encode(),
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, **environ},
    )
    return done.returncode, done.stdout, done.stderr


CLOCK = child_environment()


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        (["lst"], {}),
        (["list"], CLOCK),
        (["list"], CLOCK | {"PYTHONIOENCODING": "ascii"}),
        (["list"], CLOCK | {"LC_ALL": "C"}),
        (["list", "--employer", "TROMS\udcd8"], {}),
        (["export", "--format", "csv", "--output", "/dev/full"], CLOCK),
        (["privacy", "find", "-"], CLOCK),
    ],
)
def test_a_command_ends_and_answers_alike(
    tmp_path: Path, words: list[str], environ: dict[str, str]
) -> None:
    assert_alike(tmp_path, words, environ)


def test_a_sync_that_is_refused_ends_and_answers_alike(tmp_path: Path) -> None:
    with PracticeServer(Practice(World(1, now=NOW))) as server:
        server.practice.script(faults.on("seek"), faults.status(403), times=None)
        assert_alike(tmp_path, ["sync", "-q"], {"NAVFEED_BASE_URL": server.url})


def assert_alike(tmp_path: Path, words: list[str], environ: dict[str, str]) -> None:
    fill(tmp_path / "navfeed.db", ad(1, title="Førskolelærer"))
    environ = {"NAVFEED_DB": "navfeed.db", **environ}
    real = ended([sys.executable, "-m", "navfeed", *words], tmp_path, **environ)
    assert ended(navfeed_command(*words), tmp_path, **environ) == real
    assert ended([f"{navfeed_folder()}/navfeed", *words], tmp_path, **environ) == real


IN_2001 = """
import os, subprocess
from datetime import UTC, datetime
from support.clock import child_environment
from support.warm import navfeed_command

own = {**os.environ}
os.environ |= child_environment(datetime(2001, 1, 1, tzinfo=UTC))
command = navfeed_command("list", "--format", "jsonl", "--db", "navfeed.db")
for environ in (os.environ, own):
    print(len(subprocess.run(command, env=environ, capture_output=True).stdout.splitlines()))
"""


def test_no_command_keeps_the_clock_of_the_one_before(tmp_path: Path) -> None:
    """Whichever test comes first starts the server."""
    fill(tmp_path / "navfeed.db", ad(1, expires="2010-01-01T00:00:00Z"))
    tests = str(Path(__file__).parent)
    code, out, err = ended([sys.executable, "-c", IN_2001], tmp_path, PYTHONPATH=tests)
    assert (code, out.split(), err) == (0, [b"1", b"0"], b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_reaches_it(tmp_path: Path, number: signal.Signals) -> None:
    with PracticeServer(Practice(World.history(1, now=NOW, entries=20))) as server:
        server.practice.script(faults.on("seek"), faults.hang, times=None)
        with subprocess.Popen(
            navfeed_command("sync", "-q", "--db", str(tmp_path / "navfeed.db")),
            env={**os.environ, "NAVFEED_BASE_URL": server.url},
            stderr=subprocess.PIPE,
        ) as running:
            server.practice.wait_for_requests("seek")
            running.send_signal(number)
            assert running.stderr is not None
            running.stderr.read()  # to the end, which comes when the command has ended
            code = running.wait(SOON)
    assert code == (3 if number == signal.SIGTERM else -signal.SIGKILL)
