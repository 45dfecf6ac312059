"""How a run ended, as one line of the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from navfeed.api import now
from navfeed.errors import EXPECTED, ExitCode, NavfeedError, UnreachableError
from navfeed.model import LogLevel, moment_text

if TYPE_CHECKING:
    from navfeed.present.run_log import Log
    from navfeed.sync.engine import Counts, RunFinished


def log_end(log: Log | None, end: RunFinished | NavfeedError, *, rest: float | None = None) -> None:
    """Log how a run ended: the reason, the exit code and the time of the next run.

    `end` is an error if no run was made or completed. `rest`: the seconds until a service runs
    again. Without it, the next try is at the time that the server requested, if any.
    """
    if log is None:
        return
    error = error_of(end)
    fields = {} if isinstance(end, NavfeedError) else _figures(end.counts)
    next_try = _retry_at(error) if rest is None else now() + timedelta(seconds=rest)
    log.end(
        _severity(end.exit_code, goes_on=rest is not None),
        _last_line(end, rest),
        end.exit_code,
        outcome=str(end) if isinstance(end, NavfeedError) else end.outcome,
        next_try_at=moment_text(next_try),
        **fields,
    )


def error_of(end: RunFinished | NavfeedError) -> NavfeedError | None:
    """What went wrong, if anything."""
    return end if isinstance(end, NavfeedError) else end.error


def with_next_try(error: NavfeedError, rest: float | None) -> str:
    """The message of an error, with the seconds until a service tries again."""
    return str(error) if rest is None else f"{error}. Retrying in {rest:,.0f} s"


def _figures(counts: Counts) -> dict[str, object]:
    """The counts of a run, and of its reasons."""
    reasons = {reason.value: count for reason, count in sorted(counts.reasons.items())}
    return {**counts.as_dict(), "reasons": reasons}


def _retry_at(error: NavfeedError | None) -> datetime | None:
    return error.retry_at if isinstance(error, UnreachableError) else None


def _severity(code: ExitCode, *, goes_on: bool) -> LogLevel:
    if code in EXPECTED:
        return LogLevel.INFO
    return LogLevel.WARNING if goes_on else LogLevel.ERROR


def _last_line(end: RunFinished | NavfeedError, rest: float | None) -> str:
    if isinstance(end, NavfeedError):
        return with_next_try(end, rest)
    from navfeed.present.progress import summary

    return summary(end) if end.error is None else with_next_try(end.error, rest)
