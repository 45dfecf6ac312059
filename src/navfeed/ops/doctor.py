"""Is this installation well? One small question each, a finding, and what to do about it.

Nothing here asks anybody anything: whoever gathers the facts hands them in.
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
from navfeed.present.words import LACKS_OLDER_ADS, freshness


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do. `exit_code`: what a failure amounts to."""

    check: str
    level: Level
    says: str
    advice: str = ""
    exit_code: ExitCode = ExitCode.DONE


def fine(check: str, says: str) -> Finding:
    return Finding(check, Level.OK, says)


def warning(check: str, says: str, advice: str) -> Finding:
    return Finding(check, Level.WARNING, says, advice)


def failure(check: str, says: str, advice: str, exit_code: ExitCode) -> Finding:
    return Finding(check, Level.FAILURE, says, advice, exit_code)


def failed(check: str, error: NavfeedError) -> Finding:
    """Errors say themselves what to do next."""
    return failure(check, str(error), "", error.exit_code)


def verdict(findings: list[Finding]) -> ExitCode:
    """The exit code of the first failure; warnings amount to none."""
    return next((one.exit_code for one in findings if one.level is Level.FAILURE), ExitCode.DONE)


# What the settings and the machine say

SMALL = 50_000_000


def check_variables(unknown: Sequence[str]) -> Finding | None:
    """Only a file's names can be refused: the environment may be full of other programs'."""
    if not unknown:
        return None
    says = f"{', '.join(unknown)} in the environment is no setting, and does nothing"
    return warning("environment", says, "Correct its name, or take it out")


TOKEN_WARNS = timedelta(days=7)


def check_token(*, private: bool, exposed: Path | None, left: timedelta | None = None) -> Finding:
    """`left`: for how long a token of one's own can still be used, where it says so."""
    if left is not None and left <= timedelta():
        advice = "Put a new one in its place, or unset it to use NAV's public token"
        return failure("token", "your own token has expired", advice, ExitCode.TOKEN)
    if exposed is not None:
        return warning("token", f"others can read {exposed}", _made_private(exposed))
    if left is not None and left < TOKEN_WARNS:
        says = f"your own token expires in {left / timedelta(days=1):.1f} days"
        return warning("token", says, "Get a new one before")
    return fine("token", "a token of your own" if private else "NAV's public token")


def _made_private(*files: Path) -> str:
    return f"chmod 600 {join(map(str, files))}"


def check_disk(free: int, size: int) -> Finding:
    """A store needs room to grow, and as much again to be vacuumed or backed up (bytes)."""
    says = f"{free / 1e6:,.0f} MB free for a store of {size / 1e6:,.0f} MB"
    if free < SMALL:
        return failure("disk", says, "Make room before it is full", ExitCode.STORE)
    if free < 2 * size + SMALL:
        return warning("disk", says, "Make room: a backup or a vacuum takes as much again")
    return fine("disk", says)


def check_permissions(folder: Path, readable: list[Path], *, writable: bool) -> Finding:
    """`readable`: files of the store that others than their owner can read."""
    if not writable:
        advice = "Check its owner and permissions, and as whom navfeed runs"
        return failure("permissions", f"{folder} cannot be written", advice, ExitCode.STORE)
    if readable:
        names = " ".join(map(str, readable))
        return warning("permissions", f"others can read {names}", _made_private(*readable))
    return fine("permissions", "the store is its owner's alone")


# What the store says


def check_schema(version: int, known: int) -> Finding:
    if version < known:
        says = f"schema {version}, this navfeed writes {known}"
        return warning("schema", says, "Nothing: the next sync brings it up to date")
    return fine("schema", f"schema {version}")


def check_upgrade(copy: Path | None) -> Finding | None:
    """`copy`: the store as it was before an upgrade, where that is still kept."""
    if copy is None:
        return None
    says = f"{copy} still holds the ads as they were before the upgrade"
    return warning("upgrade", says, "Nothing: the next sync that ends well removes it")


