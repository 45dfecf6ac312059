"""Questions to the store. They read only, and wait for no sync.

Every question may raise `StoreError`, and `ConfigError` where its `text` is no search. All answers
of one `Reader` are about one moment of the store, and about ads that are in force on the day it was
opened for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from navfeed.errors import EXPECTED, NotFoundError, StoreError
from navfeed.model import (
    AuditLine,
    By,
    Change,
    ChangeKind,
    Contacts,
    Content,
    Counted,
    Cursor,
    Flow,
    Inactive,
    Problem,
    Reason,
    RunFacts,
    Scope,
    StoreFacts,
    Week,
    oslo_week,
    refuse_wrong_type,
)
from navfeed.store import journal, ranking, search, shards
from navfeed.store.connect import open_reader, translate_errors
from navfeed.store.filters import (
    MOST,
    OF_ADS,
    OF_CATEGORIES,
    OF_ROWS,
    Filters,
    conditions,
    looks,
)
from navfeed.store.giving_up import GIVEN_UP, PROBLEMS, UNCONFIRMED, patience_began
from navfeed.store.mapping import content_of, scope_of
from navfeed.store.public_feed import says_stem
from navfeed.store.schema import VERSION
from navfeed.store.vocabulary import Vocabulary
from navfeed.text.letters import fold
from navfeed.text.synonyms import Synonyms, navfeeds_own

Cell = str | tuple[str, ...] | None
"""A column of an ad: a text, or what its child rows say, each once, in their order."""


class Sort(StrEnum):
    """What comes first. Newest first for moments, soonest first for days, else by name.

    Ads without a value come last; those with the same one are in the order of their ids. What fits
    a search best comes first by `RELEVANCE`; without a search, it is the order of `PUBLISHED`.
    """

    RELEVANCE = "relevance"
    PUBLISHED = "published"
    EXPIRES = "expires"
    DUE = "due"
    TITLE = "title"
    EMPLOYER = "employer"
    MUNICIPAL = "municipal"
    UPDATED = "updated"


_FIRST_MUNICIPAL = (
    "(SELECT municipal FROM locations WHERE ad = ads.uuid AND municipal <> '' "
    "ORDER BY position LIMIT 1)"
)
_ORDERS = {
    None: "",
    Sort.RELEVANCE: "ads.published DESC NULLS LAST, ",
    Sort.PUBLISHED: "ads.published DESC NULLS LAST, ",
    Sort.EXPIRES: "ads.last_day NULLS LAST, ",
    Sort.DUE: "ads.due_date NULLS LAST, ",
    Sort.TITLE: "alphabetical(ads.title) NULLS LAST, ",
    Sort.EMPLOYER: "alphabetical(ads.employer) NULLS LAST, ",
    Sort.MUNICIPAL: f"alphabetical({_FIRST_MUNICIPAL}) NULLS LAST, ",
    Sort.UPDATED: "ads.updated DESC NULLS LAST, ",
}

_OF_CHILDREN = {
    "municipals": ("locations", "municipal"),
    "counties": ("locations", "county"),
    "places": ("locations", "coalesce(nullif(municipal, ''), county, country)"),
    "cities": ("locations", "city"),
    "postal_codes": ("locations", "postal_code"),
    "addresses": ("locations", "address"),
    "countries": ("locations", "country"),
    "occupations": ("occupations", "concat_with(' / ', level1, level2)"),
    "categories": ("categories", "concat_with(' ', type, code, name)"),
    "contacts": (
        "contacts",
        "concat_with(', ', name, coalesce(nullif(title, ''), role), phone, email)",
    ),
}

IN_FORCE = "coalesce(ads.last_day, '9999-12-31') >= ?"
"""An ad is shown up to and including its last day (feed.md 8). No bare column: the index on it
would make SQLite sort whole ads, where the order asked for has an index of its own."""


_ALL = Filters()


class Reader:
    """An open store, to be asked on `today`, a day in Oslo. Use as a context manager.

    `synonyms` says which words a search takes for the same, besides those of navfeed's own list; it
    is written as that one is (`navfeed.text.synonyms`).
    """

    def __init__(self, path: Path, today: date, synonyms: str = "") -> None:
        self.path = path
        self.today = today
        self._today = today.isoformat()
        self._own_synonyms = synonyms
        self._connection = open_reader(path)
        try:
            with translate_errors(path):
                _prepare(self._connection)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def give_up_when(self, asked: Callable[[], bool]) -> None:
        """From now on, end a question with `TooLongError` once `asked` says so.

        It is asked every few thousand of SQLite's steps: some hundred times a second at least.
        """
        self._connection.set_progress_handler(asked, _STEPS)

    def state(self) -> str:
        """A short text that changes whenever an answer of this reader's can.

        Each batch of a sync and the turn of the day change it, and whatever else writes an ad.
        """
        facts = self._one(_STATE)
        return sha256(repr((self._today, VERSION, *facts)).encode()).hexdigest()[:16]

    def rows(
        self,
        columns: Sequence[str],
        filters: Filters,
        sort: Sort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[tuple[Cell, ...]]:
        """The named columns of the ads asked for, one by one; by id where `sort` is None.

        Columns are those of the table `ads`, and those in `LIST_COLUMNS`. At most `limit` ads, of
        which the first is the one behind `offset` others.
        """
        # A text is a sequence of texts too.
        listed = columns if isinstance(columns, str) else tuple(columns)
        refuse_wrong_type("rows", "columns", listed, tuple[str, ...])
        refuse_wrong_type("rows", "sort", sort, Sort | None)
        refuse_wrong_type("rows", "limit", limit, int | None)
        refuse_wrong_type("rows", "offset", offset, int)
        lists = [at for at, name in enumerate(columns) if name in _OF_CHILDREN]
        chosen = ", ".join(map(_expression, columns))
        most = MOST if limit is None else min(limit, MOST)
        part = f"LIMIT {most} OFFSET {min(offset, MOST)}"
        for row in self._select(chosen, filters, f"ORDER BY {_ORDERS[sort]}ads.uuid {part}", sort):
            yield _with_lists(row, lists)

    def snippets(self, filters: Filters) -> Callable[[str], str]:
        """A function that tells, by an ad's id, the piece of its text that fits the search best.

        What was found stands between marks (`navfeed.present.words.pieces`). Empty where nothing is
        searched for.
        """
        wanted = self._search(filters).wanted

        def snippet(uuid: str) -> str:
            if not wanted:
                return ""
            (ad,) = self._one("SELECT id FROM ads WHERE uuid = ?", uuid)
            return str(self._one(search.snippet_of(ad), wanted, ad)[0])

        return snippet

    def tally(self, by: By, filters: Filters) -> list[Counted]:
        """How many of the ads asked for have which name; weeks in their order, else most first."""
        refuse_wrong_type("tally", "by", by, By)
        return self.tallies([by], filters)[by]

    def tallies(self, bys: Iterable[By], filters: Filters) -> dict[By, list[Counted]]:
        """The same by several things at once: which ads are asked for is found out once."""
        self._all("CREATE TABLE IF NOT EXISTS temp.asked (ad TEXT PRIMARY KEY) WITHOUT ROWID")
        self._all("DELETE FROM temp.asked")
        list(self._select("ads.uuid", filters, into="INSERT INTO temp.asked "))  # runs it
        return {by: self._tally_of_asked(by) for by in bys}

    def _tally_of_asked(self, by: By) -> list[Counted]:
        order = "value" if by is By.WEEK else "2 DESC, alphabetical(value)"
        rows = self._all(
            f"SELECT value, count(DISTINCT ad) FROM ({_VALUES[by]}) "
            f"WHERE value <> '' AND ad IN temp.asked GROUP BY value ORDER BY {order}"
        )
        return [(str(name), int(count)) for name, count in rows]

    def flow(self) -> Flow:
        """Ads that came and went, week by week, filters or not, and since when that was counted.

        Where there are masks of inactive ads, counted from the first of them on: by when the ads in
        force and the masked ones were published, and these removed. What is left of earlier weeks
        are survivors, so that these stay blank. Else as the syncs counted after the first one
        that caught up, which found ads of half a year; kept for about a year.
        """
        (masked_at,) = self._one("SELECT min(removed_at) FROM removed")
        if masked_at is not None:
            return self._flow(_moment(masked_at), _FLOW_OF_MASKS, masked_at[:_SECOND])
        rows = self._all(_FIRST_COUNTED)
        for run, since in rows:
            return self._flow(_moment(since), _FLOW_OF_RUNS, run)
        return Flow(None, ())

    def _flow(self, since: datetime | None, sql: str, first: str | int) -> Flow:
        rows = self._all(
            f"SELECT week, sum(new), sum(removed) FROM ({sql}) WHERE week <> '' "
            "GROUP BY week HAVING coalesce(sum(new) + sum(removed), 1) > 0 ORDER BY week",
            first,
        )
        return Flow(since, [Week(*row) for row in rows])

    def knows(self, name: str, value: str) -> bool:
        """Whether any stored ad has that value of a filter by names, in force or not."""
        return any(self._all(sql, *bound) for sql, bound in looks(name, value))

    def commonplace(self, filters: Filters) -> list[str]:
        """The words of the search that were looked for in titles alone: most texts say them."""
        words = search.words_of_search(filters.text)
        return [word for word in words if self._vocabulary.spellings(word).commonplace]

    def misspelt(self, filters: Filters) -> Iterator[tuple[str, list[str]]]:
        """The words searched for that no stored ad says, and words like them that ads in force say.

        Words with none like them are left out.
        """
        for word in search.words_of_search((*filters.text, *filters.title)):
            near = [
                one
                for one in self._vocabulary.near(word)
                if self.count(Filters(text=(f'"{one}"',)))
            ]
            if near:
                yield word, near

    def values(self, name: str) -> list[str]:
        """The values that a filter by names finds in the ads in force, in the order of letters."""
        rows = self._all(
            f"SELECT DISTINCT value FROM ({_VALUES[name]}) WHERE value <> '' "
            f"AND ad IN (SELECT uuid FROM ads WHERE {IN_FORCE})",
            self._today,
        )
        return sorted((value for (value,) in rows), key=_in_order)

    def content(self, uuid: str) -> str:
        """What NAV served for an ad that `rows` told of, to the letter.

        Asked for there, it would be read for every ad before `offset` too.
        """
        return str(self._one("SELECT content FROM ads WHERE uuid = ?", uuid)[0])

    def contents(self, filters: Filters) -> Iterator[str]:
        """What NAV served for each of the ads asked for, to the letter, in the order of ids."""
        return (raw for (raw,) in self._select("ads.content", filters, "ORDER BY ads.uuid"))

    def ads(self, filters: Filters = _ALL) -> Iterator[tuple[str, Content]]:
        """The ads asked for, by default all that are in force, in the order of ids.

        Each with its id and what it says, field by field.
        """
        for (uuid,) in self._select("ads.uuid", filters, "ORDER BY ads.uuid"):
            yield uuid, self._content(uuid)

    def children(
        self, table: str, columns: Sequence[str], filters: Filters
    ) -> Iterator[tuple[str | int | float | None, ...]]:
        """Columns of a child table (`shape.CHILDREN`), for the ads asked for: by id, in order."""
        chosen = ", ".join(f"{table}.{column}" for column in columns)
        source = f"ads CROSS JOIN {table} ON {table}.ad = ads.uuid"
        return self._select(chosen, filters, f"ORDER BY ads.uuid, {table}.position", source=source)

    def cursor(self) -> Cursor:
        """The place among the changes of the store at which this answer stands."""
        with translate_errors(self.path):
            return journal.position(self._connection)

    def changes(
        self, after: Cursor | None = None, filters: Filters = _ALL, *, content: bool = True
    ) -> Iterator[Change]:
        """What happened to the ads asked for since a place, in its order; each ad once, at most.

        By default all that is kept. To be followed by `cursor()`, which is past what the filters
        left out too. Raises `CursorError` where it cannot be told without a hole.
        """
        with translate_errors(self.path):
            begin = journal.begin_after(self._connection, after)
        return self._changes(begin, filters, content=content)

    def _changes(self, begin: int, filters: Filters, *, content: bool) -> Iterator[Change]:
        store = self.cursor().store
        with translate_errors(self.path):
            for rows in journal.chunks(self._connection, begin):
                there = [row.ad for row in rows if row.is_there]
                shown = {uuid for (uuid,) in self._select("ads.uuid", filters, among=there)}
                for row in rows:
                    kind, reason = self._told(row, shown)
                    if kind is not None:
                        yield Change(
                            cursor=Cursor(store, row.number),
                            kind=kind,
                            uuid=row.ad,
                            reason=reason,
                            changed=row.changed if row.ad in shown else (),
                            last_day=_day(row.last_day),
                            at=_moment(row.at),
                            content=self._content(row.ad) if content and row.ad in shown else None,
                        )

    def _told(
        self, row: journal.Row, shown: Container[str]
    ) -> tuple[ChangeKind | None, str | None]:
        """What a change is to somebody who sees the ads that are `shown`; None: it is none."""
        if not row.is_there or row.ad in shown:
            return row.kind, row.reason
        if row.last_day is not None and row.last_day < self._today:
            return ChangeKind.EXPIRED, Reason.EXPIRED.value
        return (None, None) if row.fresh else (ChangeKind.REMOVED, journal.FILTERED)

    def snapshot(self, filters: Filters = _ALL, *, content: bool = True) -> Iterator[Change]:
        """How the ads asked for stand at `cursor()`, in the order of ids. All others are not."""
        cursor = self.cursor()
        columns = "ads.uuid, ads.last_day, ads.changed_at"
        for uuid, last_day, at in self._select(columns, filters, "ORDER BY ads.uuid"):
            yield Change(
                cursor=cursor,
                kind=ChangeKind.SNAPSHOT,
                uuid=uuid,
                reason=None,
                changed=(),
                last_day=_day(last_day),
                at=_moment(at),
                content=self._content(uuid) if content else None,
            )

    def _content(self, uuid: str) -> Content:
        with translate_errors(self.path):
            return content_of(self._connection, uuid)

    def stored(self) -> Iterator[tuple[str, str]]:
        """Every ad in the store, in force or not, by id: its id and what is kept of its content."""
        with translate_errors(self.path):
            cursor = self._connection.execute("SELECT uuid, content FROM ads ORDER BY uuid")
            for row in cursor:  # noqa: UP028  as in `_select`
                yield row

    def everything(self) -> Iterator[tuple[str, Content]]:
        """Every ad in the store, in force or not, by id: its id and what it says."""
        for (uuid,) in self._all("SELECT uuid FROM ads ORDER BY uuid"):
            with translate_errors(self.path):
                content = content_of(self._connection, uuid)
            yield uuid, content

    def outside(self) -> int:
        """How many active ads are not kept because they are outside the scope."""
        (count,) = self._one("SELECT count(*) FROM outside")
        return int(count)

    def audit(self) -> list[AuditLine]:
        """What was asked of `navfeed privacy`, in its order."""
        rows = self._all("SELECT at, action, ads, places FROM audit ORDER BY id")
        return [AuditLine(_moment(at), action, ads, places) for at, action, ads, places in rows]

    def count(self, filters: Filters) -> int:
        ((count,),) = self._select("count(*)", filters)
        return int(count)

    def find(self, start: str) -> tuple[str, Content]:
        """The ad in force whose id begins with `start`, and its id.

        Raises `NotFoundError` when none does, or more than one.
        """
        refuse_wrong_type("find", "start", start, str)
        start = start.strip().lower()
        fits = self._starting(start, IN_FORCE, self._today)
        if not fits:
            raise self._not_found(start)
        if len(fits) > 1:
            raise NotFoundError(f"{start} could be {_candidates(fits)}: give more of the id")
        ((uuid, _, _),) = fits
        return uuid, self._content(uuid)

    def problems(self) -> list[str]:
        """What is wrong with the file, at most a hundred of it. Reads all of the store."""
        broken = [says for (says,) in self._all("PRAGMA integrity_check(100)") if says != "ok"]
        orphans = self._all("PRAGMA foreign_key_check")
        lost = [f"a row of {table} belongs to no ad" for table, *_ in orphans]
        return [*broken, *lost, *self._index_problems()][:100]

    def _index_problems(self) -> list[str]:
        """What `PRAGMA integrity_check` does not see: to SQLite the search index is but rows."""
        try:
            return list(shards.problems(self._all))
        except StoreError as error:
            return [f"the search index cannot be read ({error.__cause__})"]

    def alive(self) -> set[str]:
        """Ids of the ads that are active as far as is known: kept, out of scope, or asked for."""
        rows = self._all(
            f"SELECT uuid FROM ads WHERE {IN_FORCE} UNION SELECT ad FROM outside "
            "UNION SELECT ad FROM queue WHERE reason != ?",
            self._today,
            Reason.GONE.value,
        )
        return {uuid for (uuid,) in rows}

    def caught_up_at(self) -> datetime | None:
        """As of when the data is complete, by the last sync that came to its end; None: never."""
        (moment,) = self._one("SELECT caught_up_at FROM feed")
        return _moment(moment)

    def feed_time(self) -> datetime | None:
        """The feed's clock at the newest entry that was read."""
        (moment,) = self._one("SELECT newest FROM feed")
        return _moment(moment)

    def scope(self) -> Scope:
        """Which ads the store keeps."""
        (scope,) = self._one("SELECT scope FROM feed")
        return scope_of(scope)

    def facts(self, now: datetime) -> StoreFacts:
        """How the store stands at `now`."""
        (newest, caught_up_at, trouble, retry_at, token_expires, owed, reaches_back) = self._one(
            "SELECT newest, caught_up_at, trouble, retry_at, token_expires, erasure_owed, "
            "reaches_back FROM feed"
        )
        inactive, contacts, feed_url = self._one("SELECT inactive, contacts, feed_url FROM feed")
        waiting, held_back, given_up = self._one(
            f"SELECT count(*) FILTER (WHERE NOT {GIVEN_UP}), "
            f"count(*) FILTER (WHERE retry_at > ? AND NOT {GIVEN_UP}), "
            f"count(*) FILTER (WHERE {GIVEN_UP}) FROM queue WHERE reason != ?",
            patience_began(now),
            now.astimezone(UTC).isoformat(),
            patience_began(now),
            patience_began(now),
            Reason.GONE.value,
        )
        return StoreFacts(
            path=str(self.path),
            size=self.path.stat().st_size,
            schema_version=self._one("PRAGMA user_version")[0],
            inactive=Inactive(inactive),
            contacts=Contacts(contacts),
            in_force=self.count(Filters()),
            stored=self._one("SELECT count(*) FROM ads")[0],
            masked=self._one("SELECT count(*) FROM removed")[0],
            waiting=waiting,
            held_back=held_back,
            given_up=given_up,
            problems=tuple(Problem(*row) for row in self._all(PROBLEMS)),
            newest=_moment(newest),
            caught_up_at=_moment(caught_up_at),
            trouble=trouble,
            last_run=next(iter(self.runs(1)), None),
            retry_at=_moment(retry_at),
            token_expires=_moment(token_expires),
            erasure_owed=bool(owed),
            reaches_back=_moment(reaches_back),
            scope=self.scope(),
            feed_url=feed_url,
            unconfirmed=self._one(UNCONFIRMED)[0],
        )

    def runs(self, most: int, *, failed: bool = False) -> list[RunFacts]:
        """The last syncs, the newest first, `most` of them at most; or of those that `failed`."""
        only = f"WHERE exit_code NOT IN ({', '.join(map(str, EXPECTED))}) " if failed else ""
        rows = self._all(
            "SELECT id, started_at, ended_at, exit_code, outcome, counts FROM runs "
            f"{only}ORDER BY id DESC LIMIT {min(most, MOST):d}"
        )
        return [
            RunFacts(id_, _moment(start), _moment(end), code, outcome, json.loads(counts or "{}"))
            for id_, start, end, code, outcome, counts in rows
        ]

    def _select(
        self,
        chosen: str,
        filters: Filters,
        end: str = "",
        sort: Sort | None = None,
        source: str = "ads",
        *,
        among: Sequence[str] | None = None,
        into: str = "",
    ) -> Iterator[tuple[Any, ...]]:
        """Stream the answer: an export is ten times as large as the rest of the process.

        With `among`, only of those ads.
        """
        refuse_wrong_type("the question", "filters", filters, Filters)
        searched = self._search(filters)
        ranked: list[str] = []
        asked = [(IN_FORCE, (self._today,)), *conditions(filters)]
        if sort is Sort.RELEVANCE and searched.wanted:
            source = f"{ranking.RANKED} JOIN ads USING (id)"
            end = end.replace(_ORDERS[sort], "ranked.place, ", 1)
            ranked = [ranking.places(self._all, searched.wanted, searched.in_titles)]
            searched = replace(searched, wanted=None)
        asked.extend(searched.conditions())
        if among is not None:
            asked.append(("ads.uuid IN (SELECT value FROM json_each(?))", (json.dumps(among),)))
        where = " AND ".join(condition for condition, _ in asked)
        values = [*ranked, *(value for _, group in asked for value in group)]
        with translate_errors(self.path):
            cursor = self._connection.execute(
                f"{into}SELECT {chosen} FROM {source} WHERE {where} {end}", values
            )
            for row in cursor:  # noqa: UP028  `yield from` closes it too, after the connection
                yield row

    def _search(self, filters: Filters) -> search.Search:
        return search.read_search(filters.text, self._spelled, filters.title)

    def _spelled(self, word: str) -> search.Spellings:
        return self._vocabulary.spellings(word)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._all, Synonyms.read(navfeeds_own(), self._own_synonyms))

    def _starting(self, start: str, condition: str, *values: str) -> list[tuple[Any, ...]]:
        """Ids, titles and last days of the first few ads whose ids begin like that."""
        return self._all(
            "SELECT uuid, title, last_day FROM ads "
            f"WHERE substr(uuid, 1, length(?1)) = ?1 AND ?1 <> '' AND {condition} "
            f"ORDER BY uuid LIMIT {_CANDIDATES + 1}",
            start,
            *values,
        )

    def _not_found(self, start: str) -> NotFoundError:
        past = self._starting(start, "TRUE")
        if len(past) != 1:
            return NotFoundError(
                f"no ad in force has an id that begins with {start!r}. "
                "`navfeed list` shows which there are"
            )
        ((uuid, _, last_day),) = past
        return NotFoundError(f"ad {uuid} is no longer in force: its last day was {last_day}")

    def _all(self, sql: str, *values: str | int | None) -> list[tuple[Any, ...]]:
        with translate_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: str | int | None) -> tuple[Any, ...]:
        (row,) = self._all(sql, *values)
        return row


