"""Following: when the next run begins, what ends the service, and what is waited out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest

from navfeed.errors import (
    ConfigError,
    ContractError,
    LockedError,
    NavfeedError,
    StoppedError,
    StoreError,
    TokenError,
    UnreachableError,
)
from navfeed.sync.follow import Rest, follow, rest_after
from navfeed.sync.workers import Stop
from support.clock import NOW

WEATHER = UnreachableError("503")


class FakeSleeper:
    """Notes for how long one rests; `nudged` at the given rests."""

    def __init__(self, *nudged: int) -> None:
        self.rests: list[float] = []
        self._nudged = nudged

    def sleep(self, seconds: float) -> bool:
        self.rests.append(seconds)
        return len(self.rests) - 1 in self._nudged


def following(
    *errors: NavfeedError | None,
    sleeper: FakeSleeper | None = None,
    tick: float = 1_000,
    pulse: list[str],
) -> Iterator[Rest]:
    left = iter(errors)
    return follow(
        lambda: next(left),
        every=lambda: 120,
        clock=lambda: NOW,
        chance=lambda: 0.5,
        sleeper=sleeper or FakeSleeper(),
        tick=tick,
        alive=lambda: pulse.append("alive"),
    )


def rests(*errors: NavfeedError | None) -> list[float]:
    found = islice(following(*errors, pulse=[]), len(errors))
    return [rest.seconds for rest in found]


def test_runs_that_are_well_are_two_minutes_apart() -> None:
    assert rests(None, None, None) == [120, 120, 120]


def test_a_failing_feed_is_requested_ever_less_often_until_a_good_run() -> None:
    assert rests(*[WEATHER] * 5, None, WEATHER) == [240, 480, 900, 900, 900, 120, 240]


def test_another_sync_reports_nothing_of_the_weather() -> None:
    taken = LockedError("another sync")
    assert rests(taken, taken, None) == [120, 120, 120]
    assert rests(WEATHER, taken, WEATHER) == [240, 240, 480]


def test_who_requests_every_hour_does_not_request_more_often_in_bad_weather() -> None:
    assert rest_after(WEATHER, 9, every=3_600, now=NOW, chance=0.5) == 3_600


def test_jitter_goes_both_ways_by_a_tenth() -> None:
    found = [rest_after(None, 0, every=120, now=NOW, chance=chance) for chance in (0, 0.5, 1)]
    assert found == [108, 120, 132]


def test_a_pause_the_server_requested_is_never_shortened() -> None:
    error = UnreachableError("429", retry_at=NOW + timedelta(hours=1))
    found = [rest_after(error, 1, every=120, now=NOW, chance=chance) for chance in (0, 1)]
    assert found == pytest.approx([3_600, 3_960])
    soon = UnreachableError("429", retry_at=NOW + timedelta(seconds=1))
    assert rest_after(soon, 1, every=120, now=NOW, chance=0) == 240


@pytest.mark.parametrize(
    "error",
    [
        WEATHER,
        ContractError("a login page"),
        TokenError("expired, and not replaced yet", passes=True),
        StoreError("disk full", passes=True),
    ],
)
def test_what_passes_by_itself_is_waited_out(error: NavfeedError) -> None:
    assert rests(error) == [240]


@pytest.mark.parametrize(
    "error",
    [
        TokenError("your token is not accepted"),
        ConfigError("no such setting"),
        StoreError("no SQLite file"),
        StoppedError("SIGTERM"),
    ],
)
def test_what_does_not_pass_ends_the_service(error: NavfeedError) -> None:
    with pytest.raises(type(error)):
        rests(None, error)


def test_the_watchdog_is_fed_while_it_rests() -> None:
    pulse: list[str] = []
    sleeper = FakeSleeper()
    list(islice(following(None, None, sleeper=sleeper, tick=50, pulse=pulse), 2))
    assert (sleeper.rests, len(pulse)) == ([50, 50, 20], 3)


def test_a_nudge_ends_the_rest() -> None:
    sleeper = FakeSleeper(1)
    list(islice(following(None, None, sleeper=sleeper, tick=50, pulse=[]), 2))
    assert sleeper.rests == [50, 50]


# Resting for real


def test_a_rest_ends_with_its_time() -> None:
    assert not Stop().sleep(0)


def test_a_nudge_during_a_run_ends_the_rest_after_it_and_no_other() -> None:
    stop = Stop(max_seconds=20)
    stop.wake()
    assert stop.sleep(60)
    assert not stop.sleep(0)


def test_a_nudge_wakes_and_a_wish_to_stop_raises() -> None:
    class Nudged(Stop):
        def check(self) -> None:
            super().check()
            self.wake()

    assert Nudged().sleep(60)

    class Stopped(Stop):
        def check(self) -> None:
            super().check()
            self.request("SIGTERM")

    with pytest.raises(StoppedError, match="SIGTERM"):
        Stopped().sleep(60)


def test_max_time_ends_a_rest() -> None:
    with pytest.raises(StoppedError, match="--max-time"):
        Stop(max_seconds=0.01).sleep(60)
