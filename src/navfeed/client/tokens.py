"""Tokens: one's own, or NAV's public one.

The public token lives 35 days, can be replaced at any time, and is replaced only some five hours
after it expired (seen in the server's public source). So the endpoint may hand out an expired one,
and nothing but the token's own `exp` tells.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from navfeed.errors import TokenError
from navfeed.wire import token_expiry

REPLACED_AFTER = timedelta(hours=5)


class Tokens(Protocol):
    def get(self) -> str:
        """The token to send. Raises `TokenError`, and what fetching it may raise."""

    def renew(self, refused: str) -> str:
        """Another token than the refused one, or `TokenError`."""

    @property
    def expires(self) -> datetime | None:
        """When the token in use ends, None where that is not known."""


class PrivateToken:
    """A token that the user brought. May lack an `exp`; only the server can say it is no good."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.expires = token_expiry(token)

    def get(self) -> str:
        return self._token

    def renew(self, refused: str) -> str:  # noqa: ARG002
        when = f" (it expired {self.expires:%Y-%m-%d %H:%M} UTC)" if self.expires else ""
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
        self._token: str | None = None
        self._lock = Lock()
        self.expires: datetime | None = None

    def get(self) -> str:
        with self._lock:
            return self._token or self._fetched()

    def renew(self, refused: str) -> str:
        """One thread fetches, the others find its result."""
        with self._lock:
            if self._token != refused and self._token is not None:
                return self._token
            return self._fetched()

    def _fetched(self) -> str:
        self._token = None
        token, now = self._fetch()
        if token is None:
            raise TokenError("NAV hands out no public token now. Run again later")
        self.expires = token_expiry(token)
        if self.expires is not None and self.expires <= now:
            again = self.expires + REPLACED_AFTER
            raise TokenError(
                f"NAV's public token expired {self.expires:%Y-%m-%d %H:%M} UTC and has not been "
                f"replaced yet. Run again after {max(again, now):%Y-%m-%d %H:%M} UTC"
            )
        self._token = token
        return token
