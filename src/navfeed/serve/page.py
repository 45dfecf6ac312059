"""The page for people: a list, its filters, the ad that is read. Complete without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.errors import ConfigError, NotFoundError
from navfeed.model import age_of, oslo_day
from navfeed.present.words import day_of, pieces
from navfeed.serve.ad_view import AdView, ad_view, due_text, soon
from navfeed.serve.address import Address
from navfeed.serve.facets import DAYS, Facets, due_within
from navfeed.serve.parameters import (
    check_names,
    last_value,
    number,
    read_filters,
    read_parameters,
    sort_of,
)
from navfeed.serve.personal import Marks
from navfeed.serve.personal_view import TriageForm, mark_links, watch_link, with_marks
from navfeed.serve.queries import Snapshot
from navfeed.serve.responses import Payload, Responder
from navfeed.serve.visible import plain, visible
from navfeed.serve.words import LANGUAGES, Language, chosen
from navfeed.store.filters import Filters
from navfeed.store.query import Cell, Sort
from navfeed.watches.definition import Watch
from navfeed.watches.words import Mark

A_PAGE = 25
MOST_PAGES = 10_000
SORTS = (Sort.PUBLISHED, Sort.DUE, Sort.RELEVANCE, Sort.EMPLOYER)
OLD = timedelta(days=1)
"""From this age on the page warns that the data is old, where it may be shown at all."""

_TYPE = "text/html; charset=utf-8"
_HERE = Path(__file__).parent
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
    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._options = responder.options
        self._personal = self._options.personal
        self._facets = Facets()
        self._names = tuple(one.name for one in self._options.filters)
        self._static = {
            file.name: file.read_bytes() for file in sorted((_HERE / "static").iterdir())
        }
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = self._address_of
        self._templates.globals["root"] = self._options.root_path

    def routes(self) -> list[Route]:
        return [
            Route("/", self.index),
            Route("/ads/{uuid}", self.alone),
            Route("/static/{name}", self.static),
        ]

    async def index(self, request: Request) -> Response:
        """The ads that the address asks for, and the one that is read."""
        return await self._answer(request, self._list)

    async def alone(self, request: Request) -> Response:
        """An ad on a page of its own, to be kept or printed."""
        return await self._answer(request, self._alone)

    async def static(self, request: Request) -> Response:
        """Its style, its script, its mark; links hold a sum of each, so that it may be kept."""
        name = request.path_params["name"]
        if name not in self._static:
            return Response("There is nothing at this address.\n", 404, media_type="text/plain")
        return Response(
            self._static[name],
            media_type=_TYPES[Path(name).suffix],
            headers={"cache-control": "public, max-age=31536000, immutable"},
        )

    def _address_of(self, name: str) -> str:
        mark = sha256(self._static[name]).hexdigest()[:8]
        return f"{self._options.root_path}/static/{name}?{mark}"

    async def _answer(self, request: Request, query: Any) -> Response:  # noqa: ANN401
        wanted = request.query_params.get("lang", "")
        language = chosen(wanted, request.headers.get("accept-language", ""))
        answer = await self._responder.answer(
            request,
            partial(query, request, language),
            problem=partial(self._problem, request, language),
            depends=lambda snapshot: (
                language.code,
                _freshness(snapshot, language),
                self._marks(),
                self._watches(),
            ),
        )
        answer.headers.add_vary_header("Accept-Language")
        return answer

    # The list

    def _list(self, request: Request, language: Language, snapshot: Snapshot) -> Payload:
        parameters = read_parameters(request)
        check_names(parameters, [*self._names, *_OWN, *(["mark"] if self._personal else [])])
        filters = read_filters(parameters, snapshot, self._options)
        marks = self._marks()
        shown = with_marks(filters, marks, last_value(parameters, "mark"))
        sort = sort_of(parameters.get("sort", [""])[-1], filters)
        at = number(parameters, "page", 1, MOST_PAGES)
        address = Address(self._options.root_path, parameters)
        today = oslo_day(snapshot.now)
        read = parameters.get("ad", [""])[-1]
        ad = self._still(snapshot, read, today, language) if read else None
        context = ListContext(address, language, today, read, marks)
        rows = self._rows(snapshot, shown, sort, at, context)
        return self._render(
            "list.html",
            language,
            address,
            freshness=_freshness(snapshot, language),
            rows=rows,
            part=PageOfList(snapshot.reader.count(shown), at, len(rows)),
            facets=self._facets.of(snapshot, shown, address),
            labels=_labels(language, today),
            search=" ".join(parameters.get("text", ())),
            sort=sort.value,
            sorts=SORTS,
            narrowed=any(name in parameters for name in self._names),
            ad=ad,
            gone=bool(read) and ad is None,
            feed=address.feed(self._names),
            command=address.command(self._names),
            watch_command=address.watch_command(self._names),
            marked=list(mark_links(address, marks, snapshot.reader.count)),
            watches=[watch_link(one, address) for one in self._watches()],
            triage=self._triage(marks.get(read), address),
        )

    def _rows(
        self,
        snapshot: Snapshot,
        filters: Filters,
        sort: Sort,
        at: int,
        context: ListContext,
    ) -> list[Row]:
        snippet = snapshot.reader.snippets(filters)
        found = list(snapshot.reader.rows(_COLUMNS, filters, sort, A_PAGE, (at - 1) * A_PAGE))
        return [context.row(cells, tuple(pieces(snippet(str(cells[0]))))) for cells in found]

    # What is the reader's own

    def _marks(self) -> Marks:
        return self._personal.marks() if self._personal else {}

    def _watches(self) -> list[Watch]:
        """None of them where their file cannot be read: the ads are shown all the same."""
        try:
            return self._personal.watches() if self._personal else []
        except ConfigError:
            return []

    def _triage(self, mark: Mark | None, address: Address, **changes: str) -> TriageForm | None:
        if self._personal is None:
            return None
        return TriageForm(self._personal.secret, mark, urlsplit(address.href(**changes)).query)

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

    # One ad, and what went wrong

    def _alone(self, request: Request, language: Language, snapshot: Snapshot) -> Payload:
        address = Address(self._options.root_path, read_parameters(request))
        ad = self._ad(snapshot, request.path_params["uuid"], oslo_day(snapshot.now), language)
        return self._render(
            "alone.html",
            language,
            address,
            freshness=_freshness(snapshot, language),
            ad=ad,
            triage=self._triage(self._marks().get(ad.uuid), address, ad=ad.uuid),
        )

    def _problem(self, request: Request, language: Language, status: int, message: str) -> Payload:
        address = Address(self._options.root_path, read_parameters(request))
        return self._render(
            "problem.html", language, address, freshness=None, status=status, message=message
        )

    def _render(self, name: str, language: Language, address: Address, **values: object) -> Payload:
        others = [one for one in LANGUAGES.values() if one is not language]
        text = self._templates.get_template(name).render(
            t=language, address=address, others=others, **values
        )
        return Payload(text.encode(errors="replace"), _TYPE)


def _finalize(value: object) -> object:
    """What a template is about to write: a text, or HTML that was made safe, and anything else."""
    return visible(value) if type(value) is str else value


_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def _freshness(snapshot: Snapshot, language: Language) -> tuple[str, bool]:
    """How fresh the data is, in words, and whether it is old."""
    age = age_of(snapshot.caught_up_at, snapshot.now)
    if age is None:
        return language["unknown_age"], True
    words = language["stale_warning" if age > OLD else "fresh"]
    return words.format(moment=language.moment(snapshot.caught_up_at)), age > OLD


def _labels(language: Language, today: date) -> Mapping[str, str]:
    """Days by which to apply, in words; other choices are named as they are."""
    return {due_within(today, days): language[f"within_{days}"] for days in DAYS}
