"""PostgreSQL as a target: typed tables, an index of words, a view of what may be shown today.

Everything is in the first schema of the connection's search path. The position is saved in the
same transaction as the ads, so that no crash can separate them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from navfeed.changes.stream import BATCH, Batch
from navfeed.errors import TargetError
from navfeed.extras import require_extra
from navfeed.model import (
    Category,
    Change,
    Contact,
    Content,
    Cursor,
    Location,
    Occupation,
)

if TYPE_CHECKING:
    import psycopg

VERSION = 1
OLDEST_SERVER = 120_000

_MOMENTS = ("published", "updated", "expires")
_CHILDREN = {
    "locations": Location,
    "occupations": Occupation,
    "categories": Category,
    "contacts": Contact,
}
_OF_CONTENT = tuple(
    field.name for field in fields(Content) if field.name not in (*_CHILDREN, "raw")
)
_COLUMNS = ("uuid", "number", *_OF_CONTENT, "content")
_KINDS = {
    "uuid": "uuid PRIMARY KEY",
    "number": "bigint NOT NULL",
    "due_date": "date",
    "last_day": "date",
    "content": "json NOT NULL",
    **dict.fromkeys(_MOMENTS, "timestamptz"),
}

# A tsvector holds at most a megabyte; an ad may be longer.
_SEARCH = """
    setweight(to_tsvector('norwegian', left(coalesce(title, ''), 10000)), 'A') ||
    setweight(to_tsvector('norwegian', left(coalesce(job_title, ''), 10000)), 'A') ||
    setweight(to_tsvector('norwegian', left(coalesce(employer, ''), 10000)), 'B') ||
    to_tsvector('norwegian', left(coalesce(description, ''), 100000))
"""


_ADS = ", ".join(f"{name} {_KINDS.get(name, 'text')}" for name in _COLUMNS)


def _table(name: str, kind: type) -> str:
    columns = ", ".join(
        f"{field.name} {'double precision' if field.name == 'score' else 'text'}"
        for field in fields(kind)
    )
    return (
        f"CREATE TABLE {name} (ad uuid NOT NULL REFERENCES ads ON DELETE CASCADE, "
        f"position integer NOT NULL, {columns}, PRIMARY KEY (ad, position));\n"
    )


_SCHEMA = f"""
CREATE TABLE ads ({_ADS}, search tsvector GENERATED ALWAYS AS ({_SEARCH}) STORED);
{"".join(_table(name, kind) for name, kind in _CHILDREN.items())}
CREATE TABLE tombstones (
    uuid uuid PRIMARY KEY, number bigint NOT NULL, kind text NOT NULL, reason text, at timestamptz
);
CREATE TABLE navfeed_target (
    id integer PRIMARY KEY CHECK (id = 1), version integer NOT NULL,
    store text, number bigint, selection text,
    caught_up_at timestamptz, feed_time timestamptz, pushed_at timestamptz
);
INSERT INTO navfeed_target (id, version) VALUES (1, {VERSION});
CREATE INDEX ads_search ON ads USING gin (search);
CREATE INDEX ads_last_day ON ads (last_day);
CREATE INDEX ads_published ON ads (published);
-- Texts have any length: only a hash index accepts that.
CREATE INDEX ads_orgnr ON ads USING hash (employer_orgnr);
CREATE INDEX locations_municipal ON locations USING hash (municipal);
CREATE INDEX locations_county ON locations USING hash (county);
CREATE INDEX occupations_level2 ON occupations USING hash (level2);
CREATE INDEX categories_code ON categories USING hash (code);
CREATE VIEW active_ads AS SELECT * FROM ads
    WHERE last_day IS NULL OR last_day >= (now() AT TIME ZONE 'Europe/Oslo')::date;
