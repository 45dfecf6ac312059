"""Where a run can be cut off: what is in the store before, and what the run is about to do."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from navfeed.errors import ExitCode
from navfeed.practice import World
from support.canaries import Canary, canary, canary_content, find_canaries
from support.children import navfeed
from support.clock import machine_now
from support.socket_harness import SocketLab

Silent = Callable[[Canary], bool]
"""Whether an ad's texts must be in no file in the end."""

START = ("sync", "-q", "--from-start", "--connections", "2")


@dataclass(frozen=True, slots=True)
class Stage:
    """A practice feed, the files as they were before, and the command that is at risk."""

    socket_lab: SocketLab
    before: Path
    words: tuple[str, ...]
    silent: Silent

    @property
    def folder(self) -> Path:
        return self.socket_lab.path.parent

    def reset(self) -> None:
        """Put the files back as they were before the run."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.before, self.folder)

    def settles(self) -> None:
        """What every death and failure owes: a sound file, and one clean run to the truth."""
        if self.socket_lab.path.exists() and self.socket_lab.path.stat().st_size:
            assert self.socket_lab.rows("PRAGMA integrity_check") == [("ok",)]
        for words in dict.fromkeys([self.words, (*START, "--retry-now")]):
            code, output = navfeed(self.socket_lab, *words)
            assert code == ExitCode.DONE, output
        assert self.socket_lab.stored().keys() == self.socket_lab.world.truth().keys()
        assert self.words != START or self.socket_lab.is_exact()
        assert self.socket_lab.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.socket_lab.rows("SELECT erasure_owed FROM feed") == [(0,)]
        assert [ring for ring in find_canaries(self.folder) if self.silent(ring)] == []


def backfill(socket_lab: SocketLab) -> Silent:
    """A first run: the making of the store is in it."""
    socket_lab.path.unlink()
    return lambda _: False


MONTHS = timedelta(days=100)
FAR = "2999-12-31T00:00:00+01:00"


def windows(socket_lab: SocketLab) -> Silent:
    """A first run over months of log, read at several places at once. An old ad ended lately."""
    socket_lab.path.unlink()
    world, number = socket_lab.world, 60
    for share in (0.35, 0.45, 0.15, 0.05):
        for _ in range(6):
            number += 1
            world.publish(content={**canary_content(number, 0), "expires": FAR})
        world.update(world.active()[-2], {**canary_content(number - 1, 1), "expires": FAR})
        world.advance(share * MONTHS)
    world.stop(world.active()[0])
    socket_lab.practice.rotate_token()
    return lambda ring: ring[0] == 1


def incremental(socket_lab: SocketLab) -> Silent:
    """Some ads are new, one is changed, and one changed and withdrawn at one moment."""
    world = socket_lab.world
    ads = world.active()
    for number in range(50, 54):
        world.publish(content=canary_content(number, 0))
    world.update(ads[0], canary_content(1, 1))
    world.batch([lambda batch: batch.update(ads[1]), lambda batch: batch.stop(ads[1])])
    return lambda ring: ring[0] == 2 or ring[:2] == (1, 0)


def purge(socket_lab: SocketLab) -> Silent:
    """Half of the ads go: their texts have to leave every file."""
    for ad in socket_lab.world.active()[::2]:
        socket_lab.world.stop(ad)
    return lambda ring: ring[0] % 2 == 1


def contacts_dropped(_: SocketLab) -> Silent:
    """People are not to be kept any more."""
    return lambda ring: ring[2] in ("name", "email", "phone", "role")


def person_erased(_: SocketLab) -> Silent:
    """One person, whom one ad names."""
    return lambda ring: (ring[0], ring[2]) == (3, "name")


def migration(socket_lab: SocketLab) -> Silent:
    """The store is as the first released schema has it; and one ad goes."""
    newer = socket_lab.path.rename(socket_lab.path.with_name("newer.db"))
    with closing(sqlite3.connect(socket_lab.path)) as connection:
        connection.executescript(FIRST_SCHEMA.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("ATTACH ? AS newer", [str(newer)])
        for (table,) in connection.execute(_TABLES).fetchall():
            _copied(connection, table)
        connection.commit()
    newer.unlink()
    socket_lab.world.stop(socket_lab.world.active()[0])
    return lambda ring: ring[0] == 1


FIRST_SCHEMA = Path(__file__).parents[1] / "schema1.sql"
_TABLES = """
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE '%sqlite%'
"""


_COLUMNS_OF_BOTH = """
SELECT name FROM pragma_table_info(?, 'main') WHERE name IN (
    SELECT name FROM pragma_table_info(?, 'newer')
)
"""


def _copied(connection: sqlite3.Connection, table: str) -> None:
    columns = connection.execute(_COLUMNS_OF_BOTH, [table, table]).fetchall()
    names = ", ".join(name for (name,) in columns)
    if table == "search":
        names = f"rowid, {names}"
    connection.execute(f"DELETE FROM {table}")
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM newer.{table}")


STAGES: dict[str, tuple[Callable[[SocketLab], Silent], tuple[str, ...]]] = {
    "backfill": (backfill, START),
    "windows": (windows, START),
    "incremental": (incremental, START),
    "purge": (purge, START),
    "migration": (migration, START),
    "contacts dropped": (contacts_dropped, (*START, "--contacts", "drop")),
    "person erased": (person_erased, ("privacy", "erase", f"Kari {canary(3, 0, 'name')}")),
}


@contextmanager
def staged(name: str, folder: Path) -> Iterator[Stage]:
    """Ten ads with canaries are stored; then the stage has happened."""
    happens, words = STAGES[name]
    age = MONTHS if name == "windows" else timedelta(0)
    world = World(1, now=machine_now() - age)
    for number in range(1, 11):
        world.publish(content=canary_content(number, 0))
    live, before = folder / "live", folder / "before"
    live.mkdir()
    with SocketLab(live / "navfeed.db", world, page_size=6) as socket_lab:
        code, output = navfeed(socket_lab, *START)
        assert code == ExitCode.DONE, output
        silent = happens(socket_lab)
        shutil.copytree(live, before)
        yield Stage(socket_lab, before, words, silent)
