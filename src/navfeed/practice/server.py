"""The practice feed on a loopback port: HTTP/1.1 with keep-alive, one thread per connection."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from time import monotonic
from typing import BinaryIO, Self

from navfeed.practice.app import Practice
from navfeed.practice.control import Control
from navfeed.practice.messages import Answer, Request
from navfeed.practice.world import World

HOST = "127.0.0.1"

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = {204, 304}
_CHUNK = 32_768
# On, for zero seconds: closing sends RST.
_BREAK_OFF = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_PATIENCE = 5.0


class Connection:
    """The server's end of one connection (a `Wire`)."""

    def __init__(self, client: socket.socket, closing: threading.Event) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._closing = closing
        self.open = True

    @property
    def closing(self) -> threading.Event:
        return self._closing

    def send(self, data: bytes) -> None:
        self._client.sendall(data)

    def close(self) -> None:
        self.open = False

    def reset(self) -> None:
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAK_OFF)
        self.open = False

    def interrupt(self) -> None:
        """Wake a thread that reads from or writes to the client, with OSError or end of file."""
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)


class PracticeServer:
    """Serves a practice feed on 127.0.0.1 between `start` and `close`, or as a context manager.

    Port 0 takes any free port, see `url`. `latency` is the seconds that each answer takes. `start`
    raises OSError for a port in use. Closing waits for no client: hanging connections are closed.
    `connections` counts those that clients have opened so far.
    """

    def __init__(self, practice: Practice, port: int = 0, *, latency: float = 0.0) -> None:
        self.practice = practice
        self._latency = latency
        self._control = Control(practice, lambda: self.connections)
        self.port = port
        self.connections = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._serving: dict[Connection, threading.Thread] = {}

    @property
    def url(self) -> str:
        """The origin, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> Self:
        self._listener = socket.create_server((HOST, self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def close(self) -> None:
        self._closing.set()
        # A last connection wakes the accepting thread, on every platform.
        socket.create_connection((HOST, self.port)).close()
        self._accepting.join()
        self._listener.close()
        with self._lock:
            serving = dict(self._serving)
        for connection, thread in serving.items():
            connection.interrupt()
            thread.join(_PATIENCE)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._closing.is_set():
                client.close()
                return
            self._begin(client)

    def _begin(self, client: socket.socket) -> None:
        connection = Connection(client, self._closing)
        thread = threading.Thread(target=self._serve, args=(connection, client), daemon=True)
        self.connections += 1  # by the accepting thread alone
        with self._lock:
            self._serving[connection] = thread
        thread.start()

    def _serve(self, connection: Connection, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as incoming, suppress(OSError):
                self._converse(connection, incoming)
        finally:
            with self._lock:
                del self._serving[connection]

    def _converse(self, connection: Connection, incoming: BinaryIO) -> None:
        while connection.open and (request := read_request(incoming)):
            answer = self._answer(request)
            if self._latency:
                self._closing.wait(self._latency)
            deliver(answer, connection)
            if "close" in request.headers.get("connection", "").lower():
                connection.close()

    def _answer(self, request: Request) -> Answer:
        if self._control.concerns(request):
            return self._control.answer(request)
        return self.practice.answer(request)


def read_request(incoming: BinaryIO) -> Request | None:
    """Read one request; None at the end of the input, and for anything but HTTP."""
    words = incoming.readline().split()
    if len(words) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := incoming.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        headers[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        return None
    body = incoming.read(int(length))
    return Request(words[0].decode("latin-1"), words[1].decode("latin-1"), headers, body)


def deliver(answer: Answer, connection: Connection) -> None:
    """Send an answer, with its own delivery if it has one."""
    measured = answer.without_header("Transfer-Encoding")
    if answer.delivery:
        answer.delivery(connection, render_head(measured), answer.body)
    elif answer.header("Transfer-Encoding") and answer.status not in _BODILESS:
        connection.send(render_head(answer) + b"".join(_chunks(answer.body)))
    else:
        connection.send(render_head(measured) + answer.body)


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        piece = body[start : start + _CHUNK]
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def render_head(answer: Answer) -> bytes:
    """Write the status line and the headers, with a Content-Length if the body needs one."""
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    length = answer.header("Content-Length") or answer.header("Transfer-Encoding")
    if answer.status not in _BODILESS and length is None:
        lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def run(
    port: int = 0,
    *,
    now: datetime,
    seed: int = 0,
    entries: int = 20_000,
    live: float | None = None,
    latency: float = 0.0,
    ready: Callable[[PracticeServer], object] = lambda _: None,
    stop: threading.Event | None = None,
    passed: Callable[[], float] = monotonic,
) -> None:
    """Serve a made-up history until interrupted (Ctrl-C) or `stop` is set; print nothing.

    `ready` is called once the port is open. With `live`, the world's clock runs, and an ad or two
    change every `live` seconds; without, time stands still. Raises OSError for a port in use.
    """
    stop = stop or threading.Event()
    began = passed()
    practice = Practice(World.history(seed, now=now, entries=entries))
    with PracticeServer(practice, port, latency=latency) as server, suppress(KeyboardInterrupt):
        ready(server)
        if live:
            _live(practice.world, live, stop, lambda: now + timedelta(seconds=passed() - began))
        # In turns, because an endless wait cannot be interrupted on every platform.
        while not stop.wait(1.0):
            pass


def _live(
    world: World, seconds: float, stop: threading.Event, clock: Callable[[], datetime]
) -> None:
    """Let the world change every few seconds, with its clock close to real time."""
    while not stop.wait(seconds):
        world.move_on(changes=2, step=max(clock() - world.now, timedelta()))
