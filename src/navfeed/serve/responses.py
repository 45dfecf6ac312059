"""What all routes share: freshness headers, `ETag`, and errors as responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from navfeed.errors import (
    ConfigError,
    CursorError,
    NavfeedError,
    NotFoundError,
    StaleError,
    TooLongError,
)
from navfeed.model import LogLevel, age_of, moment_text
from navfeed.serve.options import ServeOptions
from navfeed.serve.queries import OverloadedError, QueryRunner, Snapshot
from navfeed.version import __version__

RETRY_AFTER = {"retry-after": "60"}


@dataclass(frozen=True, slots=True)
class Payload:
    """The body of a response."""

    body: bytes
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)


def json_payload(value: object, headers: dict[str, str] | None = None) -> Payload:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return Payload(text.encode(errors="replace"), "application/json; charset=UTF-8", headers or {})


def _plain(value: object) -> object:
    """What JSON has no form for: objects by their fields, and the text of anything else."""
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return str(value)


def age(snapshot: Snapshot) -> timedelta | None:
    """None if unknown; clocks differ a little, but nothing comes from the future."""
    known = age_of(snapshot.caught_up_at, snapshot.now)
    return None if known is None else max(known, timedelta())


def fresh(snapshot: Snapshot) -> dict[str, str]:
    """Headers with the age of the data (public-feed.md 10). `Age` is in seconds."""
    known = age(snapshot)
    if known is None:
        return {}
    known_at = moment_text(snapshot.caught_up_at) or ""
    return {"x-navfeed-feed-time": known_at, "x-navfeed-age": str(int(known.total_seconds()))}


def constant(request: Request, payload: Payload) -> Response:
    """An answer that stays the same as long as the service runs, tagged by its body."""
    tag = f'"{sha256(payload.body).hexdigest()[:16]}"'
    headers = {"etag": tag, **payload.headers}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(payload.body, headers=headers, media_type=payload.media_type)


Depends = Callable[[Snapshot], object]
"""What an answer depends on besides its address, the ads and the day in Oslo."""


def as_of(snapshot: Snapshot) -> object:
    """When the data was last complete, for answers that show it."""
    return snapshot.caught_up_at


def nothing_else(_: Snapshot) -> object:
    return None


class Responder:
    """Runs the queries of requests, and turns results and errors into responses.

    Each `ETag` is the store's id, the number of its last change, the day, and a hash of what else
    the answer depends on. A caller who sends it gets 304 before any ad is read.
    """

    def __init__(self, options: ServeOptions, queries: QueryRunner) -> None:
        self.options = options
        self._queries = queries
        self._form = (__version__, options.compat, options.with_contacts)

    def kept(self, seconds: int) -> str:
        """How long others may keep an answer: none for strangers, where there is a token."""
        return f"{'private' if self.options.token else 'public'}, max-age={seconds}"

    async def answer(
        self,
        request: Request,
        query: Callable[[Snapshot], Payload],
        *,
        problem: Callable[[int, str], Payload],
        cached: str = "no-cache",
        depends: Depends = as_of,
    ) -> Response:
        """`problem` puts a status and a sentence into the form that the route's callers read.

        `depends` returns what the answer depends on besides the address, the ads and the day.
        """
        known = request.headers.get("if-none-match", "")

        def respond(snapshot: Snapshot) -> Response:
            tag = self._tag(request, snapshot, depends(snapshot))
            headers = {"cache-control": cached, **fresh(snapshot), "etag": tag}
            if tag in known:
                return Response(status_code=304, headers=headers)
            payload = query(snapshot)
            return Response(
                payload.body, headers=headers | payload.headers, media_type=payload.media_type
            )

        try:
            return await self._queries.run(respond)
        except NavfeedError as error:
            status, sentence = status_of(error)
            if status >= 500:
                self.options.log(LogLevel.WARNING, str(error))
            payload = problem(status, sentence)
            headers = {"cache-control": "no-store", **RETRY_AFTER} if status == 503 else {}
            return Response(
                payload.body,
                status,
                headers=headers | payload.headers,
                media_type=payload.media_type,
            )

    def _tag(self, request: Request, snapshot: Snapshot, depends: object) -> str:
        values = request.query_params.values()
        now = snapshot.now if any("now" in value.lower() for value in values) else None
        parts = (self._form, request.url.path, request.url.query, now, depends)
        return f'W/"{snapshot.state}-{sha256(repr(parts).encode()).hexdigest()[:12]}"'


_STATUSES: tuple[tuple[type[NavfeedError], int, str], ...] = (
    (NotFoundError, 404, "There is no such active ad."),
    (CursorError, 410, "The changes since this cursor are not kept. Take a snapshot"),
    (StaleError, 503, "The data is too old to be shown. Its keeper has to run `navfeed sync`."),
    (TooLongError, 503, "The query takes too long. Narrow it down."),
    (OverloadedError, 503, "Too many requests at the same time. Try again in a while."),
    (NavfeedError, 503, "The store cannot be read now."),
)


def status_of(error: NavfeedError) -> tuple[int, str]:
    """The status of an error, and the sentence for its caller: never a path of this machine."""
    if isinstance(error, ConfigError):
        return 400, str(error).removeprefix("--")
    return next((status, text) for kind, status, text in _STATUSES if isinstance(error, kind))
