"""faults.md, the machine's disk: really full, really closed to us, or yesterday's."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cli.support import Fields, ad, fill, run_command, uuid_of
from navfeed.errors import ExitCode, StoreError
from navfeed.practice import World
from navfeed.store import connect
from navfeed.store.query import Reader
from support.clock import NOW
from support.limits import no_file_may_grow
from support.socket_harness import SocketLab, environment_of

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


def unmeasured(socket_lab: SocketLab, **more: str) -> dict[str, str]:
    """Without coverage: it could save its own file no more than navfeed does."""
    found = environment_of(socket_lab, **more)
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
    with SocketLab(disk / "navfeed.db", larger_world(), page_size=20) as socket_lab:
        done = subprocess.run(
            ["unshare", "-m", "bash", "-c", FULL, "bash", str(kilobytes), disk, sys.executable,
             kept],
            env=unmeasured(socket_lab), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        full, listed, room = done.stdout.splitlines()
        assert full == "full 7", done.stderr
        assert "Traceback" not in done.stderr
        assert "is full" in done.stderr
        # Too full to make a store at all, or something that can be read.
        assert listed in ("list 0", "list 7")
        assert room == "room 0", done.stderr
        socket_lab.path = kept
        assert socket_lab.is_exact()
        assert socket_lab.rows("PRAGMA integrity_check") == [("ok",)]


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
    with SocketLab(tmp_path / "navfeed.db", larger_world(), page_size=20) as socket_lab:
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, str(most), "sync", "-q", "--from-start"],
            env=unmeasured(socket_lab), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == ExitCode.STORE, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.startswith("navfeed: ")
        socket_lab.recovers()
        assert socket_lab.rows("PRAGMA integrity_check") == [("ok",)]


READS = {
    "status": ["status"],
    "list": ["list", "--format", "jsonl"],
    "show": ["show", uuid_of(1)],
    "stats": ["stats"],
    "export": ["export", "--format", "jsonl"],
    "runs": ["runs"],
    "check": ["check"],
    "log": ["privacy", "log"],
}


def active_ads() -> list[Fields]:
    """Two that are active on any day that this machine may have."""
    return [ad(number, expires="2999-01-01T00:00:00Z") for number in (1, 2)]


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
@pytest.mark.parametrize("words", READS.values(), ids=READS)
def test_D1_a_store_that_nobody_has_open_is_read_where_no_file_may_grow(
    tmp_path: Path, words: list[str]
) -> None:
    db = fill(tmp_path / "navfeed.db", *active_ads())
    expected = run_command(db, *words)
    for one in ("-wal", "-shm"):  # who only reads cannot take them away
        Path(f"{db}{one}").unlink()
    with no_file_may_grow():
        ended = run_command(db, *words)
    assert (ended.exit_code, ended.stdout) == (0, expected.stdout), ended.stderr
    assert expected.exit_code == 0


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_D1_whoever_reads_meanwhile_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1))
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(connect, "READER_BUSY_SECONDS", 0.05)
    with no_file_may_grow():
        with Reader(db, NOW.date()), pytest.raises(StoreError, match="keeps .* busy"):
            Reader(db, NOW.date())
        with Reader(db, NOW.date()) as reader:
            assert len(list(reader.iter_all_raw())) == 1


def test_D1_where_nobody_can_say_how_much_is_free_it_is_left_out() -> None:
    refused = sqlite3.OperationalError("disk I/O error")
    refused.sqlite_errorname = "SQLITE_IOERR_WRITE"
    assert "check the disk" in connect.translate(refused, Path("/nowhere/at/all/navfeed.db"))


KILLED = """
import os, sys
from pathlib import Path
from navfeed.store.writer import Store
Store(Path(sys.argv[1])).begin_run(__import__("datetime").datetime.now().astimezone())
os._exit(9)
"""
READ_WHEN_FULL = """
mount -t tmpfs -o size=1m none "$1" || exit 99
cp "$2" "$1"/navfeed.db
if [ "$4" = log ]; then "$3" -c "$5" "$1"/navfeed.db; rm "$1"/navfeed.db-shm; fi
cat /dev/zero > "$1"/filled 2>/dev/null
export NAVFEED_DB="$1"/navfeed.db NAVFEED_WARN_AGE=never
"$3" -m navfeed list --format jsonl | wc -l
"$3" -m navfeed runs | wc -l
"$3" -m navfeed export --format jsonl | wc -l
"$3" -m navfeed backup "$2".copy && "$3" -m navfeed list --db "$2".copy --format jsonl | wc -l
printf '[watch.all]\\npublished = "[2020-01-01,*)"\\nto = ["stdout"]\\n' > "$2".toml
NAVFEED_WATCHES_FILE="$2".toml "$3" -m navfeed watch preview all > "$2".preview; echo "watch $?"
"$3" -m navfeed doctor --offline --format json > "$2".doctor; echo "doctor $?"
"$3" -m navfeed sync -q; echo "sync $?"
"$3" -m navfeed backup "$1"/copy; echo "backup $?"
ls -A "$1" | grep -c part
rm "$1"/filled
"$3" -m navfeed runs | wc -l
"""


@pytest.mark.skipif(not can_mount(), reason="only who may mount can make a disk that is full")
@pytest.mark.parametrize("left", ["nothing", "log"])
def test_D1_a_store_on_a_full_disk_is_read_and_copied_elsewhere(tmp_path: Path, left: str) -> None:
    """`log`: a sync was killed, and what it committed last stands in the write-ahead log alone."""
    db = fill(tmp_path / "navfeed.db", *active_ads())
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", READ_WHEN_FULL, "bash", disk, db, sys.executable, left,
         KILLED],
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    runs = "1" if left == "log" else "0"
    assert done.stdout.split("\n")[:-1] == [
        *("2", runs, "2", "2", "watch 0", "doctor 7", "sync 7", "backup 7", "0", runs)
    ], done.stderr
    found = {one["check"]: one for one in json.loads(Path(f"{db}.doctor").read_bytes())}
    assert (found["integrity"]["level"], found["disk"]["exit_code"]) == ("ok", 7)
    assert done.stderr.count("is full (0.0 MB free)") == 2, done.stderr


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
    with SocketLab(open_folder / "navfeed.db") as socket_lab:
        socket_lab.sync()
        socket_lab.path.chmod(0o644)
        if closed == "file":
            open_folder.chmod(0o777)
        socket_lab.practice.forget_requests()
        before = socket_lab.path.read_bytes()
        run = as_nobody(socket_lab, "sync")
        assert run.returncode == ExitCode.STORE, run.stderr
        assert "Traceback" not in run.stderr
        assert run.stderr.startswith("navfeed: ")
        assert socket_lab.practice.requests == []
        assert socket_lab.path.read_bytes() == before
        listed = as_nobody(socket_lab, "list", "--format", "jsonl")
        assert listed.returncode == ExitCode.DONE, listed.stderr
        open_folder.chmod(0o755)
        socket_lab.recovers()


@pytest.mark.skipif(os.name == "nt" or not ROOT, reason="needs root, to be somebody else")
def test_D1_somebody_elses_store_cannot_be_read_without_room(open_folder: Path) -> None:
    """Who may not write a file cannot lock it, and without its index a lock is what it takes."""
    db = fill(open_folder / "navfeed.db", ad(1))
    db.chmod(0o644)
    open_folder.chmod(0o777)
    with no_file_may_grow():
        os.seteuid(65_534)
        try:
            with pytest.raises(StoreError, match="check the disk"):
                Reader(db, NOW.date())
        finally:
            os.seteuid(0)


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


def as_nobody(socket_lab: SocketLab, *words: str) -> subprocess.CompletedProcess[str]:
    with TemporaryDirectory() as warm:
        return subprocess.run(
            [sys.executable, "-c", NOBODYS, f"{warm}/warm.db", *words],
            env=unmeasured(socket_lab, NAVFEED_WARN_AGE="never"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


# D4


def test_D4_yesterdays_store_put_back_goes_on_from_its_own_position(
    tmp_path: Path, socket_lab: SocketLab
) -> None:
    socket_lab.settle()
    backup = tmp_path / "backup"
    shutil.copy(socket_lab.path, backup)
    for _ in range(3):
        socket_lab.world.advance(timedelta(hours=8))
        ads = socket_lab.world.active()
        socket_lab.world.stop(ads[0])
        socket_lab.world.update(ads[1])
        socket_lab.world.publish()
        socket_lab.sync()
    assert socket_lab.is_exact()
    shutil.copy(backup, socket_lab.path)
    assert not socket_lab.is_exact()
    socket_lab.recovers()
    assert socket_lab.requests_of("seek") == []
