"""How long the queue goes on asking for an ad that cannot be had."""

from __future__ import annotations

from datetime import UTC, datetime

from navfeed.model import GIVEN_UP_AFTER, GIVEN_UP_TRIES, Reason

GIVEN_UP = (
    f"(attempts >= {GIVEN_UP_TRIES} AND queued_at <= ? AND reason != '{Reason.WITHHELD.value}')"
)
"""Which rows of `queue` are given up; bind `patience_began`. Nothing is written down for it: the
row stays as it is, and a new entry about the ad begins anew. An ad that is withheld is never given
up: it is not broken, and no entry need tell when it comes back."""


PROBLEMS = """
SELECT replace(problem, ad, '…') AS said, count(*) FROM queue
WHERE problem IS NOT NULL GROUP BY said ORDER BY 2 DESC, said LIMIT 3
"""
"""Why details could not be had, and of how many ads: what is the same but for the ad is counted
together."""


UNCONFIRMED = """
SELECT count(*) FROM ads WHERE uuid IN (SELECT ad FROM queue)
AND (SELECT recheck_since FROM feed) IS NOT NULL
"""
"""How many ads are stored that a log that began anew has not confirmed yet: all were queued when it
did, and each leaves the queue with its answer."""


def patience_began(now: datetime) -> str:
    """What was queued by then has been waited for long enough."""
    return (now - GIVEN_UP_AFTER).astimezone(UTC).isoformat()
