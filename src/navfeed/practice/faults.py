"""Faults of answers: rules that select requests, and distortions of the answers to them.

A distortion turns an answer into another one, `then` chains them; a delivery sends one badly.
All are small on purpose: a fault is a rule composed of them.
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from navfeed.practice.messages import Answer, Delivery, Request, RequestKind, Wire

Match = Callable[[Request], bool]
Distort = Callable[[Answer], Answer]

_PIECE = 65_536
_LENGTH = re.compile(rb"Content-Length: \d+\r\n")


@dataclass(slots=True)
class Rule:
    """Distort the answers to matching requests: `times` of them (None: all) after `skip`.

    `used` counts the distorted answers.
    """

    match: Match
    distort: Distort
    times: int | None = 1
    skip: int = 0
    used: int = 0

    def claims(self, request: Request) -> bool:
        """Whether the rule applies to this request; each call counts."""
        if self.used == self.times or not self.match(request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.used += 1
        return True


def on(kind: RequestKind, ident: str | None = None) -> Match:
    """Match requests of a kind, or for one page id or ad uuid only."""
    return lambda request: request.kind == kind and ident in {None, request.ident}


def anything(_: Request) -> bool:
    """Match every request."""
    return True


def then(*distortions: Distort) -> Distort:
    """Apply each distortion in turn."""

    def distort(answer: Answer) -> Answer:
        for each in distortions:
            answer = each(answer)
        return answer

    return distort


# --- another answer


def status(code: int, body: bytes = b"", content_type: str = "text/plain") -> Distort:
    """Answer with that status instead, without the headers of the true answer."""
    return lambda _: Answer(code, (("Content-Type", content_type),), body)


def retry_after(value: str) -> Distort:
    """Set Retry-After: seconds, or a date as `http_date` writes it."""
    return header("Retry-After", value)


def header(name: str, value: str) -> Distort:
    """Set a header."""
    return lambda answer: answer.with_header(name, value)


def no_header(name: str) -> Distort:
    """Leave a header out."""
    return lambda answer: answer.without_header(name)


def not_modified(answer: Answer) -> Answer:
    """Answer 304 whether a validator was sent or not."""
    return replace(answer, status=304, body=b"")


def redirect(location: str, code: int = 302) -> Distort:
    """Redirect; a location that begins with / stays at the same origin."""
    return then(status(code), header("Location", location))


def captive_portal(_: Answer) -> Answer:
    """Answer like a hotel network before the login."""
    page = b"<!DOCTYPE html><html><title>Velkommen</title><form>Logg inn</form></html>"
    return Answer(200, (("Content-Type", "text/html"),), page)


def body(data: bytes | str) -> Distort:
    """Replace the body and keep the rest."""
    raw = data.encode() if isinstance(data, str) else data
    return lambda answer: replace(answer, body=raw)


# --- other JSON


def content(value: object) -> Distort:
    """Replace the body by this value's JSON; it may hold NaN and lone surrogates."""
    return lambda answer: answer.with_json(value)


def edit(change: Callable[[dict[str, Any]], object]) -> Distort:
    """Let `change` mutate the body's JSON object; an answer that has none stays as it is."""

    def distort(answer: Answer) -> Answer:
        if not answer.body:
            return answer
        value = json.loads(answer.body)
        change(value)
        return answer.with_json(value)

    return distort


def without(field: str) -> Distort:
    """Leave a field of the body out."""
    return edit(lambda value: value.pop(field, None))


def with_field(field: str, value: object) -> Distort:
    """Set a field of the body."""
    return edit(lambda found: found.update({field: value}))


def with_raw(field: str, raw: str) -> Distort:
    """Set a field of the body to raw JSON text such as `1e999`, or 10⁵ levels."""
    mark = "put the raw text here"

    def distort(answer: Answer) -> Answer:
        marked = with_field(field, mark)(answer)
        return replace(marked, body=marked.body.replace(f'"{mark}"'.encode(), raw.encode()))

    return distort


def edit_item(place: int, change: Callable[[dict[str, Any]], object]) -> Distort:
    """Let `change` mutate one item of a page, counted from 0 or, below that, from the end."""
    return edit(lambda value: change(value["items"][place]))


def edit_entry(place: int, change: Callable[[dict[str, Any]], object]) -> Distort:
    """Let `change` mutate one item's `_feed_entry`."""
    return edit_item(place, lambda item: change(item["_feed_entry"]))


def next_url(url: str | None) -> Distort:
    """Link to another next page: the page itself, an earlier one, another host, a file."""
    return with_field("next_url", url)


def next_page(page_id: str) -> Distort:
    """Link to another next page by its id."""
    return then(next_url(f"/api/v1/feed/{page_id}"), with_field("next_id", page_id))


def next_is_itself(answer: Answer) -> Answer:
    """Link the page to itself as its next page."""
    return next_page(answer.json()["id"])(answer)


def nested(depth: int = 100_000) -> str:
    """Return JSON of `depth` nested lists."""
    return "[" * depth + "]" * depth


# Texts to publish ads with: for a terminal, rich, a spreadsheet, a browser, a database.
HOSTILE_TEXTS = (
    "\x1b[2J\x1b]0;tittel\x07rødt \x1b[31mrødt\x9b0m",
    "snudd \u202etxet\u202c, skjult \u2066\u200b\u2069",
    "[bold red]Kokk[/bold red] [link=https://elsewhere.example]her[/link] [/]",
    '=HYPERLINK("https://elsewhere.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+47 19 00 00 00\t-1",
    "<script>alert('å')</script><img src=x onerror=alert(1)>",
    "'); DROP TABLE ads; --",
    "linje\r\nlinje\x00slutt\x85\u2028",
)


# --- other ways to send


