"""The feed's answers to requests, without sockets."""

from __future__ import annotations

import json
import re
import threading
import zlib
from dataclasses import replace
from datetime import datetime, timedelta

from navfeed.practice.dates import http_date, last_modified, parse_since
from navfeed.practice.faults import Distort, Match, Rule
from navfeed.practice.messages import Answer, Request, RequestKind
from navfeed.practice.pages import Renderer, page
from navfeed.practice.tokens import LIFE, Tokens
from navfeed.practice.world import World

PAGE_SIZE = 1_000
LARGEST_PAGE = 10_000

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TEXT = ("Content-Type", "text/plain;charset=utf-8")
_JSON = ("Content-Type", "application/json")

_HTML = ("Content-Type", "text/html")
_CHUNKED = ("Transfer-Encoding", "chunked")

SMALLEST_PACKED = 1_500
"""Bytes of a body below which it is not worth gzip."""


def _refusal(status: int, title: str, kind: str) -> Answer:
    """An error in the format of the server's framework (Javalin)."""
    about = f"https://javalin.io/documentation#{kind}"
    error = {"title": title, "status": status, "type": about, "details": {}}
    return Answer(status, (_JSON,), json.dumps(error, indent=4, ensure_ascii=False).encode())


_NOT_FOUND = Answer(404, (_JSON,), b"")
_NO_TOKEN = Answer(404, (_TEXT,), b"There is no public token at the moment; please try again later")
_BROKEN = _refusal(500, "Server Error", "internalservererrorresponse")
_UNAUTHORIZED = _refusal(401, "Unauthorized", "unauthorizedresponse")
_UNAUTHORIZED_PAGE = Answer(401, (_HTML,), b"Unauthorized")
_TOO_LARGE = Answer(400, (_TEXT,), f"pageSize must be at most {LARGEST_PAGE}".encode())


