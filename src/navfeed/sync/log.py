"""Debug lines: each decision about an ad with its reason and ids. Written once it is committed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from navfeed.decide import ObservedEntry
from navfeed.log import LogEvent, debug, is_debugging
from navfeed.model import (
    DetailDecision,
    Effect,
    EntryDecision,
    Failed,
    Queued,
    Reason,
    counted,
    moment_text,
)


def log_entries(
    decisions: Sequence[EntryDecision],
    new: Iterable[tuple[int, ObservedEntry]],
    removed: Iterable[Effect],
) -> None:
    """What the new entries of a page decided; `removed` are the ads that were stored."""
    if not is_debugging():
        return
    last = {one.entry.ad: (at, one) for at, one in new}
    stored = {ad for ad, _ in removed}
    for decision in decisions:
        at, one = last[decision.ad]
        action = _action(decision, is_stored=decision.ad in stored)
        written = moment_text(one.entry.moment)
        debug(
            LogEvent.DECIDED,
            f"ad {decision.ad}: {action}, {decision.reason} "
            f"(entry {at}, {one.entry.status}, {written or 'undated'})",
            ad=decision.ad,
            action=action,
            reason=decision.reason.value,
            entry=at,
            status=one.entry.status.value,
            written=written,
        )


def _action(decision: EntryDecision, *, is_stored: bool) -> str:
    actions = []
    if decision.remove:
        actions.append("removed" if is_stored else "not stored")
    if decision.ask:
        actions.append("queued")
    return " and ".join(actions) or "ignored"


_ACTIONS = {Reason.NEW: "added", Reason.CHANGED: "updated", Reason.UNCHANGED: "confirmed"}


def log_announced(queued: Iterable[Queued]) -> None:
    """Ads that an older window calls active, and no newer one names."""
    if is_debugging():
        for one in queued:
            _log_effect("queued", one.ad, Reason.ANNOUNCED)


def log_details(decisions: Iterable[DetailDecision], effects: Iterable[Effect]) -> None:
    """What details decided; `effects` show which ads were stored before or are now."""
    if is_debugging():
        done = {ad for ad, _ in effects}
        for decision in decisions:
            removed = "removed" if decision.ad in done else "not stored"
            _log_effect(_ACTIONS.get(decision.reason, removed), decision.ad, decision.reason)


def log_removed(effects: Iterable[Effect]) -> None:
    """Ads that left because a day or the scope changed, and for no entry or detail."""
    if is_debugging():
        for ad, reason in effects:
            _log_effect("removed", ad, reason)


def _log_effect(action: str, ad: str, reason: Reason) -> None:
    debug(
        LogEvent.DECIDED,
        f"ad {ad}: {action}, {reason}",
        ad=ad,
        action=action,
        reason=reason.value,
    )


def log_failed(failed: Iterable[Failed], queued: Iterable[Queued]) -> None:
    """Ads whose details could not be fetched, and when that is tried again."""
    if is_debugging():
        attempts = {one.ad: one.attempts + 1 for one in queued}
        for one in failed:
            _log_failure(one.ad, one.problem, attempts[one.ad], one.retry_at)


def _log_failure(ad: str, problem: str, attempt: int, retry_at: datetime) -> None:
    at = moment_text(retry_at)
    debug(
        LogEvent.RETRIED,
        f"ad {ad}: attempt {attempt} failed, next not before {at}: {problem}",
        ad=ad,
        attempt=attempt,
        retry_at=at,
        problem=problem,
    )


def log_rechecks(count: int) -> None:
    """How many stored ads are due for confirmation by NAV."""
    if is_debugging() and count:
        debug(LogEvent.QUEUED, f"{counted(count, 'ad')} queued, {Reason.RECHECK}", rechecks=count)


def log_waiting(waiting: int, given_up: int) -> None:
    """How many ads stay queued, and how many more are not tried any longer."""
    if is_debugging() and (waiting or given_up):
        text = f"{counted(waiting, 'ad')} waiting for a retry, {given_up} given up"
        debug(LogEvent.QUEUED, text, waiting=waiting, given_up=given_up)


def log_erasure(*, is_complete: bool) -> None:
    """Whether what was removed is now gone from every file of the store."""
    if is_debugging():
        text = "removed text is erased" if is_complete else "erasure postponed: a reader is active"
        debug(LogEvent.ERASED, text, complete=is_complete)
