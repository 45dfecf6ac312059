"""One GET over HTTP, with a deadline for all of it and a cap on its size.

httpx's own timeouts hold for each read, so a server that sends a byte a second is never cut off;
here the deadline holds for the whole request (`navfeed.client.transport`).
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from urllib.request import getproxies, proxy_bypass

import httpx

from navfeed.client.transport import Transport
from navfeed.config import is_loopback
from navfeed.errors import ConfigError, ContractError, UnreachableError
from navfeed.version import __version__
from navfeed.wire.values import is_plausible

CONNECT_SECONDS = 10.0
RETRY_LATER = "Nothing of it was kept; run again later"
_HEADERS = {
    "User-Agent": f"navfeed/{__version__}",
    "Accept": "application/json, text/plain;q=0.5",
    "Accept-Encoding": "gzip",
}
_GZIP = 31  # zlib's wbits for a gzip header and nothing else


@dataclass(frozen=True, slots=True)
class Request:
    """A GET: its path, the largest answer in bytes, and headers (not in a repr: one is the token).

    `at` is the target of a redirect, requested in place of the path.
    """

    path: str
    most_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    at: str | None = None

    def signed(self, token: str) -> Request:
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {token}"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `headers` have lower-case names; `body` is decompressed.

    Neither shows in a repr: one of them may be the token, or somebody's name.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def served_at(self) -> datetime | None:
        """The server's clock, where it shows a readable one."""
        return http_date(self.headers.get("date", ""))


def http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo and is_plausible(moment) else None


class DroppedError(UnreachableError):
    """The connection broke under the request, as kept-alive ones do: worth one try at once."""


class _CutShortError(Exception):
    """The gzip has no end, though the body is complete."""


class Http:
    """Kept-alive connections to one origin, for several threads. Close it when done."""

    def __init__(
        self, base_url: str, *, size: int, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._base = httpx.URL(base_url)
        # No httpx.Client around it: redirects, cookies and sign-in are not wanted here, and they
        # cost half of the processor time of a request (0.9 ms of it, instead of 0.45).
        self._transport = transport or _transport(self._base, size)
        self._closed = False

    def close(self) -> None:
        """Close every connection and refuse further requests: other threads may still make some."""
        self._closed = True
        self._transport.close()

    def get(self, request: Request, *, seconds: float) -> Reply:
        """The whole answer, within that many seconds.

        Raises `UnreachableError`, and `ContractError` for what is over the cap.
        """
        path = request.path
        if self._closed:
            raise UnreachableError(f"{path} was not requested: the run is over", may_retry=False)
        sent = self._as_httpx(request, ends=monotonic() + seconds)
        with (
            self._translate(path, seconds),
            closing(self._transport.handle_request(sent)) as answer,
        ):
            body = b"".join(_body(answer, request.most_bytes, path))
            return Reply(answer.status_code, _lower(answer.headers), body)

    @contextmanager
    def _translate(self, path: str, seconds: float) -> Iterator[None]:
        """Errors of the transport and of unpacking as navfeed's."""
        try:
            yield
        except (httpx.ReadError, httpx.RemoteProtocolError, _CutShortError) as error:
            raise DroppedError(
                f"the answer for {path} broke off, or is no HTTP. Check the network and run again"
            ) from error
        except httpx.ConnectTimeout as error:
            raise self._unreachable(f"no connection within {_shorter(seconds)} seconds") from error
        except httpx.TimeoutException as error:
            raise UnreachableError(
                f"no complete answer for {path} within {seconds:g} seconds. Run again later; "
                "NAVFEED_TIMEOUT can give the feed more time"
            ) from error
        except httpx.TransportError as error:
            raise self._untrusted(error) or self._unreachable(str(error)) from error
        except zlib.error as error:
            raise ContractError(
                f"the answer for {path} is declared as gzip and is not. {RETRY_LATER}"
            ) from error

    def _as_httpx(self, request: Request, *, ends: float) -> httpx.Request:
        return httpx.Request(
            "GET",
            request.at or self._url(request.path),
            headers={**_HEADERS, **request.headers},
            extensions={"ends": ends, "connect": CONNECT_SECONDS},
        )

    def _url(self, path: str) -> str:
        return f"{self._base}".rstrip("/") + path

    def location(self, reply: Reply, path: str) -> str | None:
        """Where a redirect leads if that is this same origin; else None."""
        base = self._base
        try:
            target = httpx.URL(self._url(path)).join(reply.headers.get("location", ""))
        except (httpx.InvalidURL, ValueError):
            return None
        same = (target.scheme, target.raw_host, target.port) == (
            base.scheme,
            base.raw_host,
            base.port,
        )
        return str(target) if same and not target.userinfo else None

    def _unreachable(self, why: str) -> UnreachableError:
        return UnreachableError(
            f"cannot reach {self._origin} ({why}). Check the network and run again"
        )

    def _untrusted(self, error: httpx.TransportError) -> UnreachableError | None:
        cause = _certificate_error(error)
        if cause is None:
            return None
        return UnreachableError(
            f"{self._origin} shows a certificate that cannot be trusted ({cause.verify_message}). "
            "navfeed never goes on without; SSL_CERT_FILE can name your authorities",
            may_retry=False,
        )

    @property
    def _origin(self) -> str:
        return f"{self._base.scheme}://{self._base.netloc.decode('ascii')}"


def _shorter(seconds: float) -> str:
    return f"{min(seconds, CONNECT_SECONDS):g}"


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


_PIECE = 65_536


def _body(response: httpx.Response, most_bytes: int, path: str) -> Iterator[bytes]:
    """The body piece by piece, with a cap on what comes and on what that unpacks to."""
    received = _capped(response.iter_raw(), most_bytes, path)
    match response.headers.get("content-encoding", "identity").lower():
        case "identity":
            return received
        case "gzip" | "x-gzip":
            return _capped(_unzipped(received), most_bytes, path)
        case _:
            raise ContractError(
                f"the answer for {path} has an encoding that was not requested. {RETRY_LATER}"
            )


def _capped(chunks: Iterable[bytes], most_bytes: int, path: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise ContractError(
                f"the answer for {path} is larger than {most_bytes:,} bytes. {RETRY_LATER}"
            )
        yield chunk


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack in small pieces: a gzip bomb is noticed long before it is unpacked."""
    unzip = zlib.decompressobj(_GZIP)
    empty = True
    for chunk in chunks:
        packed, empty = chunk, False
        while packed:
            yield unzip.decompress(packed, _PIECE)
            packed = unzip.unconsumed_tail
        if unzip.unused_data:  # zlib would pile it up
            raise zlib.error("something follows the end")
    if not (unzip.eof or empty):  # a 304 may name an encoding, and has nothing to unpack
        raise _CutShortError


def _transport(url: httpx.URL, size: int) -> Transport:
    """Straight to the feed, or through the proxy that the environment names for it."""
    return Transport(url, size=size, trust=_trust(url), proxy=_proxy(url))


def _trust(url: httpx.URL) -> ssl.SSLContext | None:
    # Loading the authorities takes 20 ms; clear text (loopback alone) needs none.
    if url.scheme != "https":
        return None
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # also what ssl raises
        raise ConfigError(
            "cannot read the certificates that SSL_CERT_FILE or SSL_CERT_DIR names. Correct or "
            "unset it"
        ) from error


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    address = getproxies().get(url.scheme)
    host = url.raw_host.decode("ascii")
    if address is None or is_loopback(host) or proxy_bypass(host):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in ("http", "https"):
        raise ConfigError("HTTPS_PROXY names no http proxy. Correct or unset it")
    return proxy
