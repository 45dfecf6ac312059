"""A plain JSON API: the ads in force by the filters of `navfeed list`, one ad, and counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from navfeed.errors import ConfigError, NotFoundError
from navfeed.model import By, moment_text
from navfeed.serve.answers import Doors, Said, as_json
from navfeed.serve.asked import check_names, given, number, read, read_filters
from navfeed.serve.desk import Hour
from navfeed.serve.openapi import described

USUAL = 50
MOST_NAMES = 1_000
COUNTED = tuple(by for by in By if by is not By.FLOW)


class Api:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._terms = doors.terms
        contacts = ("contacts",) if self._terms.with_contacts else ()
        self._columns = (*self._terms.columns, *contacts)

    def routes(self) -> list[Route]:
        return [
            Route("/api/ads", self._answering(self._ads)),
            Route("/api/ads/{uuid}", self._answering(self._ad)),
            Route("/api/stats", self._answering(self._stats)),
            Route("/api/openapi.json", self._described),
        ]

    def _answering(self, question: Callable[[Request, Hour], Said]) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            return await self._doors.answer(
                request,
                partial(question, request),
                problem=problem,
                cached=self._doors.kept(60),
            )

        return answer

    def _ads(self, request: Request, hour: Hour) -> Said:
        asked = read(request, hour, self._terms, usual=USUAL)
        rows = hour.reader.rows(self._columns, asked.filters, asked.sort, asked.limit, asked.offset)
        ads = [dict(zip(self._columns, row, strict=True)) for row in rows]
        total = hour.reader.count(asked.filters)
        more = asked.offset + len(ads) < total and len(ads) == asked.limit
        return as_json(
            {
                "caught_up_at": moment_text(hour.caught_up_at),
                "state": hour.state,
                "changed": asked.state not in (None, hour.state),
                "total": total,
                "ads": ads,
                "next": _next(request, asked.after(hour)) if more else None,
            }
        )

    def _ad(self, request: Request, hour: Hour) -> Said:
        wanted = request.path_params["uuid"]
        uuid, content = hour.reader.find(wanted)
        if uuid != wanted:
            raise NotFoundError(wanted)
        said = asdict(content)
        del said["raw"]
        if not self._terms.with_contacts:
            del said["contacts"]
        return as_json({"uuid": uuid, **said})

    def _stats(self, request: Request, hour: Hour) -> Said:
        asked = given(request)
        check_names(asked, [*(one.name for one in self._terms.filters), "by", "top"])
        filters = read_filters(asked, hour, self._terms)
        top = number(asked, "top", USUAL, MOST_NAMES)
        tallies = hour.reader.tallies(map(by_name, asked.get("by", COUNTED)), filters)
        return as_json(
            {
                "caught_up_at": moment_text(hour.caught_up_at),
                "state": hour.state,
                "ads": hour.reader.count(filters),
                "by": {
                    by.value: [{"name": name, "ads": ads} for name, ads in counted[:top]]
                    for by, counted in tallies.items()
                },
            }
        )

    async def _described(self, _: Request) -> Response:
        return JSONResponse(described(self._terms, self._columns, COUNTED))


def problem(status: int, says: str) -> Said:
    """What went wrong, for programs."""
    return as_json({"status": status, "error": says})


def by_name(text: str) -> By:
    """What ads can be counted by. Raises `ConfigError`."""
    if text not in COUNTED:
        raise ConfigError(f"by takes {', '.join(COUNTED)}, not {text!r}")
    return By(text)


def _next(request: Request, after: str) -> str:
    """The address of the next part, below this one."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return f"?{urlencode([*asked, ('after', after)])}"
