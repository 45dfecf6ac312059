"""The service as an ASGI application: which handler answers which address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from navfeed.errors import NavfeedError
from navfeed.serve.api import Api
from navfeed.serve.atom import AtomFeed
from navfeed.serve.changes import ChangesApi
from navfeed.serve.guard import OLD, Guard, path_of
from navfeed.serve.health import Health
from navfeed.serve.map import MapPage
from navfeed.serve.old_api import OldApi
from navfeed.serve.options import ServeOptions
from navfeed.serve.page import Page
from navfeed.serve.queries import QueryRunner
from navfeed.serve.rendering import Html
from navfeed.serve.responses import Responder
from navfeed.serve.triage import Triage


def build(options: ServeOptions) -> ASGIApp:
    """The whole service."""
    queries = QueryRunner(options)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(_warm(queries, page))
        try:
            yield
        finally:
            warming.cancel()
            queries.close()

    inner = Starlette(lifespan=lifespan, exception_handlers={404: _not_found, 500: _bug})
    inner.router.redirect_slashes = False
    guard = Guard(inner, options)
    health = Health(options, queries, guard)
    responder = Responder(options, queries)
    html = Html(responder)
    page = Page(html)
    inner.router.routes.extend(
        [
            Route("/healthz", health.healthz),
            Route("/metrics", health.metrics),
            *OldApi(responder).routes(),
            *Api(responder).routes(),
            *ChangesApi(responder).routes(),
            *AtomFeed(responder).routes(),
            *html.routes(),
            *page.routes(),
            *MapPage(html).routes(),
        ]
    )
    if options.personal is not None:
        triage = Triage(options.personal, queries, options.root_path)
        inner.router.routes.extend(triage.routes())
    return guard


async def _warm(queries: QueryRunner, page: Page) -> None:
    """While nobody waits. Where the store cannot be read now, the next request reports it."""
    with suppress(NavfeedError):
        await queries.run_aside(page.warm)


async def _not_found(request: Request, _: Exception) -> Response:
    if path_of(request.scope).startswith(OLD):
        return Response(status_code=404)
    return PlainTextResponse("There is nothing at this address.\n", 404)


async def _bug(_: Request, __: Exception) -> Response:
    """The guard has logged it; a caller gets no details."""
    return PlainTextResponse("This is a bug in navfeed. Its log has more.\n", 500)
