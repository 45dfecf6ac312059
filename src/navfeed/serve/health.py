"""Whether the service is well: `/healthz` for probes, `/metrics` for Prometheus."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from navfeed.errors import NavfeedError, StaleError
from navfeed.model import StoreFacts, moment_text
from navfeed.ops.metrics import exposition, served
from navfeed.serve.answers import age, status_of
from navfeed.serve.desk import Desk, Hour, refuse_stale
from navfeed.serve.guard import Guard
from navfeed.serve.terms import Terms

NOT_KEPT = {"cache-control": "no-store"}


class Health:
    """Answers about the service itself, also where the data is too old to be shown."""

    def __init__(self, terms: Terms, desk: Desk, guard: Guard) -> None:
        self._terms = terms
        self._desk = desk
        self._guard = guard

    async def healthz(self, _: Request) -> Response:
        """200 while ads may be shown; 503 where they are too old, or the store cannot be read."""
        try:
            known = await self._desk.ask(self._known, at_any_age=True)
        except NavfeedError as error:
            known = {"status": status_of(error)[1]}
        well = known["status"] == "ok"
        return JSONResponse(known, 200 if well else 503, headers=NOT_KEPT)

    def _known(self, hour: Hour) -> dict[str, object]:
        known = age(hour)
        status = "ok"
        try:
            refuse_stale(self._terms, hour.caught_up_at, hour.now)
        except StaleError:
            status = "stale"
        return {
            "status": status,
            "caught_up_at": moment_text(hour.caught_up_at),
            "age_seconds": None if known is None else int(known.total_seconds()),
        }

    async def metrics(self, _: Request) -> Response:
        """The store's figures and how many requests were answered how, in Prometheus's format."""

        def facts(hour: Hour) -> StoreFacts:
            return hour.reader.status(hour.now)

        try:
            text = exposition(await self._desk.ask(facts, at_any_age=True))
        except NavfeedError as error:
            return PlainTextResponse(f"{status_of(error)[1]}\n", 503, headers=NOT_KEPT)
        return Response(
            text + served(self._guard.answered),
            media_type="text/plain; version=0.0.4; charset=utf-8",
            headers=NOT_KEPT,
        )
