"""An HTTP request to a URL from the operator's own file, and to no other.

No redirect is followed, so that an answer cannot send a request into the operator's network.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

from navfeed.errors import DeliveryError
from navfeed.version import __version__
from navfeed.watches.channels.presets import PRESETS
from navfeed.watches.channels.timeouts import SECONDS, deadline
from navfeed.watches.choices import Channel
from navfeed.watches.digest import Digest
from navfeed.watches.target import Target


class HttpSender:
    """Posts JSON: the digest, or the message that a service expects."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._url = urlsplit(target.address)
        self._preset = PRESETS[target.channel]
        self.most = self._preset.most

    def send(self, digest: Digest) -> None:
        path, body = self._request(digest)
        try:
            status, pause = _post(self._url, path, json.dumps(body).encode())
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise DeliveryError(f"cannot be reached: {reason}") from error
        if not 200 <= status < 300:
            raise DeliveryError(f"answered {status}{_ADVICE.get(status, '')}", retry_after=pause)

    def _request(self, digest: Digest) -> tuple[str, Mapping[str, object]]:
        """The path and the body."""
        path = self._url.path or "/"
        body = self._preset.body(digest)
        if self._target.channel is Channel.NTFY:  # its JSON goes to the root and contains the topic
            path, _, topic = path.rstrip("/").rpartition("/")
            path, body = f"{path}/", {"topic": unquote(topic), **body}
        return f"{path}?{self._url.query}" if self._url.query else path, body


_ADVICE = {
    **dict.fromkeys(
        (301, 302, 303, 307, 308), " (a redirect, which is not followed): enter the new URL"
    ),
    **dict.fromkeys((401, 403), ": the token is missing or wrong. Check the URL"),
    **dict.fromkeys((404, 410), ": nothing exists at that URL. Check whether it was removed"),
}


def _post(url: SplitResult, path: str, body: bytes) -> tuple[int, timedelta | None]:
    """The status, and the pause that the server requests."""
    connection = _connection(url)
    try:
        with deadline(lambda: connection.sock, SECONDS):
            connection.request("POST", path, body, _headers(url))
            answer = connection.getresponse()
            return answer.status, _pause(answer)
    finally:
        connection.close()


def _connection(url: SplitResult) -> HTTPConnection:
    host = str(url.hostname)
    if url.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(host, url.port, timeout=SECONDS, context=context)
    return HTTPConnection(host, url.port, timeout=SECONDS)


def _headers(url: SplitResult) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": f"navfeed/{__version__}"}
    if url.username is not None:
        secret = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
        headers["Authorization"] = f"Basic {b64encode(secret).decode()}"
    return headers


def _pause(answer: HTTPResponse) -> timedelta | None:
    after = answer.getheader("Retry-After", "")
    return timedelta(seconds=int(after)) if after.isdecimal() and len(after) < 7 else None
