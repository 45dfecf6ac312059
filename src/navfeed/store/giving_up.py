"""How long the queue goes on asking for an ad that cannot be had."""

from __future__ import annotations

from datetime import UTC, datetime

from navfeed.model import GIVEN_UP_AFTER, GIVEN_UP_TRIES

GIVEN_UP = f"(attempts >= {GIVEN_UP_TRIES} AND queued_at <= ?)"
"""Which rows of `queue` are given up; bind `patience_began`. Nothing is written down for it: the
row stays as it is, and a new entry about the ad begins anew."""


PROBLEMS = """
SELECT replace(problem, ad, '…') AS said, count(*) FROM queue
WHERE problem IS NOT NULL GROUP BY said ORDER BY 2 DESC, said LIMIT 3
"""
"""Why details could not be had, and of how many ads: what is the same but for the ad is counted
together."""


def patience_began(now: datetime) -> str:
    """What was queued by then has been waited for long enough."""
    return (now - GIVEN_UP_AFTER).astimezone(UTC).isoformat()
