"""Checks of an installation: each evaluates facts and returns a finding with advice.

Pure: `ops.doctor_facts` gathers the facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from shlex import join

from navfeed.errors import EXPECTED, ExitCode, NavfeedError
from navfeed.model import (
    RunFacts,
    RunState,
    StoreFacts,
    age_of,
    counted,
    lacks_older_ads,
    oslo_day,
    oslo_time,
)
from navfeed.present.words import LACKS_OLDER_ADS, freshness, span


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was checked, the result, and what to do. `exit_code`: that of a failure."""

    check: str
    level: Level
    message: str
    advice: str = ""
    exit_code: ExitCode = ExitCode.DONE


def fine(check: str, message: str) -> Finding:
    return Finding(check, Level.OK, message)


def warning(check: str, message: str, advice: str) -> Finding:
    return Finding(check, Level.WARNING, message, advice)


def failure(check: str, message: str, advice: str, exit_code: ExitCode) -> Finding:
    return Finding(check, Level.FAILURE, message, advice, exit_code)


def failed(check: str, error: NavfeedError) -> Finding:
    """The message of an error contains the advice."""
    return failure(check, str(error), "", error.exit_code)


def exit_code_of(findings: list[Finding]) -> ExitCode:
    """The exit code of the first failure; warnings amount to none."""
    return next((one.exit_code for one in findings if one.level is Level.FAILURE), ExitCode.DONE)


# Settings and machine

SMALL = 50_000_000


def check_variables(unknown: Sequence[str]) -> Finding | None:
    """Only warns: unlike the file, the environment may contain variables of other programs."""
    if not unknown:
        return None
    message = f"unknown variable in the environment: {', '.join(unknown)}"
    return warning("environment", message, "Correct the name, or remove it")


def check_settings_permissions(exposed: Path) -> Finding:
    """`exposed`: the settings file, which holds a password that other users can read."""
    message = f"others can read {exposed}, which holds a password"
    return warning("configuration", message, _made_private(exposed))


TOKEN_WARNS = timedelta(days=7)


def check_token(*, private: bool, exposed: Path | None, left: timedelta | None = None) -> Finding:
    """`left`: how long a private token remains valid, if known."""
    if left is not None and left <= timedelta():
        advice = "Replace it, or remove it to use NAV's public token"
        return failure("token", "your own token has expired", advice, ExitCode.TOKEN)
    if exposed is not None:
        return warning("token", f"others can read {exposed}", _made_private(exposed))
    if left is not None and left < TOKEN_WARNS:
        message = f"your own token expires in {left / timedelta(days=1):.1f} days"
        return warning("token", message, "Renew it")
    return fine("token", "a token of your own" if private else "NAV's public token")


def unreadable_token(error: NavfeedError) -> Finding:
    advice = "Create the token file, or correct token_file"
    return failure("token", str(error), advice, error.exit_code)


def _made_private(*files: Path) -> str:
    return f"chmod 600 {join(map(str, files))}"


def check_disk(free: int, size: int) -> Finding:
    """A store needs space to grow, and as much again for vacuum or backup (bytes)."""
    message = f"{free / 1e6:,.0f} MB free for a store of {size / 1e6:,.0f} MB"
    if free < SMALL:
        return failure("disk", message, "Free some space", ExitCode.STORE)
    if free < 2 * size + SMALL:
        return warning("disk", message, "Free some space: a backup or a vacuum needs as much again")
    return fine("disk", message)


def check_permissions(folder: Path, readable: list[Path], *, writable: bool) -> Finding:
    """`readable`: files of the store that other users can read."""
    if not writable:
        advice = "Check its owner and permissions, and the user navfeed runs as"
        return failure("permissions", f"{folder} cannot be written", advice, ExitCode.STORE)
    if readable:
        names = " ".join(map(str, readable))
        return warning("permissions", f"others can read {names}", _made_private(*readable))
    return fine("permissions", "only the owner can read the store")


# The store


def check_schema(version: int, known: int) -> Finding:
    if version < known:
        message = f"schema {version}; this version writes {known}"
        return warning("schema", message, "Wait: the next sync upgrades it")
    return fine("schema", f"schema {version}")


