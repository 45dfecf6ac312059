"""Questions to the store. They read only, and wait for no sync.

Every question may raise `StoreError`, and `ConfigError` where its `text` is no search. All answers
of one `Reader` are about one moment of the store, and about ads that are active on the day it was
opened for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from navfeed.errors import NotFoundError, StoreError
from navfeed.model import (
    AdHistory,
    AuditLine,
    By,
    Change,
    ChangeKind,
    Content,
    Counted,
    Cursor,
    Flow,
    Reason,
    RunFacts,
    Scope,
    StoreFacts,
    refuse_wrong_type,
)
from navfeed.store import damage, history, journal, queue, ranking, search, shards, status
from navfeed.store.connect import Connected, is_shared, open_reader, translate_errors
from navfeed.store.counting import (
    COUNTED,
    COUNTED_COLUMNS,
    VALUES,
    begin_count,
    flow,
    tally,
    tally_of_two,
)
from navfeed.store.filters import (
    MOST,
    Filters,
    looks,
)
from navfeed.store.mapping import content_of, scope_of
from navfeed.store.selection import (
    ACTIVE,
    LIST_COLUMNS,
    Cell,
    Selection,
    Sort,
    expression,
    with_lists,
)
from navfeed.store.sql_functions import add_functions, alphabetical
from navfeed.store.times import read_day, read_moment
from navfeed.store.vocabulary import Vocabulary
from navfeed.text.synonyms import Synonyms, navfeeds_own

_ALL = Filters()


class Reader(Connected):
    """An open store, to be read as of `today`, a day in Oslo. Use as a context manager.

    `synonyms` are words that a search takes for the same, besides those of navfeed's own list; they
    are written as that one is (`navfeed.text.synonyms`).
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
        self.close()

    def close(self) -> None:
        self._connection.close()

    def pause(self) -> bool:
        """End the transaction until `resume`, so that no erasure waits for this reader.

        To be called once every answer was read to its end. False where the reader has to be closed
        instead, because it would keep others from writing, or see nothing of what they write.
        """
        with translate_errors(self.path):
            self._connection.set_progress_handler(None, 0)
            self._version = self._data_version()
            self._connection.commit()
            return is_shared(self._connection)

    def resume(self, today: date) -> bool:
        """Go on reading, as of `today`, while the store is as it was. In any thread, one at a time.

        False where the reader has to be closed: something was written since, or the store cannot be
        read. That another file took its place is for the caller to see.
        """
        self.today = today
        self._today = today.isoformat()
        with suppress(sqlite3.Error):
            self._connection.execute("BEGIN")
            return self._data_version() == self._version
        return False

    def _data_version(self) -> int:
        """Another one whenever something was written (https://www.sqlite.org/pragma.html)."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def give_up_when(self, is_over: Callable[[], bool]) -> None:
        """From now on, end a question with `TooLongError` once `is_over` returns true.

        It is called every few thousand of SQLite's steps: some hundred times a second at least.
        """
        self._connection.set_progress_handler(is_over, _STEPS)

    def rows(
        self,
        columns: Sequence[str],
        filters: Filters,
        sort: Sort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[tuple[Cell, ...]]:
        """The named columns of the matching ads, one by one; by id where `sort` is None.

        Columns are those of the table `ads`, and those in `LIST_COLUMNS`. At most `limit` ads, of
        which the first is the one behind `offset` others.
        """
        # A text is a sequence of texts too.
        listed = columns if isinstance(columns, str) else tuple(columns)
        refuse_wrong_type("rows", "columns", listed, tuple[str, ...])
        refuse_wrong_type("rows", "sort", sort, Sort | None)
        refuse_wrong_type("rows", "limit", limit, int | None)
        refuse_wrong_type("rows", "offset", offset, int)
        lists = [at for at, name in enumerate(columns) if name in LIST_COLUMNS]
        chosen = ", ".join(map(expression, columns))
        part = (MOST if limit is None else min(limit, MOST), min(offset, MOST))
        selected = self._select(Selection(chosen, _BY_ID, sort, part=part), filters)
        yield from with_lists(selected, lists)

    def snippets(self, filters: Filters) -> Callable[[str], str]:
        """A function from an ad's id to the piece of its text that matches the search best.

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
        """How many of the matching ads have which name; weeks in their order, else most first."""
        refuse_wrong_type("tally", "by", by, By)
        return self.tallies([by], filters)[by]

    def tallies(self, bys: Iterable[By], filters: Filters) -> dict[By, list[Counted]]:
        """The same by several things at once: which ads match is found out once."""
        self._begin_count(filters)
        return {by: self._read(tally, by) for by in bys}

    def tally_of_two(self, by: By, other: By, filters: Filters) -> list[tuple[str, str, int]]:
        """How many of the matching ads have which two names, most first.

        An ad with two of one counts with each.
        """
        for one in (by, other):
            refuse_wrong_type("tally_of_two", "by", one, By)
        self._begin_count(filters)
        return self._read(tally_of_two, by, other)

    def _begin_count(self, filters: Filters) -> None:
        self._read(begin_count)
        list(self._select(Selection(COUNTED_COLUMNS, into=COUNTED), filters))  # runs it

    def flow(self) -> Flow:
        """Ads that came and went, week by week, filters or not, and since when that was counted.

        Where there are masks of inactive ads, counted from the first of them on: by when the ads in
        force and the masked ones were published, and these removed. What is left of earlier weeks
        are survivors, so that these stay blank. Else as the syncs counted after the first one
        that caught up, which found ads of half a year; kept for about a year.
        """
        return self._read(flow)

    def has_value(self, name: str, value: str) -> bool:
        """Whether any stored ad has that value of a filter by names, active or not."""
        return any(self._all(sql, *bound) for sql, bound in looks(name, value))

    def commonplace(self, filters: Filters) -> list[str]:
        """The words that were searched in titles only, because most texts contain them."""
        words = self._looked_up(filters.text)
        return [word for word in words if self._vocabulary.spellings(word).commonplace]

    def misspelt(self, filters: Filters) -> Iterator[tuple[str, list[str]]]:
        """The words searched for that no stored ad has, and words like them that active ads have.

        Words with none like them are left out.
        """
        for word in self._looked_up((*filters.text, *filters.title)):
            near = [
                one
                for one in self._vocabulary.near(word)
                if self.count(Filters(text=(f'"{one}"',)))
            ]
            if near:
                yield word, near

    def values(self, name: str) -> list[str]:
        """The values that a filter by names finds in the active ads, in the order of letters."""
        rows = self._all(
            f"SELECT DISTINCT value FROM ({VALUES[name]}) WHERE value <> '' "
            f"AND ad IN (SELECT uuid FROM ads WHERE {ACTIVE})",
            self._today,
        )
        return sorted((value for (value,) in rows), key=alphabetical)

    def raw(self, uuid: str) -> str:
        """What NAV served for an ad that `rows` returned, to the letter.

        As a column of `rows`, it would be read for every ad before `offset` too.
        """
        return str(self._one("SELECT content FROM ads WHERE uuid = ?", uuid)[0])

    def iter_raw(self, filters: Filters) -> Iterator[str]:
        """What NAV served for each of the matching ads, to the letter, in the order of ids."""
        return (raw for (raw,) in self._select(Selection("ads.content", _BY_ID), filters))

    def ads(self, filters: Filters = _ALL) -> Iterator[tuple[str, Content]]:
        """The matching ads, by default all that are active, in the order of ids.

        Each with its id and its content, field by field.
        """
        for (uuid,) in self._select(Selection("ads.uuid", _BY_ID), filters):
            yield uuid, self._content(uuid)

    def children(
        self, table: str, columns: Sequence[str], filters: Filters
    ) -> Iterator[tuple[str | int | float | None, ...]]:
        """Columns of a child table (`mapping.CHILDREN`), for the matching ads: by id, in order."""
        chosen = ", ".join(f"{table}.{column}" for column in columns)
        source = f"ads CROSS JOIN {table} ON {table}.ad = ads.uuid"
        order = (*_BY_ID, f"{table}.position")
        return self._select(Selection(chosen, order, source=source), filters)

    def cursor(self) -> Cursor:
        """The place among the changes of the store at which this answer stands."""
        with translate_errors(self.path):
            return journal.position(self._connection)

    def changes(
        self,
        after: Cursor | None = None,
        filters: Filters = _ALL,
        *,
        content: bool = True,
        from_start: bool = False,
    ) -> Iterator[Change]:
        """What happened to the matching ads since a place, in its order; each ad once, at most.

        By default all that is kept. To be followed by `cursor()`, which is past what the filters
        left out too. Raises `CursorError` where that would leave a hole; `from_start`: the reader
        began with nothing at the start of the journal, and continues in it.
        """
        with translate_errors(self.path):
            begin = journal.begin_after(self._connection, after, from_start=from_start)
        return self._changes(begin, filters, content=content)

    def _changes(self, begin: int, filters: Filters, *, content: bool) -> Iterator[Change]:
        store = self.cursor().store
        with translate_errors(self.path):
            for rows in journal.chunks(self._connection, begin):
                there = [row.ad for row in rows if row.is_there]
                among = Selection("ads.uuid", among=there)
                shown = {uuid for (uuid,) in self._select(among, filters)}
                for row in rows:
                    kind, reason = self._told(row, shown)
                    if kind is not None:
                        yield Change(
                            cursor=Cursor(store, row.number),
                            kind=kind,
                            uuid=row.ad,
                            reason=reason,
                            changed=row.changed if row.ad in shown else (),
                            last_day=row.last_day,
                            at=row.at,
                            content=self._content(row.ad) if content and row.ad in shown else None,
                        )

    def _told(
        self, row: journal.Row, shown: Container[str]
    ) -> tuple[ChangeKind | None, str | None]:
        """What a change is to somebody who sees the ads that are `shown`; None: it is none."""
        if not row.is_there or row.ad in shown:
            return row.kind, row.reason
        if row.last_day is not None and row.last_day < self.today:
            return ChangeKind.EXPIRED, Reason.EXPIRED.value
        return (None, None) if row.fresh else (ChangeKind.REMOVED, journal.FILTERED)

    def snapshot(
        self, filters: Filters = _ALL, *, content: bool = True, beyond: str = ""
    ) -> Iterator[Change]:
        """How the matching ads stand at `cursor()`, in the order of ids. All others are not.

        Only those whose ids come after `beyond`.
        """
        cursor = self.cursor()
        filters = replace(filters, more=(*filters.more, ("ads.uuid > ?", (beyond,))))
        columns = Selection("ads.uuid, ads.last_day, ads.changed_at", _BY_ID)
        for uuid, last_day, at in self._select(columns, filters):
            yield Change(
                cursor=cursor,
                kind=ChangeKind.SNAPSHOT,
                uuid=uuid,
                reason=None,
                changed=(),
                last_day=read_day(last_day),
                at=read_moment(at),
                content=self._content(uuid) if content else None,
            )

    def _content(self, uuid: str) -> Content:
        with translate_errors(self.path):
            return content_of(self._connection, uuid)

    def iter_all_raw(self) -> Iterator[tuple[str, str]]:
        """Every ad in the store, active or not, by id: its id and what is kept of its content."""
        with translate_errors(self.path):
            cursor = self._connection.execute("SELECT uuid, content FROM ads ORDER BY uuid")
            for row in cursor:  # noqa: UP028  as in `_select`
                yield row

    def everything(self) -> Iterator[tuple[str, Content]]:
        """Every ad in the store, active or not, by id: its id and its content."""
        for (uuid,) in self._all("SELECT uuid FROM ads ORDER BY uuid"):
            with translate_errors(self.path):
                content = content_of(self._connection, uuid)
            yield uuid, content

    def outside(self) -> int:
        """How many active ads are not kept because they are outside the scope."""
        (count,) = self._one("SELECT count(*) FROM outside")
        return int(count)

    def audit(self) -> list[AuditLine]:
        """The uses of `navfeed privacy`, in their order."""
        return self._read(status.audit)

    def count(self, filters: Filters) -> int:
        ((count,),) = self._select(Selection("count(*)"), filters)
        return int(count)

    def find(self, start: str) -> tuple[str, Content]:
        """The active ad whose id begins with `start`, and its id.

        Raises `NotFoundError` when none does, or more than one.
        """
        refuse_wrong_type("find", "start", start, str)
        start = start.strip().lower()
        found = self._starting(start, ACTIVE, self._today)
        if not found:
            raise self._not_found(start)
        if len(found) > 1:
            raise NotFoundError(f"{start} could be {_candidates(found)}: give more of the id")
        ((uuid, _, _),) = found
        return uuid, self._content(uuid)

    def history(self, start: str, now: datetime) -> AdHistory:
        """What the store still knows of the ad whose id begins with `start`, gone or not.

        Raises `NotFoundError` when no id in the store begins so, or more than one.
        """
        refuse_wrong_type("history", "start", start, str)
        with translate_errors(self.path):
            uuid = history.find_known(self._connection, start.strip().lower())
            return history.read_history(self._connection, uuid, today=self.today, now=now)

    def problems(self) -> list[str]:
        """What is wrong with the file, at most a hundred of it. Reads all of the store."""
        found = (*self._read(_in_file), *self._index_problems())
        return list(found)[: damage.MOST]

    def _index_problems(self) -> list[str]:
        """What `damage.in_file` does not see: to SQLite the search index is but rows."""
        try:
            return list(shards.problems(self._all))
        except StoreError as error:
            return [f"the search index cannot be read ({error.__cause__})"]

    def free_bytes(self) -> int:
        """Bytes of the file that are free, and that a vacuum takes away."""
        (pages,), (size,) = self._one("PRAGMA freelist_count"), self._one("PRAGMA page_size")
        return int(pages * size)

    def alive(self) -> set[str]:
        """Ids of the ads that are active as far as is known: kept, out of scope, or queued."""
        rows = self._all(
            f"SELECT uuid FROM ads WHERE {ACTIVE} UNION SELECT ad FROM outside "
            "UNION SELECT ad FROM queue WHERE reason != ?",
            self._today,
            Reason.GONE.value,
        )
        return {uuid for (uuid,) in rows}

    def caught_up_at(self) -> datetime | None:
        """As of when the log was read, by the last sync that came to its end; None: never.

        Ads whose details failed then may be missing: `left_out`.
        """
        (moment,) = self._one("SELECT caught_up_at FROM feed")
        return read_moment(moment)

    def complete_days(self, today: date) -> tuple[date | None, date | None]:
        """The first and last day for which all arrivals and departures are known, if any."""
        return self._read(status.complete_days, today)

    def left_out(self, now: datetime) -> int:
        """How many new ads are missing until a sync fetches their details."""
        return self._read(queue.left_out, now)

    def feed_time(self) -> datetime | None:
        """The feed's clock at the newest entry that was read."""
        (moment,) = self._one("SELECT newest FROM feed")
        return read_moment(moment)

    def scope(self) -> Scope:
        """Which ads the store keeps."""
        (scope,) = self._one("SELECT scope FROM feed")
        return scope_of(scope)

    def status(self, now: datetime) -> StoreFacts:
        """How the store stands at `now`."""
        return self._read(status.status, self.path, now, active=self.count(_ALL))

    def runs(self, most: int, *, failed: bool = False) -> list[RunFacts]:
        """The last syncs, the newest first, `most` of them at most; or of those that `failed`."""
        return self._read(status.runs, most, failed=failed)

    def _select(self, selection: Selection, filters: Filters) -> Iterator[tuple[Any, ...]]:
        """Stream the answer: an export is ten times as large as the rest of the process."""
        refuse_wrong_type("the question", "filters", filters, Filters)
        searched = self._search(filters)
        if selection.is_ranked(searched):
            yield from self._best_first(selection, filters, searched)
        else:
            yield from self._run(selection, filters, searched)

    def _best_first(
        self, selection: Selection, filters: Filters, searched: search.Search
    ) -> Iterator[tuple[Any, ...]]:
        """Ads with all of the search in their titles, then the others, as far as needed."""
        most, skipped = selection.part or (MOST, 0)
        left = end = min(most + skipped, MOST)
        is_only = searched.unwanted is None and replace(filters, text=(), title=()) == _ALL
        is_page = is_only and end <= _PAGE
        for part, ranked in self._parts(searched, is_page=is_page):
            for row in self._run(replace(selection, part=(left, 0)), filters, part, ranked):
                left -= 1
                if left < end - skipped:
                    yield row
            if not left:
                return

    def _parts(self, searched: search.Search, *, is_page: bool) -> Iterator[_Part]:
        """The parts of what a search finds, the best first.

        `is_page`: only the first ads are read, and nothing but the search filters them.
        """
        wanted = searched.wanted or ""
        if not ranking.finds(self._all, wanted):
            return
        few = ranking.few(self._all, searched.in_titles)
        if few is None:
            yield replace(searched, wanted=searched.in_titles), None
        elif few:
            yield replace(searched, wanted=None), ranking.in_one_place(few)
        rest = wanted if few == [] else searched.not_in_titles
        lengths = shards.lengths_of(self._all, rest, ranking.MANY + 1)
        if len(lengths) <= ranking.MANY:
            ranked = ranking.best_first(self._all, wanted, lengths)
            yield from ((replace(searched, wanted=None), part) for part in ranked)
        elif is_page and ranking.are_common(self._all, lengths):
            yield replace(searched, wanted=rest, each_in=tuple(shards.tables(self._all))), None
        else:
            yield replace(searched, wanted=rest), None

    def _run(
        self,
        selection: Selection,
        filters: Filters,
        searched: search.Search,
        ranked: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        sql, values = selection.statement(filters, searched, self._today, ranked)
        with translate_errors(self.path):
            cursor = self._connection.execute(sql, values)
            for row in cursor:  # noqa: UP028  `yield from` closes it too, after the connection
                yield row

    def _looked_up(self, texts: Iterable[str]) -> list[str]:
        """The words of searches, after looking all of them up at once."""
        words = [*search.words_of_search(texts)]
        if words:
            self._vocabulary.look_up(words)
        return words

    def _search(self, filters: Filters) -> search.Search:
        self._looked_up((*filters.text, *filters.title))
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
            f"WHERE uuid BETWEEN ?1 AND ?1 || char(0x10FFFF) AND ?1 <> '' AND {condition} "
            f"ORDER BY uuid LIMIT {_CANDIDATES + 1}",
            start,
            *values,
        )

    def _not_found(self, start: str) -> NotFoundError:
        if not start:
            return NotFoundError("no id was given. `navfeed list` shows them")
        past = self._starting(start, "TRUE")
        if len(past) != 1:
            return NotFoundError(
                f"no active ad has an id that begins with {start!r}. "
                "`navfeed list` shows which there are"
            )
        ((uuid, _, last_day),) = past
        return NotFoundError(f"ad {uuid} is no longer active: its last day was {last_day}")

    def _all(self, sql: str, *values: str | int | None) -> list[tuple[Any, ...]]:
        with translate_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: str | int | None) -> tuple[Any, ...]:
        (row,) = self._all(sql, *values)
        return row


