"""`POST /marks/{uuid}`: mark an ad as saved, applied or ignored, or take its mark away.

The only request that writes. It is there with `--personal` alone, and answers only a form of this
service's own page: same origin, and with the secret that stands in the form.
"""

from __future__ import annotations

import hmac
from functools import partial
from urllib.parse import parse_qs, parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from navfeed.errors import ConfigError, NavfeedError
from navfeed.serve.personal import Personal
from navfeed.serve.queries import QueryRunner, Snapshot
from navfeed.serve.responses import status_of
from navfeed.watches.choices import Mark

MARKS = "/marks/"
NO_MARK = "none"
LONGEST = 8_192  # bytes of a form


class Triage:
    def __init__(self, personal: Personal, queries: QueryRunner, root_path: str) -> None:
        self._personal = personal
        self._queries = queries
        self._root = root_path

    def routes(self) -> list[Route]:
        return [Route(f"{MARKS}{{uuid}}", self.mark, methods=["POST"])]

    async def mark(self, request: Request) -> Response:
        """Write the mark, and lead back to where the form stood (303)."""
        form = await _form(request)
        if not (_is_same_origin(request) and self._has_secret(form)):
            return PlainTextResponse("This form is not from this page. Reload the page.\n", 403)
        write = partial(self._write, request.path_params["uuid"], form.get("mark", ""))
        try:
            await self._queries.run(write, at_any_age=True)
        except NavfeedError as error:
            status, message = status_of(error)
            return PlainTextResponse(f"{message}\n", status)
        return RedirectResponse(self._back(form.get("back", "")), 303)

    def _has_secret(self, form: dict[str, str]) -> bool:
        return hmac.compare_digest(form.get("secret", "").encode(), self._personal.secret.encode())

    def _write(self, uuid: str, text: str, snapshot: Snapshot) -> None:
        """Raises `NotFoundError` for an ad that is neither active nor marked."""
        mark = None if text == NO_MARK else read_mark(text)
        if uuid not in self._personal.marks():
            uuid, _ = snapshot.reader.find(uuid)
        self._personal.mark(uuid, mark, snapshot.now)

    def _back(self, query: str) -> str:
        """An address of the list: whatever the form names, it leads nowhere else."""
        return f"{self._root}/?{urlencode(parse_qsl(query.removeprefix('?')))}"


def read_mark(text: str) -> Mark:
    """Raises `ConfigError`."""
    try:
        return Mark(text)
    except ValueError:
        raise ConfigError(f"mark takes {', '.join(Mark)}, not {text!r}") from None


async def _form(request: Request) -> dict[str, str]:
    """The fields of a short form; nothing of any other body."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    return {name: values[-1] for name, values in fields.items()}


def _is_same_origin(request: Request) -> bool:
    """Browsers send `Origin` with every form that is posted."""
    host = request.headers.get("host", "")
    return request.headers.get("origin") in (f"http://{host}", f"https://{host}")
