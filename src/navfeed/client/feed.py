"""NAV's feed: which requests to make, and what each answer means.

Endpoints and status codes are NAV's (navikt.github.io/pam-stilling-feed and the server's public
source, navikt/pam-stilling-feed). Nothing from an answer is ever requested as it stands: paths are
made here from ids that are uuids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Lock
from time import monotonic, sleep
from typing import Self

from navfeed.client.http import RETRY_LATER, DroppedError, Http, Reply, Request, http_date
from navfeed.client.retries import ATTEMPTS, backoff
from navfeed.client.tokens import PrivateToken, PublicToken, Tokens
from navfeed.errors import (
    ContractError,
    FeedError,
    NavfeedError,
    TokenError,
    UnreachableError,
)
from navfeed.log import LogEvent, debug
from navfeed.model import LONGEST_PAUSE, Detail, Gone, Page, Unchanged, oslo_time
from navfeed.wire.page import DETAIL_PATH, PAGE_PATH, read_page
from navfeed.wire.token import TOKEN_PATH, read_token
from navfeed.wire.values import is_id

PATIENCE_SECONDS = 60.0
"""A pause that the server requests is waited out up to this long; a longer one ends the run."""

PAGE_BYTES = 8 * 2**20
LARGE_PAGE_BYTES = 4 * PAGE_BYTES
DETAIL_BYTES = 4 * 2**20
TOKEN_BYTES = 2**16
"""Caps on an answer, as it comes and unpacked. Usual: a page 480 kB, a large one 4.8 MB, a detail
12 kB."""

LARGE_PAGE = 10_000
"""Entries: the most that the server gives for `pageSize`, which NAV does not document."""

_BEFORE_ANY_LOG = datetime(2000, 1, 1, tzinfo=UTC)
_ABSENT = (404, 410)
_REFUSED = (401, 403, 451)
_OVERLOAD = (429, 500, 502, 503, 504)


class Throttle:
    """A pause that the server requested holds back every thread."""

    def __init__(self, pause: Callable[[float], None] = sleep) -> None:
        self._pause = pause
        self._until = 0.0
        self._lock = Lock()
        self._end: NavfeedError | None = None

    def hold(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, monotonic() + seconds)

    def end(self, error: NavfeedError) -> None:
        """Waiting is pointless: further requests raise this error instead of being sent."""
        self._end = error

    def sleep(self, seconds: float) -> None:
        """Hold back the calling thread alone."""
        if seconds > 0:
            self._pause(seconds)

    def wait(self) -> None:
        """Wait out the pause, and any that another thread received meanwhile."""
        waited_for = 0.0
        while (until := self._until) > waited_for:
            self.sleep(until - monotonic())
            waited_for = until
        if self._end is not None:
            raise self._end


class FeedClient:
    """A `navfeed.sync.ports.Feed` over HTTP. `seconds` is the deadline of each single request."""

    def __init__(
        self,
        http: Http,
        *,
        token: str | None,
        seconds: float = 120.0,
        throttle: Throttle | None = None,
    ) -> None:
        self._http = http
        self._seconds = seconds
        self._throttle = throttle or Throttle()
        self._tokens: Tokens = PrivateToken(token) if token else PublicToken(self._fetch_token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    @property
    def token_expires(self) -> datetime | None:
        return self._tokens.expires

    # What the engine needs

    def seek(self, since: datetime | None) -> Page | None:
        since = since and max(since, _BEFORE_ANY_LOG)
        headers = {} if since is None else {"If-Modified-Since": _http_date(since)}
        reply = self._get(Request(PAGE_PATH, PAGE_BYTES, headers))
        if _is_absent(reply, PAGE_PATH):
            return None
        page = _page(reply, PAGE_PATH)
        if since is not None:
            _refuse_older(page, since)
        return page

    def newest(self) -> Page | None:
        path = f"{PAGE_PATH}?last"
        reply = self._get(Request(path, PAGE_BYTES))
        if _is_absent(reply, path):
            return None
        page = _page(reply, path)
        _refuse_oldest(page)
        return page

    def page(self, page_id: str, etag: str | None = None) -> Page | Unchanged | None:
        if not is_id(page_id):
            return None  # a damaged cursor (faults.md S9) names a page that no feed has
        path = f"{PAGE_PATH}/{page_id}"
        reply = self._get(Request(path, PAGE_BYTES, _validator(etag)))
        if reply.status == 304:
            return Unchanged(reply.served_at)
        if _is_absent(reply, path):
            return None
        page = _page(reply, path)
        if page.id != page_id:
            raise ContractError(
                f"a request for page {page_id} was answered with another page. {RETRY_LATER}"
            )
        return page

    def large_page(self, page_id: str) -> Page | None:
        """The page with up to 10,000 entries; None where the server may not understand the size.

        A size that it misreads may be answered with a 400, or forge an end of the log or a circle
        (feed.md 2). One that cuts the entries off and leads on as far would lose ads. The page of
        the usual size shows what is true.
        """
        if not is_id(page_id):
            return None
        path = f"{PAGE_PATH}/{page_id}?pageSize={LARGE_PAGE}"
        try:
            reply = self._get(Request(path, LARGE_PAGE_BYTES))
            page = None if _is_absent(reply, path) else _page(reply, path)
        except FeedError as error:
            debug(LogEvent.RETRIED, f"{path}: requesting the usual size instead: {error}")
            return None
        if page is None or len(page.entries) != LARGE_PAGE:
            return None
        leads_on = page.id == page_id and page.next_id not in (None, page_id)
        return page if leads_on else None

    def detail(self, ad: str) -> Detail | Gone:
        if not is_id(ad):
            return Gone(ad)  # nor has any feed an ad of such a name
        path = f"{DETAIL_PATH}/{ad}"
        reply = self._get(Request(path, DETAIL_BYTES))
        if _is_absent(reply, path):
            return Gone(ad)
        body = _body(reply, path)
        from navfeed.wire.detail import read_detail  # not needed where nothing is new

        with _naming(path):
            return read_detail(body, expected=ad)

    # Tokens

    def _fetch_token(self) -> tuple[str | None, datetime]:
        reply = self._with_retries(Request(TOKEN_PATH, TOKEN_BYTES))
        now = reply.served_at or datetime.now(UTC)
        _refuse_no_access(reply, TOKEN_PATH)
        if _is_absent(reply, TOKEN_PATH):
            return None, now
        token = read_token(_body(reply, TOKEN_PATH))
        if token is None:
            raise ContractError(
                f"{TOKEN_PATH} answered, but with no token{_describe(reply)}. {RETRY_LATER}"
            )
        return token, now

    def _get(self, request: Request) -> Reply:
        """GET with a token. Once none is accepted, no other thread sends a request."""
        try:
            return self._granted(request)
        except TokenError as error:
            self._throttle.end(error)
            raise

    def _granted(self, request: Request) -> Reply:
        """Refused once, it is sent again with a new token."""
        token = self._tokens.get()
        reply = self._with_retries(request.signed(token.text))
        if reply.status == 401:
            debug(LogEvent.RETRIED, f"{request.path}: the token was refused, fetching another")
            token = self._tokens.renew(token)
            reply = self._with_retries(request.signed(token.text))
        _refuse_no_access(reply, request.path)
        return reply

    # Trying again

    def _with_retries(self, request: Request) -> Reply:
        """One answer that means something: a broken connection is tried again at once, once."""
        gives_up = monotonic() + 1.5 * self._seconds
        pauses = _Pauses()
        while True:
            try:
                return self._attempt(request)
            except UnreachableError as error:
                pause = pauses.after(error)
                if pause is None or monotonic() + pause > gives_up:
                    raise
                _log_retry(request.path, error, pause)
                self._throttle.sleep(pause)

    def _attempt(self, request: Request) -> Reply:
        self._throttle.wait()
        reply = self._http.get(request, seconds=self._seconds)
        if _is_redirect(reply):
            reply = self._follow(reply, request)
        if reply.status == 304 and "If-None-Match" not in request.headers:
            raise UnreachableError(
                f"the feed answers {request.path} with 304, though the request had no validator. "
                "Run again later"
            )
        if reply.status in _OVERLOAD:
            self._respect(reply, request.path)
        return reply

    def _follow(self, reply: Reply, request: Request) -> Reply:
        """One step, on the same origin: the token goes nowhere else (faults.md H10)."""
        target = self._http.location(reply, request.path)
        if target is not None:
            reply = self._http.get(replace(request, at=target), seconds=self._seconds)
        # A redirect to a 404 does not mean that the ad or page itself is gone.
        if _is_redirect(reply) or reply.status in _ABSENT:
            raise ContractError(
                f"{request.path} is redirected ({reply.status}): navfeed follows once, and never "
                "to where the token must not go. Is there a login page between you and NAV? "
                f"{RETRY_LATER}"
            )
        return reply

    def _respect(self, reply: Reply, path: str) -> None:
        pause = _retry_after(reply)
        message = f"the feed answers {reply.status} for {path}"
        if pause > PATIENCE_SECONDS:
            at = datetime.now(UTC) + timedelta(seconds=pause)
            error = UnreachableError(
                f"{message} and requests a pause until {oslo_time(at)}. Run again then, or "
                "at once with --retry-now",
                retry_at=at,
            )
            self._throttle.end(error)
            raise error
        self._throttle.hold(pause)
        raise UnreachableError(f"{message}. Run again later")


def _log_retry(path: str, error: UnreachableError, pause: float) -> None:
    debug(
        LogEvent.RETRIED,
        f"{path}: retrying in {pause:.1f} s: {error}",
        path=path,
        seconds=round(pause, 1),
        problem=str(error),
    )


class _Pauses:
    """The pauses between the attempts of one request."""

    def __init__(self) -> None:
        self._failures = 0
        self._dropped = False

    def after(self, error: UnreachableError) -> float | None:
        """Seconds; None where another try cannot help, or enough were made."""
        self._failures += 1
        if self._failures == ATTEMPTS or not error.may_retry:
            return None
        if isinstance(error, DroppedError) and not self._dropped:
            self._dropped = True
            return 0.0
        return backoff(self._failures)


def _retry_after(reply: Reply) -> float:
    """Seconds; a date counts from the server's own clock. A 429 without it: one second."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value), LONGEST_PAUSE.total_seconds())
    until = http_date(value)
    if until is None:
        return 1.0 if reply.status == 429 else 0.0
    now = reply.served_at or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_PAUSE.total_seconds())