_FLOW_OF_MASKS = """
SELECT oslo_week(published) AS week, iif(published >= ?1, 1, NULL) AS new,
    iif(published >= ?1, 0, NULL) AS removed
FROM (SELECT published FROM ads
    UNION ALL SELECT published FROM removed WHERE reason <> 'out of scope')
UNION ALL SELECT oslo_week(removed_at), 0, 1 FROM removed WHERE reason <> 'out of scope'
"""
_FLOW_OF_RUNS = """
SELECT oslo_week(started_at) AS week, coalesce(json_extract(counts, '$.new'), 0) AS new,
    coalesce(json_extract(counts, '$.removed'), 0) AS removed
FROM runs WHERE id > ?1
"""
# Where the first rows of `runs` have been dropped, the first that is left counted like any other.
_FIRST_COUNTED = """
SELECT id, since FROM (
    SELECT id - 1 AS id, started_at AS since FROM runs
    WHERE id = (SELECT min(id) FROM runs) AND id > 1
    UNION ALL SELECT id, ended_at FROM runs WHERE exit_code IN (0, 4)
) ORDER BY id LIMIT 1
"""

_SECOND = len("2026-11-21T08:00:00")
"""So much of a moment is written alike in all columns."""

_STEPS = 2_000

# Whatever puts an ad down dates it (`checked_at`), or is written down itself: runs, what was asked
# of `privacy`. What takes one out makes them fewer.
_STATE = """
SELECT (SELECT count(*) FROM ads), (SELECT max(id) FROM ads), (SELECT max(checked_at) FROM ads),
    (SELECT max(id) FROM audit), caught_up_at, contacts, scope,
    (SELECT id || coalesce(ended_at, '') FROM runs ORDER BY id DESC LIMIT 1)
FROM feed
"""

