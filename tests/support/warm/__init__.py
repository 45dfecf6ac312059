"""Real processes of navfeed without the quarter of a second that each spends on imports.

A server (`server.py`) imports everything once and forks for each command. Tests start `client.py`
instead of `python -m navfeed`: it hands over its arguments, environment, folder and streams,
forwards signals, and ends as the command ended. Where the environment would change Python itself
(encodings, other libraries), the client becomes `python -m navfeed`.

Tests of imports, memory, SIGKILL, process groups and limits start Python themselves.
"""

from __future__ import annotations

import atexit
import os
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support.clock import without_child_clock

HERE = Path(__file__).parent


def navfeed_command(*words: str) -> list[str]:
    """What a test starts as a process of its own."""
    if sys.platform != "linux":
        return [sys.executable, "-m", "navfeed", *words]
    return [*_client(), *words]


@cache
def navfeed_folder() -> Path:
    """A folder for PATH with a program `navfeed` in it."""
    folder = _folder() / "bin"
    folder.mkdir()
    program = folder / "navfeed"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(navfeed_command())} "$@"\n')
    program.chmod(0o755)
    return folder


@cache
def _folder() -> Path:
    folder = Path(mkdtemp(prefix="navfeed-"))
    atexit.register(subprocess.run, ["rm", "-rf", folder], check=False)
    return folder


def _stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()
    server.wait()


@cache
def _client() -> tuple[str, ...]:
    address = str(_folder() / "socket")
    server = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=without_child_clock(os.environ),  # the first test may have set one, others none
        cwd="/",
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    atexit.register(_stop, server)
    return (sys.executable, "-IS", str(HERE / "client.py"), address)
