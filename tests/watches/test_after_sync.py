"""`sync --then-watch`: one line for cron, and the service; whatever happened to the sync."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import time_machine

from navfeed.api import store_lock
from navfeed.practice import Practice, PracticeServer, World, faults
from support.clock import NOW, child_environment
from support.hookserver import HookServer
from support.mailserver import MailServer
from support.shell import Shell
from support.tls import AUTHORITY

NURSE = {
    "title": "Sykepleier natt",
    "workLocations": [{"country": "NORGE", "county": "VESTLAND", "municipal": "BERGEN"}],
}


@pytest.fixture
def world() -> World:
    return World.history(3, now=NOW, entries=60, active=20, days=20)


@pytest.fixture
def server(world: World) -> Iterator[PracticeServer]:
    with PracticeServer(Practice(world, page_size=50)) as server:
        yield server


@pytest.fixture
def shell(tmp_path: Path, server: PracticeServer) -> Shell:
    shell = Shell(tmp_path, server)
    shell.environ |= {
        "NAVFEED_WATCHES_FILE": str(tmp_path / "watches.toml"),
        "SSL_CERT_FILE": str(AUTHORITY),
    }
    return shell


DOCS = Path(__file__).parents[2] / "docs"
CRON = ("sync", "--quiet", "--then-watch")
WATCH = ("watch", "add", "nurses", "--text", "sykepleier natt", "--municipal", "BERGEN")


def started(shell: Shell, *to: str) -> None:
    shell.run("sync", "--quiet")
    code, _, output = shell.run(*WATCH, *(word for one in to for word in ("--to", one)))
    assert code == 0, output


def publish(world: World) -> str:
    return world.publish(content=NURSE)


def test_without_news_the_line_is_silent(shell: Shell):
    started(shell)
    assert shell.run(*CRON) == (0, "", "")


def test_news_is_delivered_once(shell: Shell, world: World):
    started(shell)
    publish(world)
    code, out, err = shell.run(*CRON)
    assert (code, err) == (0, "")
    assert out.startswith("1 new: nurses")
    assert shell.run(*CRON) == (0, "", "")


def test_a_poison_ad_silences_nobody(shell: Shell, world: World, server: PracticeServer):
    """`sync && watch` was silent for as long as one ad could not be had."""
    started(shell)
    poison = world.publish(content=NURSE)
    server.practice.script(faults.on("detail", poison), faults.captive_portal, times=None)
    publish(world)
    code, out, _ = shell.run(*CRON)
    assert code == 4
    assert out.startswith("1 new: nurses")
    server.practice.clear_script()
    code, out, _ = shell.run(*CRON, "--retry-now")
    assert (code, out.splitlines()[0]) == (0, "1 new: nurses")


def test_a_feed_that_is_down_keeps_nothing_back_that_is_known(shell: Shell, world: World, server):
    started(shell)
    publish(world)
    shell.run("sync", "--quiet")
    server.practice.script(faults.on("page"), faults.captive_portal, times=None)
    code, out, err = shell.run(*CRON)
    assert code == 5
    assert out.startswith("1 new: nurses"), err


def test_a_refused_token_keeps_nothing_back_that_is_known(shell: Shell, world: World, server):
    started(shell)
    publish(world)
    shell.run("sync", "--quiet")
    server.practice.script(faults.on("page"), faults.status(401), times=None)
    code, out, err = shell.run(*CRON, NAVFEED_TOKEN="a.b.c")
    assert code == 6
    assert out.startswith("1 new: nurses"), err


def test_a_refused_scope_keeps_nothing_back_that_is_known(shell: Shell, world: World):
    started(shell)
    publish(world)
    shell.run("sync", "--quiet")
    Path(shell.environ["XDG_CONFIG_HOME"], "navfeed").mkdir()
    config = Path(shell.environ["XDG_CONFIG_HOME"], "navfeed", "navfeed.toml")
    config.write_text('[scope]\nmunicipal = ["NOWHERE"]\n')
    code, out, err = shell.run(*CRON)
    assert code == 2
    assert out.startswith("1 new: nurses"), err


def test_settings_for_another_feed_keep_nothing_back_that_is_known(shell: Shell, world: World):
    started(shell)
    publish(world)
    shell.run("sync", "--quiet")
    code, out, err = shell.run(*CRON, NAVFEED_BASE_URL="http://127.0.0.1:1/another")
    assert code == 2
    assert out.startswith("1 new: nurses"), err


def test_another_sync_keeps_nothing_back(shell: Shell, world: World):
    started(shell)
    publish(world)
    shell.run("sync", "--quiet")
    with store_lock(shell.db):
        code, out, err = shell.run(*CRON)
    assert (code, "another navfeed command is writing to" in err) == (75, True)
    assert out.startswith("1 new: nurses")


def test_a_first_sync_that_is_cut_short_delivers_nothing_and_loses_nothing(shell: Shell, world):
    code, _, output = shell.run(*WATCH)
    assert (code, "starts with the first complete copy" in output) == (0, True)
    code, out, err = shell.run(*CRON, "--max-pages", "1")
    assert (code, out, err) == (3, "", "")
    assert shell.run(*CRON)[:2] == (0, "")
    publish(world)
    assert shell.run(*CRON)[1].startswith("1 new: nurses")


def test_a_damaged_store_delivers_nothing(shell: Shell):
    started(shell)
    shell.db.write_bytes(b"not a store at all" * 100)
    code, out, err = shell.run(*CRON)
    assert (code, out) == (7, "")
    assert len(err.splitlines()) == 1


def test_a_mistake_in_the_watches_is_reported_and_the_sync_is_done(shell: Shell, world: World):
    started(shell)
    Path(shell.environ["NAVFEED_WATCHES_FILE"]).write_text("[watch.x]\n")
    publish(world)
    code, out, err = shell.run(*CRON)
    assert (code, out) == (2, "")
    assert "the watches did not run: " in err
    assert shell.is_exact()


def test_the_summary_and_the_news_are_lines_of_json(shell: Shell, world: World):
    started(shell)
    Path(shell.environ["NAVFEED_WATCHES_FILE"]).write_text(
        '[watch.nurses]\ntext = ["sykepleier natt"]\nmunicipal = ["BERGEN"]\nformat = "json"\n'
    )
    publish(world)
    code, out, _ = shell.run(*CRON, "--format", "json")
    summary, digest = map(json.loads, out.splitlines())
    assert (code, summary["exit_code"], digest["summary"]) == (0, 0, "1 new: nurses")


def test_twenty_days_of_cron_with_a_poison_ad_and_a_mail_server_that_is_down(
    shell: Shell, world: World, server: PracticeServer
):
    """Each new ad is mailed once, except those that were gone before the mail server came back.

    It refuses for now on one day in five, and cannot be reached at all on another. On those days
    the line runs once more: the failure is not reported again.
    """
    guide = (DOCS / "how-to/get-notified-of-new-ads.md").read_text(encoding="utf-8")
    (documented,) = re.findall(r"^5,35 \* \* \* \* navfeed (.+)", guide, re.MULTILINE)
    with MailServer() as mail:
        mail_of(shell, mail.port)
        started(shell, "mail:me@example.org")
        watches = Path(shell.environ["NAVFEED_WATCHES_FILE"])
        reachable = watches.read_text(encoding="utf-8")
        unreachable = reachable.replace(f"port = {mail.port}", "port = 1")
        poison = world.publish(content=NURSE)
        server.practice.script(faults.on("detail", poison), faults.captive_portal, times=None)
        reported: list[str] = []
        expected: set[str] = set()
        for day in range(20):
            world.advance(timedelta(days=1))
            expected.add(publish(world))
            refuses, is_down = day % 5 == 3, day % 5 == 1
            mail.answers = ["451 4.3.0 out of order"] * (4 if refuses else 0)
            watches.write_text(unreachable if is_down else reachable, encoding="utf-8")
            withdrawn = [publish(world)] if refuses or is_down else []
            for minutes in (0, 30):  # twice a day, so that failures and repeats can be told apart
                with time_machine.travel(world.now + timedelta(minutes=minutes), tick=False):
                    code, out, err = shell.run(*documented.split())
                assert (code, out) == (4, "")
                reported += re.findall("mail:me@example.org: .*", err)
            for ad in withdrawn:
                world.stop(ad)
    assert ["out of order" in one for one in reported] == [False, True] * 4
    assert sum("Connection refused" in one for one in reported) == 4
    bodies = [part.get_content() for one in mail.accepted for part in one.iter_parts()][::2]
    delivered = Counter(re.findall(r"NEW: .*?stilling/(\S+)", "".join(bodies), re.DOTALL))
    assert delivered == dict.fromkeys(expected, 1)


def test_a_run_that_max_time_stops_delivers_what_is_known(shell: Shell, world: World, monkeypatch):
    started(shell)
    publish(world)
    shell.run("sync", "--quiet")
    publish(world)
    with monkeypatch.context() as patched:  # each look at the clock is an hour later
        patched.setattr("navfeed.sync.workers.monotonic", count(0, 3_600).__next__)
        code, out, err = shell.run(*CRON, "--max-time", "20m")
    assert (code, err) == (3, "")
    assert out.startswith("1 new: nurses")
    assert shell.run(*CRON)[1].startswith("1 new: nurses")


def mail_of(shell: Shell, port: int) -> None:
    Path(shell.environ["NAVFEED_WATCHES_FILE"]).write_text(
        f'[mail]\nhost = "127.0.0.1"\nport = {port}\nfrom = "navfeed@example.org"\n'
    )


def test_quiet_hours_keep_news_until_the_morning(shell: Shell, world: World):
    with HookServer() as hook:
        started(shell, f"webhook:{hook.url}", "stdout")
        file = Path(shell.environ["NAVFEED_WATCHES_FILE"])
        file.write_text(file.read_text() + '\n[delivery]\nquiet_hours = "22:00-07:00"\n')
        publish(world)
        with time_machine.travel(datetime(2026, 11, 21, 22, 30, tzinfo=UTC), tick=False):
            code, out, err = shell.run(*CRON)  # half past eleven in Oslo
            assert (code, err) == (0, "")
            assert out.startswith("1 new")  # nobody is woken by this
            assert hook.posted == []
            assert shell.run("watch", "run", "--now")[0] == 0
            assert len(hook.posted) == 1


def test_the_service_delivers_at_most_once_an_hour(tmp_path: Path, shell: Shell, world: World):
    """In one process: rounds are made by hand, as the service makes them."""
    from navfeed.cli._watch_runs import WatchRunner
    from navfeed.config import load

    with HookServer() as hook:
        started(shell, f"webhook:{hook.url}")
        watches = shell.environ["NAVFEED_WATCHES_FILE"]
        settings = load({"db": shell.db, "watches_file": watches}, {})
        runner = WatchRunner(quiet=True)
        for minutes in range(0, 150, 10):
            publish(world)
            shell.run("sync", "--quiet")
            with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
                runner.run_after_sync(settings, debounce=True)
        counts = [len(one.body["watches"][0]["ads"]) for one in hook.posted]
    assert counts == [1, 6, 6]


def test_the_service_delivers_after_a_run(shell: Shell, world: World):
    with HookServer() as hook:
        started(shell, f"webhook:{hook.url}")
        publish(world)
        words = ("sync", "--follow", "--then-watch", "--every", "24h")
        with shell.start(*words, **child_environment()) as process:
            assert hook.heard.wait(60)
            process.send_signal(signal.SIGTERM)
            _, output = process.communicate(timeout=60)
    assert process.returncode == 3, output
    assert [one.body["summary"] for one in hook.posted] == ["1 new: nurses"]