"""


class Postgres:
    """An open connection. A target with another `selection` is reloaded completely."""

    def __init__(self, url: str, *, selection: str, contacts: bool) -> None:
        require_extra("psycopg", "postgres")
        import psycopg

        self._errors = psycopg.Error
        self._selection = selection
        self._contacts = contacts
        with self._translate_errors():
            self._connection = psycopg.connect(
                url,
                autocommit=True,
                application_name="navfeed push",
                connect_timeout=_TIMEOUT_SECONDS,
                tcp_user_timeout=_TIMEOUT_SECONDS * 1_000,
            )
            self._connection.execute("SET TIME ZONE 'UTC'")
            self._connection.execute(f"SET lock_timeout = '{_TIMEOUT_SECONDS}s'".encode())
        try:
            with self._translate_errors():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    # The Target protocol

    def cursor(self) -> Cursor | None:
        with self._translate_errors():
            store, number, selection = self._read_state()
        return Cursor(store, number) if store and selection == self._selection else None

    def load(self, batch: Batch) -> int:
        with self._transaction():
            self._read_state(lock=True)
            self._run("CREATE TEMP TABLE named (uuid uuid PRIMARY KEY) ON COMMIT DROP")
            self._run("DELETE FROM tombstones")
            count = 0
            changes = iter(batch.changes)
            while chunk := list(islice(changes, BATCH)):
                self._put(chunk, anyway=True)
                self._copy("named", ("uuid",), ((change.uuid,) for change in chunk))
                count += len(chunk)
            self._run("DELETE FROM ads WHERE NOT EXISTS (SELECT FROM named WHERE uuid = ads.uuid)")
            self._save_state(batch)
        return count

    def apply(self, batch: Batch, after: Cursor) -> None:
        if batch.cursor == after and self._is_current(batch):
            return
        changes = list(batch.changes)
        with self._transaction():
            store, number, _ = self._read_state(lock=True)
            if (store, number) != (after.store, after.number):
                raise TargetError(
                    "another push changed the target at the same time. Run again, and let "
                    "only one process push to it"
                )
            self._put([change for change in changes if change.content is not None])
            self._take_out([change for change in changes if change.content is None])
            self._save_state(batch, notify=batch.cursor != after)

    def expected(self, change: Change) -> bytes:
        assert change.content is not None  # noqa: S101  a snapshot has it
        row = self._row(change, change.content)
        children = [self._children(name, change.content) for name in _CHILDREN]
        return _hash(row, children)

    def held(self, today: date) -> Iterator[tuple[str, bytes]]:
        with self._transaction(), self._connection.cursor("held") as ads:
            chosen = ", ".join(f"{name}::text" if name == "content" else name for name in _COLUMNS)
            ads.execute(
                f"SELECT {chosen} FROM ads WHERE coalesce(last_day, 'infinity') >= %s", [today]
            )
            while rows := ads.fetchmany(BATCH):
                children = [self._children_of(name, [row[0] for row in rows]) for name in _CHILDREN]
                for row in rows:
                    yield str(row[0]), _hash(row, [of.get(row[0], []) for of in children])

    def repair(self, wrong: Iterable[Change], gone: Iterable[str]) -> bool:
        with self._transaction():
            self._read_state(lock=True)
            changes = iter(wrong)
            while chunk := list(islice(changes, BATCH)):
                uuids = [change.uuid for change in chunk]
                self._run("DELETE FROM tombstones WHERE uuid = ANY(%s::uuid[])", uuids)
                self._put(chunk, anyway=True)
            self._run("DELETE FROM ads WHERE uuid = ANY(%s::uuid[])", list(gone))
        return True

    # Writing

    def _put(self, changes: Sequence[Change], *, anyway: bool = False) -> None:
        """Insert or replace the ads that are newer than the stored ones, or with `anyway` all."""
        contents = {
            change.uuid.lower(): change.content for change in changes if change.content is not None
        }
        self._run("CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE ads) ON COMMIT DROP")
        self._run("TRUNCATE incoming")
        rows = (self._row(one, one.content) for one in changes if one.content is not None)
        self._copy("incoming", _COLUMNS, rows)
        kept = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        names = ", ".join(_COLUMNS)
        put = self._run(
            f"INSERT INTO ads ({names}) SELECT {names} FROM incoming WHERE NOT EXISTS (SELECT "
            "FROM tombstones WHERE uuid = incoming.uuid AND number >= incoming.number) "
            f"ON CONFLICT (uuid) DO UPDATE SET {kept} WHERE ads.number < excluded.number OR %s "
            "RETURNING uuid",
            anyway,
        )
        fresh = [str(uuid) for (uuid,) in put]
        self._run("DELETE FROM tombstones WHERE uuid = ANY(%s::uuid[])", fresh)
        for name, kind in _CHILDREN.items():
            self._run(f"DELETE FROM {name} WHERE ad = ANY(%s::uuid[])", fresh)
            columns = ("ad", "position", *(field.name for field in fields(kind)))
            self._copy(
                name,
                columns,
                (
                    (uuid, at, *child)
                    for uuid in fresh
                    for at, child in enumerate(self._children(name, contents[uuid]))
                ),
            )

    def _take_out(self, changes: Sequence[Change]) -> None:
        for one in changes:
            uuid, number = one.uuid, one.cursor.number
            self._run("DELETE FROM ads WHERE uuid = %s AND number < %s", uuid, number)
            self._run(_ENTOMB, uuid, number, one.kind.value, one.reason, one.at, uuid)

    def _row(self, change: Change, content: Content) -> tuple[object, ...]:
        values = [getattr(content, name) for name in _OF_CONTENT]
        return (change.uuid.lower(), change.cursor.number, *values, self._served(content))

    def _served(self, content: Content) -> str:
        if self._contacts:
            return content.raw
        from navfeed.wire.rewrite import drop_contacts

        return drop_contacts(content.raw)

    def _children(self, name: str, content: Content) -> list[tuple[object, ...]]:
        if name == "contacts" and not self._contacts:
            return []
        names = [field.name for field in fields(_CHILDREN[name])]
        return [tuple(getattr(one, each) for each in names) for one in getattr(content, name)]

    def _children_of(self, name: str, ads: Sequence[Any]) -> dict[Any, list[tuple[object, ...]]]:
        columns = ", ".join(field.name for field in fields(_CHILDREN[name]))
        found: dict[Any, list[tuple[object, ...]]] = {}
        for ad, *values in self._run(
            f"SELECT ad, {columns} FROM {name} WHERE ad = ANY(%s) ORDER BY ad, position", list(ads)
        ):
            found.setdefault(ad, []).append(tuple(values))
        return found

    def _copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    # The position

    def _read_state(self, *, lock: bool = False) -> tuple[str | None, int, str | None]:
        """Store, number and selection. `lock`: no other push runs until the transaction ends."""
        ((store, number, selection),) = self._run(
            f"SELECT store, number, selection FROM navfeed_target {'FOR UPDATE' if lock else ''}"
        )
        return store, number, selection

    def _is_current(self, batch: Batch) -> bool:
        """Whether the saved state already has the times of this batch."""
        with self._translate_errors():
            ((known,),) = self._run(
                "SELECT caught_up_at IS NOT DISTINCT FROM %s::timestamptz "
                "AND feed_time IS NOT DISTINCT FROM %s::timestamptz FROM navfeed_target",
                *(batch.caught_up_at, batch.feed_time),
            )
        return bool(known)

    def _save_state(self, batch: Batch, *, notify: bool = True) -> None:
        """Save the position and notify listeners, in the transaction of the changes."""
        self._run(
            "UPDATE navfeed_target SET store = %s, number = %s, selection = %s, caught_up_at = %s, "
            "feed_time = %s, pushed_at = now()",
            *(batch.cursor.store, batch.cursor.number, self._selection),
            *(batch.caught_up_at, batch.feed_time),
        )
        if notify:
            self._run("SELECT pg_notify('navfeed', %s)", str(batch.cursor))

    # The schema

    def _prepare(self) -> None:
        server = self._connection.info.server_version
        if server < OLDEST_SERVER:
            raise TargetError(
                f"PostgreSQL {server // 10_000} is too old: navfeed needs "
                f"{OLDEST_SERVER // 10_000} or later"
            )
        ((exists,),) = self._run("SELECT to_regclass('navfeed_target') IS NOT NULL")
        if not exists:
            self._create()
        ((version,),) = self._run("SELECT version FROM navfeed_target")
        if version != VERSION:
            raise TargetError(
                f"the tables have the format of another navfeed (version {version}, this one uses "
                f"{VERSION}). Upgrade navfeed, or push to a new schema"
            )

    def _create(self) -> None:
        """Create the tables in one transaction. An advisory lock: no table exists yet to lock."""
        with self._transaction():
            self._run("SELECT pg_advisory_xact_lock(%s)", _LOCK)
            ((made, schema, theirs),) = self._run(
                "SELECT to_regclass('navfeed_target') IS NOT NULL, current_schema(), "
                "to_regclass('ads')::text"
            )
            if made:
                return
            if theirs is not None:
                raise TargetError(
                    f"the schema {schema} has another table `ads`. Create a schema for navfeed "
                    "(CREATE SCHEMA navfeed) and select it in the address: "
                    "?options=-csearch_path%3Dnavfeed"
                )
            self._run(_SCHEMA)

    # SQL

    def _run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        # Names of tables and columns are ours; values are bound.
        cursor = self._connection.execute(sql.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._translate_errors(), self._connection.transaction():
            yield

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise TargetError(_explain(error), passes=_is_transient(error)) from error


_ENTOMB = """
INSERT INTO tombstones SELECT %s::uuid, %s, %s, %s::text, %s::timestamptz
WHERE NOT EXISTS (SELECT FROM ads WHERE uuid = %s)
ON CONFLICT (uuid) DO UPDATE SET
    number = excluded.number, kind = excluded.kind, reason = excluded.reason, at = excluded.at
