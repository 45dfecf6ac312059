"""faults.md K2: `push` and the server it pushes to are killed at random moments.

python -m pytest -m campaign tests/stress/test_push_kills.py -rP
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from cli.support import ad, fill, run_command, store_ads, uuid_of
from navfeed.model import DetailDecision, Reason
from navfeed.store.writer import Store
from support.children import begin, die_after, fate
from support.clock import NOW
from support.opensearch import OpenSearchServer
from support.postgres import PostgresServer
from support.shell import invoke

KILLS = 200
ADS = 120
FAR = "2999-12-10T23:59:59+01:00"


@pytest.mark.campaign
def test_K2_push_and_postgresql_are_killed(tmp_path: Path) -> None:
    server = PostgresServer()
    _survives(tmp_path, server, server.url(), downs=0.2)


@pytest.mark.campaign
def test_K2_push_and_a_search_engine_are_killed(tmp_path: Path) -> None:
    server = OpenSearchServer()
    _survives(tmp_path, server, server.url("ads"), downs=0.05)


def _survives(
    folder: Path, server: PostgresServer | OpenSearchServer, url: str, *, downs: float
) -> None:
    db = fill(folder / "navfeed.db", *(ad(number, expires=FAR) for number in range(ADS)))
    rng = Random(1)
    killed = powerless = 0
    server.start()
    try:
        takes = _duration_of_a_push(db, url, folder, rng)
        while killed < KILLS:
            _change(db, rng)
            lives = rng.random() * takes / 2  # later, most have ended
            process = begin(lambda lives=lives: _push(db, url, lives), folder / "log")
            if rng.random() < downs:
                server.kill()
                server.start()
                powerless += 1
            killed += fate(process, folder / "log").killed_by is not None
            result = run_command(db, "push", url, "--verify", "--quiet")
            assert result.exit_code == 0, result.output
    finally:
        server.stop()
    print(f"{killed} pushes and {powerless} servers killed, 0 differences")
    assert powerless


def _duration_of_a_push(db: Path, url: str, folder: Path, rng: Random) -> float:
    """Seconds that one takes on this machine, after the first, which is a snapshot."""
    took = 0.0
    for _ in range(2):
        _change(db, rng)
        began = monotonic()
        pushed = fate(begin(lambda: _push(db, url, 600), folder / "log"), folder / "log")
        took = monotonic() - began
        assert pushed.killed_by is None
    return took


def _change(db: Path, rng: Random) -> None:
    ended = [DetailDecision(uuid_of(rng.randrange(ADS)), Reason.STOPPED) for _ in range(20)]
    with Store(db) as store:
        store.commit_details(ended, [], NOW)
        back = {rng.randrange(ADS) for _ in range(20)}
        store_ads(store, [ad(one, expires=FAR, title=f"Kokk {rng.random()}") for one in back])


def _push(db: Path, url: str, seconds: float) -> tuple[int, str]:
    os.environ["NAVFEED_DB"] = str(db)
    die_after(seconds)
    result = invoke(["push", url, "--batch", "5", "--quiet"])
    return result.exit_code, result.stderr
