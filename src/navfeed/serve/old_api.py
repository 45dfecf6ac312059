"""The withdrawn public-feed API, at its old path: a client changes one host name.

`strict` answers as NAV's own server did, `sane` differs where that did what nobody wanted
(public-feed.md 10), and adds what people expected of it.
"""

from __future__ import annotations

from functools import partial
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.errors import NotFoundError
from navfeed.serve.answers import Doors, Said, as_json
from navfeed.serve.desk import Hour
from navfeed.serve.old_answer import old_ad, root
from navfeed.serve.old_question import read_question
from navfeed.serve.terms import Compat
from navfeed.store.filters import Filters
from navfeed.store.public_feed import OldQuestion, Values, old_conditions

ADS = "/public-feed/api/v1/ads"
_SWAGGER = "/public-feed/swagger"
_TEXT = "text/plain; charset=UTF-8"


class OldApi:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._compat = doors.terms.compat

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
        """One ad by its id. There never was such an address; people asked at it all the same."""
        return await self._answer(request, partial(self._one, request.path_params["uuid"]))

    async def _answer(self, request: Request, question: partial[Said]) -> Response:
        if self._compat is Compat.STRICT and not _takes_json(request.headers.get("accept", "*/*")):
            return Response(status_code=406)
        return await self._doors.answer(
            request, question, problem=_problem, cached=self._doors.kept(300)
        )

    def _page(self, request: Request, hour: Hour) -> Said:
        given: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            given.setdefault(name, []).append(value)
        asked = read_question(given, self._compat, hour.now)
        rows = hour.reader.rows(["uuid"], asked.filters, asked.sort, asked.size, asked.offset)
        contents = [hour.reader.raw(str(uuid)) for (uuid,) in rows]
        ads = [old_ad(raw, self._compat) for raw in contents]
        return as_json(root(asked, hour.reader.count(asked.filters), ads))

    def _one(self, uuid: str, hour: Hour) -> Said:
        wanted = tuple(old_conditions(OldQuestion(uuid=Values((uuid,)))))
        for raw in hour.reader.iter_raw(Filters(more=wanted)):
            return as_json(old_ad(raw, self._compat))
        raise NotFoundError(uuid)


def _problem(status: int, says: str) -> Said:
    return Said(b"" if status == 404 else says.encode(), _TEXT)


_JSON = ("*/*", "application/*", "application/json")


def _takes_json(accept: str) -> bool:
    return any(part.partition(";")[0].strip().lower() in _JSON for part in accept.split(","))


async def _openapi(_: Request) -> Response:
    text = files("navfeed.serve").joinpath("public-feed-api.yaml").read_bytes()
    return Response(text, media_type="text/yaml; charset=UTF-8")


async def _description(_: Request) -> Response:
    page = (
        "<!doctype html><html lang=en><title>public-feed, served by navfeed</title>"
        '<p>The API is described in <a href="api/public-feed-api.yaml">public-feed-api.yaml</a>.'
    )
    return Response(page, media_type="text/html; charset=UTF-8")