_VALUES = {
    **{name: f"SELECT uuid AS ad, {column} AS value FROM ads" for name, column in OF_ADS.items()},
    **{
        name: f"SELECT ad, {name} AS value FROM {table}"
        for table, names in OF_ROWS.items()
        for name in names
    },
    **{
        name: f"SELECT ad, name AS value FROM categories WHERE type GLOB '{types}'"
        for name, types in OF_CATEGORIES.items()
    },
    "employer": "SELECT uuid AS ad, employer AS value FROM ads",
    "occupation": "SELECT ad, level2 AS value FROM occupations",
    "group": "SELECT ad, level1 AS value FROM occupations",
    "week": "SELECT uuid AS ad, oslo_week(published) AS value FROM ads",
}
"""Where the values of each filter by names, and of what can be counted by, stand."""

LIST_COLUMNS = frozenset(_OF_CHILDREN)
"""Columns of `Reader.rows` that hold what an ad's child rows say."""

_CANDIDATES = 5


def _prepare(connection: sqlite3.Connection) -> None:
    """Begin the one transaction that all questions see, and teach SQLite Norwegian."""
    connection.execute("PRAGMA temp_store = MEMORY")  # no copies of ads in temporary files
    for name, arguments, function in (
        ("folded", 1, _folded),
        ("alphabetical", 1, _alphabetical),
        ("begins", 2, _begins),
        ("oslo_week", 1, _week),
        ("mentions", -1, _mentions),
        ("concat_with", -1, _concat_with),
        ("says_stem", -1, says_stem),
    ):
        connection.create_function(name, arguments, function, deterministic=True)
    connection.execute("BEGIN")


