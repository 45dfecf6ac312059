"""Run a command under another calendar clock: `python tests/clock/run.py WHEN COMMAND [ARG ...]`.

WHEN is a number of days from now (`+45`), a moment in Oslo (`2028-02-29T12:00`), or `midnight`: it
begins 40 seconds before the day turns in Oslo, so that it turns while the tests run. TZ and LC_ALL
go through. Needs Linux and a C compiler; ends with the command's own code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
SOURCE = Path(__file__).with_name("shift.c")
BUILT = Path(__file__).parents[2] / "build" / "clock" / "shift.so"

BEFORE_MIDNIGHT = timedelta(seconds=40)
"""Longer than pytest takes to collect, shorter than the tests run."""


def main() -> None:
    when, *command = sys.argv[1:]
    shift = int((_moment(when, now := datetime.now(UTC)) - now).total_seconds())
    began = now + timedelta(seconds=shift)
    print(f"The clock begins at {began.astimezone(OSLO):%Y-%m-%d %H:%M:%S %z} in Oslo.", flush=True)
    environment = {**os.environ, "LD_PRELOAD": str(_library()), "CLOCK_SHIFT": str(shift)}
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def _moment(when: str, now: datetime) -> datetime:
    if when.startswith(("+", "-")):
        return now + timedelta(days=float(when))
    if when == "midnight":
        tomorrow = (now.astimezone(OSLO) + timedelta(days=1)).date()
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=OSLO) - BEFORE_MIDNIGHT
    return datetime.fromisoformat(when).replace(tzinfo=OSLO)


def _library() -> Path:
    if not BUILT.exists() or BUILT.stat().st_mtime < SOURCE.stat().st_mtime:
        BUILT.parent.mkdir(parents=True, exist_ok=True)
        compiler = os.environ.get("CC", "cc")
        options = ["-O1", "-fPIC", "-shared", "-Wall", "-Werror"]
        subprocess.run([compiler, *options, "-o", BUILT, SOURCE, "-ldl"], check=True)
    return BUILT


if __name__ == "__main__":
    main()