def check_integrity(problems: list[str]) -> Finding:
    if problems:
        says = f"{counted(len(problems), 'problem')}, the first: {problems[0]}"
        advice = "Put a backup back (`navfeed restore`), or move the store away and sync anew"
        return failure("integrity", says, advice, ExitCode.STORE)
    return fine("integrity", "every page, index and link is in order")


_UNENDED = {
    RunState.KILLED: ("the last run was killed", "Run `navfeed sync`: it goes on from there"),
    RunState.UNKNOWN: ("the last run did not end, or is under way", "See if navfeed is running"),
}


def check_runs(
    run: RunFacts | None,
    trouble: str | None,
    state: RunState = RunState.ENDED,
    unconfirmed: int = 0,
) -> Finding:
    """`state`: that of `run`. `unconfirmed`: ads not yet confirmed since the log began anew."""
    if trouble is not None:
        return _broken_log(trouble, unconfirmed)
    if run is None:
        return warning("runs", "no run yet", "Run `navfeed sync`")
    if state is RunState.RUNNING:
        return fine("runs", "a run is under way")
    if run.exit_code is None:
        return warning("runs", *_UNENDED[state])
    if run.exit_code not in EXPECTED:
        says = f"the last run ended with {run.exit_code}: {run.outcome}"
        return warning("runs", says, "`navfeed runs` shows since when")
    return fine("runs", f"the last run ended with {run.exit_code}")


def _broken_log(trouble: str, unconfirmed: int) -> Finding:
    if unconfirmed:
        says = f"the log broke: {trouble}. Stored ads not confirmed yet: {unconfirmed:,}"
        return warning("runs", says, "Run `navfeed sync` until it ends with 0")
    return warning("runs", f"the log broke: {trouble}", "Run `navfeed verify --repair`")


def check_feed(follows: str | None, asked: str) -> Finding:
    """Addresses as `navfeed.config.feed_address` writes them."""
    if follows not in (None, asked):
        says = f"the store follows {follows}, and the settings name {asked}"
        advice = "Name that feed (base_url), or another store; `navfeed sync --help`, --feed-moved"
        return failure("feed", says, advice, ExitCode.USAGE)
    return fine("feed", f"the store follows {follows or 'no feed yet'}")


def check_lag(caught_up_at: datetime | None, now: datetime, limit: timedelta | None) -> Finding:
    says = freshness(caught_up_at, now)
    if caught_up_at is None:
        return failure("lag", says, "Run `navfeed sync` until it ends with 0", ExitCode.STALE)
    behind = age_of(caught_up_at, now)
    if behind is None:
        return failure("lag", says, "Set the clock, run `navfeed sync`", ExitCode.STALE)
    if limit is not None and behind > limit:
        advice = "Find out why no sync ran to its end: `navfeed runs`"
        return failure("lag", f"{says}, more than warn_age", advice, ExitCode.STALE)
    return fine("lag", says)


def check_reach(facts: StoreFacts) -> Finding:
    if facts.reaches_back and lacks_older_ads(facts.reaches_back, facts.newest):
        says = f"begun with the entries since {oslo_day(facts.reaches_back)}; {LACKS_OLDER_ADS}"
        advice = (
            "Nothing, if that is meant. Else name a new store with --db and sync without --since"
        )
        return warning("reach", says, advice)
    return fine("reach", "the log was read as far back as an ad can be active")


MANY = 1_000


def check_backlog(facts: StoreFacts) -> Finding:
    says = f"{counted(facts.waiting, 'ad')} to fetch, {facts.given_up:,} given up"
    if facts.problems:
        says += f". {counted(facts.problems[0].ads, 'failure')}: {facts.problems[0].says}"
    if facts.given_up:
        advice = "Try them once more: `navfeed sync --retry-now`. Tell NAV if they stay"
        return warning("backlog", says, advice)
    if facts.problems:
        return warning("backlog", says, "Nothing yet: each sync tries again. `navfeed status`")
    if facts.waiting > MANY:
        return warning("backlog", says, "Let `navfeed sync` run longer, without --max-time")
    return fine("backlog", says)