def check_upgrade(copy: Path | None) -> Finding | None:
    """`copy`: the copy of the store from before an upgrade, if it still exists."""
    if copy is None:
        return None
    message = f"{copy} still holds the ads as they were before the upgrade"
    return warning("upgrade", message, "Wait: the next successful sync removes it")


def check_integrity(problems: list[str]) -> Finding:
    if problems:
        message = f"{counted(len(problems), 'problem')}, the first: {problems[0]}"
        advice = "Restore a backup (`navfeed restore`), or move the store away and sync again"
        return failure("integrity", message, advice, ExitCode.STORE)
    return fine("integrity", "no damage found")


_UNENDED = {
    RunState.KILLED: ("the last run was killed", "Run `navfeed sync`: it continues from there"),
    RunState.UNKNOWN: (
        "the last run is still running, or was killed",
        "Check whether navfeed is running",
    ),
}


def check_runs(
    run: RunFacts | None,
    trouble: str | None,
    state: RunState = RunState.ENDED,
    unconfirmed: int = 0,
) -> Finding:
    """`state`: that of `run`. `unconfirmed`: ads not yet confirmed since the log restarted."""
    if trouble is not None:
        return _broken_log(trouble, unconfirmed)
    if run is None:
        return warning("runs", "no run yet", "Run `navfeed sync`")
    if state is RunState.RUNNING:
        return fine("runs", "a run is in progress")
    if run.exit_code is None:
        return warning("runs", *_UNENDED[state])
    if run.exit_code not in EXPECTED:
        message = f"the last run exited with {run.exit_code}: {run.outcome}"
        return warning("runs", message, "`navfeed runs` shows since when")
    return fine("runs", f"the last run exited with {run.exit_code}")


def _broken_log(trouble: str, unconfirmed: int) -> Finding:
    if unconfirmed:
        message = f"the log broke: {trouble}. Ads not yet confirmed: {unconfirmed:,}"
        return warning("runs", message, "Run `navfeed sync` until it exits with 0")
    return warning("runs", f"the log broke: {trouble}", "Run `navfeed verify --repair`")


def check_feed(follows: str | None, configured: str) -> Finding:
    """Addresses as `navfeed.config.feed_address` writes them."""
    if follows not in (None, configured):
        message = f"the store follows {follows}, but the settings name {configured}"
        advice = "Name that feed (base_url), or another store; `navfeed sync --help`, --feed-moved"
        return failure("feed", message, advice, ExitCode.USAGE)
    return fine("feed", f"the store follows {follows or 'no feed yet'}")


def check_lag(caught_up_at: datetime | None, now: datetime, limit: timedelta | None) -> Finding:
    message = freshness(caught_up_at, now)
    if caught_up_at is None:
        return failure("lag", message, "Run `navfeed sync` until it ends with 0", ExitCode.STALE)
    behind = age_of(caught_up_at, now)
    if behind is None:
        return failure("lag", message, "Set the clock, then run `navfeed sync`", ExitCode.STALE)
    if limit is not None and behind > limit:
        advice = "Find out why no sync completed: `navfeed runs`"
        return failure("lag", f"{message}, more than warn_age", advice, ExitCode.STALE)
    return fine("lag", message)


def check_history(facts: StoreFacts) -> Finding:
    if facts.newest is None:
        return warning("history", "nothing has been read yet", "Run `navfeed sync`")
    if facts.reaches_back and lacks_older_ads(facts.reaches_back, facts.newest):
        message = f"started at {oslo_day(facts.reaches_back)}; {LACKS_OLDER_ADS}"
        advice = "None if intended. Else name a new store with --db and sync without --since"
        return warning("history", message, advice)
    return fine("history", "the log was read back to the oldest ad that can be active")


MANY = 1_000


