"""faults.md C1: two syncs of one store that overlap, the first held up or killed anywhere.

python -m pytest -m campaign tests/stress/test_pairs.py -rP
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from navfeed.errors import ExitCode
from navfeed.practice import Request, faults
from support.children import begin, child, fate, navfeed
from support.extra_faults import from_the
from support.socket_harness import SocketLab
from support.stages import START, Stage, staged

PAIRS = 200


def asked_with(socket_lab: SocketLab, token: str) -> list[Request]:
    return [one for one in socket_lab.practice.requests if token in str(one.headers)]


def pair(stage: Stage, folder: Path, rng: Random) -> str:
    """The first run waits for the answer to one of its requests; the second one comes then."""
    socket_lab = stage.socket_lab
    stage.reset()
    socket_lab.practice.clear_script()
    socket_lab.practice.forget_requests()
    tokens = [socket_lab.practice.issue_token() for _ in range(2)]
    release, held_up = threading.Event(), threading.Event()
    reached = from_the(rng.randint(1, 9), faults.anything)

    def at(request: Request) -> bool:
        if reached(request):
            held_up.set()
            return True
        return False

    socket_lab.spoil(at, faults.hold(release), times=1)
    first = begin(lambda: navfeed(socket_lab, *START, NAVFEED_TOKEN=tokens[0]), folder / "first")
    assert held_up.wait(20)
    began = perf_counter()
    second = child(lambda: navfeed(socket_lab, *START, NAVFEED_TOKEN=tokens[1]), folder / "second")
    assert perf_counter() - began < 1
    assert second.code == ExitCode.LOCKED, second.output
    assert asked_with(socket_lab, tokens[1]) == []
    killed = rng.random() < 0.5
    if killed:
        os.kill(first, signal.SIGKILL)
    release.set()
    ended = fate(first, folder / "first")
    assert ended.killed_by == signal.SIGKILL if killed else ended.code == ExitCode.DONE
    stage.settles()
    return "killed" if killed else "ended"


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["backfill", "incremental"])
def test_C1_pairs_of_runs_that_overlap(tmp_path: Path, name: str) -> None:
    rng, ends = Random(name), Counter[str]()
    with staged(name, tmp_path) as stage:
        for _ in range(PAIRS):
            ends[pair(stage, tmp_path, rng)] += 1
    print(f"{name}: {PAIRS} pairs, the first {dict(ends)}, the second always 75, 0 divergences")
    assert min(ends.values()) > PAIRS // 4
