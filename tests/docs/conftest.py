"""The commands of the documents, and a shell that runs them against a practice feed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from navfeed.practice import Practice, PracticeServer, World
from support.clock import machine_now
from support.warm import navfeed_folder

ROOT = Path(__file__).parents[2]
SECONDS = 120


def commands(page: str, section: str = "") -> list[str]:
    """What stands after `$` in the page's console blocks, in order; in one section if named."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if section:
        text = re.split(r"^## ", text.partition(f"\n## {section}\n")[2], flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^\$ (.+)$", "".join(blocks), re.MULTILINE)


NURSE = {
    "title": "Sykepleier i turnus",
    "workLocations": [{"country": "NORGE", "county": "VESTLAND", "municipal": "BERGEN"}],
    "occupationCategories": [{"level1": "Helse og sosial", "level2": "Sykepleier"}],
}
"""An ad that every question in the documents finds, whatever else is made up."""


@pytest.fixture(scope="module")
def feed() -> Iterator[PracticeServer]:
    world = World.history(5, now=machine_now(), entries=600)
    world.publish(content=NURSE)
    with PracticeServer(Practice(world)) as server:
        yield server


@pytest.fixture
def run(feed: PracticeServer, tmp_path: Path):
    """Run commands as one shell would, one after the other; what each of them printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("NAVFEED_")}
    env |= {
        "PATH": os.pathsep.join(
            [str(navfeed_folder()), str(Path(sys.executable).parent), env["PATH"]]
        ),
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        "NAVFEED_BASE_URL": feed.url,
        "LC_ALL": "C.UTF-8",
        # Nothing here may reach beyond this machine, whatever the documents say.
        "https_proxy": "http://127.0.0.1:9",
    }

    def ran(shown: list[str]) -> list[str]:
        lines = [line.replace("http://127.0.0.1:8080", feed.url) for line in shown]
        script = "".join(f"echo '::{at}'\n{line}\n" for at, line in enumerate(lines))
        done = subprocess.run(
            ["bash", "-e", "-u", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        printed = re.split(r"^::\d+\n", done.stdout, flags=re.MULTILINE)[1:]
        assert done.returncode == 0, f"{lines[len(printed) - 1]}\n{done.stdout}\n{done.stderr}"
        assert len(printed) == len(lines)
        return printed

    return ran
