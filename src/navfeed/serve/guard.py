"""In front of every route: who may enter, the headers of every response, and the log line."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from traceback import extract_tb

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from navfeed.model import LogLevel
from navfeed.serve.options import Compat, ServeOptions
from navfeed.serve.triage import MARKS
from navfeed.text.plaintext import sanitize

OLD = "/public-feed"
"""Where everything of the withdrawn API stands."""

HEALTH = "/healthz"
"""Open to every probe, with or without a token."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may do: nothing inline, nothing from elsewhere, and it stands in nobody's frame."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

REALM = 'Bearer realm="feed-api-v1, contact support@arbeidsplassen.nav.no for access"'
"""The header of NAV's own server; programs may look for it (public-feed.md 2)."""

_FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})
"""By which a proxy shows itself."""

_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "Authorization, If-None-Match",
    "access-control-max-age": "600",
}

_SHOWN = 200  # so much of a path stands in the log


class Guard:
    """Refuses what may not enter. An ASGI application around another one."""

    def __init__(self, inner: ASGIApp, options: ServeOptions) -> None:
        self._inner = inner
        self._options = options
        self.answered: Counter[str] = Counter()
        """Responses by status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        began = monotonic()
        sent = _Sent(send, self._options, scope)
        refusal = self._refusal(scope)
        try:
            await (refusal or self._inner)(scope, receive, sent)
        except Exception as error:  # noqa: BLE001  the last line of defence: the application has answered
            self._report_bug(error)
        self.answered[str(sent.status)] += 1
        self._log(scope, sent.status, monotonic() - began)

    def _refusal(self, scope: Scope) -> Response | None:
        checks = (
            *(self._by_name, self._by_proxy, self._by_text),
            *(self._as_nav, self._by_method, self._by_token),
        )
        headers = Headers(scope=scope)
        return next(filter(None, (check(scope, headers) for check in checks)), None)

    def _by_name(self, _: Scope, headers: Headers) -> Response | None:
        if _is_own_name(headers.get("host", ""), self._options.hosts):
            return None
        message = "Unknown host name. Start navfeed serve with --allow-host NAME to allow it.\n"
        return PlainTextResponse(message, 421)

    def _by_proxy(self, _: Scope, headers: Headers) -> Response | None:
        """What is the reader's own is for this machine; a proxy brings people from elsewhere."""
        if self._options.personal is None or not _FORWARDED & {*headers.keys()}:
            return None
        return PlainTextResponse("A service with --personal answers no proxy.\n", 403)

    def _by_text(self, scope: Scope, _: Headers) -> Response | None:
        longest = max(len(scope["query_string"]), len(scope["raw_path"]))
        if longest > self._options.limits.address_length:
            return PlainTextResponse("The address is too long.\n", 414)
        if b"%00" in scope["query_string"] or b"%00" in scope["raw_path"]:
            return PlainTextResponse("There is no text with a NUL in it.\n", 400)
        return None

    def _as_nav(self, scope: Scope, headers: Headers) -> Response | None:
        """NAV's server knew no other page and no other method (public-feed.md 1)."""
        if self._options.compat is Compat.SANE or not path_of(scope).startswith(OLD):
            return None
        if headers.get("origin") not in (None, *self._options.origins):
            return Response(status_code=403)
        return Response(status_code=404) if scope["method"] == "HEAD" else None

    def _by_method(self, scope: Scope, _: Headers) -> Response | None:
        if scope["method"] in ("GET", "HEAD"):
            return None
        if scope["method"] == "POST" and self._is_of_triage(scope):
            return None
        if scope["method"] == "OPTIONS" and self._options.origins:
            return Response(status_code=204, headers=_PREFLIGHT)
        if path_of(scope).startswith(OLD):
            return Response(status_code=404)
        return PlainTextResponse("Only GET.\n", 405, {"allow": "GET, HEAD"})

    def _is_of_triage(self, scope: Scope) -> bool:
        return self._options.personal is not None and path_of(scope).startswith(MARKS)

    def _by_token(self, scope: Scope, headers: Headers) -> Response | None:
        if self._options.token is None or path_of(scope) == HEALTH:
            return None
        word, _, token = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(token.strip().encode(), self._options.token.encode())
        if word.lower() == "bearer" and same:
            return None
        return Response(status_code=401, headers={"www-authenticate": REALM})

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        """Never what stands behind the question mark: it may be a search for somebody's name."""
        path = sanitize(path_of(scope)[:_SHOWN])
        self._options.log(
            LogLevel.INFO,
            f"{sanitize(scope['method'])} {path} {status} in {seconds * 1000:.0f} ms",
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )

    def _report_bug(self, error: Exception) -> None:
        """Where it happened, without values: they may be somebody's name."""
        at = extract_tb(error.__traceback__)[-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        self._options.log(
            LogLevel.ERROR, f"this is a bug ({type(error).__name__} at {where}). Please report it"
        )


class _Sent:
    """Passes a response on with the common headers, and keeps its status."""

    def __init__(self, send: Send, options: ServeOptions, scope: Scope) -> None:
        self._send = send
        self._extra = HEADERS | _for_pages_of(options, Headers(scope=scope).get("origin"))
        if options.personal is not None:
            self._extra["referrer-policy"] = "same-origin"  # else a form's `Origin` is null
        # What NAV's server sent with everything (public-feed.md 3).
        self._as_nav = options.compat is Compat.STRICT and path_of(scope).startswith(OLD)
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.update(self._extra)
            headers.add_vary_header("Origin")
            if self._as_nav and self.status < 500:
                headers["server"] = "ktor"
                headers.setdefault("cache-control", "public, max-age=300")
        await self._send(message)


def _for_pages_of(options: ServeOptions, origin: str | None) -> dict[str, str]:
    allowed = origin is not None and origin in options.origins
    return {"access-control-allow-origin": str(origin)} if allowed else {}


def path_of(scope: Scope) -> str:
    """The path below the one under which a proxy passes requests on."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:/@\s]+)(:\d{1,5})?", re.IGNORECASE)


def _is_own_name(host: str, names: tuple[str, ...]) -> bool:
    """Against DNS rebinding: a foreign page can point a name of its own here, but no address."""
    if not (match := _HOST.fullmatch(host)):
        return False
    name = match["name"].strip("[]").lower().rstrip(".")
    if name == "localhost" or name in names:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
