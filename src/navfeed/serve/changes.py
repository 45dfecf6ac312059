"""`/api/changes`: what changed since a cursor, in the lines of `navfeed changes`.

An answer is a part: `limit` lines at most, read within one request. A header `Link` with `next`
leads to the following part while there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from navfeed.changes import lines
from navfeed.changes.stream import Batch, read_batch, read_snapshot
from navfeed.errors import ConfigError
from navfeed.model import Cursor, read_cursor
from navfeed.serve.api import problem
from navfeed.serve.parameters import (
    Parameters,
    check_names,
    last_value,
    number,
    read_filters,
    read_parameters,
)
from navfeed.serve.queries import Snapshot
from navfeed.serve.responses import Payload, Responder
from navfeed.store.filters import Filters

USUAL = 100
MOST = 500
"""Lines in an answer: some 10 MB of ads."""

OWN = ("after", "snapshot", "limit", "content")
_TYPE = "application/jsonl; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class ChangesRequest:
    """Which changes: those after a cursor, or a part of a snapshot (`beyond` is an ad's id)."""

    filters: Filters
    limit: int
    content: bool
    is_snapshot: bool
    after: Cursor | None
    beyond: str


class ChangesApi:
    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._options = responder.options

    def routes(self) -> list[Route]:
        return [Route("/api/changes", self.changes)]

    async def changes(self, request: Request) -> Response:
        return await self._responder.answer(
            request, partial(self._changes, request), problem=problem
        )

    def _changes(self, request: Request, snapshot: Snapshot) -> Payload:
        parameters = read_parameters(request)
        names = [one.name for one in self._options.filters]
        check_names(parameters, [*names, *OWN])
        wanted = read_changes_request(parameters, read_filters(parameters, snapshot, self._options))
        batch = _read(wanted, snapshot)
        text = "".join(f"{line}\n" for line in self._lines(wanted, batch))
        return Payload(text.encode(errors="replace"), _TYPE, _link(parameters, wanted, batch))

    def _lines(self, wanted: ChangesRequest, batch: Batch) -> Iterator[str]:
        """The last line is `caught_up`, with the cursor to keep; a snapshot has it at its end."""
        for change in batch.changes:
            yield from lines.jsonl(change, contacts=self._options.with_contacts)
        if batch.complete or not wanted.is_snapshot:
            yield lines.caught_up_line(batch)


def read_changes_request(parameters: Parameters, filters: Filters) -> ChangesRequest:
    """Raises `ConfigError` for what cannot be read."""
    snapshot, after = last_value(parameters, "snapshot"), last_value(parameters, "after")
    if snapshot and after:
        raise ConfigError("snapshot and after exclude each other. Send one of them")
    cursor, beyond = _position(snapshot) if snapshot else (read_after(after), "")
    return ChangesRequest(
        filters,
        number(parameters, "limit", USUAL, MOST),
        _has_content(last_value(parameters, "content")),
        bool(snapshot),
        cursor,
        beyond,
    )


def read_after(text: str) -> Cursor | None:
    """None for no cursor: from the beginning. Raises `ConfigError`."""
    try:
        return read_cursor(text) if text else None
    except ValueError:
        raise ConfigError(f"after takes a cursor from an answer, not {text!r}") from None


def _position(text: str) -> tuple[Cursor | None, str]:
    """Where a snapshot goes on: `1` at its beginning, else its cursor and the last ad's id."""
    if text == "1":
        return None, ""
    cursor, _, beyond = text.rpartition(":")
    try:
        return read_cursor(cursor), beyond
    except ValueError:
        raise ConfigError(f"snapshot takes 1, or what `Link` gave, not {text!r}") from None


def _has_content(text: str) -> bool:
    if text not in ("", "0", "1"):
        raise ConfigError(f"content takes 0 or 1, not {text!r}")
    return text != "0"


def _read(wanted: ChangesRequest, snapshot: Snapshot) -> Batch:
    if wanted.is_snapshot:
        return read_snapshot(
            snapshot.reader,
            wanted.filters,
            wanted.limit,
            content=wanted.content,
            since=wanted.after,
            beyond=wanted.beyond,
        )
    return read_batch(
        snapshot.reader, wanted.after, wanted.filters, wanted.limit, content=wanted.content
    )


def _link(parameters: Parameters, wanted: ChangesRequest, batch: Batch) -> dict[str, str]:
    """The address of the following part, below this one (RFC 8288)."""
    if batch.complete:
        return {}
    name, value = "after", str(batch.cursor)
    if wanted.is_snapshot:
        name, value = "snapshot", f"{batch.cursor}:{[*batch.changes][-1].uuid}"
    query = urlencode({**parameters, name: [value]}, doseq=True)
    return {"link": f'<?{query}>; rel="next"'}
