"""Bytes instead of a network: what a server sends is written down, HTTP is really spoken."""

from __future__ import annotations

import socket
from collections import deque

import pytest

from navfeed.client.http import Http


class CannedSocket:
    """Gives out the pieces one by one, then the end; or raises one that is an exception."""

    def __init__(self, pieces: deque[bytes | Exception], sent: list[bytes]) -> None:
        self._pieces = pieces
        self._sent = sent
        self._quiet, self._other = socket.socketpair()
        self.is_closed = False

    def recv_into(self, buffer: memoryview) -> int:
        piece = self._pieces.popleft() if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        part, rest = piece[: len(buffer)], piece[len(buffer) :]
        if rest:
            self._pieces.appendleft(rest)
        buffer[: len(part)] = part
        return len(part)

    def sendall(self, data: bytes) -> None:
        self._sent.append(data)

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def setsockopt(self, *_: int) -> None:
        pass

    def fileno(self) -> int:
        return self._quiet.fileno()

    def becomes_readable(self) -> None:
        self._other.send(b"x")

    def close(self) -> None:
        self.is_closed = True
        self._quiet.close()
        self._other.close()


class Canned:
    """Every connection of the client reads these bytes; `sent` is what it wrote."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[bytes] = []
        self.sockets: list[CannedSocket] = []
        self._pieces: deque[bytes | Exception] = deque()
        monkeypatch.setattr(socket, "create_connection", self._connect)
        self.http = Http("http://127.0.0.1:80", size=1)

    def _connect(self, *_: object) -> CannedSocket:
        self.sockets.append(CannedSocket(self._pieces, self.sent))
        return self.sockets[-1]

    @property
    def left(self) -> list[bytes | Exception]:
        """The pieces that were not read."""
        return list(self._pieces)

    @property
    def connections(self) -> int:
        return len(self.sockets)

    def will_send(self, *pieces: bytes | Exception) -> None:
        self._pieces.clear()
        self._pieces.extend(pieces)

    def answers(
        self, body: bytes, *headers: str, status: str = "200 OK", length: bool = True
    ) -> None:
        lines = [f"HTTP/1.1 {status}", *headers]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        self.will_send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