_ETAG = re.compile(r"[!-~]{1,200}")


def _validator(etag: str | None) -> dict[str, str]:
    """The ETag byte for byte, where it is one: anything else could not be sent, or not be taken."""
    return {"If-None-Match": etag} if etag and _ETAG.fullmatch(etag) else {}


def _http_date(moment: datetime) -> str:
    """`Sat, 01 Jun 2024 00:00:00 GMT`: English in any locale, and the right weekday.

    The server ignores a date it cannot read, and then answers with the oldest page of all.
    """
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _refuse_older(page: Page, since: datetime) -> None:
    """A seek that was ignored begins in 2023; taking it for success would read years of log."""
    first = page.first_moment
    if first is None or first < since - timedelta(seconds=1):
        raise ContractError(
            f"a request for entries after {oslo_time(since)} was answered with "
            f"{oslo_time(first) if first else 'undated ones'}. The feed did not understand "
            "the date; use --from-start to read the whole log on purpose"
        )


def _refuse_oldest(page: Page) -> None:
    """`?last` stands in no document of NAV's: where it is ignored, 2023 comes (faults.md H6)."""
    first = page.first_moment
    recent = first and page.served_at and page.served_at - first < timedelta(days=1)
    if not (page.is_tip or recent):
        raise ContractError(
            "a request for the newest entry was answered with a page from the middle of the log. "
            f"{RETRY_LATER}"
        )