def _expression(column: str) -> str:
    if column not in _OF_CHILDREN:
        return f"ads.{column}"
    table, value = _OF_CHILDREN[column]
    return f"(SELECT json_group_array({value}) FROM {table} WHERE ad = ads.uuid)"


def _with_lists(row: tuple[Any, ...], lists: Iterable[int]) -> tuple[Cell, ...]:
    cells = list(row)
    for at in lists:
        cells[at] = tuple(dict.fromkeys(filter(None, json.loads(cells[at]))))
    return tuple(cells)


def _candidates(ads: Sequence[tuple[Any, ...]]) -> str:
    named = [f"{uuid} ({title})" for uuid, title, _ in ads[:_CANDIDATES]]
    return " or ".join([*named, "others"] if len(ads) > _CANDIDATES else named)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _moment(text: str | None) -> datetime | None:
    """A damaged moment is as good as none: it is only shown."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None


def _folded(text: str | None) -> str | None:
    return None if text is None else fold(text)


# Æ, ø and å end the Norwegian alphabet, in this order, the Swedish letters with theirs. What
# follows z in ASCII stands in for them; other letters come after all of these.
_NORWEGIAN = str.maketrans("æäøöå", "{{||}")


def _alphabetical(text: str | None) -> str | None:
    return _in_order(text) if text else None


def _in_order(text: str) -> str:
    return fold(text).translate(_NORWEGIAN)


def _week(moment: str | None) -> str | None:
    known = _moment(moment)
    try:
        return oslo_week(known) if known else None
    except OverflowError:  # the last hours of year 9999
        return None


def _begins(start: str, name: str | None) -> bool | None:
    return None if name is None else fold(name).startswith(start)


def _mentions(part: str, *names: str | None) -> bool:
    return any(part in fold(name) for name in names if name)


def _concat_with(mark: str, *parts: str | None) -> str:
    return mark.join(filter(None, parts))
