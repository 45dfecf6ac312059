"""A program that reads and syncs in one process, and others on the same store beside it.

Where a process closes a file, POSIX drops all locks that it has on it (howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from navfeed.errors import StoreError
from navfeed.model import Scope, moment_text
from navfeed.store import file_handle
from navfeed.store.query import Reader
from navfeed.store.writer import Store
from support.clock import NOW

WRITES = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
with store:
    store.execute("INSERT INTO runs (started_at) VALUES ('another')")
store.close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Store(tmp_path / "ads.db"):
        pass
    return tmp_path / "ads.db"


def another_process_writes(path: Path) -> None:
    """It closes the store as its last user, as far as locks tell, and then clears up."""
    subprocess.run([sys.executable, "-c", WRITES, str(path)], check=True)


def started(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [when for (when,) in connection.execute("SELECT started_at FROM runs ORDER BY id")]


def a_reader(path: Path) -> AbstractContextManager[Any]:
    return Reader(path, NOW.date())


def a_connection_of_the_programs_own(path: Path) -> AbstractContextManager[Any]:
    connection = sqlite3.connect(path)
    connection.execute("SELECT * FROM runs").fetchall()
    return closing(connection)


@pytest.mark.skipif(os.name != "posix", reason="POSIX's locks")
@pytest.mark.parametrize("opened", [a_reader, a_connection_of_the_programs_own])
def test_a_store_that_is_closed_costs_no_other_connection_its_lock(
    path: Path, opened: Callable[[Path], AbstractContextManager[Any]]
) -> None:
    log = path.with_name("ads.db-wal")
    with opened(path):
        for _ in range(3):
            with Store(path) as store:
                store.begin_run(NOW)
            another_process_writes(path)
            assert log.exists()
        assert len(file_handle._kept) == 1
    assert started(path) == [moment_text(NOW), "another"] * 3
    with Store(path):
        pass
    assert not log.exists()
    assert file_handle._kept == []


def test_a_handle_that_is_kept_is_not_the_one_of_the_file_that_took_its_place(path: Path) -> None:
    with a_reader(path):
        with Store(path):
            pass
        path.rename(path.with_name("old.db"))
        with Store(path) as store:
            store.begin_run(NOW)
        assert started(path) == [moment_text(NOW)]
        assert len(file_handle._kept) == 1
    with Store(path):
        pass
    assert file_handle._kept == []


def test_who_has_a_file_open_may_be_unknown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> list[Path]:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", fail)
        for _ in range(3):
            with Store(path):
                pass
        assert len(file_handle._kept) == 1
    with Store(path):
        pass
    assert file_handle._kept == []


def test_C2_a_program_that_writes_in_the_middle_of_a_transaction_has_to_wait(path: Path) -> None:
    """Were it first, ours would be refused at once: it has read what is no longer so."""
    with Store(path) as store, closing(sqlite3.connect(path, timeout=0)) as another:

        def leaving() -> Iterator[str]:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                another.execute("INSERT INTO runs (started_at) VALUES ('another')")
            yield from ()

        store.rescope(Scope(municipalities=("BERGEN",)), leaving(), ask=True, now=NOW)
        another.execute("INSERT INTO runs (started_at) VALUES ('another')")
        another.commit()
        assert store.scope() == Scope(municipalities=("BERGEN",))
    assert started(path) == ["another"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX's limits")
def test_a_reader_is_refused_where_the_program_has_no_descriptor_left(path: Path) -> None:
    """Where it read the file alone, it would not notice a sync that begins."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with path.open("rb") as next_one:
        room = next_one.fileno() + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, before[1]))
    try:
        with pytest.raises(StoreError, match="cannot be opened"):
            Reader(path, NOW.date())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
