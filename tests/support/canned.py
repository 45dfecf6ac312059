"""Bytes instead of a network: what a server sends is written down, HTTP is really spoken."""

from __future__ import annotations

from collections import deque
from typing import Any

import httpcore
import pytest

from navfeed.client import http as client_http
from navfeed.client.http import Http


class CannedStream(httpcore.NetworkStream):
    """Gives out the pieces one by one, then the end; or raises one that is an exception."""

    def __init__(self, pieces: deque[bytes | Exception], sent: list[bytes]) -> None:
        self._pieces = pieces
        self._sent = sent

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        piece = self._pieces.popleft() if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._sent.append(buffer)

    def close(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return False if info == "is_readable" else None


class Canned:
    """Every connection of the client reads these bytes; `sent` is what it wrote."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[bytes] = []
        self._pieces: deque[bytes | Exception] = deque()
        canned = self

        class Backend(httpcore.NetworkBackend):
            def connect_tcp(self, *_: object, **__: object) -> httpcore.NetworkStream:
                return client_http._Stream(CannedStream(canned._pieces, canned.sent))

        monkeypatch.setattr(client_http, "_Backend", Backend)
        self.http = Http("http://127.0.0.1:80", size=1)

    def says(self, *pieces: bytes | Exception) -> None:
        self._pieces.clear()
        self._pieces.extend(pieces)

    def answers(
        self, body: bytes, *headers: str, status: str = "200 OK", length: bool = True
    ) -> None:
        lines = [f"HTTP/1.1 {status}", *headers]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        self.says("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