WHERE tombstones.number < excluded.number
"""

_TIMEOUT_SECONDS = 30
"""Timeout of a connection, of a response and of a lock."""

_LOCK = 0x6E617666
"""`navf`: the advisory lock held while the tables are created."""


def _hash(row: Sequence[object], children: Sequence[object]) -> bytes:
    """The hash of an ad's content, without the number of the change it came with."""
    values = [*row[2:], *children]
    return sha256(json.dumps(values, default=str).encode()).digest()


_FULL, _READ_ONLY, _RIGHTS = "53", "25006", "42501"


def _explain(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    reason = "; ".join(" ".join(line.split()) for line in str(error).splitlines() if line.strip())
    if state == _READ_ONLY:
        return f"PostgreSQL is read-only here: push to the primary ({reason})"
    if state == _RIGHTS:
        return f"PostgreSQL denies this role write access: grant it the schema ({reason})"
    if state.startswith(_FULL):
        return f"PostgreSQL has no space or no connection left. Free some and run again ({reason})"
    return f"PostgreSQL cannot be reached or used. Check its address, then run again ({reason})"


def _is_transient(error: psycopg.Error) -> bool:
    """Whether a later try may succeed. An error without a code never reached the server."""
    state = error.sqlstate or "08"
    return state.startswith(("08", "40", "53", "55", "57", "58"))
