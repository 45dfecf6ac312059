"""`navfeed export` at size and under fire: memory that does not grow, kills that leave no trace."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from cli.support import ad, fill, process
from support.memory import MEASURE
from support.tools import need
from support.warm import navfeed_command

pty = pytest.importorskip("pty")

FEW, MANY = 2_000, 20_000
PROSE = "<p>Vi søker deg som liker å være ute i all slags vær.</p>" * 40


def enlarge(path: Path, ads: int) -> Path:
    """A store of so many ads, copied from one in the database: quick, and all of them different."""
    fill(path, ad(1, description=PROSE, expires="2999-01-01T00:00:00Z"))
    with closing(sqlite3.connect(path)) as connection:
        names = [name for _, name, *_ in connection.execute("PRAGMA table_info(ads)")][2:]
        numbers = "WITH n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        numbered = "printf('%08x-0000-4000-8000-000000000000', i)"
        kept = ", ".join(names)
        connection.execute(
            f"INSERT INTO ads (uuid, {kept}) {numbers} SELECT {numbered}, {kept} FROM n, ads", [ads]
        )
        municipalities = "printf('KOMMUNE %d', i % 300)"
        connection.execute(
            f"INSERT INTO locations (ad, position, country, municipal) {numbers} "
            f"SELECT {numbered}, 0, 'NORGE', {municipalities} FROM n",
            [ads],
        )
        connection.commit()
    return path


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("sizes")
    return {ads: enlarge(folder / f"{ads}.db", ads) for ads in (FEW, MANY)}


def to(db: Path, output: Path) -> list[str]:
    return ["--db", str(db), "--output", str(output)]


def peak_of_an_export(db: Path, output: Path, *arguments: str) -> float:
    """In MB, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "export", *to(db, output), *arguments],
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    match = re.search(rb"peak (\d+)", done.stderr)
    assert match
    return int(match[1]) / 1024


ALL_COLUMNS = "uuid,title,municipalities,categories,contacts,description,content"
FORMATS = {
    "csv": ["csv", "--columns", ALL_COLUMNS],
    "jsonl": ["jsonl"],
    "json without contacts": ["json", "--without-contacts"],
    "jobposting": ["jobposting"],
    "split": ["csv", "--split"],
    "child table": ["csv", "--table", "locations"],
    "xlsx": ["xlsx", "--columns", "uuid,title,municipalities,categories,contacts"],
    "parquet": ["parquet", "--columns", ALL_COLUMNS],
}


@pytest.mark.parametrize(
    "format_",
    [
        "csv",
        "jsonl",
        *(
            pytest.param(name, marks=pytest.mark.campaign)
            for name in FORMATS
            if name not in {"csv", "jsonl"}
        ),
    ],
)
def test_memory_does_not_grow_with_the_ads(
    stores: dict[int, Path], tmp_path: Path, format_: str
) -> None:
    """Ten times the ads, and no more memory; pyarrow holds on to a few MB of its own."""
    if format_ == "parquet":
        need("pyarrow")
    few, many = (
        peak_of_an_export(stores[ads], tmp_path / f"{ads}", "--format", *FORMATS[format_])
        for ads in (FEW, MANY)
    )
    print(f"{format_}: {few:.1f} MB for {FEW:,} ads, {many:.1f} MB for {MANY:,}")
    assert many - few < (12 if format_ == "parquet" else 3)


# Killed

HALF = """
import os, signal, sys
from navfeed.export import writing as export
real = export.write_csv
def die(columns, rows, out, dialect):
    real(columns, (next(rows) for _ in range(1)), out, dialect)
    out.flush()
    os.kill(os.getpid(), signal.SIGKILL)
export.write_csv = die
from navfeed.cli import main
main()
"""


def killed(db: Path, output: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HALF, "export", *to(db, output), "--format", "csv", *arguments],
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL


def beside(output: Path) -> list[Path]:
    return [one for one in output.parent.iterdir() if one != output]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return fill(tmp_path / "store" / "navfeed.db", ad(1, expires="2999-01-01T00:00:00Z"))


@pytest.fixture
def room(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_a_kill_leaves_the_old_file_and_a_part_that_the_next_export_clears(
    small: Path, room: Path
) -> None:
    output = room / "ads [1].csv"
    output.write_text("old")
    before = os.umask(0)
    try:
        killed(small, output)
    finally:
        os.umask(before)

    assert output.read_text() == "old"
    (part,) = beside(output)
    assert re.fullmatch(r"\.ads \[1\]\.csv\.\w+\.part", part.name)
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    somebodys = room / ".ads [1].csv.letter"
    somebodys.touch()

    done = process("export", "--db", str(small), "--format", "csv", "--output", str(output))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Sykepleier" in output.read_text(encoding="utf-8")
    assert beside(output) == [somebodys]


def test_a_kill_leaves_the_old_folder_and_a_part_that_the_next_export_clears(
    small: Path, room: Path
) -> None:
    output = room / "split"
    arguments = ("--db", str(small), "--format", "csv", "--split", "--output", str(output))
    assert process("export", *arguments).returncode == 0
    before = {one.name: one.read_bytes() for one in output.iterdir()}
    killed(small, output, "--split")

    assert {one.name: one.read_bytes() for one in output.iterdir()} == before
    (part,) = beside(output)
    assert stat.S_IMODE(part.stat().st_mode) == 0o700
    assert process("export", *arguments).returncode == 0
    assert beside(output) == []


def test_what_a_living_export_writes_is_not_cleared(small: Path, room: Path) -> None:
    from navfeed.files import replaced

    output = room / "ads.csv"
    with replaced(output) as out:
        done = process("export", "--db", str(small), "--format", "csv", "--output", str(output))
        assert done.returncode == 0
        assert len(beside(output)) == 1
        out.write(b"mine")
    assert output.read_text() == "mine"
    assert beside(output) == []


# Progress


def test_a_bar_on_a_terminal_and_nothing_elsewhere(stores: dict[int, Path], tmp_path: Path) -> None:
    output = tmp_path / "ads.jsonl"
    arguments = ["export", "--db", str(stores[FEW]), "--format", "jsonl", "--output", str(output)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        navfeed_command(*arguments),
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    ) as running:
        os.close(theirs)
        drawn = b"".join(read(ours)).decode()
        assert running.stdout is not None
        assert running.stdout.read() == b""
    assert running.returncode == 0
    assert re.search(rf"ads .*\d+ of {FEW}", drawn)
    assert f"navfeed: wrote {FEW:,} ads to {output}" in drawn
    assert len(output.read_text(encoding="utf-8").splitlines()) == FEW
    assert json.loads(output.read_text(encoding="utf-8").splitlines()[0])
    assert process(*arguments).stderr == b""


def read(number: int) -> Iterator[bytes]:
    with suppress(OSError):
        while piece := os.read(number, 65_536):
            yield piece
    os.close(number)
