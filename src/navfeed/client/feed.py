"""NAV's feed: what to ask, and what each answer means.

Endpoints and status codes are NAV's (navikt.github.io/pam-stilling-feed and the server's public
source, navikt/pam-stilling-feed). Nothing from an answer is ever requested as it stands: paths are
made here from ids that are uuids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Lock
from time import monotonic, sleep
from typing import Self

import stamina
from stamina.instrumentation import set_on_retry_hooks

from navfeed.client.http import DroppedError, Http, Reply, http_date
from navfeed.client.tokens import PrivateToken, PublicToken, Tokens
from navfeed.errors import ContractError, TokenError, UnreachableError
from navfeed.model import Detail, Gone, Page, Unchanged
from navfeed.wire import (
    DETAIL_PATH,
    PAGE_PATH,
    TOKEN_PATH,
    read_detail,
    read_page,
    read_token,
)

set_on_retry_hooks([])  # stamina writes to stderr by itself otherwise

ATTEMPTS = 4
PATIENCE_SECONDS = 60.0
"""A pause that the server asks for is waited out up to this long; a longer one ends the run."""

PAGE_BYTES = 32 * 2**20
DETAIL_BYTES = 8 * 2**20
TOKEN_BYTES = 2**16
"""Caps on what is unpacked. Usual: a page 480 kB, a detail 12 kB, a token 0.3 kB."""

_OVERLOAD = (429, 500, 502, 503, 504)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Pace:
    """A pause that the server asked for holds back every thread."""

    def __init__(self, pause: Callable[[float], None] = sleep) -> None:
        self._pause = pause
        self._until = 0.0
        self._lock = Lock()

    def hold(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, monotonic() + seconds)

    def wait(self) -> None:
        if (seconds := self._until - monotonic()) > 0:
            self._pause(seconds)


class FeedClient:
    """A `navfeed.sync.ports.Feed` over HTTP. `seconds` is the deadline of each single request."""

    def __init__(
        self, http: Http, *, token: str | None, seconds: float = 120.0, pace: Pace | None = None
    ) -> None:
        self._http = http
        self._seconds = seconds
        self._pace = pace or Pace()
        self._tokens: Tokens = PrivateToken(token) if token else PublicToken(self._fetch_token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def token_expires(self) -> datetime | None:
        return self._tokens.expires

    # What the engine asks

    def seek(self, since: datetime | None) -> Page | None:
        headers = {} if since is None else {"If-Modified-Since": _http_date(since)}
        reply = self._get(PAGE_PATH, headers, most_bytes=PAGE_BYTES)
        if reply.status == 404:
            return None
        page = _page(reply, PAGE_PATH)
        if since is None:
            return page
        _refuse_older(page, since)
        # The server may apply the date to the page's entries too, and their moments are not in
        # order: what it left out would be lost. By its id the page comes whole.
        whole = self.page(page.id)
        return whole if isinstance(whole, Page) else page

    def newest(self) -> Page | None:
        path = f"{PAGE_PATH}?last"
        reply = self._get(path, {}, most_bytes=PAGE_BYTES)
        return None if reply.status == 404 else _page(reply, path)

    def page(self, page_id: str, etag: str | None = None) -> Page | Unchanged | None:
        if not _UUID.fullmatch(page_id):
            return None  # a damaged cursor (faults.md S9) names a page that no feed has
        path = f"{PAGE_PATH}/{page_id}"
        headers = {"If-None-Match": etag} if etag else {}
        reply = self._get(path, headers, most_bytes=PAGE_BYTES)
        if reply.status == 304 and etag:
            return Unchanged(reply.served_at)
        if reply.status == 404:
            return None
        page = _page(reply, path)
        if page.id != page_id:
            raise ContractError(f"asked for page {page_id}, the feed answered with another one")
        return page

    def detail(self, ad: str) -> Detail | Gone:
        path = f"{DETAIL_PATH}/{ad}"
        reply = self._get(path, {}, most_bytes=DETAIL_BYTES)
        if reply.status in (404, 410):
            return Gone(ad)
        return read_detail(_body(reply, path), asked=ad)

    # Tokens

    def _fetch_token(self) -> tuple[str | None, datetime]:
        reply = self._persist(TOKEN_PATH, {}, most_bytes=TOKEN_BYTES)
        now = reply.served_at or datetime.now(UTC)
        if reply.status == 404:
            return None, now
        token = read_token(_body(reply, TOKEN_PATH))
        if token is None:
            raise ContractError(f"{TOKEN_PATH} answered, but with no token{_came(reply)}")
        return token, now

    def _get(self, path: str, headers: Mapping[str, str], *, most_bytes: int) -> Reply:
        """GET with a token; refused once, with a new one."""
        token = self._tokens.get()
        reply = self._with(token, path, headers, most_bytes)
        if reply.status == 401:
            token = self._tokens.renew(token)
            reply = self._with(token, path, headers, most_bytes)
        if reply.status in (401, 403, 451):
            raise TokenError(
                f"the feed refuses access to {path} ({reply.status}). "
                "Nothing was changed; check the token and run again"
            )
        return reply

    def _with(self, token: str, path: str, headers: Mapping[str, str], most_bytes: int) -> Reply:
        return self._persist(
            path, {**headers, "Authorization": f"Bearer {token}"}, most_bytes=most_bytes
        )

    # Trying again

    def _persist(self, path: str, headers: Mapping[str, str], *, most_bytes: int) -> Reply:
        """One answer that says something, after some tries."""
        for attempt in stamina.retry_context(
            on=_retries(),
            attempts=ATTEMPTS,
            timeout=1.5 * self._seconds,
            wait_initial=0.5,
            wait_max=8.0,
            wait_jitter=1.0,
        ):
            with attempt:
                return self._once(path, headers, most_bytes)
        raise AssertionError  # pragma: no cover  # the loop returns or raises

    def _once(self, path: str, headers: Mapping[str, str], most_bytes: int) -> Reply:
        self._pace.wait()
        reply = self._http.get(path, headers, seconds=self._seconds, most_bytes=most_bytes)
        if 300 <= reply.status < 400 and reply.status != 304:
            reply = self._follow(reply, path, headers, most_bytes)
        if reply.status == 304 and "If-None-Match" not in headers:
            raise UnreachableError(f"the feed says {path} is unchanged, though nothing was asked")
        if reply.status in _OVERLOAD:
            self._respect(reply, path)
        return reply

    def _follow(
        self, reply: Reply, path: str, headers: Mapping[str, str], most_bytes: int
    ) -> Reply:
        """One step, on the same origin: the token goes nowhere else (faults.md H10)."""
        target = self._http.location(reply, path)
        if target is not None:
            reply = self._http.get(target, headers, seconds=self._seconds, most_bytes=most_bytes)
        if 300 <= reply.status < 400 and reply.status != 304:
            raise ContractError(
                f"{path} is redirected ({reply.status}) to where the token must not go. Is there "
                "a login page between you and NAV?"
            )
        return reply

    def _respect(self, reply: Reply, path: str) -> None:
        pause = _retry_after(reply)
        message = f"the feed answers {reply.status} for {path}"
        if pause > PATIENCE_SECONDS:
            at = datetime.now(UTC) + timedelta(seconds=pause)
            raise UnreachableError(
                f"{message} and asks for a pause until {at:%Y-%m-%d %H:%M} UTC", retry_at=at
            )
        self._pace.hold(pause)
        raise UnreachableError(message)


def _retries() -> Callable[[Exception], bool | float]:
    """Whether and when to try again: once at once where a connection broke, then with backoff."""
    dropped = False

    def decide(error: Exception) -> bool | float:
        nonlocal dropped
        if isinstance(error, DroppedError) and not dropped:
            dropped = True
            return 0.0
        return isinstance(error, UnreachableError) and error.may_retry

    return decide


def _retry_after(reply: Reply) -> float:
    """Seconds; a date counts from the server's own clock. An overload without it: one second."""
    said = reply.headers.get("retry-after", "").strip()
    if said.isdecimal() and len(said) < 10:
        return float(said)
    until, now = http_date(said), reply.served_at
    if until is None or now is None:
        return 1.0 if reply.status == 429 else 0.0
    return max(0.0, (until - now).total_seconds())


