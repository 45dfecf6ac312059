"""Tokens: one's own, or NAV's public one.

The public token lives 35 days, can be replaced at any time, and is replaced only some five hours
after it expired (seen in the server's public source). So the endpoint may hand out an expired one,
and only the token's own `exp` shows that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from navfeed.errors import NavfeedError, TokenError
from navfeed.model import oslo_time
from navfeed.wire.token import token_expiry

REPLACED_AFTER = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the number of the fetch that brought it. Never shows in a repr."""

    text: str = field(repr=False)
    fetch: int = 0


class Tokens(Protocol):
    def get(self) -> Token:
        """The token to send. Raises `TokenError`, and what fetching it may raise."""

    def renew(self, refused: Token) -> Token:
        """A token fetched since the refused one, or `TokenError`."""

    @property
    def expires(self) -> datetime | None:
        """When the token in use ends, None where that is not known."""


class PrivateToken:
    """The user's own token. It may lack an `exp`; only the server can reject it."""

    def __init__(self, token: str) -> None:
        self._token = Token(token)
        self.expires = token_expiry(token)

    def get(self) -> Token:
        return self._token

    def renew(self, refused: Token) -> Token:  # noqa: ARG002
        ends = self.expires
        when = f" (valid until {oslo_time(ends)})" if ends else ""
        raise TokenError(
            f"the feed does not accept your token{when}. Put a valid one in NAVFEED_TOKEN or the "
            "token file, or unset both to use NAV's public token"
        )


class PublicToken:
    """The token anybody may use, fetched when first needed and again when it is refused.

    `fetch` answers with the token and the server's clock at that moment.
    """

    def __init__(self, fetch: Callable[[], tuple[str | None, datetime]]) -> None:
        self._fetch = fetch
        self._came: Token | NavfeedError | None = None
        self._fetches = 0
        self._lock = Lock()
        self.expires: datetime | None = None

    def get(self) -> Token:
        fetches = self._fetches
        with self._lock:
            is_due = not isinstance(self._came, Token) and self._fetches == fetches
            return self._fetched() if is_due else self._shared()

    def renew(self, refused: Token) -> Token:
        """One thread fetches; those refused with it share what came, a failure included."""
        with self._lock:
            is_due = self._fetches == refused.fetch
            return self._fetched() if is_due else self._shared()

    def _fetched(self) -> Token:
        try:
            token = self._checked(*self._fetch())
            self._came = Token(token, self._fetches + 1)
        except NavfeedError as error:
            self._came = error
        self._fetches += 1
        return self._shared()

    def _shared(self) -> Token:
        if isinstance(self._came, Token):
            return self._came
        raise self._came or AssertionError

    def _checked(self, token: str | None, now: datetime) -> str:
        if token is None:
            raise TokenError("NAV offers no public token now. Run again later", passes=True)
        self.expires = token_expiry(token)
        if self.expires is not None and self.expires <= now:
            again = self.expires + REPLACED_AFTER
            raise TokenError(
                f"NAV's public token has expired ({oslo_time(self.expires)}). A new one is "
                f"expected by {oslo_time(max(again, now))}; run again then",
                passes=True,
            )
        return token
