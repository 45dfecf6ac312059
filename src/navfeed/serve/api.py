"""A plain JSON API: active ads by the filters of `navfeed list`, one ad, and counts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.errors import ConfigError, NotFoundError
from navfeed.model import By, moment_text
from navfeed.serve.parameters import (
    check_names,
    number,
    read_filters,
    read_list_request,
    read_parameters,
)
from navfeed.serve.queries import Snapshot
from navfeed.serve.responses import Payload, Responder, constant, json_payload

USUAL = 50
MOST_NAMES = 1_000
COUNTED = tuple(by for by in By if by is not By.FLOW)


class Api:
    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._options = responder.options
        contacts = ("contacts",) if self._options.with_contacts else ()
        self._columns = (*self._options.columns, *contacts)

    def routes(self) -> list[Route]:
        return [
            Route("/api/ads", self._handler(self._ads)),
            Route("/api/ads/{uuid}", self._handler(self._ad)),
            Route("/api/stats", self._handler(self._stats)),
            Route("/api/openapi.json", self._described),
        ]

    def _handler(
        self, query: Callable[[Request, Snapshot], Payload]
    ) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            return await self._responder.answer(
                request,
                partial(query, request),
                problem=problem,
                cached=self._responder.kept(60),
            )

        return answer

    def _ads(self, request: Request, snapshot: Snapshot) -> Payload:
        wanted = read_list_request(request, snapshot, self._options, usual=USUAL)
        rows = snapshot.rows(
            self._columns, wanted.filters, wanted.sort, wanted.limit, wanted.offset
        )
        ads = [dict(zip(self._columns, row, strict=True)) for row in rows]
        total = snapshot.count(wanted.filters)
        more = wanted.offset + len(ads) < total and len(ads) == wanted.limit
        return json_payload(
            {
                "caught_up_at": moment_text(snapshot.caught_up_at),
                "state": snapshot.state,
                "changed": wanted.state not in (None, snapshot.state),
                "total": total,
                "ads": ads,
                "next": _next(request, wanted.after(snapshot)) if more else None,
            }
        )

    def _ad(self, request: Request, snapshot: Snapshot) -> Payload:
        wanted = request.path_params["uuid"]
        uuid, content = snapshot.reader.find(wanted)
        if uuid != wanted:
            raise NotFoundError(wanted)
        left_out = ("raw",) if self._options.with_contacts else ("raw", "contacts")
        named = {one.name: getattr(content, one.name) for one in fields(content)}
        shown = {name: value for name, value in named.items() if name not in left_out}
        return json_payload({"uuid": uuid, **shown})

    def _stats(self, request: Request, snapshot: Snapshot) -> Payload:
        parameters = read_parameters(request)
        check_names(parameters, [*(one.name for one in self._options.filters), "by", "top"])
        filters = read_filters(parameters, snapshot, self._options)
        top = number(parameters, "top", USUAL, MOST_NAMES)
        named = {name: by_name(name) for name in parameters.get("by", COUNTED)}
        tallies = snapshot.reader.tallies(named.values(), filters)
        return json_payload(
            {
                "caught_up_at": moment_text(snapshot.caught_up_at),
                "state": snapshot.state,
                "ads": snapshot.count(filters),
                "by": {
                    name: [{"name": value, "ads": ads} for value, ads in tallies[by][:top]]
                    for name, by in named.items()
                },
            }
        )

    async def _described(self, request: Request) -> Response:
        from navfeed.serve.openapi import described

        description = described(self._options, self._columns, COUNTED)
        return constant(request, json_payload(description))


def problem(status: int, message: str) -> Payload:
    """An error, for programs."""
    return json_payload({"status": status, "error": message})


def by_name(text: str) -> By:
    """What ads can be counted by. Raises `ConfigError`."""
    with suppress(ValueError):
        if (by := By(text)) in COUNTED:
            return by
    names = ", ".join(by.shown for by in COUNTED)
    raise ConfigError(f"by takes {names}, not {text!r}")


def _next(request: Request, after: str) -> str:
    """The address of the next part, below this one."""
    parameters = [
        (name, value) for name, value in request.query_params.multi_items() if name != "after"
    ]
    return f"?{urlencode([*parameters, ('after', after)])}"
