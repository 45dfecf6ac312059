"""Migrations: all that a store lacks in one transaction, with the record that they were applied.

A new store has no use for them: it gets the schema as it is now (`opening`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from sqlite_utils import Database, Migrations

from navfeed.errors import StoreError
from navfeed.model import moment_text, oslo_day
from navfeed.places import municipality_number
from navfeed.store import shards, title_words
from navfeed.store.connect import transaction
from navfeed.store.schema import VERSION, VIEWS
from navfeed.store.sql import one_row, run_script
from navfeed.store.times import day_text, exact_text, read_moment
from navfeed.text.due_dates import read_due

migrations = Migrations("navfeed")


@migrations()
def m002_due_date(db: Database) -> None:
    """A column for the day by which to apply, and indexes for what is filtered by.

    The table is written again: a column that is added stands behind the texts, and whoever asks for
    it would have to read past these. Rows keep their `id`, which `search` knows them by.
    """
    db.conn.create_function("read_due", 1, _read_due, deterministic=True)
    ((table,),) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'ads'")
    indexes = db.execute(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = 'ads' AND type = 'index' AND sql NOT NULL"
    ).fetchall()
    names = ", ".join(name for (name,) in db.execute("SELECT name FROM pragma_table_info('ads')"))
    db.execute(
        table.replace("CREATE TABLE ads", "CREATE TABLE ads_anew", 1).replace(
            "application_due TEXT,", "application_due TEXT, due_date TEXT,", 1
        )
    )
    db.execute(
        f"INSERT INTO ads_anew ({names}, due_date) "
        f"SELECT {names}, read_due(application_due) FROM ads ORDER BY id"
    )
    db.execute("DROP TABLE ads")
    db.execute("ALTER TABLE ads_anew RENAME TO ads")
    for (index,) in indexes:
        db.execute(index)
    run_script(db.conn, _INDEXES_OF_2)
    db.execute("UPDATE feed SET erasure_owed = 1")  # rows have moved (decision 0011)
    db.execute("PRAGMA user_version = 2")


_INDEXES_OF_2 = """
CREATE INDEX ads_by_updated ON ads (updated);
CREATE INDEX ads_by_due ON ads (due_date);
CREATE INDEX ads_by_orgnr ON ads (employer_orgnr)
"""


def _read_due(text: str | None) -> str | None:
    return day_text(read_due(text))


@migrations()
def m003_views(db: Database) -> None:
    db.execute("PRAGMA user_version = 3")  # each upgrade makes the views again


@migrations()
def m004_feed_and_reach(db: Database) -> None:
    """Columns for the feed that is followed, how far back, and the times of ads outside the scope.

    And an erasure that is owed: on SQLite 3.44 and later the index kept words of removed ads
    (decision 0014).
    """
    db.execute("ALTER TABLE feed ADD COLUMN reaches_back TEXT")
    db.execute("ALTER TABLE feed ADD COLUMN feed_url TEXT")
    db.execute("ALTER TABLE feed ADD COLUMN recheck_since TEXT")
    for name in ("stored_at", "changed_at", "updated"):
        db.execute(f"ALTER TABLE outside ADD COLUMN {name} TEXT")
    db.execute("UPDATE feed SET erasure_owed = 1")
    db.execute("PRAGMA user_version = 4")


@migrations()
def m005_journal(db: Database) -> None:
    """A journal of changes; what is stored came in first, in its order."""
    run_script(db.conn, _JOURNAL_OF_5)
    db.execute("PRAGMA user_version = 5")


_JOURNAL_OF_5 = """
CREATE TABLE changes (
    number INTEGER PRIMARY KEY,
    ad TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    reason TEXT,
    added INTEGER NOT NULL,
    fields TEXT NOT NULL,
    last_day TEXT,
    at TEXT NOT NULL,
    fresh INTEGER NOT NULL
) STRICT;
CREATE TABLE journal (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store TEXT NOT NULL,
    top INTEGER NOT NULL DEFAULT 0,
    pruned INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO changes
SELECT row_number() OVER (ORDER BY id), uuid, 'added', NULL, row_number() OVER (ORDER BY id), '{}',
    last_day, stored_at, 1
FROM ads;
INSERT INTO journal (id, store, top)
SELECT 1, lower(hex(randomblob(8))), count(*) FROM changes
"""


@migrations()
def m006_ends_of_words(db: Database) -> None:
    """It added a column to the index, which version 8 has no more."""
    db.execute("PRAGMA user_version = 6")


# The steps from version 7 on know by what they add whether they are due, and may come in any order:
# `migrate` sets the version after all of them.


@migrations()
def m007_times_and_names(db: Database) -> None:
    """One way to write moments, and the names of tables and views that are navfeed's own."""
    if not _has_column(db, "removed", "municipals"):
        return
    db.execute("ALTER TABLE removed RENAME COLUMN municipals TO municipalities")
    _rewrite_moments(db)
    db.execute("UPDATE feed SET scope = replace(scope, '\"municipals\":', '\"municipalities\":')")
    db.execute("UPDATE feed SET erasure_owed = 1")  # rows have moved (decision 0011)


def _has_column(db: Database, table: str, column: str) -> bool:
    names = db.execute("SELECT name FROM pragma_table_info(?)", [table]).fetchall()
    return (column,) in names


_WHOLE_SECONDS_OF_7 = {
    "ads": ("stored_at", "changed_at", "checked_at"),
    "removed": ("removed_at",),
    "runs": ("started_at", "ended_at"),
    "outside": ("checked_at", "stored_at", "changed_at"),
    "audit": ("at",),
    "changes": ("at",),
}
_EXACT_OF_7 = {
    "queue": ("queued_at", "retry_at"),
    "milestones": ("latest",),
    "feed": (
        *("newest", "topped_at", "topped_here", "safe_until", "caught_up_at", "retry_at"),
        *("token_expires", "reaches_back", "recheck_since"),
    ),
}


def _rewrite_moments(db: Database) -> None:
    for written, tables in ((moment_text, _WHOLE_SECONDS_OF_7), (exact_text, _EXACT_OF_7)):
        db.conn.create_function("rewritten", 1, partial(_rewritten, written), deterministic=True)
        for table, columns in tables.items():
            news = ", ".join(f"{name} = rewritten({name})" for name in columns)
            db.execute(f"UPDATE {table} SET {news}")


def _rewritten(written: Callable[[datetime | None], str | None], text: str | None) -> str | None:
    """What is damaged stays as it is."""
    return written(read_moment(text)) or text


@migrations()
def m007_municipality_numbers(db: Database) -> None:
    """The numbers of municipalities, and since when masked ads had been in the store."""
    if _has_column(db, "locations", "municipality_number"):
        return
    db.conn.create_function("municipality_number", 5, municipality_number, deterministic=True)
    db.conn.create_function("last_day_of", 1, _last_day_of, deterministic=True)
    db.execute("ALTER TABLE locations ADD COLUMN municipality_number TEXT")
    db.execute(
        "UPDATE locations SET municipality_number = "
        "municipality_number(municipal, county, postal_code, city, country)"
    )
    db.execute("CREATE INDEX locations_by_number ON locations (municipality_number)")
    for name in ("first_seen", "last_day", "municipality_numbers"):
        db.execute(f"ALTER TABLE removed ADD COLUMN {name} TEXT")
    db.execute("UPDATE removed SET last_day = last_day_of(expires)")
    db.execute("UPDATE feed SET erasure_owed = 1")  # rows have moved (decision 0011)


def _last_day_of(expires: str | None) -> str | None:
    moment = read_moment(expires)
    try:
        return day_text(oslo_day(moment)) if moment else None
    except OverflowError:  # the last hours of year 9999
        return None


@migrations()
def m007_index_in_shards(db: Database) -> None:
    """The index in parts that can be rebuilt one by one (decision 0100); indexes of places."""
    if _has_column(db, "feed", "scrubbed"):
        return
    db.execute("ALTER TABLE search RENAME TO search_before")
    db.execute("CREATE TABLE stale_shards (shard INTEGER PRIMARY KEY) STRICT")
    run_script(db.conn, shards.SCHEMA)
    rows = db.execute(
        "SELECT rowid, title, job_title, employer, text FROM search_before ORDER BY rowid"
    )
    shards.fill(db.conn, rows)
    db.execute("DROP TABLE search_before")
    db.execute("ALTER TABLE feed ADD COLUMN scrubbed TEXT")
    db.execute("CREATE INDEX locations_by_municipal ON locations (municipal)")
    db.execute("CREATE INDEX locations_by_county ON locations (county)")
    db.execute("UPDATE feed SET erasure_owed = 1")  # its pages are free, and hold texts


@migrations()
def m007_windows(db: Database) -> None:
    """Tables for the stretches of the log that a first sync reads beside each other."""
    if "windows" not in db.table_names():
        run_script(db.conn, _WINDOWS_OF_7)


_WINDOWS_OF_7 = """
CREATE TABLE windows (
    number INTEGER PRIMARY KEY,
    since TEXT,
    opening TEXT NOT NULL,
    page TEXT,
    queued INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE window_entries (
    id INTEGER PRIMARY KEY,
    window INTEGER NOT NULL,
    ad BLOB NOT NULL,
    active INTEGER NOT NULL
) STRICT
"""


@migrations()
def m008_title_words(db: Database) -> None:
    """A table of the words of titles, in place of a column of the index (decision 0120)."""
    if _has_column(db, shards.table(0), "ends"):
        shards.rewrite(db.conn)
    run_script(db.conn, _TITLE_WORDS_OF_8)
    title_words.add(db.conn, db.execute("SELECT title, job_title FROM search"))
    db.execute("UPDATE feed SET erasure_owed = 1")  # pages of the index are free, and hold texts


_TITLE_WORDS_OF_8 = """
CREATE TABLE title_words (
    backwards TEXT PRIMARY KEY,
    ads INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""


@migrations()
def m008_complete_days(db: Database) -> None:
    """Up to when nothing is missing, and since when masks are kept.

    The first mask is the first sign of them. The next sync that leaves nothing out moves the other.
    """
    if _has_column(db, "feed", "masks_since"):
        return
    db.execute("ALTER TABLE feed ADD COLUMN details_complete_at TEXT")
    db.execute("ALTER TABLE feed ADD COLUMN masks_since TEXT")
    db.execute(
        "UPDATE feed SET masks_since = "
        "(SELECT min(removed_at) FROM removed WHERE reason <> 'out of scope')"
    )


@contextmanager
def _views_renewed(db: Database) -> Iterator[None]:
    """Around all steps: the views are out of their way, and afterwards what the schema has now.

    SQLite looks at the columns of every view when a table gets another name (`m006`). It refuses
    to give one where a view of somebody's own names a view that is gone: those of older schemas go
    last.
    """
    for name in re.findall(r"CREATE VIEW (\w+)", VIEWS):  # not those that somebody added
        db.execute(f"DROP VIEW IF EXISTS {name}")
    yield
    for name in _VIEWS_OF_3:
        db.execute(f"DROP VIEW IF EXISTS {name}")
    run_script(db.conn, VIEWS)


_VIEWS_OF_3 = (
    *("ads_in_force", "locations_in_force", "occupations_in_force", "categories_in_force"),
    "contacts_in_force",
)


def _check(db: Database) -> None:
    """Raises `StoreError` where the file or its links are not in order."""
    problems = [found for (found,) in db.execute("PRAGMA integrity_check(1)") if found != "ok"]
    loose = "PRAGMA foreign_key_check"
    problems += [f"a row of {table} has no ad" for table, *_ in db.execute(loose)]
    if problems:
        raise StoreError(
            f"the store is damaged ({problems[0]}) and was not upgraded; it was left as it is. Put "
            "a backup back, or move it away and run `navfeed sync` to build it again from the feed"
        )


def migrate(connection: Connection, upgrading: Callable[[], AbstractContextManager[None]]) -> None:
    """Bring a store of an older schema up to date, within `upgrading`.

    Nobody else can write meanwhile. What is not in order afterwards is taken back.

    Foreign keys are off meanwhile, which no transaction can do by itself: dropping a table that is
    written again would delete what belongs to its rows (https://www.sqlite.org/lang_altertable.html).
    """
    db = Database(connection)
    db.execute("PRAGMA foreign_keys = OFF")
    with transaction(connection):
        # Another process may have done it.
        if one_row(connection, "PRAGMA user_version") < (VERSION,):
            with upgrading():
                with _views_renewed(db):
                    migrations.apply(db)
                _check(db)
            db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("PRAGMA foreign_keys = ON")
