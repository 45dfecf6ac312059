"""Run a command on another SQLite: `python tests/sqlite/run.py VERSION COMMAND [ARG ...]`.

The source is the one that a version of the crate libsqlite3-sys carries; it is compiled once into
build/sqlite and put before Python's own with LD_LIBRARY_PATH. Needs Linux, cargo, a C compiler and
a Python that loads SQLite as a shared library. Ends with the command's own code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BUILT = Path(__file__).parents[2] / "build" / "sqlite"

CRATES = {"3.44.0": "0.27.0", "3.46.0": "0.30.1", "3.51.1": "0.36.0", "3.54.1": "0.40.0"}
"""The versions of SQLite to be had, and that of the crate which carries each."""

OPTIONS = (
    "-O1",
    "-fPIC",
    "-shared",
    "-w",
    "-DSQLITE_ENABLE_FTS5",
    "-DSQLITE_ENABLE_COLUMN_METADATA",
)

MANIFEST = """
[package]
name = "sources"
version = "0.0.0"
edition = "2021"
[dependencies]
libsqlite3-sys = "={crate}"
"""

WHICH = "import sqlite3, sys; sys.exit(sqlite3.sqlite_version != sys.argv[1])"


def main() -> None:
    version, *command = sys.argv[1:]
    folder = BUILT / version
    library = folder / "libsqlite3.so.0"
    if not library.exists():
        _build(library, _source(folder, CRATES[version]))
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    if subprocess.run(
        [sys.executable, "-c", WHICH, version], env=environment, check=False
    ).returncode:
        sys.exit(f"this Python ({sys.executable}) does not load SQLite as a shared library")
    print(f"SQLite {version}", flush=True)
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def _source(folder: Path, crate: str) -> Path:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "lib.rs").touch()
    (folder / "Cargo.toml").write_text(MANIFEST.format(crate=crate))
    cargo = ["cargo", "vendor", "--quiet", "vendor"]
    subprocess.run(cargo, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return folder / "vendor" / "libsqlite3-sys" / "sqlite3" / "sqlite3.c"


def _build(library: Path, source: Path) -> None:
    """Under another name first: a build that was cut off leaves no library that looks whole."""
    part = library.with_suffix(".part")
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, *OPTIONS, "-o", part, source, "-lpthread", "-ldl", "-lm"], check=True)
    part.rename(library)


if __name__ == "__main__":
    main()
