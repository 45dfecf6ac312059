"""The withdrawn public-feed API, at its old path: a client changes one host name.

`strict` answers as NAV's own server did, `sane` differs where that did what nobody wanted
(public-feed.md 10), and adds what people expected of it.
"""

from __future__ import annotations

from datetime import UTC
from functools import partial
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.errors import NotFoundError
from navfeed.serve.old_request import read_old_request
from navfeed.serve.old_response import old_ad, root
from navfeed.serve.options import Compat
from navfeed.serve.queries import Snapshot
from navfeed.serve.responses import Payload, Responder, constant, json_payload
from navfeed.store.filters import Filters
from navfeed.store.public_feed import OldFilters, Values, old_conditions

ADS = "/public-feed/api/v1/ads"
_SWAGGER = "/public-feed/swagger"
_TEXT = "text/plain; charset=UTF-8"


class OldApi:
    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._compat = responder.options.compat

    def routes(self) -> list[Route]:
        described = [
            Route(f"{_SWAGGER}/index.html", _description),
            Route(f"{_SWAGGER}/api/public-feed-api.yaml", _openapi),
        ]
        one = [Route(f"{ADS}/{{uuid}}", self.one)] if self._compat is Compat.SANE else []
        return [Route(ADS, self.page), *one, *described]

    async def page(self, request: Request) -> Response:
        """A page of ads (public-feed.md 4 and 5)."""
        return await self._answer(request, partial(self._page, request))

    async def one(self, request: Request) -> Response:
        """One ad by its id. There never was such an address; programs request it all the same."""
        return await self._answer(request, partial(self._one, request.path_params["uuid"]))

    async def _answer(self, request: Request, query: partial[Payload]) -> Response:
        if self._compat is Compat.STRICT and not _takes_json(request.headers.get("accept", "*/*")):
            return Response(status_code=406)
        return await self._responder.answer(
            request,
            query,
            problem=_problem,
            cached=self._responder.kept(300),
            depends=lambda snapshot: snapshot.now.astimezone(UTC).date(),  # its days are UTC's
        )

    def _page(self, request: Request, snapshot: Snapshot) -> Payload:
        parameters: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            parameters.setdefault(name, []).append(value)
        wanted = read_old_request(parameters, self._compat, snapshot.now)
        ids = snapshot.ids(wanted.filters, wanted.sort, wanted.size, wanted.offset)
        ads = [old_ad(snapshot.reader.raw(uuid), self._compat) for uuid in ids]
        return json_payload(root(wanted, snapshot.count(wanted.filters), ads))

    def _one(self, uuid: str, snapshot: Snapshot) -> Payload:
        wanted = tuple(old_conditions(OldFilters(uuid=Values((uuid,)))))
        for raw in snapshot.reader.iter_raw(Filters(more=wanted)):
            return json_payload(old_ad(raw, self._compat))
        raise NotFoundError(uuid)


def _problem(status: int, message: str) -> Payload:
    return Payload(b"" if status == 404 else message.encode(), _TEXT)


_JSON = ("*/*", "application/*", "application/json")


def _takes_json(accept: str) -> bool:
    return any(part.partition(";")[0].strip().lower() in _JSON for part in accept.split(","))


async def _openapi(request: Request) -> Response:
    text = files("navfeed.serve").joinpath("public-feed-api.yaml").read_bytes()
    return constant(request, Payload(text, "text/yaml; charset=UTF-8"))


async def _description(_: Request) -> Response:
    page = (
        "<!doctype html><html lang=en><title>public-feed, served by navfeed</title>"
        '<p>The API is described in <a href="api/public-feed-api.yaml">public-feed-api.yaml</a>.'
    )
    return Response(page, media_type="text/html; charset=UTF-8")
