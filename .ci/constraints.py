"""Regenerate constraints.txt (`make constraints`), by the oldest Python that navfeed runs on.

Every library that navfeed, its extras and its groups of dependencies bring, each at the newest
version that fits. What is pinned for the oldest Python is there for the newer ones too; tests run
on all of them.
"""

# ruff: noqa: INP001, T201, S603  a script for people

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# What CI, `make` and the container install: a version of every library, direct or not. Written by
# `make constraints`; what versions may be is said in pyproject.toml.
"""


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = project["project"]["requires-python"].removeprefix(">=")
    if f"{sys.version_info.major}.{sys.version_info.minor}" != oldest:
        sys.exit(f"constraints: run it by Python {oldest}: make PYTHON=python{oldest} constraints")
    extras = ",".join(project["project"]["optional-dependencies"])
    groups = [word for name in project["dependency-groups"] for word in ("--group", name)]
    versions = resolved([f".[{extras}]", *groups])
    lines = sorted(f"{name}=={version}" for name, version in versions.items() if name != "navfeed")
    (ROOT / "constraints.txt").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt names {len(lines)} libraries")


def resolved(wanted: list[str]) -> dict[str, str]:
    """What pip would install, by its own report; nothing is installed."""
    words = ["install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *wanted], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    found = [one["metadata"] for one in json.loads(done.stdout)["install"]]
    return {one["name"].lower().replace("_", "-"): one["version"] for one in found}


if __name__ == "__main__":
    main()
