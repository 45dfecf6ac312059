"""The long form of tests/test_erasure.py: thousands of ads go, and runs die at every boundary.

python -m pytest -m campaign tests/stress/test_erasure.py -s
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from navfeed.model import Inactive
from navfeed.practice import PracticeServer
from support.clock import machine_now
from support.leak_scenario import ANNOUNCED, LeakScenario

DEACTIVATIONS = 10_000


@pytest.mark.campaign
@pytest.mark.parametrize("inactive", Inactive)
def test_X3_ten_thousand_ads_go_without_a_trace(tmp_path: Path, inactive: Inactive) -> None:
    """Each round's first run dies one boundary later than the last one's, until one lives on.

    Others die anywhere, before the one that is to finish what all of them have left.
    """
    scenario = LeakScenario(tmp_path, seed=7, inactive=inactive)
    syncs = boundary = furthest = survived = 0
    while scenario.deactivated < DEACTIVATIONS:
        scenario.publish(320)
        scenario.change(20)
        scenario.sync()
        scenario.withdraw(250)
        scenario.rewrite_silently(10)
        scenario.bring_back(20)
        furthest = max(furthest, boundary)
        if scenario.crash(after=boundary):
            boundary += 1
        else:
            boundary = 0
            survived += 1
        for _ in range(3):
            scenario.crash(after=scenario.rng.randrange(12))
        scenario.sync(thorough=True)
        assert scenario.leaks() == []
        scenario.days_pass(1)
        scenario.sync()
        assert scenario.leaks() == []
        syncs += 3
    assert scenario.finds_all_active()
    assert survived
    assert scenario.crashes > 100
    print(
        f"{inactive}: {scenario.deactivated:,} deactivations, {syncs} completed syncs, "
        f"{scenario.crashes} crashes at {furthest + 1} boundaries, 0 canaries heard"
    )


MORTAL = """
import os, signal, sys
sys.path.insert(0, sys.argv.pop(1))
from navfeed.store import writer
from support.crash import Fuse, fragile
fuse = Fuse(lambda: os.kill(os.getpid(), signal.SIGKILL))
fuse.left = int(sys.argv.pop(1))
writer.Store = fragile(fuse.burn)
from navfeed.cli import main
main()
"""


@pytest.mark.campaign
def test_X3_killed_for_good_again_and_again(tmp_path: Path) -> None:
    """Real processes, ended by SIGKILL from within; what they say is read too."""
    scenario = LeakScenario(tmp_path, seed=8, now=machine_now())
    scenario.publish(200)
    with PracticeServer(scenario.lab.practice) as server:
        run(scenario, server, "navfeed")
        for boundary in range(0, 40, 3):
            scenario.publish(20)
            scenario.withdraw(20, ANNOUNCED)
            scenario.change(5)
            killed = run(scenario, server, "mortal", str(boundary))
            run(scenario, server, "navfeed")
            assert scenario.leaks() == []
            assert scenario.finds_all_active()
            assert killed or boundary > 15
    assert scenario.deactivated == 280


def run(scenario: LeakScenario, server: PracticeServer, who: str, *words: str) -> bool:
    """One sync in a process of its own. Answers whether it was killed."""
    support = str(Path(__file__).parents[1])
    program = ["-m", "navfeed"] if who == "navfeed" else ["-c", MORTAL, support, *words]
    log = scenario.folder / "log"
    with log.open("ab") as output:
        ended = subprocess.run(
            [sys.executable, *program, "sync", "--db", str(scenario.lab.path)],
            env=os.environ | {"NAVFEED_BASE_URL": server.url, "HOME": str(scenario.folder)},
            stdout=output,
            stderr=output,
            check=False,
            timeout=120,
        )
    assert ended.returncode in (0, -signal.SIGKILL), log.read_text()
    return ended.returncode != 0
