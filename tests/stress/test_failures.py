"""The n-th operation on the database, a file or a socket fails, for every n.

That one alone, or all that follow as well. A run then ends with the right code and with a message;
the file is sound, and one clean run comes to the truth.

    python -m pytest -m campaign tests/stress/test_failures.py -n auto -rP
"""

from __future__ import annotations

import errno
import sqlite3
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from navfeed.errors import ExitCode
from support.children import Fate, child, navfeed
from support.failpoints import watched
from support.stages import STAGES, Stage, staged


def database() -> Exception:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_WRITE"
    return error


FAILURES: dict[str, Callable[[], Exception]] = {
    "database": database,
    "file": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "socket": lambda: ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
}
ENDS = {
    # Who only reads opens the file another way when the first does not work. The last transaction
    # of a run is a note for the next one: without it, that one scrubs the whole file.
    ("database", "once"): {ExitCode.STORE, ExitCode.DONE},
    ("database", "for good"): {ExitCode.STORE, ExitCode.DONE},
    ("file", "once"): {ExitCode.STORE},
    ("file", "for good"): {ExitCode.STORE},
    ("socket", "once"): {ExitCode.DONE},
    ("socket", "for good"): {ExitCode.FEED, ExitCode.WAITING},
}


class Failing:
    """The `n`-th operation of a kind fails, and those after it too where it is for good."""

    def __init__(self, kind: str, number: int, *, for_good: bool) -> None:
        self._kind = kind
        self._number = number
        self._for_good = for_good
        self.reached = False
        self._seen = 0

    def __call__(self, kind: str) -> None:
        if kind != self._kind:
            return
        at, self._seen = self._seen, self._seen + 1
        if at == self._number or (self._for_good and at > self._number):
            self.reached = True
            error = FAILURES[kind]()
            raise error


NOT_REACHED = 64
NOTE = 4
"""Operations of the last transaction: its begin and end, the note that is there, the new one."""

MADE_GOOD = {"person erased": 1, "migration": 10}
"""Operations whose failure is made good: opening the file another way; reading the copy from before
the upgrade, which is removed where nobody knows what it holds."""


def run_failing(stage: Stage, kind: str, number: int, how: str, log: Path) -> Fate:
    def run() -> tuple[int, str]:
        failing = Failing(kind, number, for_good=how == "for good")
        with watched(failing):
            code, output = navfeed(stage.socket_lab, *stage.words)
        return (code, output) if failing.reached else (NOT_REACHED, output)

    return child(run, log)


@pytest.mark.campaign
@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize(("kind", "how"), ENDS)
def test_every_operation_may_fail(tmp_path: Path, name: str, kind: str, how: str) -> None:
    ends: list[int] = []
    with staged(name, tmp_path) as stage:
        for number in count():
            stage.reset()
            fate = run_failing(stage, kind, number, how, tmp_path / "log")
            if fate.code == NOT_REACHED:
                break
            ends.append(fate.code)
            assert fate.code in ENDS[kind, how], f"{kind} {number}: {fate.code} {fate.output}"
            assert "Traceback" not in fate.output
            if fate.code not in (ExitCode.DONE, ExitCode.WAITING):  # which say nothing when quiet
                assert fate.output.splitlines()[-1].startswith("navfeed: ")
            stage.settles()
    print(f"{name}, {kind}, {how}: {len(ends)} failures, ended with {dict(Counter(ends))}")
    if kind == "database":
        assert ends[:-NOTE].count(ExitCode.DONE) <= MADE_GOOD.get(name, 0)
    assert ends or (name, kind) == ("person erased", "socket")
