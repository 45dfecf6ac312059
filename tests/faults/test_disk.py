"""faults.md, the machine's disk: really full, really closed to us, or yesterday's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from navfeed.errors import ExitCode
from navfeed.practice import World
from support.lab import NOW
from support.socket_harness import Outdoors, environment_of

ROOT = not hasattr(os, "geteuid") or os.geteuid() == 0
FULL = """
mount -t tmpfs -o size=$1k none "$2" || exit 99
"$3" -m navfeed sync -q --from-start; echo "full $?"
"$3" -m navfeed list --format jsonl > "$2.listed"; echo "list $?"
mount -o remount,size=100m "$2"
"$3" -m navfeed sync -q --from-start; echo "room $?"
cp "$2"/navfeed.db "$4"
"""


def larger_world() -> World:
    """A store of more than half a megabyte."""
    world = World(3, now=NOW)
    world.batch([lambda batch: batch.publish() for _ in range(60)])
    return world


def unmeasured(outdoors: Outdoors, **more: str) -> dict[str, str]:
    """Without coverage: it could save its own file no more than navfeed does."""
    found = environment_of(outdoors, **more)
    return {name: value for name, value in found.items() if not name.startswith("COVERAGE")}


# D1


def can_mount() -> bool:
    unshare = shutil.which("unshare")
    tried = unshare and subprocess.run(
        [unshare, "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return bool(tried) and tried.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="only who may mount can make a disk that is full")
@pytest.mark.parametrize(
    "kilobytes",
    [200, 500, *(pytest.param(size, marks=pytest.mark.campaign) for size in range(40, 900, 20))],
)
def test_D1_a_disk_that_is_really_full_ends_with_7_and_goes_on_with_room(
    tmp_path: Path, kilobytes: int
) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept.db"
    disk.mkdir()
    with Outdoors(disk / "navfeed.db", larger_world(), page_size=20) as outdoors:
        done = subprocess.run(
            ["unshare", "-m", "bash", "-c", FULL, "bash", str(kilobytes), disk, sys.executable,
             kept],
            env=unmeasured(outdoors), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        full, listed, room = done.stdout.splitlines()
        assert full == "full 7", done.stderr
        assert "Traceback" not in done.stderr
        assert "is full" in done.stderr
        # Too full to make a store at all, or something that can be read.
        assert listed in ("list 0", "list 7")
        assert room == "room 0", done.stderr
        outdoors.path = kept
        assert outdoors.is_exact()
        assert outdoors.rows("PRAGMA integrity_check") == [("ok",)]


LIMITED = """
import resource, sys
most = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
from navfeed.cli import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
@pytest.mark.parametrize(
    "most",
    [150_000, *(pytest.param(n, marks=pytest.mark.campaign) for n in range(0, 700_000, 25_000))],
)
def test_D1_a_file_that_may_not_grow_ends_with_7_and_nothing_is_lost(
    tmp_path: Path, most: int
) -> None:
    with Outdoors(tmp_path / "navfeed.db", larger_world(), page_size=20) as outdoors:
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, str(most), "sync", "-q", "--from-start"],
            env=unmeasured(outdoors), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == ExitCode.STORE, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.startswith("navfeed: ")
        outdoors.recovers()
        assert outdoors.rows("PRAGMA integrity_check") == [("ok",)]


# D2


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Where another user can get to, unlike pytest's own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.skipif(os.name == "nt" or not ROOT, reason="needs root, to be somebody else")
@pytest.mark.parametrize("closed", ["folder", "file"])
def test_D2_a_store_of_somebody_elses_ends_with_7_before_any_request(
    open_folder: Path, closed: str
) -> None:
    with Outdoors(open_folder / "navfeed.db") as outdoors:
        outdoors.sync()
        outdoors.path.chmod(0o644)
        if closed == "file":
            open_folder.chmod(0o777)
        outdoors.practice.forget_requests()
        before = outdoors.path.read_bytes()
        run = as_nobody(outdoors, "sync")
        assert run.returncode == ExitCode.STORE, run.stderr
        assert "Traceback" not in run.stderr
        assert run.stderr.startswith("navfeed: ")
        assert outdoors.practice.requests == []
        assert outdoors.path.read_bytes() == before
        listed = as_nobody(outdoors, "list", "--format", "jsonl")
        assert listed.returncode == ExitCode.DONE, listed.stderr
        open_folder.chmod(0o755)
        outdoors.recovers()


NOBODYS = """
import os, sys
from pathlib import Path
# Whatever the command loads, before it becomes impossible to read.
import filelock, navfeed.client.feed, navfeed.present.progress, navfeed.sync.engine
import navfeed.privacy.erasure
from navfeed.cli.commands import app
from navfeed.store.writer import Store
warm = Path(sys.argv.pop(1))
Store(warm).close()
try:
    app(["list", "--format", "jsonl", "--db", str(warm)])
except SystemExit:
    pass
os.setgroups([])
os.setgid(65_534)
os.setuid(65_534)
app(prog_name="navfeed")
"""


def as_nobody(outdoors: Outdoors, *words: str) -> subprocess.CompletedProcess[str]:
    with TemporaryDirectory() as warm:
        return subprocess.run(
            [sys.executable, "-c", NOBODYS, f"{warm}/warm.db", *words],
            env=unmeasured(outdoors, NAVFEED_WARN_AGE="never"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


# D4


def test_D4_yesterdays_store_put_back_goes_on_from_its_own_position(
    tmp_path: Path, outdoors: Outdoors
) -> None:
    outdoors.settle()
    backup = tmp_path / "backup"
    shutil.copy(outdoors.path, backup)
    for _ in range(3):
        outdoors.world.advance(timedelta(hours=8))
        ads = outdoors.world.in_force()
        outdoors.world.stop(ads[0])
        outdoors.world.update(ads[1])
        outdoors.world.publish()
        outdoors.sync()
    assert outdoors.is_exact()
    shutil.copy(backup, outdoors.path)
    assert not outdoors.is_exact()
    outdoors.recovers()
    assert outdoors.asked("seek") == []
