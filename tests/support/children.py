"""A command in a child that shares what this process has loaded: it may die as it likes."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.shell import run_here
from support.socket_harness import SocketLab, environment_of

Call = Callable[[], tuple[int, str]]
"""Returns an exit code and the messages."""


@dataclass(frozen=True, slots=True)
class Fate:
    """How a child ended: by a signal, or with a code and its messages."""

    killed_by: int | None
    code: int
    output: str


def child(call: Call, log: Path) -> Fate:
    """Fork, call there, and wait for the end."""
    return fate(begin(call, log), log)


def begin(call: Call, log: Path) -> int:
    """Fork, and call there. Answers the number of the process."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads here are of no use to it
        number = os.fork()
    if number == 0:
        _live(call, log)
    return number


def fate(number: int, log: Path) -> Fate:
    """Wait for its end."""
    _, status = os.waitpid(number, 0)
    if os.WIFSIGNALED(status):
        return Fate(os.WTERMSIG(status), -1, "")
    return Fate(None, os.WEXITSTATUS(status), log.read_text())


def _live(call: Call, log: Path) -> None:
    code = 70
    try:
        code, output = call()
        log.write_text(output)
    except BaseException:  # noqa: BLE001  nothing may get back into the test that forked
        log.write_text(traceback.format_exc())
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        os._exit(code)


def navfeed(socket_lab: SocketLab, *words: str, **environ: str) -> tuple[int, str]:
    """A command on this feed and this store, with what it wrote to stderr."""
    # A second, which is enough elsewhere, is not while every processor is busy with deaths.
    environment = environment_of(socket_lab, **{"NAVFEED_TIMEOUT": "30", **environ})
    result = run_here([*words], environment, socket_lab.path.parent)
    return result.code, result.err


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(seconds: float) -> None:
    """The kernel ends the process then, whatever it is doing."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