class Practice:
    """Answers for a world as NAV's server would, and distorts answers by script.

    `page_size` is the number of entries on a full page. With If-Modified-Since, a page leaves out
    entries written before that date; a page found by the date alone does so unless `seek_filters`
    is False. Without `honours_page_size`, it ignores `pageSize`. May be called from any thread.
    """

    def __init__(
        self,
        world: World,
        *,
        secret: str = "practice",  # noqa: S107 - it guards made-up ads
        page_size: int = PAGE_SIZE,
        seek_filters: bool = True,
        honours_page_size: bool = True,
    ) -> None:
        self.world = world
        self._page_size = page_size
        self._seek_filters = seek_filters
        self._honours_page_size = honours_page_size
        self._tokens = Tokens(secret, lambda: world.now)
        self._renderer = Renderer()
        self._rules: list[Rule] = []
        self._requests: list[Request] = []
        # Reentrant, so that a rule may look at the requests before it.
        self._lock = threading.RLock()
        self._received = threading.Condition(self._lock)

    @property
    def requests(self) -> list[Request]:
        """All requests so far, in order."""
        with self._lock:
            return list(self._requests)

    def wait_for_requests(self, kind: RequestKind, number: int = 1, seconds: float = 60) -> None:
        """Wait until `number` requests of a kind have come. Raises `TimeoutError`."""
        with self._received:
            if not self._received.wait_for(lambda: self._count(kind) >= number, seconds):
                raise TimeoutError(f"{self._count(kind)} {kind} requests in {seconds} s")

    def _count(self, kind: RequestKind) -> int:
        return sum(request.kind == kind for request in self._requests)

    def forget_requests(self) -> None:
        with self._lock:
            self._requests.clear()

    @property
    def token(self) -> str | None:
        """The public token as served; None when it was withdrawn."""
        return self._tokens.public

    def rotate_token(self, spread: timedelta = timedelta(), life: timedelta = LIFE) -> str:
        """Replace the public token, see `Tokens.rotate`."""
        return self._tokens.rotate(spread, life)

    def withdraw_token(self) -> None:
        """Remove the public token until the next rotation."""
        self._tokens.withdraw()

    def issue_token(self, life: timedelta | None = None) -> str:
        """Return a private token; without a life it carries no `exp`."""
        return self._tokens.issue(life)

    def script(
        self, match: Match, distort: Distort, *, times: int | None = 1, skip: int = 0
    ) -> Rule:
        """Distort the answers to matching requests: `times` of them (None: all) after `skip`.

        Only the first matching rule that is not used up applies to a request.
        """
        rule = Rule(match, distort, times, skip)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear_script(self) -> None:
        with self._lock:
            self._rules.clear()

    def answer(self, request: Request) -> Answer:
        """Answer a request: by the feed's rules first, then by the script."""
        distort = self._matching_distortion(request)
        answer = self._routed(request)
        return self._finished(request, distort(answer) if distort else answer)

    def _matching_distortion(self, request: Request) -> Distort | None:
        with self._lock:
            self._requests.append(request)
            self._received.notify_all()
            rule = next((rule for rule in self._rules if rule.claims(request)), None)
        return rule.distort if rule else None

    def _routed(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD") or request.kind == "other":
            title = f"Endpoint {request.method} {request.path} not found"
            return _refusal(404, title, "endpointnotfound")
        if request.method == "HEAD":
            return Answer(200)  # with or without a token, whatever the id
        if request.kind == "token":
            return self._token()
        return self._protected(request) if self._authorized(request) else _unauthorized(request)

    def _authorized(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._tokens.accepts(token.strip())

    def _token(self) -> Answer:
        token = self.token
        if token is None:
            return _NO_TOKEN
        text = f"Current public token of the practice feed:\n{token}"
        return Answer(200, (_TEXT,), text.encode())

    def _protected(self, request: Request) -> Answer:
        if request.kind == "seek":
            return self._seek(request)
        if not _UUID.fullmatch(request.ident):
            return _BROKEN
        if request.kind == "detail":
            return self._detail(request.ident.lower())
        return self._page(request, request.ident.lower(), _since(request))

    def _detail(self, ad: str) -> Answer:
        detail = self.world.detail(ad)
        if detail is None:
            return _NOT_FOUND
        body = json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
        return Answer(200, (_JSON,), body.encode())

    def _seek(self, request: Request) -> Answer:
        since = _since(request)
        if "last" in request.query:
            start = self.world.newest()
        else:
            start = self.world.first_after(since) if since else self.world.first()
        if start is None:
            return _NOT_FOUND
        return self._page(request, start.page_id, since if self._seek_filters else None)

    def _page(self, request: Request, page_id: str, since: datetime | None) -> Answer:
        size = self._page_size
        if self._honours_page_size:
            size = _page_size(request, size)
        if size > LARGEST_PAGE:
            return _TOO_LARGE
        if size < 0:
            return _BROKEN
        window = self.world.window(page_id, size, since)
        if window is None:
            return _NOT_FOUND
        shown = page(window)
        validators = ("ETag", shown.etag), ("Last-Modified", last_modified(shown.modified))
        if request.headers.get("if-none-match") != shown.etag:
            return Answer(200, (_JSON, _CHUNKED, *validators), self._renderer.body(shown))
        if since and shown.modified < since:
            return Answer(304)  # the server's own, where the framework's has validators
        return Answer(304, (*validators, ("Content-Length", "0")))

    def _finished(self, request: Request, answer: Answer) -> Answer:
        if answer.header("Date") is None:
            answer = answer.with_header("Date", http_date(self.world.now))
        if len(answer.body) < SMALLEST_PACKED or answer.header("Content-Encoding"):
            return answer
        if not _takes_gzip(request.headers.get("accept-encoding", "")):
            return answer
        return replace(answer, body=_gzip(answer.body)).with_header("Content-Encoding", "gzip")


def _since(request: Request) -> datetime | None:
    return parse_since(request.headers.get("if-modified-since", ""))


def _unauthorized(request: Request) -> Answer:
    wants_html = request.headers.get("accept", "").lower().startswith("text/html")
    return _UNAUTHORIZED_PAGE if wants_html else _UNAUTHORIZED


def _takes_gzip(accepted: str) -> bool:
    """Whether the client accepts gzip, and not with weight zero (`gzip;q=0`)."""
    encodings = (re.sub(r"\s", "", one).lower().partition(";") for one in accepted.split(","))
    return any(
        name == "gzip" and not re.fullmatch(r"q=0(\.0*)?", weight) for name, _, weight in encodings
    )


def _page_size(request: Request, default: int) -> int:
    """The requested page size; the default if it is not a 32-bit integer."""
    text = request.query.get("pageSize", "")
    size = int(text) if re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII) else None
    return default if size is None or not -(2**31) <= size < 2**31 else size


def _gzip(body: bytes) -> bytes:
    # Quickest level: the server should not be what a benchmark measures.
    return zlib.compress(body, level=1, wbits=31)