def _http_date(moment: datetime) -> str:
    """`Sat, 01 Jun 2024 00:00:00 GMT`: English in any locale, and the right weekday.

    The server ignores a date it cannot read, and then answers with the oldest page of all.
    """
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _refuse_older(page: Page, since: datetime) -> None:
    """A seek that was ignored begins in 2023; taking it for success would read years of log."""
    first = next((entry.moment for entry in page.entries if entry.moment), None)
    if first is None or first < since - timedelta(seconds=1):
        raise ContractError(
            f"asked for entries after {since:%Y-%m-%d %H:%M} UTC, the feed answered with "
            f"{f'{first:%Y-%m-%d %H:%M} UTC' if first else 'undated ones'}. It did not understand "
            "the date; use --from-start to read the whole log on purpose"
        )


def _page(reply: Reply, path: str) -> Page:
    body = _body(reply, path)
    return read_page(body, etag=reply.headers.get("etag"), served_at=reply.served_at)


def _body(reply: Reply, path: str) -> bytes:
    """The body of a 200, in which something stands."""
    if reply.status != 200 or not reply.body.strip():
        raise ContractError(f"the feed answered {path} with{_came(reply)}")
    kind = reply.headers.get("content-type", "")
    if kind.startswith("text/html"):
        raise ContractError(
            f"{path} was answered with a web page, not by the feed. Is there a login page between "
            "you and NAV?"
        )
    return reply.body


def _came(reply: Reply) -> str:
    """What came instead: status, kind and size, but nothing of the text itself."""
    kind = reply.headers.get("content-type", "no content type").split(";")[0]
    return f" status {reply.status}, {kind}, {len(reply.body):,} bytes"
