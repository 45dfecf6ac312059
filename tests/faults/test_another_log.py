"""S7 and S10: the log that a store follows was restarted, or the address is another feed's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import navfeed
from navfeed.config import feed_address
from navfeed.errors import ConfigError, ExitCode
from navfeed.model import HISTORY
from navfeed.practice import World, faults
from navfeed.sync.walk import Start
from support.clock import NOW
from support.shell import CommandResult, run_here
from support.socket_harness import SocketLab, environment_of, small_world

DAY = timedelta(days=1)


def run_command(socket_lab: SocketLab, *words: str, **environment: str) -> CommandResult:
    return run_here([*words], environment_of(socket_lab, **environment), socket_lab.path.parent)


def facts(socket_lab: SocketLab) -> dict[str, object]:
    found: dict[str, object] = json.loads(run_command(socket_lab, "status", "--format", "json").out)
    return found


# S7


def another_world(now=NOW) -> World:
    """A feed of its own, with a month behind it."""
    world = World(2, now=now - 30 * DAY)
    for _ in range(10):
        world.publish(expires=now + 9 * DAY)
        world.advance(3 * DAY)
    world.stop(world.active()[0])
    world.publish(expires=now + 9 * DAY)
    return world


def replace_world(socket_lab: SocketLab, world: World) -> None:
    """Another log at the same address: none of its pages, entries and ads were seen before."""
    socket_lab.world = socket_lab.practice.world = world


@pytest.mark.parametrize("later", [timedelta(0), 2 * DAY, -60 * DAY], ids=str)
@pytest.mark.parametrize("start", [Start(), Start(back=HISTORY)], ids=["start", "back"])
def test_S7_another_log_at_the_same_address_makes_another_copy(socket_lab, later, start):
    socket_lab.settle()
    before = set(socket_lab.stored())
    replace_world(socket_lab, another_world(NOW + later))
    ended = socket_lab.sync(start=start)
    assert ended.exit_code is ExitCode.DONE, ended.outcome
    assert socket_lab.is_exact()
    assert not before & socket_lab.stored().keys()
    assert set(socket_lab.requests_of("detail")) > before
    assert socket_lab.rows("SELECT trouble, recheck_since FROM feed") == [(None, None)]
    socket_lab.world.publish()
    socket_lab.recovers()


def test_S7_it_does_not_end_with_0_while_an_ad_is_not_confirmed(socket_lab):
    run_command(socket_lab, "sync", "--from-start")
    ad = next(iter(socket_lab.stored()))
    replace_world(socket_lab, another_world())
    socket_lab.spoil(faults.on("detail", ad), faults.status(500))
    metrics = socket_lab.path.with_name("navfeed.prom")
    result = run_command(socket_lab, "sync", "--format", "json", "--metrics-file", str(metrics))
    summary = json.loads(result.out)
    assert result.code == summary["exit_code"] == ExitCode.WAITING
    assert summary["unconfirmed"] == 1
    assert "the log was restarted, 1 stored ad not confirmed yet" in summary["outcome"]
    assert ad in socket_lab.stored()
    assert "navfeed_ads_unconfirmed 1\n" in metrics.read_text()
    assert facts(socket_lab)["ads_unconfirmed"] == 1
    page = run_command(socket_lab, "status").out
    assert "its log was restarted" in page
    assert "Ads not yet confirmed: 1" in page
    assert "the log was restarted" in run_command(socket_lab, "runs", "--format", "json").out
    findings = json.loads(run_command(socket_lab, "doctor", "--offline", "--format", "json").out)
    (finding,) = [finding for finding in findings if finding["check"] == "runs"]
    assert (finding["level"], "not yet confirmed: 1" in finding["message"]) == ("warning", True)

    socket_lab.practice.clear_script()
    result = run_command(socket_lab, "sync", "--format", "json", "--metrics-file", str(metrics))
    assert (result.code, json.loads(result.out)["unconfirmed"]) == (0, 0)
    assert socket_lab.is_exact()
    assert (facts(socket_lab)["ads_unconfirmed"], facts(socket_lab)["trouble"]) == (0, None)
    assert "navfeed_ads_unconfirmed 0\nnavfeed" in metrics.read_text().replace("# HELP ", "")
    assert "Trouble" not in run_command(socket_lab, "status").out


def test_S7_a_run_that_is_stopped_leaves_the_rest_to_the_next(socket_lab):
    socket_lab.sync()
    stored = len(socket_lab.stored())
    replace_world(socket_lab, another_world())
    ended = socket_lab.sync(max_pages=1)
    assert (ended.exit_code, ended.counts.unconfirmed) == (ExitCode.STOPPED, stored)
    assert socket_lab.sync().exit_code is ExitCode.DONE
    assert socket_lab.is_exact()
    assert facts(socket_lab)["trouble"] is None


def test_S7_the_same_entries_under_new_ids_are_not_read_from_the_beginning(socket_lab):
    socket_lab.settle()
    socket_lab.world.advance(DAY)
    socket_lab.world.reset_log()
    socket_lab.world.drop_silently(socket_lab.world.active()[0])
    ended = socket_lab.sync(start=Start(back=HISTORY))
    assert ended.exit_code is ExitCode.DONE
    assert socket_lab.is_exact()
    assert len(socket_lab.requests_of("detail")) == len(socket_lab.stored()) + 1
    assert facts(socket_lab)["reaches_back_to"] == "2000-01-01T00:00:00Z"
    seeks = [one for one in socket_lab.practice.requests if one.kind == "seek"]
    assert [one for one in seeks if "if-modified-since" in one.headers] == seeks != []


def test_S7_nothing_of_this_where_an_older_page_is_known(socket_lab):
    socket_lab.settle()
    socket_lab.world.advance(DAY)
    socket_lab.world.publish()
    socket_lab.spoil("page", faults.status(404), times=1)
    socket_lab.sync()
    assert facts(socket_lab)["ads_unconfirmed"] == 0
    assert "its log was restarted" not in run_command(socket_lab, "status").out
    (kept,) = socket_lab.rows("SELECT trouble, recheck_since FROM feed")
    assert (kept[0] is None, kept[1]) == (False, None)


def test_S7_ads_outside_the_scope_are_requested_too(socket_lab):
    socket_lab.sync(scope=navfeed.Scope(municipalities=("UTSIRA",)))
    outside = {ad for (ad,) in socket_lab.rows("SELECT ad FROM outside")}
    assert outside
    replace_world(socket_lab, another_world())
    assert socket_lab.sync(scope=None).exit_code is ExitCode.DONE
    left = {ad for (ad,) in socket_lab.rows("SELECT ad FROM outside")}
    assert left == set(socket_lab.world.active())


def test_S7_verify_with_repair_ends_it(socket_lab):
    run_command(socket_lab, "sync", "--from-start")
    ad = next(iter(socket_lab.stored()))
    replace_world(socket_lab, another_world())
    socket_lab.spoil(faults.on("detail", ad), faults.status(500), times=4)
    assert run_command(socket_lab, "sync").code == ExitCode.WAITING
    socket_lab.practice.clear_script()
    assert run_command(socket_lab, "verify", "--repair").code == 0
    assert (facts(socket_lab)["ads_unconfirmed"], facts(socket_lab)["trouble"]) == (0, None)


# S10


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SocketLab]:
    """Another feed; its store is that of `socket_lab`."""
    with SocketLab(tmp_path / "navfeed.db", another_world()) as other:
        yield other


def test_S10_another_feed_is_refused_before_a_request(socket_lab, other):
    assert run_command(socket_lab, "sync").code == 0
    before = socket_lab.committed()
    for words in (["sync"], ["verify"], ["sync", "--follow"]):
        result = run_command(other, *words)
        assert result.code == ExitCode.USAGE
        message = result.err.splitlines()[-1]
        assert f"follows the feed at {socket_lab.url}, not {other.url}" in message
        assert "--db" in message
        assert "--feed-moved" in message
    assert other.practice.requests == []
    assert socket_lab.committed() == before
    assert run_command(socket_lab, "sync").code == 0


def test_S10_the_library_refuses_it_too(socket_lab, other):
    settings = navfeed.load_settings(db=socket_lab.path, base_url=socket_lab.url)
    assert navfeed.sync_store(settings).exit_code is ExitCode.DONE
    with pytest.raises(ConfigError, match="follows the feed at"):
        navfeed.sync_store(navfeed.load_settings(db=socket_lab.path, base_url=other.url))
    assert other.practice.requests == []


def test_S10_a_feed_that_moved_is_adopted_once_it_answers(tmp_path):
    world = small_world()
    with SocketLab(tmp_path / "navfeed.db", world) as old, SocketLab(old.path, world) as new:
        assert run_command(old, "sync").code == 0
        nowhere = run_command(old, "sync", "--feed-moved", NAVFEED_BASE_URL="http://127.0.0.1:1")
        assert nowhere.code == ExitCode.FEED
        assert run_command(old, "sync").code == 0
        world.publish()
        assert run_command(new, "sync", "--feed-moved").code == 0
        assert facts(new)["feed_url"] == new.url
        assert new.requests_of("seek") == []  # it goes on where it stood
        assert run_command(old, "sync").code == ExitCode.USAGE
        assert run_command(new, "sync").code == 0
        assert new.is_exact()


def test_S10_an_address_that_never_answered_is_not_followed(socket_lab):
    nowhere = run_command(socket_lab, "sync", NAVFEED_BASE_URL="http://127.0.0.1:1")
    assert nowhere.code == ExitCode.FEED
    assert facts(socket_lab)["feed_url"] is None
    assert run_command(socket_lab, "sync").code == 0
    assert facts(socket_lab)["feed_url"] == socket_lab.url


def test_S10_a_store_that_knows_no_feed_takes_the_first(socket_lab, other):
    socket_lab.settle()  # by the engine alone, which is told of no address
    assert facts(socket_lab)["feed_url"] is None
    assert run_command(socket_lab, "sync").code == 0
    assert facts(socket_lab)["feed_url"] == socket_lab.url
    assert run_command(other, "sync").code == ExitCode.USAGE


def test_S10_the_doctor_sees_that_the_settings_name_another_feed(socket_lab, other):
    assert run_command(socket_lab, "sync").code == 0
    for where, level in ((socket_lab, "ok"), (other, "failure")):
        findings = json.loads(run_command(where, "doctor", "--offline", "--format", "json").out)
        (finding,) = [finding for finding in findings if finding["check"] == "feed"]
        assert (finding["level"], socket_lab.url in finding["message"]) == (level, True)


@pytest.mark.parametrize(
    "url",
    [
        "https://feed.example.org/nav",
        "HTTPS://Feed.Example.org:443/nav/",
        "https://feed.example.org./nav//",
    ],
)
def test_S10_an_address_is_the_same_however_it_is_written(url):
    assert feed_address(url) == "https://feed.example.org/nav"


def test_S10_addresses_that_differ_are_distinguished():
    urls = (
        *("http://[::1]:8080", "http://[::1]", "http://127.0.0.1:8080", "http://127.0.0.1"),
        *("https://127.0.0.1", "https://127.0.0.1/nav", "https://127.0.0.1/NAV"),
    )
    assert [feed_address(url) for url in urls] == list(urls)
