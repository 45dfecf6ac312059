"""Whether the service is well: `/healthz` for probes, `/metrics` for Prometheus."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from navfeed.errors import NavfeedError, StaleError
from navfeed.model import StoreFacts, moment_text
from navfeed.ops.metrics import exposition, served
from navfeed.serve.guard import Guard
from navfeed.serve.options import ServeOptions
from navfeed.serve.queries import QueryRunner, Snapshot, refuse_stale
from navfeed.serve.responses import age, status_of

NOT_KEPT = {"cache-control": "no-store"}


class Health:
    """Answers about the service itself, also where the data is too old to be shown."""

    def __init__(self, options: ServeOptions, queries: QueryRunner, guard: Guard) -> None:
        self._options = options
        self._queries = queries
        self._guard = guard

    async def healthz(self, _: Request) -> Response:
        """200 while ads may be shown; 503 where they are too old, or the store cannot be read."""
        try:
            known = await self._queries.run(self._known, at_any_age=True)
        except NavfeedError as error:
            known = {"status": status_of(error)[1]}
        well = known["status"] == "ok"
        return JSONResponse(known, 200 if well else 503, headers=NOT_KEPT)

    def _known(self, snapshot: Snapshot) -> dict[str, object]:
        known = age(snapshot)
        status = "ok"
        try:
            refuse_stale(self._options, snapshot.caught_up_at, snapshot.now)
        except StaleError:
            status = "stale"
        return {
            "status": status,
            "caught_up_at": moment_text(snapshot.caught_up_at),
            "age_seconds": None if known is None else int(known.total_seconds()),
        }

    async def metrics(self, _: Request) -> Response:
        """The store's figures and how many requests were answered how, in Prometheus's format."""

        def facts(snapshot: Snapshot) -> StoreFacts:
            return snapshot.reader.status(snapshot.now)

        try:
            text = exposition(await self._queries.run(facts, at_any_age=True))
        except NavfeedError as error:
            return PlainTextResponse(f"{status_of(error)[1]}\n", 503, headers=NOT_KEPT)
        return Response(
            text + served(self._guard.answered),
            media_type="text/plain; version=0.0.4; charset=utf-8",
            headers=NOT_KEPT,
        )
