"""How far back a copy reaches: by the feed's clock, stored, reported where ads are missing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from navfeed.model import HISTORY, WHOLE_LOG, lacks_older_ads
from navfeed.practice import World
from navfeed.store.query import Reader
from navfeed.sync.walk import Start
from support.bench import Bench
from support.clock import NOW
from support.scripted import BEGAN, active
from support.shell import CommandResult, run_here
from support.socket_harness import SocketLab, environment_of

DAY = timedelta(days=1)


def half_a_year() -> World:
    """An ad every three days for half a year; all are active still."""
    world = World(1, now=NOW - HISTORY + 5 * DAY)
    while world.now < NOW:
        world.publish(expires=NOW + 5 * DAY)
        world.advance(3 * DAY)
    world.publish(expires=NOW + 5 * DAY)
    return world


def run(socket_lab: SocketLab, *words: str) -> CommandResult:
    return run_here([*words], environment_of(socket_lab), socket_lab.path.parent)


def reach(path: Path) -> datetime | None:
    with Reader(path, today=NOW.date()) as reader:
        return reader.status(NOW).reaches_back


@pytest.mark.parametrize("ahead", [timedelta(0), 20 * DAY, 200 * DAY, -200 * DAY], ids=str)
def test_T1_a_first_sync_counts_back_from_the_feeds_clock(tmp_path: Path, ahead: timedelta) -> None:
    with SocketLab(tmp_path / "copy.db", half_a_year()) as socket_lab:
        socket_lab.clock = lambda: socket_lab.world.now + ahead
        socket_lab.sync(start=Start(back=HISTORY))
        assert socket_lab.stored().keys() == set(socket_lab.world.active())
        assert reach(socket_lab.path) == socket_lab.world.now.replace(microsecond=0) - HISTORY


def test_T1_without_a_date_header_it_counts_from_the_newest_entry(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path / "store.db", *[(name, "ACTIVE", hour) for hour, name in enumerate("abc")]
    )
    bench.feed.active = active("abc")
    bench.feed.tells_date = False
    bench.sync(start=Start(back=HISTORY))
    assert reach(bench.path) == BEGAN + timedelta(minutes=2) - HISTORY


def test_the_log_read_from_its_first_page_reaches_back_for_ever(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "store.db", ("a", "ACTIVE", 0))
    bench.feed.active = active("a")
    bench.sync()
    assert reach(bench.path) == WHOLE_LOG


@pytest.mark.parametrize(
    ("reaches_back", "lacks"),
    [
        (None, False),
        (NOW - HISTORY, False),
        (NOW - HISTORY + DAY, False),  # the newest entry is older than the moment of the sync
        (NOW - HISTORY + 3 * DAY, True),
        (NOW - 3 * DAY, True),
    ],
)
def test_a_copy_lacks_ads_until_it_is_as_old_as_an_ad_can_be(
    reaches_back: datetime | None, lacks: bool
) -> None:
    assert lacks_older_ads(reaches_back, NOW) is lacks
    assert not lacks_older_ads(reaches_back, None)


@pytest.mark.parametrize("option", [["--since", "3"], ["--from-tip"]], ids=lambda o: o[0])
def test_a_copy_begun_late_on_purpose_reports_it(tmp_path: Path, option: list[str]) -> None:
    with SocketLab(tmp_path / "copy.db", half_a_year()) as socket_lab:
        assert run(socket_lab, "sync", *option).code == 0
        assert "older ads may be missing" in run(socket_lab, "status").out
        facts = json.loads(run(socket_lab, "status", "--format", "json").out)
        assert facts["complete"] is False
        findings = json.loads(run(socket_lab, "doctor", "--format", "json").out)
        (finding,) = [finding for finding in findings if finding["check"] == "history"]
        assert finding["level"] == "warning"


def test_a_complete_copy_does_not_mention_it(tmp_path: Path) -> None:
    with SocketLab(tmp_path / "copy.db", half_a_year()) as socket_lab:
        assert run(socket_lab, "sync").code == 0
        assert "missing" not in run(socket_lab, "status").out
        assert json.loads(run(socket_lab, "status", "--format", "json").out)["complete"] is True
