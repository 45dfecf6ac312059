"""HTTP/1.1 for httpx over the standard library's `http.client`, with a deadline for all of it.

A request gives the deadline as its extension `ends`, a moment of `time.monotonic`; connecting, the
handshake, each read and each write get what is left until then. `connect` is the most seconds for
connecting. Bodies are read here and not by `http.client`, which takes a chunk of negative size for
one without end and leaves it open whether a body came whole.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from math import inf
from threading import Lock
from time import monotonic
from typing import Any, Protocol, TypeVar, cast

import httpx

IDLE_SECONDS = 30.0
"""A connection that was idle for longer is not used again."""

T = TypeVar("T")

_PIECE = 65_536
_MOST_HEAD = 2**18
"""Bytes of status line and headers; `http.client` itself stops at 100 headers of 64 kB."""

_LONGEST_LINE = 1_000
_MOST_TRAILERS = 100


class _Socket(Protocol):
    """A socket, or TLS inside TLS."""

    def settimeout(self, seconds: float | None, /) -> None: ...
    def recv_into(self, buffer: Any, /) -> int: ...  # noqa: ANN401  any writable buffer
    def sendall(self, data: bytes, /) -> None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class Transport(httpx.BaseTransport):
    """Kept-alive connections to one origin, at most `size` of them idle. Safe for several threads.

    `trust` is None for clear text. With a `proxy`, requests go through a tunnel.
    """

    def __init__(
        self,
        origin: httpx.URL,
        *,
        size: int,
        trust: ssl.SSLContext | None = None,
        proxy: httpx.Proxy | None = None,
    ) -> None:
        self._route = _Route(origin, trust, proxy)
        self._size = size
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read; close it. Raises `httpx.TransportError`."""
        ends = request.extensions["ends"]
        text = _request(request)
        connecting = monotonic() + request.extensions["connect"]
        connection = self._take() or self._connect(min(ends, connecting))
        try:
            with _translate():
                head = connection.exchange(text, ends)
        except BaseException:
            self.drop(connection)
            raise
        return httpx.Response(
            head.status, headers=head.headers, stream=_Body(self, connection, head)
        )

    def close(self) -> None:
        """Close every connection, those in use too."""
        with self._lock:
            connections, self._open, self._idle = self._open, set(), []
        for one in connections:
            one.close()

    def _take(self) -> _Connection | None:
        """An idle connection that still works."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.is_usable():
                return connection
            self.drop(connection)

    def _connect(self, ends: float) -> _Connection:
        connection = _Connection(self._route.connect(ends))
        with self._lock:
            self._open.add(connection)
        return connection

    def release(self, connection: _Connection) -> None:
        """Keep a connection whose answer was read whole for the next request."""
        with self._lock:
            is_kept = connection in self._open and len(self._idle) < self._size
            if is_kept:
                self._idle.append(connection)
        if not is_kept:
            self.drop(connection)

    def drop(self, connection: _Connection) -> None:
        """Close a connection that cannot be used again."""
        with self._lock:
            self._open.discard(connection)
        connection.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer. Read to its end, it gives its connection back; else it closes it."""

    def __init__(self, transport: Transport, connection: _Connection, head: _Head) -> None:
        self._transport = transport
        self._connection: _Connection | None = connection
        self._head = head

    def __iter__(self) -> Iterator[bytes]:
        connection = self._connection
        if connection is None:
            return
        with _translate():
            yield from connection.body(self._head)
        self._connection = None
        if self._head.is_last or not connection.is_drained():
            self._transport.drop(connection)
        else:
            self._transport.release(connection)

    def close(self) -> None:
        if self._connection is not None:
            self._transport.drop(self._connection)
            self._connection = None


# Connecting


