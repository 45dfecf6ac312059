"""The page for people: a list, its filters, the ad that is read. Complete without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.errors import NotFoundError
from navfeed.model import oslo_day
from navfeed.names import parameter_of
from navfeed.present.words import day_of, pieces
from navfeed.serve.ad_view import AdView, ad_view, due_text, soon
from navfeed.serve.address import PLACE, Address
from navfeed.serve.facets import DAYS, due_within, facets_of
from navfeed.serve.parameters import (
    check_names,
    last_value,
    number,
    read_filters,
    read_parameters,
    sort_of,
)
from navfeed.serve.personal import Marks
from navfeed.serve.personal_view import mark_links, watch_link, with_marks
from navfeed.serve.queries import Snapshot
from navfeed.serve.rendering import Html
from navfeed.serve.responses import Payload
from navfeed.serve.visible import plain
from navfeed.serve.words import Language
from navfeed.store.filters import Filters
from navfeed.store.selection import Cell, Sort
from navfeed.store.suggestions import PLACES, unmatched

A_PAGE = 25
MOST_PAGES = 10_000
SORTS = (Sort.PUBLISHED, Sort.DUE, Sort.RELEVANCE, Sort.EMPLOYER)
_COLUMNS = ("uuid", "title", "employer", "places", "published", "due_date", "application_due")
_OWN = ("sort", "page", "ad", "lang")
"""Parameters of the page besides the filters."""


@dataclass(frozen=True, slots=True)
class Row:
    """An ad in the list. `snippet`: pieces of its text, each with whether it was searched for."""

    title: str
    employer: str
    places: str
    published: str
    due: str
    soon: str
    href: str
    is_read: bool
    snippet: tuple[tuple[str, bool], ...]
    mark: str


@dataclass(frozen=True, slots=True)
class ListContext:
    """What a row depends on besides its ad: address, language, day, and the ad that is open."""

    address: Address
    language: Language
    today: date
    open_ad: str
    marks: Marks

    def row(self, cells: tuple[Cell, ...], snippet: tuple[tuple[str, bool], ...]) -> Row:
        """One of `_COLUMNS` as the list shows it."""
        uuid, title, employer, places, published, due_date, written = cells
        due = date.fromisoformat(str(due_date)) if due_date else None
        day = day_of(str(published)) if published else ""
        return Row(
            title=plain(str(title or "")),
            employer=plain(str(employer or "")),
            places=plain("; ".join(places if isinstance(places, tuple) else ())),
            published=self.language.day(date.fromisoformat(day)) if day else "",
            due=due_text(due, str(written or ""), self.language),
            soon=soon(due, self.today, self.language),
            href=f"{self.address.href(ad=str(uuid))}#reading",
            is_read=uuid == self.open_ad,
            snippet=snippet,
            mark=self.marks.get(str(uuid), ""),
        )


@dataclass(frozen=True, slots=True)
class PageOfList:
    """The page of the list that is shown."""

    total: int
    number: int
    shown: int

    @property
    def first(self) -> int:
        return (self.number - 1) * A_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + self.shown - 1

    @property
    def has_more(self) -> bool:
        return self.last < self.total


class Page:
    def __init__(self, html: Html) -> None:
        self._html = html
        self._options = html.options
        self._names = tuple(one.name for one in self._options.filters)

    def routes(self) -> list[Route]:
        return [
            Route("/", self.index),
            Route("/ads/{uuid}", self.alone),
        ]

    async def index(self, request: Request) -> Response:
        """The ads that the address names, and the one that is read."""
        return await self._html.answer(request, self._list)

    async def alone(self, request: Request) -> Response:
        """An ad on a page of its own, to be kept or printed."""
        return await self._html.answer(request, self._alone)

    def warm(self, snapshot: Snapshot) -> None:
        """Do once what the first page would wait for: compile templates, count all ads."""
        self._html.template("list.html")
        facets_of(snapshot, with_marks(Filters(), self._html.marks(), ""), Address("", {}))

    # The list

    def _list(self, request: Request, language: Language, snapshot: Snapshot) -> Payload:
        parameters = read_parameters(request)
        check_names(parameters, [*self._names, *_OWN, *self._html.own_parameters])
        filters = read_filters(parameters, snapshot, self._options)
        marks = self._html.marks()
        shown = with_marks(filters, marks, last_value(parameters, "mark"))
        sort = sort_of(parameters.get("sort", [""])[-1], filters)
        at = number(parameters, "page", 1, MOST_PAGES)
        address = Address(self._options.root_path, parameters)
        today = oslo_day(snapshot.now)
        read = parameters.get("ad", [""])[-1]
        ad = self._still(snapshot, read, today, language) if read else None
        context = ListContext(address, language, today, read, marks)
        rows = self._rows(snapshot, shown, sort, at, context)
        return self._html.render(
            "list.html",
            language,
            address,
            snapshot,
            rows=rows,
            instead=[] if rows else list(_meant(snapshot, shown, address)),
            part=PageOfList(snapshot.count(shown), at, len(rows)),
            facets=self._facets(snapshot, shown, address, language),
            search=" ".join(parameters.get("text", ())),
            sort=sort.value,
            sorts=SORTS,
            narrowed=any(name in parameters for name in self._names),
            ad=ad,
            gone=bool(read) and ad is None,
            feed=address.feed(self._names),
            map_href=address.map(self._names),
            command=address.command(self._names),
            watch_command=address.watch_command(self._names),
            marked=list(mark_links(address, marks, snapshot.count)),
            watches=[watch_link(one, address) for one in self._html.watches()],
            triage=self._html.triage(marks.get(read), address),
        )

    def _facets(
        self, snapshot: Snapshot, filters: Filters, address: Address, language: Language
    ) -> str:
        """As HTML, the same for every page of a list and every ad that is open beside it."""

        def written() -> str:
            return self._html.part(
                "facets.html",
                language,
                facets=facets_of(snapshot, filters, address),
                labels=_labels(language, snapshot.reader.today),
            )

        key = (filters, language.code, address.href(**dict.fromkeys(PLACE)))
        return snapshot.memory.facets.get(snapshot.state, key, written)

    def _rows(
        self,
        snapshot: Snapshot,
        filters: Filters,
        sort: Sort,
        at: int,
        context: ListContext,
    ) -> list[Row]:
        snippet = snapshot.reader.snippets(filters)
        found = snapshot.rows(_COLUMNS, filters, sort, A_PAGE, (at - 1) * A_PAGE)
        return [context.row(cells, tuple(pieces(snippet(str(cells[0]))))) for cells in found]

    def _ad(self, snapshot: Snapshot, uuid: str, today: date, language: Language) -> AdView:
        found, content = snapshot.reader.find(uuid)
        return ad_view(found, content, today, language, with_contacts=self._options.with_contacts)

    def _still(
        self, snapshot: Snapshot, uuid: str, today: date, language: Language
    ) -> AdView | None:
        """None where it has left since: the list stays."""
        try:
            return self._ad(snapshot, uuid, today, language)
        except NotFoundError:
            return None

    # One ad

    def _alone(self, request: Request, language: Language, snapshot: Snapshot) -> Payload:
        address = Address(self._options.root_path, read_parameters(request))
        ad = self._ad(snapshot, request.path_params["uuid"], oslo_day(snapshot.now), language)
        return self._html.render(
            "alone.html",
            language,
            address,
            snapshot,
            ad=ad,
            triage=self._html.triage(self._html.marks().get(ad.uuid), address, ad=ad.uuid),
        )


@dataclass(frozen=True, slots=True)
class Meant:
    """A value that may have been meant, and the address with it."""

    value: str
    href: str


def _meant(snapshot: Snapshot, filters: Filters, address: Address) -> Iterator[Meant]:
    """For the first place that no ad names, those most like it. More would take too long."""
    for one in islice(unmatched(snapshot.reader, filters, PLACES), 1):
        name = parameter_of(one.field)
        if one.value in address.parameters.get(name, ()):
            for similar in one.similar:
                yield Meant(similar, address.instead(name, one.value, similar))


def _labels(language: Language, today: date) -> Mapping[str, str]:
    """Days by which to apply, in words; other choices are named as they are."""
    return {due_within(today, days): language[f"within_{days}"] for days in DAYS}
