"""The rows of a list of ads: which columns, in which order, with notes and snippets beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from navfeed.export.formats import records, write_csv, write_json, write_jsonl
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Cell, Sort


class ListFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Listing:
    """Which ads a list shows, and what of them.

    `snippets` None: on a terminal only. `columns` None: the format's own. `notes`: the user's
    notes by ad, if they are shown.
    """

    filters: Filters
    sort: Sort
    limit: int | None
    offset: int
    with_contacts: bool
    snippets: bool | None
    columns: tuple[str, ...] | None = None
    notes: Mapping[str, str] | None = None

    def rows(
        self, reader: Reader, columns: Sequence[str], limit: int | None = None
    ) -> Iterator[tuple[Cell, ...]]:
        """Rows with the cells that `names` names. `limit` applies if the list has none."""
        read = (*columns, "contacts") if self._adds_contacts(columns) else tuple(columns)
        rows = reader.rows(
            ("uuid", *read), self.filters, self.sort, self.limit or limit, self.offset
        )
        if (notes := self.notes) is not None:
            rows = ((*row, notes.get(str(row[0]))) for row in rows)
        if not self.snippets:
            return (row[1:] for row in rows)
        snippet = reader.snippets(self.filters)
        return ((*row[1:], snippet(str(row[0]))) for row in rows)

    def names(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The name of each cell of a row."""
        more = {
            "contacts": self._adds_contacts(columns),
            "note": self.notes is not None,
            "snippet": self.snippets,
        }
        return (*columns, *(name for name, shown in more.items() if shown))

    def _adds_contacts(self, columns: Sequence[str]) -> bool:
        return self.with_contacts and "contacts" not in columns


def default_sort(filters: Filters) -> Sort:
    if filters.text or filters.title:
        return Sort.RELEVANCE
    return Sort.DUE if filters.closing_soon else Sort.PUBLISHED


def write_rows(
    columns: Sequence[str], rows: Iterable[tuple[Cell, ...]], format_: ListFormat, out: BinaryIO
) -> None:
    """Write rows in any format but the table."""
    match format_:
        case ListFormat.JSON:
            write_json(records(columns, rows), out)
        case ListFormat.JSONL:
            write_jsonl(records(columns, rows), out)
        case _:
            write_csv(columns, rows, out)
