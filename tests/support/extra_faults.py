"""More ways to spoil an answer than `navfeed.practice.faults` has, from the same pieces."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

from navfeed.practice import Answer, Request, faults
from navfeed.practice.faults import Distort, Match
from navfeed.practice.messages import Wire


def with_status(code: int) -> Distort:
    """Keep headers and body, change the status."""
    return lambda answer: replace(answer, status=code)


def gzipped(change: Callable[[bytes], bytes]) -> Distort:
    """Compress the body, and do something to the compressed bytes; the length is theirs."""

    def distort(answer: Answer) -> Answer:
        squeezed = change(zlib.compress(answer.body, wbits=31))
        return replace(answer, body=squeezed).with_header("Content-Encoding", "gzip")

    return distort


def raw(data: bytes) -> Distort:
    """Send these bytes, whatever they are, and close."""

    def delivery(wire: Wire, _head: bytes, _body: bytes) -> None:
        wire.send(data)
        wire.close()

    return faults.delivered(delivery)


def endless(beginning: bytes, piece: bytes) -> Distort:
    """Send the beginning and then the piece for ever, as chunks under the answer's own head."""

    def delivery(wire: Wire, head: bytes, _body: bytes) -> None:
        chunk = b"%x\r\n%s\r\n"
        wire.send(faults._chunked(head) + chunk % (len(beginning), beginning))
        while not wire.closing.is_set():
            wire.send(chunk % (len(piece), piece))

    return faults.delivered(delivery)


def from_the(number: int, match: Match) -> Match:
    """Match from the `number`-th matching request on, counted from 1."""
    seen: list[Request] = []

    def matches(request: Request) -> bool:
        if match(request):
            seen.append(request)
        return len(seen) >= number

    return matches
