"""One GET over HTTP, with a deadline for all of it and a cap on its size.

The only module that imports httpx. httpx's own timeouts hold for each read, so a server that sends
a byte a second is never cut off; here the deadline sits in the network stream below it.
"""

from __future__ import annotations

import ssl
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import inf
from time import monotonic
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from navfeed import __version__
from navfeed.config import is_loopback
from navfeed.errors import ContractError, UnreachableError

CONNECT_SECONDS = 10.0
_GZIP = 31  # zlib's wbits for a gzip header and nothing else


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `headers` have lower-case names; `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def served_at(self) -> datetime | None:
        """The server's clock, where it shows a readable one."""
        return http_date(self.headers.get("date", ""))


def http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


class DroppedError(UnreachableError):
    """The connection broke under the request, as kept-alive ones do: worth one try at once."""


class Http:
    """Kept-alive connections to one origin, for several threads. Close it when done."""

    def __init__(
        self, base_url: str, *, size: int, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            transport=transport or _transport(base_url, size),
            headers={
                "User-Agent": f"navfeed/{__version__}",
                "Accept": "application/json, text/plain;q=0.5",
                "Accept-Encoding": "gzip",
            },
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def get(
        self, path: str, headers: Mapping[str, str], *, seconds: float, most_bytes: int
    ) -> Reply:
        """GET `path`. Raises `UnreachableError`, and `ContractError` for what is over the cap."""
        _deadline.ends = monotonic() + seconds
        try:
            with self._client.stream("GET", path, headers=dict(headers)) as response:
                body = b"".join(_capped(_decoded(response), most_bytes, path))
                return Reply(response.status_code, _lower(response.headers), body)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            raise DroppedError(f"the connection broke while getting {path}") from error
        except httpx.TimeoutException as error:
            raise UnreachableError(
                f"no complete answer for {path} within {seconds:g} seconds"
            ) from error
        except httpx.TransportError as error:
            raise _unreachable(self._client.base_url, error) from error
        except zlib.error as error:
            raise ContractError(f"the answer for {path} is not the gzip it says it is") from error

    def location(self, reply: Reply, path: str) -> str | None:
        """Where a redirect leads if that is this same origin, as path and query; else None."""
        base = self._client.base_url
        try:
            target = base.join(path).join(reply.headers.get("location", ""))
        except httpx.InvalidURL:
            return None
        same = (target.scheme, target.host, target.port) == (base.scheme, base.host, base.port)
        return target.raw_path.decode("ascii") if same and not target.userinfo else None


def _unreachable(base_url: httpx.URL, error: httpx.TransportError) -> UnreachableError:
    at = f"{base_url.scheme}://{base_url.netloc.decode('ascii')}"
    untrusted = _certificate_error(error)
    if untrusted is not None:
        return UnreachableError(
            f"{at} shows a certificate that cannot be trusted ({untrusted.verify_message}). "
            "navfeed never goes on without; SSL_CERT_FILE can name your authorities",
            may_retry=False,
        )
    return UnreachableError(f"cannot reach {at} ({error}). Check the network and run again")


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _capped(chunks: Iterable[bytes], most_bytes: int, path: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise ContractError(f"the answer for {path} is larger than {most_bytes:,} bytes")
        yield chunk


_PIECE = 65_536


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """The body piece by piece: a gzip bomb is noticed long before it is unpacked."""
    if response.headers.get("content-encoding", "identity").lower() != "gzip":
        yield from response.iter_raw()
        return
    unzip = zlib.decompressobj(_GZIP)
    for chunk in response.iter_raw():
        yield unzip.decompress(chunk, _PIECE)
        while unzip.unconsumed_tail:
            yield unzip.decompress(unzip.unconsumed_tail, _PIECE)
    if not unzip.eof:
        raise zlib.error("the end is missing")


class _Deadline(threading.local):
    """When the request that this thread makes must be over."""

    ends: float = inf

    def within(self, timeout: float | None) -> float | None:
        left = self.ends - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return None if left == inf else min(left, timeout or left)


_deadline = _Deadline()


class _Stream(httpcore.NetworkStream):
    """A network stream that knows the deadline of the whole request."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        within = _deadline.within(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, within))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  httpcore's own signature
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        within = _deadline.within(timeout)
        return _Stream(super().connect_tcp(host, port, within, local_address, socket_options))


def _transport(base_url: str, size: int) -> httpx.HTTPTransport:
    """Straight to the feed, or through the proxy that the environment names for it."""
    url = httpx.URL(base_url)
    proxy = _proxy(url)
    # Loading the authorities takes 20 ms; clear text (loopback alone) needs none.
    secure = url.scheme == "https"
    trust = httpx.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    options: dict[str, Any] = {
        "ssl_context": trust,
        "max_connections": size,
        "max_keepalive_connections": size,
        "keepalive_expiry": 30.0,
        "network_backend": _Backend(),
    }
    transport = httpx.HTTPTransport(verify=trust)
    # httpx has no parameter for the network backend, httpcore has; hence the pool of our own.
    transport._pool = (  # noqa: SLF001
        httpcore.HTTPProxy(str(proxy.url), proxy_auth=proxy.raw_auth, **options)
        if proxy
        else httpcore.ConnectionPool(**options)
    )
    return transport


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    address = getproxies().get(url.scheme)
    if address is None or is_loopback(url.host) or proxy_bypass(url.host):
        return None
    return httpx.Proxy(address)
