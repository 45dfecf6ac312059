"""When a channel may be used: quiet hours, the minimum interval, and retries with backoff. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from navfeed.model import OSLO, oslo_time
from navfeed.watches.definition import Throttle
from navfeed.watches.events import Deferred
from navfeed.watches.state import TargetHealth
from navfeed.watches.target import INTERRUPTING_CHANNELS, Target

FIRST_RETRY = timedelta(minutes=5)
LAST_RETRY = timedelta(hours=6)


def deferral(
    target: Target, health: TargetHealth, throttle: Throttle, now: datetime, *, debounce: bool
) -> Deferred | None:
    """Why a channel is not used now; None where it is."""
    if health.retry_at and now < health.retry_at <= now + LAST_RETRY:
        reason = f"the last delivery failed; next attempt at {oslo_time(health.retry_at)}"
        return Deferred(target, reason, failing=True)
    if target.channel not in INTERRUPTING_CHANNELS:
        return None
    if throttle.is_quiet(now.astimezone(OSLO).time()):
        return Deferred(target, "quiet hours", failing=False)
    last = health.delivered_at
    if debounce and last is not None and last <= now < last + throttle.min_interval:
        return Deferred(target, "the minimum interval has not passed", failing=False)
    return None


def retry_delay(failures: int, requested: timedelta | None) -> timedelta:
    """5 minutes, doubled with each failure, or longer where the channel requests it; max 6 h."""
    delay: timedelta = FIRST_RETRY * (1 << min(failures - 1, 10))
    return min(max(delay, requested or delay), LAST_RETRY)