_Part = tuple[search.Search, str | None]
"""A search, and the ads that it is among, in their order; as `Selection.statement` takes them."""

_PAGE = 500
"""Ads up to the end of a page, at most, where each is looked up in the index by itself."""

_STEPS = 2_000
"""How many of SQLite's steps lie between two looks at whether to give up."""

_CANDIDATES = 5

_BY_ID = ("ads.uuid",)


def _in_file(db: sqlite3.Connection) -> list[str]:
    return list(damage.in_file(db))


def _prepare(connection: sqlite3.Connection) -> None:
    """Begin the one transaction that all questions see, and teach SQLite Norwegian."""
    connection.execute("PRAGMA temp_store = MEMORY")  # no copies of ads in temporary files
    add_functions(connection)
    connection.execute("BEGIN")


def shortened(uuids: Sequence[str]) -> list[str]:
    """The beginnings of different ids: 8 characters, or as many as tell them apart."""
    lengths = (most for most in range(8, 37) if len({one[:most] for one in uuids}) == len(uuids))
    most = next(lengths)
    return [one[:most] for one in uuids]


def _candidates(ads: Sequence[tuple[Any, ...]]) -> str:
    short = shortened([uuid for uuid, _, _ in ads])
    named = [f"{one} ({ad[1]})" for one, ad in zip(short, ads[:_CANDIDATES], strict=False)]
    return " or ".join([*named, "others"] if len(ads) > _CANDIDATES else named)
