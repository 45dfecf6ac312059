"""What every door of the service says in the same way: its freshness, and what went wrong."""

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
from navfeed.serve.desk import CrowdedError, Desk, Hour
from navfeed.serve.terms import Terms
from navfeed.version import __version__

RETRY_AFTER = {"retry-after": "60"}


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer is made of."""

    body: bytes
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)


def as_json(value: object, headers: dict[str, str] | None = None) -> Said:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return Said(text.encode(errors="replace"), "application/json; charset=UTF-8", headers or {})


def age(hour: Hour) -> timedelta | None:
    """None where nobody can say; clocks differ a little, but nothing comes from the future."""
    known = age_of(hour.caught_up_at, hour.now)
    return None if known is None else max(known, timedelta())


def fresh(hour: Hour) -> dict[str, str]:
    """Headers that tell how fresh the data is, as public-feed.md 10 asks. `Age` is in seconds."""
    known = age(hour)
    if known is None:
        return {}
    told = moment_text(hour.caught_up_at) or ""
    return {"x-navfeed-feed-time": told, "x-navfeed-age": str(int(known.total_seconds()))}


class Doors:
    """Puts the questions of requests to the desk, and answers with what it says.

    An answer carries the number of the store's state as its `ETag`; who has it already is told so,
    before anything is looked up.
    """

    def __init__(self, terms: Terms, desk: Desk) -> None:
        self.terms = terms
        self._desk = desk
        form = (__version__, terms.compat, terms.with_contacts)
        self._form = sha256(repr(form).encode()).hexdigest()[:6]

    def kept(self, seconds: int) -> str:
        """How long others may keep an answer: none for strangers, where there is a token."""
        return f"{'private' if self.terms.token else 'public'}, max-age={seconds}"

    async def answer(
        self,
        request: Request,
        question: Callable[[Hour], Said],
        *,
        problem: Callable[[int, str], Said],
        cached: str = "no-cache",
        tagged: bool = True,
    ) -> Response:
        """`problem` puts a status and a sentence into the form that the door's callers read.

        What tells more than the store's state, such as its age in words, is not `tagged`.
        """
        known = request.headers.get("if-none-match", "")

        def put(hour: Hour) -> Response:
            tag = f'W/"{hour.state}-{self._form}"'
            headers = {"cache-control": cached, **fresh(hour), **({"etag": tag} if tagged else {})}
            if tagged and tag in known:
                return Response(status_code=304, headers=headers)
            said = question(hour)
            return Response(said.body, headers=headers | said.headers, media_type=said.media_type)

        try:
            return await self._desk.ask(put)
        except NavfeedError as error:
            status, sentence = status_of(error)
            if status >= 500:
                self.terms.tell(LogLevel.WARNING, str(error))
            said = problem(status, sentence)
            headers = {"cache-control": "no-store", **RETRY_AFTER} if status == 503 else {}
            return Response(
                said.body, status, headers=headers | said.headers, media_type=said.media_type
            )


def status_of(error: NavfeedError) -> tuple[int, str]:
    """The status of an error, and what a caller is told: never a path of this machine."""
    match error:
        case NotFoundError():
            return 404, "There is no such ad in force."
        case ConfigError():
            return 400, str(error).removeprefix("--")
        case StaleError():
            return 503, "The data is too old to be shown. Its keeper has to run `navfeed sync`."
        case TooLongError():
            return 503, "The question takes too long. Ask for less."
        case CrowdedError():
            return 503, "Too much is asked at the same time. Ask again in a while."
        case _:
            return 503, "The store cannot be read now."
