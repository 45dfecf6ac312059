"""`/feed.atom`: the newest ads that filters leave, for feed readers (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.model import moment_text
from navfeed.names import field_of
from navfeed.serve.parameters import (
    Parameters,
    check_names,
    filter_parameters,
    last_value,
    read_filters,
    read_parameters,
)
from navfeed.serve.personal import Personal, watch_parameters, without_ignored
from navfeed.serve.queries import Snapshot
from navfeed.serve.responses import Payload, Responder
from navfeed.store.filters import Filters
from navfeed.store.selection import Cell, Sort
from navfeed.text.plaintext import sanitize

MOST = 50
_COLUMNS = (
    *("uuid", "title", "employer", "places", "published", "updated"),
    *("application_due", "due_date", "application_url", "link"),
)
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NOWHEN = "1970-01-01T00:00:00Z"
_TYPE = "application/atom+xml; charset=utf-8"


class AtomFeed:
    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    def routes(self) -> list[Route]:
        return [Route("/feed.atom", self.feed)]

    async def feed(self, request: Request) -> Response:
        return await self._responder.answer(
            request,
            partial(self._feed, request),
            problem=_problem,
            cached=self._responder.kept(300),
            depends=self._depends,
        )

    def _depends(self, snapshot: Snapshot) -> object:
        personal = self._responder.options.personal
        own = (personal.watches(), personal.marks()) if personal else None
        return snapshot.caught_up_at, own

    def _feed(self, request: Request, snapshot: Snapshot) -> Payload:
        options = self._responder.options
        parameters = read_parameters(request)
        if options.personal is not None and parameters.keys() == {"watch"}:
            return self._watch(options.personal, last_value(parameters, "watch"), snapshot)
        check_names(parameters, [one.name for one in options.filters])
        filters = read_filters(parameters, snapshot, options)
        given = filter_parameters(parameters, options)
        return _feed_of(snapshot, filters, _title(given), _name(given))

    def _watch(self, personal: Personal, name: str, snapshot: Snapshot) -> Payload:
        """The ads that fit a watch, without those that were ignored, under the watch's own id."""
        watch = personal.watch(name)
        filters = read_filters(watch_parameters(watch), snapshot, self._responder.options)
        shown = without_ignored(filters, personal.marks())
        return _feed_of(snapshot, shown, watch.name, f"navfeed:watch:{watch.name}")


def _title(given: Parameters) -> str:
    """`Ledige stillinger i BERGEN: natt`; filters that make no such sentence by name."""
    rest = dict(given)
    places = [name for name in ("municipality", "county") if name in rest]
    where = ""
    if len(places) == 1 and not any(map(_PATTERN.search, rest[places[0]])):
        where = f" i {', '.join(rest.pop(places[0]))}"
    words = [
        value if name == "text" else f"{name} {value}"
        for name, values in rest.items()
        for value in values
    ]
    return f"Ledige stillinger{where}{': ' if words else ''}{'; '.join(words)}"


_PATTERN = re.compile(r"[!*\d]")


def _name(given: Parameters) -> str:
    """What the feed's id is made from: the filters under NAV's names, as from the beginning."""
    words = [
        f"{field_of(name).replace('_', '-')} {value}"
        for name, values in given.items()
        for value in values
    ]
    return f"navfeed:{'; '.join(words)}"


def _feed_of(snapshot: Snapshot, filters: Filters, title: str, name: str) -> Payload:
    rows = snapshot.rows(_COLUMNS, filters, Sort.PUBLISHED, MOST)
    ads = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    return Payload(_written(title, name, ads, moment_text(snapshot.caught_up_at) or _NOWHEN), _TYPE)


def _problem(_: int, message: str) -> Payload:
    return Payload(message.encode(), "text/plain; charset=utf-8")


def _written(title: str, name: str, ads: Iterable[Mapping[str, Cell]], caught_up_at: str) -> bytes:
    """The id is made from `name`, so that it stays the same one."""
    root = ET.Element("feed", {"xmlns": _NAMESPACE, "xml:lang": "no"})
    _add(root, "title", _text(title))
    _add(root, "id", f"urn:uuid:{uuid5(NAMESPACE_URL, name)}")
    _add(root, "updated", caught_up_at)
    _add(root, "generator", "navfeed")
    for ad in ads:
        _entry(ET.SubElement(root, "entry"), {name: _text(cell) for name, cell in ad.items()})
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _entry(entry: ET.Element, ad: Mapping[str, str]) -> None:
    _add(entry, "title", ad["title"] or "(uten tittel)")
    _add(entry, "id", f"urn:uuid:{ad['uuid']}")
    _add(entry, "published", ad["published"] or _NOWHEN)
    _add(entry, "updated", ad["updated"] or ad["published"] or _NOWHEN)
    _add(ET.SubElement(entry, "author"), "name", ad["employer"] or "?")
    for relation, address in (("alternate", ad["link"]), ("related", ad["application_url"])):
        if address.startswith(("https://", "http://")):
            ET.SubElement(entry, "link", {"rel": relation, "href": address})
    due = ad["due_date"] or ad["application_due"]
    parts = (ad["employer"], ad["places"], f"Søknadsfrist: {due}" if due else "")
    _add(entry, "summary", " · ".join(filter(None, parts)))


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


_NO_XML = dict.fromkeys((0xFFFE, 0xFFFF), "\ufffd")


def _text(cell: Cell) -> str:
    """On one line, and without what no XML may hold."""
    text = "; ".join(cell) if isinstance(cell, tuple) else cell or ""
    return sanitize(text).translate(_NO_XML).strip()