def check_erasure(*, owed: bool) -> Finding:
    if owed:
        says = "removed text is still on disk: a program holds an old state of the store open"
        return warning("erasure", says, "Close that program, then run `navfeed sync`")
    return fine("erasure", "nothing removed is left on disk")


# What the watches say

WATCH_LAG = timedelta(days=1)


def check_watch(
    watch: str, problem: str | None, data_as_of: datetime | None, caught_up_at: datetime | None
) -> Finding | None:
    """`problem`: why it cannot run. `data_as_of`: when the data was complete that it ran with."""
    if problem is not None:
        return warning("watches", f"{watch} cannot run: {problem}", "Correct it as described")
    advice = "Run `navfeed watch run` after each sync, or sync with --then-watch"
    if data_as_of is None:
        return warning("watches", f"{watch} has not run yet", advice)
    if caught_up_at is not None and caught_up_at - data_as_of > WATCH_LAG:
        says = f"{watch} last ran with the data of {oslo_time(data_as_of)}"
        return warning("watches", says, advice)
    return None


def check_target(
    target: str, failures: int, since: datetime | None, pending: int | None
) -> Finding | None:
    """`failures`: consecutive ones, `since` the first of them. Nothing has been pending longer."""
    if not failures or since is None:
        return None
    waiting = "" if pending is None else f", {counted(pending, 'notification')} pending since then"
    attempts = f"{counted(failures, 'attempt')}{waiting}"
    says = f"{target} has been failing since {oslo_time(since)} ({attempts})"
    return warning("watches", says, "Retry now and see the reason: `navfeed watch run --now`")


def check_watch_permissions(readable: list[Path]) -> Finding:
    """`readable`: files with notes or secret URLs that others than their owner can read."""
    names = " ".join(map(str, readable))
    return warning("watches", f"others can read {names}", _made_private(*readable))


# What the feed says


def check_reachability(newest: datetime | None) -> Finding:
    if newest is None:
        says = "the feed answers, but shows no entries"
        return failure("reachability", says, "Is its address right?", ExitCode.FEED)
    return fine("reachability", f"the feed answers; newest entry {oslo_time(newest)}")


def check_pause(until: datetime) -> Finding:
    says = f"the feed asked not to be called before {oslo_time(until)}, so it was not"
    return warning("reachability", says, "Nothing: the first sync after that goes on")


CLOCK_WARNS = timedelta(minutes=2)
CLOCK_FAILS = timedelta(hours=1)
FEEDS_CLOCK = (
    "Nothing: the feed is on this machine, and a practice feed's stands still without --live. If "
    "it is a tunnel to NAV's, compare the clock yourself"
)


def check_clock(served_at: datetime | None, here: datetime, *, is_here: bool = False) -> Finding:
    """A wrong clock spoils the age of the data, and on which day an ad is last shown.

    `is_here`: the feed is on this machine, and has no other clock than ours to be right by.
    """
    if served_at is None:
        says = "the feed tells no time; ads run out by the day of its newest entry"
        return warning("clock", says, "Compare the clock yourself")
    off = abs(here - served_at)
    says = f"{off.total_seconds():,.0f} s from the feed's"
    if off > CLOCK_WARNS:
        says += f": it is {here:%Y-%m-%d %H:%M} here, {served_at:%Y-%m-%d %H:%M} at the feed (UTC)"
        if is_here:
            return warning("clock", f"the feed's clock is wrong, {says}", FEEDS_CLOCK)
    if off > CLOCK_FAILS:
        return failure("clock", says, "Set the clock (NTP)", ExitCode.USAGE)
    if off > CLOCK_WARNS:
        return warning("clock", says, "Set the clock (NTP)")
    return fine("clock", says)
