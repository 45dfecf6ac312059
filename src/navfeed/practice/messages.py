"""Messages on the wire: a request, its answer, and ways to deliver one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, Self
from urllib.parse import parse_qs

RequestKind = Literal["seek", "page", "detail", "token", "other"]

FEED = "/api/v1/feed"
DETAIL = "/api/v1/feedentry"
TOKEN = "/api/publicToken"  # noqa: S105 - a path


class Wire(Protocol):
    """The server's end of a connection. Methods raise OSError when the client is gone."""

    @property
    def closing(self) -> threading.Event:
        """Set when the server shuts down."""

    def send(self, data: bytes) -> None: ...

    def close(self) -> None:
        """Close the connection properly after the answer."""

    def reset(self) -> None:
        """Reset the connection (RST) after the answer."""


# Sends a head and a body, each complete, in whatever way it likes.
Delivery = Callable[[Wire, bytes, bytes], None]


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's first value for each name; names without a value included."""
        pairs = parse_qs(self.target.partition("?")[2], keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}

    @property
    def kind(self) -> RequestKind:
        """`seek` is every request for the feed itself, with or without a date."""
        path = self.path
        if path in {FEED, f"{FEED}/"}:
            return "seek"
        if path.startswith(f"{FEED}/"):
            return "page"
        if path.startswith(f"{DETAIL}/"):
            return "detail"
        return "token" if path == TOKEN else "other"

    @property
    def ident(self) -> str:
        """The requested page id or ad uuid."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; without a `delivery` it is sent normally."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delivery: Delivery | None = None

    def header(self, name: str) -> str | None:
        """Return the header's last value, whatever the case of its name."""
        found = [value for each, value in self.headers if each.lower() == name.lower()]
        return found[-1] if found else None

    def with_header(self, name: str, value: str) -> Self:
        """Set a header, replacing any of that name."""
        others = self.without_header(name).headers
        return replace(self, headers=(*others, (name, value)))

    def without_header(self, name: str) -> Self:
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept)

    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        """Parse the body."""
        return json.loads(self.body)

    def with_json(self, value: object) -> Self:
        """Set the body, escaped to ASCII, so that it may contain lone surrogates and NaN."""
        return replace(self, body=json.dumps(value).encode())
