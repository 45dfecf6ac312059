"""Which pages have to be scrubbed is known, whatever happens to the log and the file."""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from navfeed.model import DetailDecision, Reason
from navfeed.store import erasure, unscrubbed, writer
from navfeed.store import scrub as scrubbing
from navfeed.store.writer import Store
from support.canaries import FIELDS, find_canaries
from support.clock import NOW
from support.crash import Crash, fragile
from test_erasure import verdict

Scrubbed = list[set[int] | None]


@pytest.fixture(scope="module")
def scrubbed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 300 ads that was scrubbed."""
    path = tmp_path_factory.mktemp("scrubbed") / "navfeed.db"
    with Store(path) as store:
        store.commit_details([verdict(number) for number in range(300)], [], NOW)
        assert store.purge()
    return path


@pytest.fixture
def path(scrubbed_file: Path, tmp_path: Path) -> Path:
    """A copy of that store, for one test."""
    return Path(shutil.copy(scrubbed_file, tmp_path))


@pytest.fixture
def scrubbed(path: Path, monkeypatch: pytest.MonkeyPatch) -> Scrubbed:
    """Which pages were scrubbed each time from now on; None: all."""
    scrubbed: Scrubbed = []

    def noting(file: BinaryIO, numbers: Iterable[int] | None = None) -> int:
        scrubbed.append(None if numbers is None else set(numbers))
        return scrubbing.scrub(file, numbers)

    monkeypatch.setattr(erasure, "scrub", noting)
    return scrubbed


def remove(store: Store, *numbers: int) -> None:
    gone = [DetailDecision(verdict(number).ad, Reason.STOPPED) for number in numbers]
    store.commit_details(gone, [], NOW)


def erase(path: Path, *numbers: int) -> None:
    with Store(path) as store:
        remove(store, *numbers)
        assert store.purge()


def pages_of(path: Path) -> int:
    return path.stat().st_size // 4_096


def unclean_pages(path: Path) -> int:
    """How many pages of the whole file have free space that is not zeroed."""
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    with copy.open("r+b") as file:
        count = scrubbing.scrub(file)
    copy.unlink()
    return count


def test_only_what_was_written_is_scrubbed(path: Path, scrubbed: Scrubbed) -> None:
    erase(path, 7)
    with Store(path) as store:
        remove(store, 8)
        assert store.purge()
        remove(store, 9)
        assert store.purge()
    assert [0 < len(pages or ()) < pages_of(path) // 3 for pages in scrubbed] == [True] * 3


def test_what_a_run_did_not_scrub_is_left_to_the_next(path: Path, scrubbed: Scrubbed) -> None:
    with Store(path) as store:
        store.commit_details([verdict(number) for number in range(300, 330)], [], NOW)
    assert scrubbed == []
    erase(path, 7)
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'search_04_content'"
        ).fetchone()
    assert [root in (pages or ()) for pages in scrubbed] == [True]


def test_many_pages_are_scrubbed_by_the_run_that_wrote_them(
    path: Path, scrubbed: Scrubbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unscrubbed, "MOST_LEFT", 3)
    with Store(path) as store:
        store.commit_details([verdict(300)], [], NOW)
    assert [len(pages or ()) > 3 for pages in scrubbed] == [True]
    erase(path, 7)
    assert (None in scrubbed, len(scrubbed)) == (False, 2)


def test_so_many_pages_that_they_are_not_remembered(
    path: Path, scrubbed: Scrubbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unscrubbed, "_MOST_PAGES", 3)
    erase(path, 7)
    assert scrubbed == [None]


def test_a_store_that_nobody_scrubbed_yet_is_scrubbed_whole(
    tmp_path: Path, scrubbed: Scrubbed
) -> None:
    new = tmp_path / "new.db"
    with Store(new) as store:
        store.commit_details([verdict(1), verdict(2)], [], NOW)
    assert scrubbed == []
    erase(new, 1)
    erase(new, 2)
    assert (scrubbed[0], None in scrubbed[1:]) == (None, False)


@pytest.mark.parametrize("boundary", range(1, 9))
def test_X3_after_a_crash_the_whole_file_is(path: Path, scrubbed: Scrubbed, boundary: int) -> None:
    """Wherever it came: in the removal, the rebuilding, the scrubbing, or behind them."""
    left = iter(range(boundary, -1, -1))

    def dies() -> None:
        if next(left, 0) <= 0:
            raise Crash

    store = fragile(dies)(path)
    with pytest.raises(Crash):
        _remove_two(store)
    store._opened.close()  # nothing is tidied up
    scrubbed.clear()
    erase(path, 9)
    scrubbed_before = boundary in (5, 6)  # and what came after was rolled back
    assert (scrubbed[0] is None) is not scrubbed_before
    gone = {ad for ad, _, _ in find_canaries(path.parent)} & {7, 8, 9}
    assert gone <= {8}  # its removal may have been lost


def _remove_two(store: Store) -> None:
    for number in (7, 8):
        remove(store, number)
        store.purge()


def test_another_store_that_writes_in_between_is_noticed(path: Path, scrubbed: Scrubbed) -> None:
    with Store(path) as store:
        remove(store, 7)
        with Store(path) as other:
            other.note_find(1, 1, NOW)
        assert store.purge()
    assert scrubbed == [None]
    erase(path, 8)
    assert scrubbed[1:] != [None]


@pytest.mark.parametrize("sql", ["VACUUM", "CREATE INDEX theirs ON ads (title)"])
def test_a_schema_that_changed_is_noticed(path: Path, scrubbed: Scrubbed, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(sql)
    erase(path, 7)
    assert scrubbed == [None]
    erase(path, 8)
    assert scrubbed[1:] != [None]


def test_what_is_in_a_log_that_somebody_left_is_known(path: Path, scrubbed: Scrubbed) -> None:
    with closing(sqlite3.connect(path)) as keeps_it:
        keeps_it.execute("SELECT count(*) FROM ads").fetchone()
        with Store(path) as store:
            store.commit_details([verdict(300)], [], NOW)
        assert path.with_name(path.name + "-wal").stat().st_size
        erase(path, 300)
    assert (len(scrubbed), None in scrubbed) == (1, False)
    assert find_canaries(path.parent) == {(n, 0, field) for n in range(300) for field in FIELDS}


@pytest.mark.parametrize("seed", range(2))
def test_X3_nothing_survives_logs_that_begin_again_and_readers(
    path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that add, change and remove, some beside a reader, most with a log that is cut."""
    monkeypatch.setattr(writer, "LONG_LOG", 40_000)
    monkeypatch.setattr(erasure, "ERASE_WAIT_MS", 1)
    monkeypatch.setattr(writer, "CLOSE_WAIT_MS", 1)
    rng = random.Random(seed)
    standing = dict.fromkeys(range(300), 0)
    coming = iter(range(300, 9_999))
    for round_ in range(1, 13):
        reader = sqlite3.connect(path, isolation_level=None)
        if rng.random() < 0.3:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM ads").fetchone()
        with Store(path) as store:
            for _ in range(rng.choice([1, 5])):
                fresh = {next(coming): 0 for _ in range(rng.choice([0, 2, 12]))}
                fresh |= dict.fromkeys(rng.sample(sorted(standing), 3), round_)
                store.commit_details([verdict(*one) for one in fresh.items()], [], NOW)
                standing |= fresh
                gone = rng.sample(sorted(standing), rng.choice([0, 4]))
                remove(store, *gone)
                standing = {n: rev for n, rev in standing.items() if n not in gone}
            store.purge()
        reader.close()
        with Store(path) as store:
            assert not store.erasure_owed() or store.purge()
            remove(store, standing.popitem()[0])
            assert store.purge()
            assert unclean_pages(path) == 0
        assert find_canaries(path.parent) == {
            (*one, field) for one in standing.items() for field in FIELDS
        }


def count(what: str) -> int:
    facts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(facts[what])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what a process writes")
def test_a_removal_writes_and_reads_what_it_touches(tmp_path: Path) -> None:
    """One ad of 2,000: 0.3 MB written, 0.6 MB read of 13 MB, where it was 5 and 15."""
    path = tmp_path / "navfeed.db"
    with Store(path) as store:
        for at in range(0, 2_000, 100):
            store.commit_details([verdict(number) for number in range(at, at + 100)], [], NOW)
        remove(store, 5)
        assert store.purge()
    size = path.stat().st_size
    before = count("wchar"), count("rchar")
    erase(path, 700)
    written, read = count("wchar") - before[0], count("rchar") - before[1]
    print(written, read, size)
    assert written < size // 20
    assert read < size // 10
