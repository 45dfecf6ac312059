"""The tokens of the feed, and their lifetimes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

LIFE = timedelta(days=35)
# The server looks for a public token that has been dead this long before it makes a new one.
REPLACED_AFTER = timedelta(hours=5)
# Until then its processes may not have heard of the new one.
SPREAD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT and its expiry; None: it never expires."""

    text: str
    expires: datetime | None

    def alive(self, now: datetime) -> bool:
        return self.expires is None or now < self.expires


class Tokens:
    """The public token and the private ones, on the world's clock."""

    def __init__(self, secret: str, clock: Callable[[], datetime]) -> None:
        self._secret = secret.encode()
        self._clock = clock
        self._lock = threading.RLock()
        self._serial = count(1)
        self._private: list[Token] = []
        self._asked = count()
        self._old: Token | None = None
        self._spread_until = clock()
        self._current: Token | None = self._sign("public", clock(), LIFE)

    @property
    def public(self) -> str | None:
        """The public token as served, expired or not; None when there is none."""
        with self._lock:
            self._replace_if_long_dead()
            return self._current.text if self._current else None

    def rotate(self, spread: timedelta = timedelta(), life: timedelta = LIFE) -> str:
        """Replace the public token and return the new one.

        For `spread` (world time) every second request reaches a process with only the old token.
        A `life` of zero or less makes a token that is expired as it is served.
        """
        with self._lock:
            now = self._clock()
            self._old, self._spread_until = self._current, now + spread
            self._current = self._sign("public", now, life)
            return self._current.text

    def withdraw(self) -> None:
        """Remove the public token; the last one stops working."""
        with self._lock:
            self._current = self._old = None

    def issue(self, life: timedelta | None = None) -> str:
        """Return a private token; without a life it carries no `exp`."""
        with self._lock:
            token = self._sign("private", self._clock(), life)
            self._private.append(token)
            return token.text

    def accepts(self, text: str) -> bool:
        """Whether the process that answers this request accepts the token."""
        with self._lock:
            self._replace_if_long_dead()
            return self._taken_by_whoever_answers(text)

    def _taken_by_whoever_answers(self, text: str) -> bool:
        now = self._clock()
        known = (self._public_as_known(now), *self._private)
        return any(token and token.text == text and token.alive(now) for token in known)

    def _public_as_known(self, now: datetime) -> Token | None:
        behind = self._old and now < self._spread_until and next(self._asked) % 2
        return self._old if behind else self._current

    def _replace_if_long_dead(self) -> None:
        end = self._current.expires if self._current else None
        if end and self._clock() >= end + REPLACED_AFTER:
            self.rotate(SPREAD)

    def _sign(self, subject: str, issued: datetime, life: timedelta | None) -> Token:
        expires = None if life is None else (issued + life).replace(microsecond=0)
        claims: dict[str, Any] = {
            "sub": subject,
            "iss": "nav-no",
            "jti": next(self._serial),
            "iat": int(issued.timestamp()),
        }
        if expires:
            claims["exp"] = int(expires.timestamp())
        signed = f"{_encoded({'typ': 'JWT', 'alg': 'HS256'})}.{_encoded(claims)}"
        proof = hmac.new(self._secret, signed.encode(), hashlib.sha256).digest()
        return Token(f"{signed}.{_base64(proof)}", expires)


def _encoded(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
