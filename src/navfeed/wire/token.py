"""Read the public token out of its text, and a token's expiry."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

TOKEN_PATH = "/api/publicToken"  # noqa: S105  a path, not a token

_TOKEN = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]+")


def read_token(body: bytes) -> str | None:
    """The token in the prose that `/api/publicToken` answers with, or None when there is none.

    A sentence, then the token on a line of its own (feed.md 1); the sentence is not fixed.
    """
    lines = (line.strip() for line in body.splitlines())
    return next((line.decode("ascii") for line in lines if _TOKEN.fullmatch(line)), None)


def token_expiry(token: str) -> datetime | None:
    """The expiry of a JWT by its `exp`; None if it cannot be read."""
    import base64

    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, LookupError, TypeError, OverflowError, OSError, RecursionError):
        return None