def check_backlog(facts: StoreFacts) -> Finding:
    message = f"{counted(facts.waiting, 'ad')} to fetch, {facts.given_up:,} given up"
    if facts.problems:
        message += f". {counted(facts.problems[0].ads, 'failure')}: {facts.problems[0].reason}"
    if facts.given_up:
        advice = "Retry them: `navfeed sync --retry-now`. Report them to NAV if they stay"
        return warning("backlog", message, advice)
    if facts.problems:
        return warning("backlog", message, "Wait: each sync retries. See `navfeed status`")
    if facts.waiting > MANY:
        return warning("backlog", message, "Let `navfeed sync` run longer, without --max-time")
    return fine("backlog", message)


def check_erasure(*, owed: bool) -> Finding:
    if owed:
        message = "removed text is still on disk: a program is reading the store"
        return warning("erasure", message, "Close that program, then run `navfeed sync`")
    return fine("erasure", "no removed text is left on disk")


# The watches

WATCH_LAG = timedelta(days=1)


def check_watch(
    watch: str, problem: str | None, data_as_of: datetime | None, caught_up_at: datetime | None
) -> Finding | None:
    """`problem`: why it cannot run. `data_as_of`: the time of the data of its last run."""
    if problem is not None:
        return warning("watches", f"{watch} cannot run: {problem}", "Correct it as described")
    advice = "Run `navfeed watch run` after each sync, or sync with --then-watch"
    if data_as_of is None:
        return warning("watches", f"{watch} has not run yet", advice)
    if caught_up_at is not None and caught_up_at - data_as_of > WATCH_LAG:
        message = f"{watch} last ran with the data of {oslo_time(data_as_of)}"
        return warning("watches", message, advice)
    return None


def check_target(
    target: str, failures: int, since: datetime | None, pending: int | None
) -> Finding | None:
    """`failures`: consecutive failures since `since`; nothing has been pending for longer."""
    if not failures or since is None:
        return None
    waiting = "" if pending is None else f", {counted(pending, 'notification')} pending since then"
    attempts = f"{counted(failures, 'attempt')}{waiting}"
    message = f"{target} has been failing since {oslo_time(since)} ({attempts})"
    return warning("watches", message, "Retry now and see the reason: `navfeed watch run --now`")


def check_watch_permissions(readable: list[Path]) -> Finding:
    """`readable`: files with notes or secret URLs that other users can read."""
    names = " ".join(map(str, readable))
    return warning("watches", f"others can read {names}", _made_private(*readable))


# The feed


def check_reachability(newest: datetime | None) -> Finding:
    if newest is None:
        message = "the feed answers, but has no entries"
        return failure("reachability", message, "Check its address", ExitCode.FEED)
    return fine("reachability", f"the feed answers; newest entry {oslo_time(newest)}")


def check_pause(until: datetime) -> Finding:
    message = f"not contacted: the feed requested a pause until {oslo_time(until)}"
    return warning("reachability", message, "Wait: the first sync after that continues")


CLOCK_WARNS = timedelta(minutes=2)
CLOCK_FAILS = timedelta(hours=1)
FEEDS_CLOCK = (
    "Ignore this: the feed is on this machine, and a practice feed's clock stands "
    "still without --live. If it is a tunnel to NAV, compare the clock yourself"
)


def check_clock(served_at: datetime | None, here: datetime, *, is_here: bool = False) -> Finding:
    """A wrong clock falsifies the age of the data and the last day of ads.

    `is_here`: the feed is on this machine, and so shares our clock.
    """
    if served_at is None:
        message = "the feed sends no time; ads expire by the day of its newest entry"
        return warning("clock", message, "Compare the clock yourself")
    off = abs(here - served_at)
    if off <= CLOCK_WARNS:
        return fine("clock", f"{off.total_seconds():,.0f} s off the feed's clock")
    both = f"{here:%Y-%m-%d %H:%M} here, {served_at:%Y-%m-%d %H:%M} at the feed (UTC)"
    message = f"the clocks differ by {span(off)}: {both}"
    if is_here:
        return warning("clock", message, FEEDS_CLOCK)
    if off > CLOCK_FAILS:
        return failure("clock", message, "Set the clock (NTP)", ExitCode.USAGE)
    return warning("clock", message, "Set the clock (NTP)")
