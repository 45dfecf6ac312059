"""The clock of the processes that a test starts."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path


def environment(now: datetime) -> dict[str, str]:
    """What makes a Python process, and whatever it starts, begin at `now`; its clock ticks on."""
    path = os.environ.get("PYTHONPATH")
    here = str(Path(__file__).parent)
    return {
        "PYTHONPATH": os.pathsep.join([here, path] if path else [here]),
        "TESTS_NOW": now.isoformat(),
    }