class _Route:
    """How to reach an origin."""

    def __init__(
        self, origin: httpx.URL, trust: ssl.SSLContext | None, proxy: httpx.Proxy | None
    ) -> None:
        self._host, self._port = _address(origin)
        self._trust = trust
        self._proxy = proxy
        if trust is not None:
            trust.set_alpn_protocols(["http/1.1"])

    def connect(self, ends: float) -> _Socket:
        """A socket to the origin. Raises `httpx.TransportError`."""
        try:
            return self._connect(ends)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("timed out") from error
        except (OSError, ValueError) as error:  # ValueError: a name that DNS does not allow
            raise httpx.ConnectError(str(error)) from error
        except HTTPException as error:
            raise httpx.ProxyError("the proxy does not speak HTTP") from error

    def _connect(self, ends: float) -> _Socket:
        if self._proxy is None:
            sock = _tcp(self._host, self._port, ends)
            return sock if self._trust is None else _secured(sock, self._trust, self._host, ends)
        return self._tunnel(self._proxy, self._trust or ssl.create_default_context(), ends)

    def _tunnel(self, proxy: httpx.Proxy, trust: ssl.SSLContext, ends: float) -> _Socket:
        """TLS to the origin through a proxy, which itself may be reached by TLS."""
        host, port = _address(proxy.url)
        sock: socket.socket = _tcp(host, port, ends)
        if proxy.url.scheme == "https":
            sock = _secured(sock, trust, host, ends)
        with _closing_on_error(sock):
            self._request_tunnel(sock, proxy, ends)
        if isinstance(sock, ssl.SSLSocket):
            return _TlsInTls(sock, trust, self._host, ends)
        return _secured(sock, trust, self._host, ends)

    def _request_tunnel(self, sock: socket.socket, proxy: httpx.Proxy, ends: float) -> None:
        host = f"[{self._host}]" if ":" in self._host else self._host
        lines = [f"CONNECT {host}:{self._port} HTTP/1.1", f"Host: {host}:{self._port}"]
        if proxy.raw_auth is not None:
            secret = b64encode(b":".join(proxy.raw_auth)).decode("ascii")
            lines.append(f"Proxy-Authorization: Basic {secret}")
        head = _Connection(sock).exchange("\r\n".join([*lines, "", ""]).encode("ascii"), ends)
        if not 200 <= head.status < 300:
            raise OSError(f"the proxy answers {head.status}")


_PORTS = {"http": 80, "https": 443}


def _address(url: httpx.URL) -> tuple[str, int]:
    return url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]


def _tcp(host: str, port: int, ends: float) -> socket.socket:
    sock = socket.create_connection((host, port), _left(ends))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _secured(sock: socket.socket, trust: ssl.SSLContext, host: str, ends: float) -> ssl.SSLSocket:
    with _closing_on_error(sock):
        sock.settimeout(_left(ends))
        return trust.wrap_socket(sock, server_hostname=host)