# What an answer is


def _page(reply: Reply, path: str) -> Page:
    body = _body(reply, path)
    with _naming(path):
        return read_page(body, etag=reply.headers.get("etag"), served_at=reply.served_at)


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Add to the reader's error which path it was and what to do."""
    try:
        yield
    except ContractError as error:
        raise ContractError(f"{error} ({path}). {RETRY_LATER}") from error


def _body(reply: Reply, path: str) -> bytes:
    """The body of a 200 that is not empty."""
    _refuse_web_page(reply, path)
    if reply.status != 200 or not reply.body or reply.body.isspace():
        raise ContractError(f"the feed answered {path} with{_describe(reply)}. {RETRY_LATER}")
    return reply.body


def _is_absent(reply: Reply, path: str) -> bool:
    """Whether the feed has no such thing. A web page with that status is not the feed's answer."""
    if reply.status not in _ABSENT:
        return False
    _refuse_web_page(reply, path)
    return True


def _is_redirect(reply: Reply) -> bool:
    return 300 <= reply.status < 400 and reply.status != 304


def _refuse_no_access(reply: Reply, path: str) -> None:
    """A 401 here concerns NAV's public token: a private one raises earlier (`PrivateToken`)."""
    if reply.status in _REFUSED:
        raise TokenError(
            f"the feed refuses access to {path} ({reply.status}). What was read before is kept. "
            "Check the token if it is your own, else run again in half an hour: NAV may be "
            "replacing its own",
            passes=reply.status == 401,
        )


_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def _refuse_web_page(reply: Reply, path: str) -> None:
    """The feed speaks JSON and plain text: HTML is from somebody in between (faults.md N6)."""
    if "html" in reply.headers.get("content-type", "").lower() or _MARKUP.match(reply.body):
        raise ContractError(
            f"{path} was answered with a web page ({reply.status}), not by the feed. Is there a "
            f"login page between you and NAV? {RETRY_LATER}"
        )


_KIND = re.compile(r"[\w.+-]{1,50}/[\w.+-]{1,50}", re.ASCII)


def _describe(reply: Reply) -> str:
    """What came instead: status, kind and size, but nothing of the text itself."""
    kind = _KIND.match(reply.headers.get("content-type", ""))
    named = kind[0] if kind else "no content type"
    return f" status {reply.status}, {named}, {len(reply.body):,} bytes"
