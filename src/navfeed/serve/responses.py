"""What all routes share: freshness headers, `ETag`, and errors as responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from navfeed.errors import ConfigError, NavfeedError, NotFoundError, StaleError, TooLongError
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
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return Payload(text.encode(errors="replace"), "application/json; charset=UTF-8", headers or {})


def age(snapshot: Snapshot) -> timedelta | None:
    """None where nobody can say; clocks differ a little, but nothing comes from the future."""
    known = age_of(snapshot.caught_up_at, snapshot.now)
    return None if known is None else max(known, timedelta())


def fresh(snapshot: Snapshot) -> dict[str, str]:
    """Headers with the age of the data (public-feed.md 10). `Age` is in seconds."""
    known = age(snapshot)
    if known is None:
        return {}
    known_at = moment_text(snapshot.caught_up_at) or ""
    return {"x-navfeed-feed-time": known_at, "x-navfeed-age": str(int(known.total_seconds()))}


class Responder:
    """Runs the queries of requests, and turns results and errors into responses.

    An answer carries the number of the store's state as its `ETag`; who has it already is told so,
    before anything is looked up.
    """

    def __init__(self, options: ServeOptions, queries: QueryRunner) -> None:
        self.options = options
        self._queries = queries
        form = (__version__, options.compat, options.with_contacts)
        self._form = sha256(repr(form).encode()).hexdigest()[:6]

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
        tagged: bool = True,
    ) -> Response:
        """`problem` puts a status and a sentence into the form that the door's callers read.

        What tells more than the store's state, such as its age in words, is not `tagged`.
        """
        known = request.headers.get("if-none-match", "")

        def respond(snapshot: Snapshot) -> Response:
            tag = f'W/"{snapshot.state}-{self._form}"'
            headers = {
                "cache-control": cached,
                **fresh(snapshot),
                **({"etag": tag} if tagged else {}),
            }
            if tagged and tag in known:
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


def status_of(error: NavfeedError) -> tuple[int, str]:
    """The status of an error, and the sentence for its caller: never a path of this machine."""
    match error:
        case NotFoundError():
            return 404, "There is no such active ad."
        case ConfigError():
            return 400, str(error).removeprefix("--")
        case StaleError():
            return 503, "The data is too old to be shown. Its keeper has to run `navfeed sync`."
        case TooLongError():
            return 503, "The query takes too long. Ask for less."
        case OverloadedError():
            return 503, "Too many requests at the same time. Try again in a while."
        case _:
            return 503, "The store cannot be read now."