class _TlsInTls:
    """TLS over a connection that is TLS already, which `ssl` does in memory only."""

    def __init__(self, sock: ssl.SSLSocket, trust: ssl.SSLContext, host: str, ends: float) -> None:
        self._sock = sock
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trust.wrap_bio(self._received, self._to_send, server_hostname=host)
        with _closing_on_error(sock):
            sock.settimeout(_left(ends))
            self._until_done(self._tls.do_handshake)

    def settimeout(self, seconds: float | None) -> None:
        self._sock.settimeout(seconds)

    def recv_into(self, buffer: Any) -> int:  # noqa: ANN401  any writable buffer
        data = self._until_done(lambda: self._tls.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def sendall(self, data: bytes) -> None:
        self._until_done(lambda: self._tls.write(data))

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()

    def _until_done(self, call: Callable[[], T]) -> T:
        while True:
            try:
                result = call()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        self._sock.sendall(self._to_send.read())

    def _receive(self) -> None:
        if data := self._sock.recv(_PIECE):
            self._received.write(data)
        else:
            self._received.write_eof()


@contextmanager
def _closing_on_error(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise


# One request on a connection


@dataclass(frozen=True, slots=True)
class _Head:
    """What precedes a body. `length` None: until the connection ends. `is_last`: it ends then."""

    status: int
    headers: list[tuple[bytes, bytes]]
    length: int | None
    is_chunked: bool
    is_last: bool


class _Timed(RawIOBase):
    """What comes from a socket until the deadline `ends`; nothing where that is None.

    `most` is how many bytes may still come.
    """

    def __init__(self, sock: _Socket) -> None:
        self._sock = sock
        self.ends: float | None = None
        self.most = inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  any writable buffer
        if self.ends is None:
            return None
        self._sock.settimeout(_left(self.ends))
        count = self._sock.recv_into(buffer)
        self.most -= count
        if self.most < 0:
            raise HTTPException("too many headers")
        return count


class _Connection:
    """A socket with what was read ahead from it, for one request after the other."""

    def __init__(self, sock: _Socket) -> None:
        self._sock = sock
        self._raw = _Timed(sock)
        self._reader = BufferedReader(self._raw, _PIECE)
        self._idle_since = inf

    def exchange(self, request: bytes, ends: float) -> _Head:
        """Send a request and read what precedes the body of its answer."""
        self._raw.ends, self._raw.most = ends, _MOST_HEAD
        self._sock.settimeout(_left(ends))
        self._sock.sendall(request)
        while True:
            response = self._response()
            if response.status >= 200 or response.status == 101:
                return _head_of(response)

    def _response(self) -> HTTPResponse:
        response = HTTPResponse(cast("socket.socket", self), method="GET")
        try:
            response.begin()
        finally:
            # It would close the reader, which is the next answer's too. Where `begin` failed, it
            # would flush a reader that is closed by then, which Python 3.13 reports on stderr.
            vars(response)["fp"] = None
        return response

    def makefile(self, _mode: str) -> BufferedReader[_Timed]:
        """The one thing that `HTTPResponse` needs of a socket."""
        return self._reader

    def body(self, head: _Head) -> Iterator[bytes]:
        """The body piece by piece. Raises `HTTPException` where it is not whole."""
        self._raw.most = inf
        if head.is_chunked:
            return self._chunks()
        return self._rest() if head.length is None else self._exactly(head.length)

    def _exactly(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self._reader.read1(min(length, _PIECE))
            if not piece:
                raise HTTPException("the connection ended too early")
            length -= len(piece)
            yield piece

    def _rest(self) -> Iterator[bytes]:
        while piece := self._reader.read1(_PIECE):
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._exactly(size)
            if self._line():
                raise HTTPException("a chunk is longer than its size")
        for _ in range(_MOST_TRAILERS):
            if not self._line():
                return
        raise HTTPException("too many trailers")

    def _chunk_size(self) -> int:
        size = _CHUNK_SIZE.fullmatch(self._line())
        if size is None:
            raise HTTPException("no size of a chunk")
        return int(size[1], 16)

    def _line(self) -> bytes:
        line = self._reader.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise HTTPException("a line has no end")
        return line.rstrip(b"\r\n")

    def is_drained(self) -> bool:
        """Whether nothing was sent behind the answer. From now on the connection is idle."""
        self._raw.ends = None
        self._idle_since = monotonic()
        return not self._reader.peek(1)

    def is_usable(self) -> bool:
        """Whether it was idle for a short time only, and the server neither closed it nor wrote."""
        return monotonic() - self._idle_since < IDLE_SECONDS and not _is_readable(self._sock)

    def close(self) -> None:
        with suppress(OSError):
            self._sock.close()


_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")


def _request(request: httpx.Request) -> bytes:
    """A GET as it is sent. Raises `httpx.LocalProtocolError` where a line would be two."""
    lines = [b"GET %b HTTP/1.1" % request.url.raw_path]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    text = b"\r\n".join([*lines, b"", b""])
    if text.count(b"\n") != len(lines) + 1 or text.count(b"\r") != len(lines) + 1:
        raise httpx.LocalProtocolError("a header of the request holds the end of a line")
    return text


def _head_of(response: HTTPResponse) -> _Head:
    fields = [(name.lower(), value) for name, value in response.headers.items()]
    if response.headers.defects or response.headers.get_payload():
        raise HTTPException("a line among the headers is none")
    is_chunked = _is_chunked([value for name, value in fields if name == "transfer-encoding"])
    length = _length([value for name, value in fields if name == "content-length"])
    if response.status in (204, 304):
        length, is_chunked = 0, False
    return _Head(
        status=response.status,
        headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields],
        length=None if is_chunked else length,
        is_chunked=is_chunked,
        is_last=response.will_close or (length is None and not is_chunked),
    )


def _is_chunked(values: list[str]) -> bool:
    if not values:
        return False
    if len(values) > 1 or values[0].strip().lower() != "chunked":
        raise HTTPException("a transfer encoding other than chunked")
    return True


def _length(values: list[str]) -> int | None:
    """The length of a body; several have to agree (RFC 9112, 6.3)."""
    lengths = {part.strip() for value in values for part in value.split(",")}
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise HTTPException("no length of a body")
    return int(length)


_LENGTH = re.compile(r"[0-9]{1,18}")


@contextmanager
def _translate() -> Iterator[None]:
    """Errors of sockets and of `http.client` as httpx's."""
    try:
        yield
    except TimeoutError as error:
        raise httpx.ReadTimeout("timed out") from error
    except (HTTPException, ValueError) as error:
        raise httpx.RemoteProtocolError("the answer is no HTTP") from error
    except OSError as error:
        raise httpx.ReadError(str(error)) from error


def _left(ends: float) -> float:
    """Seconds until then. Raises `TimeoutError` when it is past."""
    left = ends - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _is_readable(sock: _Socket) -> bool:
    if hasattr(select, "poll"):  # select takes no descriptor above 1,023
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock.fileno()], [], [], 0)[0])
