"""How long the queue goes on asking for an ad that cannot be had."""

from __future__ import annotations

from datetime import UTC, datetime

from navfeed.model import GIVEN_UP_AFTER, GIVEN_UP_TRIES

GIVEN_UP = f"(attempts >= {GIVEN_UP_TRIES} AND queued_at <= ?)"
"""Which rows of `queue` are given up; bind `patience_began`. Nothing is written down for it: the
row stays as it is, and a new entry about the ad begins anew."""


def patience_began(now: datetime) -> str:
    """What was queued by then has been waited for long enough."""
    return (now - GIVEN_UP_AFTER).astimezone(UTC).isoformat()