def delivered(delivery: Delivery) -> Distort:
    """Send the answer with that delivery."""
    return lambda answer: replace(answer, delivery=delivery)


def reset_mid_body(share: float = 0.5) -> Distort:
    """Send that share of the body and reset the connection (RST)."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        wire.send(head + body[: int(len(body) * share)])
        wire.reset()

    return delivered(delivery)


def cut_mid_body(share: float = 0.5) -> Distort:
    """Send that share of the body and close: Content-Length promised more."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        wire.send(head + body[: int(len(body) * share)])
        wire.close()

    return delivered(delivery)


def claim_longer(by: int = 100) -> Distort:
    """Send the whole body under a Content-Length that is larger, and close."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        wire.send(_framed(head, b"Content-Length: %d\r\n" % (len(body) + by)) + body)
        wire.close()

    return delivered(delivery)


def cut_chunks(share: float = 0.5) -> Distort:
    """Send that share of the body as one chunk and close before the last chunk."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        part = body[: int(len(body) * share)]
        wire.send(_chunked(head) + b"%x\r\n%s\r\n" % (len(part), part))
        wire.close()

    return delivered(delivery)


def close_unanswered(answer: Answer) -> Answer:
    """Close the connection instead of answering."""
    return replace(answer, delivery=lambda wire, _head, _body: wire.close())


def reset_unanswered(answer: Answer) -> Answer:
    """Reset the connection (RST) instead of answering."""
    return replace(answer, delivery=lambda wire, _head, _body: wire.reset())


def close_afterwards(answer: Answer) -> Answer:
    """Answer correctly, then close the connection without announcing it."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        wire.send(head + body)
        wire.close()

    return replace(answer, delivery=delivery)


def dribble(interval: float = 1.0, size: int = 1) -> Distort:
    """Send `size` bytes at a time, `interval` seconds apart, until all is sent or we close."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        raw = head + body
        for start in range(0, len(raw), size):
            wire.send(raw[start : start + size])
            if wire.closing.wait(interval):
                return

    return delivered(delivery)


def hold(gate: threading.Event, share: float = 0.0) -> Distort:
    """Send the head and that share of the body, and the rest once the gate is set."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        raw = head + body
        sent = int(len(raw) * share)
        wire.send(raw[:sent])
        # Two events cannot be awaited at once: so in short turns.
        while not gate.wait(0.05) and not wire.closing.is_set():
            pass
        wire.send(raw[sent:])

    return delivered(delivery)


def hang(answer: Answer) -> Answer:
    """Never answer, and keep the connection open until the server closes."""

    def delivery(wire: Wire, _head: bytes, _body: bytes) -> None:
        wire.closing.wait()
        wire.close()

    return replace(answer, delivery=delivery)


def stall_mid_body(answer: Answer) -> Answer:
    """Send half of the body and no more, until the server closes."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        wire.send(head + body[: len(body) // 2])
        wire.closing.wait()
        wire.close()

    return replace(answer, delivery=delivery)


def gzip_bomb(answer: Answer) -> Answer:
    """Answer with endless zeros, compressed to a thousandth of their size."""

    def delivery(wire: Wire, head: bytes, _body: bytes) -> None:
        wire.send(_chunked(head))
        squeeze = zlib.compressobj(wbits=31)
        zeros = bytes(16 * _PIECE)
        while not wire.closing.is_set():
            wire.send(_chunk(squeeze.compress(zeros) + squeeze.flush(zlib.Z_SYNC_FLUSH)))

    return replace(answer.with_header("Content-Encoding", "gzip"), delivery=delivery)


def endless_body(piece: bytes = b" " * _PIECE) -> Distort:
    """Send the body without its last character, then repeat that piece forever."""

    def delivery(wire: Wire, head: bytes, body: bytes) -> None:
        wire.send(_chunked(head) + _chunk(body[:-1] or piece))
        while not wire.closing.is_set():
            wire.send(_chunk(piece))

    # The body goes out as plain text: a gzip stream would end before the first piece.
    return then(header("Content-Encoding", "identity"), delivered(delivery))


def endless_headers(answer: Answer) -> Answer:
    """Send headers forever."""

    def delivery(wire: Wire, head: bytes, _body: bytes) -> None:
        wire.send(head.removesuffix(b"\r\n"))
        while not wire.closing.is_set():
            wire.send(b"X-Header: value\r\n" * 1_000)

    return replace(answer, delivery=delivery)


def _framed(head: bytes, line: bytes) -> bytes:
    """Replace Content-Length with another header line."""
    return _LENGTH.sub(line, head)


def _chunked(head: bytes) -> bytes:
    return _framed(head, b"Transfer-Encoding: chunked\r\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


# --- by name, for the control channel

NAMED: dict[str, Distort] = {
    "401": status(401, b'{"status":401}', "application/json"),
    "403": status(403),
    "404": status(404),
    "410": status(410),
    "429": then(status(429), retry_after("2")),
    "451": status(451),
    "500": status(500),
    "503": then(status(503), retry_after("2")),
    "204": status(204),
    "304": not_modified,
    "empty": body(b""),
    "portal": captive_portal,
    "redirect": redirect("https://elsewhere.example/login"),
    "error": content({"error": "øvelse"}),
    "null": content(None),
    "no-next": without("next_url"),
    "loop": next_is_itself,
    "reset": reset_mid_body(),
    "cut": cut_mid_body(),
    "longer": claim_longer(),
    "chunks": cut_chunks(),
    "unanswered": close_unanswered,
    "closed": close_afterwards,
    "dribble": dribble(),
    "hang": hang,
    "stall": stall_mid_body,
    "bomb": gzip_bomb,
    "endless": endless_body(),
    "headers": endless_headers,
}
