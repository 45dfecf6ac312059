"""The page on how a run ended finds the ad that could not be had, and what was wrong with it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from navfeed.errors import ExitCode
from navfeed.practice import faults
from support.lab import Lab

PAGE = (Path(__file__).parents[2] / "docs/how-to/why-a-run-ended.md").read_text(encoding="utf-8")
(QUEUE,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_finds_out_why_a_run_exited_with_4(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "navfeed.db")
    _, odd = lab.world.publish(), lab.world.publish()
    lab.practice.script(faults.on("detail", odd), faults.body("[]"), times=None)
    assert lab.sync().exit_code is ExitCode.WAITING
    with closing(sqlite3.connect(lab.path)) as connection:
        ((ad, attempts, retry_at, problem),) = connection.execute(QUEUE).fetchall()
    assert (ad, attempts) == (odd, 1)
    assert retry_at > f"{lab.now():%Y-%m-%dT%H:%M:%S}"
    assert f"/api/v1/feedentry/{odd}" in problem
