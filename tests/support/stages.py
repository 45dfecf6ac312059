"""Where a run can be cut off: what is in the store before, and what the run is about to do."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from navfeed.errors import ExitCode
from navfeed.practice import World
from support.canaries import Ring, canary, content, heard
from support.children import navfeed
from support.clock import machine_now
from support.socket_harness import Outdoors

Silent = Callable[[Ring], bool]
"""Whether what an ad says must be in no file in the end."""

START = ("sync", "-q", "--from-start", "--workers", "2")


@dataclass(frozen=True, slots=True)
class Stage:
    """A practice feed, the files as they were before, and the command that is at risk."""

    outdoors: Outdoors
    before: Path
    words: tuple[str, ...]
    silent: Silent

    @property
    def folder(self) -> Path:
        return self.outdoors.path.parent

    def reset(self) -> None:
        """Put the files back as they were before the run."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.before, self.folder)

    def settles(self) -> None:
        """What every death and failure owes: a sound file, and one clean run to the truth."""
        if self.outdoors.path.exists() and self.outdoors.path.stat().st_size:
            assert self.outdoors.rows("PRAGMA integrity_check") == [("ok",)]
        for words in dict.fromkeys([self.words, (*START, "--retry-now")]):
            code, said = navfeed(self.outdoors, *words)
            assert code == ExitCode.DONE, said
        assert self.outdoors.stored().keys() == self.outdoors.world.truth().keys()
        assert self.words != START or self.outdoors.is_exact()
        assert self.outdoors.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.outdoors.rows("SELECT erasure_owed FROM feed") == [(0,)]
        assert [ring for ring in heard(self.folder) if self.silent(ring)] == []


def backfill(outdoors: Outdoors) -> Silent:
    """A first run: the making of the store is in it."""
    outdoors.path.unlink()
    return lambda _: False


def incremental(outdoors: Outdoors) -> Silent:
    """Some ads are new, one is changed, and one changed and withdrawn at one moment."""
    world = outdoors.world
    ads = world.active()
    for number in range(50, 54):
        world.publish(content=content(number, 0))
    world.update(ads[0], content(1, 1))
    world.batch([lambda batch: batch.update(ads[1]), lambda batch: batch.stop(ads[1])])
    return lambda ring: ring[0] == 2 or ring[:2] == (1, 0)


def purge(outdoors: Outdoors) -> Silent:
    """Half of the ads go: what they said has to go from every file."""
    for ad in outdoors.world.active()[::2]:
        outdoors.world.stop(ad)
    return lambda ring: ring[0] % 2 == 1


def contacts_dropped(_: Outdoors) -> Silent:
    """People are not to be kept any more."""
    return lambda ring: ring[2] in ("name", "email", "phone", "role")


def person_erased(_: Outdoors) -> Silent:
    """One person, whom one ad names."""
    return lambda ring: (ring[0], ring[2]) == (3, "name")


def migration(outdoors: Outdoors) -> Silent:
    """The store is as the first released schema has it; and one ad goes."""
    newer = outdoors.path.rename(outdoors.path.with_name("newer.db"))
    with closing(sqlite3.connect(outdoors.path)) as connection:
        connection.executescript(FIRST_SCHEMA.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("ATTACH ? AS newer", [str(newer)])
        for (table,) in connection.execute(_TABLES).fetchall():
            _copied(connection, table)
        connection.commit()
    newer.unlink()
    outdoors.world.stop(outdoors.world.active()[0])
    return lambda ring: ring[0] == 1


FIRST_SCHEMA = Path(__file__).parents[1] / "schema1.sql"
_TABLES = """
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE '%sqlite%'
"""


def _copied(connection: sqlite3.Connection, table: str) -> None:
    columns = connection.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall()
    names = ", ".join(name for (name,) in columns)
    if table == "search":
        names = f"rowid, {names}"
    connection.execute(f"DELETE FROM {table}")
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM newer.{table}")


STAGES: dict[str, tuple[Callable[[Outdoors], Silent], tuple[str, ...]]] = {
    "backfill": (backfill, START),
    "incremental": (incremental, START),
    "purge": (purge, START),
    "migration": (migration, START),
    "contacts dropped": (contacts_dropped, (*START, "--contacts", "drop")),
    "person erased": (person_erased, ("privacy", "erase", f"Kari {canary(3, 0, 'name')}")),
}


@contextmanager
def staged(name: str, folder: Path) -> Iterator[Stage]:
    """Ten ads that sing are stored; then what the stage says has happened."""
    happens, words = STAGES[name]
    world = World(1, now=machine_now())
    for number in range(1, 11):
        world.publish(content=content(number, 0))
    live, before = folder / "live", folder / "before"
    live.mkdir()
    with Outdoors(live / "navfeed.db", world, page_size=6) as outdoors:
        code, said = navfeed(outdoors, *START)
        assert code == ExitCode.DONE, said
        silent = happens(outdoors)
        shutil.copytree(live, before)
        yield Stage(outdoors, before, words, silent)
