"""Table `runs`: one row for each sync, written when it begins and when it ends."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from navfeed.model import RunEnd, moment_text

KEPT_RUNS = 10_000
"""Rows: a year at one sync every 50 minutes."""


def begin(db: sqlite3.Connection, now: datetime) -> int:
    run = db.execute("INSERT INTO runs (started_at) VALUES (?)", [moment_text(now)])
    return int(run.lastrowid or 0)


def end(db: sqlite3.Connection, run: int, end: RunEnd, now: datetime) -> None:
    db.execute(
        "UPDATE runs SET ended_at = ?, exit_code = ?, outcome = ?, counts = ? WHERE id = ?",
        [moment_text(now), end.exit_code, end.outcome, json.dumps(dict(end.counts)), run],
    )
    db.execute("DELETE FROM runs WHERE id <= ?", [run - KEPT_RUNS])
