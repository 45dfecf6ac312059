"""Figures for Prometheus: a parser reads them, names follow its rules, alerts use them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from cli.support import fill
from navfeed.config import Settings
from navfeed.model import Contacts, Inactive, RunFacts, StoreFacts
from navfeed.ops.metrics import exposition, write_metrics
from navfeed.practice import Practice, PracticeServer, World
from navfeed.signals import stopped_by_signals
from navfeed.sync.workers import Stop
from support.clock import NOW, machine_now
from support.shell import Shell

ROOT = Path(__file__).parents[1]
RULES = ROOT / "deploy/prometheus/navfeed.rules.yml"
RUN = RunFacts(17, NOW, NOW, 4, "caught up", {"new": 3, "given_up": 1})
FACTS = StoreFacts(
    path="navfeed.db",
    size=4_096,
    schema_version=1,
    inactive=Inactive.DELETE,
    contacts=Contacts.KEEP,
    active=9,
    stored=10,
    masked=0,
    waiting=5,
    held_back=2,
    given_up=1,
    problems=(),
    newest=NOW,
    caught_up_at=NOW,
    details_complete_at=NOW - timedelta(hours=2),
    trouble="the log was reset",
    last_run=RUN,
    retry_at=NOW,
    token_expires=NOW,
    erasure_owed=True,
    unconfirmed=8,
)
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
NEW = replace(
    FACTS,
    newest=None,
    caught_up_at=None,
    details_complete_at=None,
    trouble=None,
    last_run=None,
    retry_at=None,
    token_expires=None,
    erasure_owed=False,
)


def read(facts: StoreFacts) -> dict[str, float]:
    """Each sample, as a Prometheus would read it."""
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(exposition(facts))
        for sample in family.samples
    }


def test_what_is_known_is_reported() -> None:
    reported = read(FACTS)
    moment = NOW.timestamp()
    assert reported["navfeed_active_ads"] == 9
    assert [reported[f"navfeed_details_queued{{{state}}}"] for state in ("due", "held_back")] == [
        3,
        2,
    ]
    assert reported["navfeed_details_queued{given_up}"] == 1
    assert reported["navfeed_caught_up_timestamp_seconds"] == moment
    assert reported["navfeed_details_complete_timestamp_seconds"] == moment - 7_200
    assert reported["navfeed_feed_log_broken"] == reported["navfeed_erasure_owed"] == 1
    assert (reported["navfeed_runs_total"], reported["navfeed_last_run_exit_code"]) == (17, 4)
    assert reported["navfeed_last_run_items{new}"] == 3
    assert reported["navfeed_ads_unconfirmed"] == 8


def test_what_is_not_known_is_left_out() -> None:
    reported = read(NEW)
    assert reported["navfeed_feed_log_broken"] == reported["navfeed_erasure_owed"] == 0
    assert not [name for name in reported if name.endswith("timestamp_seconds") or "run" in name]
    under_way = replace(RUN, ended_at=None, exit_code=None, counts={})
    reported = read(replace(FACTS, last_run=under_way))
    assert "navfeed_last_run_exit_code" not in reported
    assert reported["navfeed_runs_total"] == 17


def test_names_keep_the_conventions() -> None:
    """As of https://prometheus.io/docs/practices/naming/."""
    families = list(text_string_to_metric_families(exposition(FACTS)))
    for family in families:
        assert re.fullmatch(r"navfeed_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation.endswith(".")
        assert family.type in ("gauge", "counter")
        samples = {sample.name for sample in family.samples}
        assert (family.type == "counter") == all(name.endswith("_total") for name in samples)
        is_moment = "timestamp" in family.name
        assert is_moment == family.name.endswith("_timestamp_seconds")
    assert len({family.name for family in families}) == len(families) > 12


@needs_promtool
@pytest.mark.parametrize("facts", [FACTS, NEW])
def test_prometheus_finds_nothing_to_mend(facts: StoreFacts) -> None:
    assert promtool("check", "metrics", given=exposition(facts)) == (0, "")


@needs_promtool
def test_each_alarm_sounds_when_it_should_and_not_before(tmp_path: Path) -> None:
    for file in (RULES, ROOT / "tests/docs/alarms.yml"):
        shutil.copy(file, tmp_path)
    code, message = promtool("test", "rules", str(tmp_path / "alarms.yml"))
    assert code == 0, message
    tested = (tmp_path / "alarms.yml").read_text(encoding="utf-8")
    assert [rule for rule in alerts() if f'alertname="{rule["alert"]}"' not in tested] == []


def promtool(*words: str, given: str | None = None) -> tuple[int, str]:
    done = subprocess.run(
        ["promtool", *words], input=given, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def alerts() -> list[dict[str, Any]]:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    [group] = rules["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_uses_metrics_that_exist_and_names_the_next_step(rule: dict[str, Any]) -> None:
    known = {sample.partition("{")[0] for sample in read(FACTS)}
    figures = set(re.findall(r"navfeed_\w+", rule["expr"]))
    assert figures or rule["alert"] == "NavfeedDisk"  # of node_exporter's figures
    assert figures <= known
    states = re.findall(r'(?:state|kind)=~?"([^"]+)"', rule["expr"])
    assert {one for state in states for one in state.split("|")} <= {"due", "held_back", "given_up"}
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert re.fullmatch(r"\d+[mhd]", rule["for"])
    assert set(rule["annotations"]) == {"summary", "description"}
    assert all(re.match(r"\S.{15,}", text) for text in rule["annotations"].values())


def test_every_metric_is_documented() -> None:
    page = (ROOT / "docs/reference/service.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(navfeed_\w+)", page, re.MULTILINE))
    assert documented == {sample.partition("{")[0] for sample in read(FACTS)}


def test_a_sync_leaves_the_file_readable_for_others_and_whole(tmp_path: Path) -> None:
    world = World.history(3, now=machine_now(), entries=40, active=9, days=20)
    with PracticeServer(Practice(world)) as server:
        shell = Shell(tmp_path, server)
        file = tmp_path / "navfeed.prom"
        assert shell.run("sync", "-q", "--metrics-file", str(file)) == (0, "", "")
        families = list(text_string_to_metric_families(file.read_text()))
        code, _, err = shell.run("sync", "-q", "--metrics-file", str(tmp_path / "none" / "x"))
    assert families
    assert file.stat().st_mode & 0o777 == 0o644
    assert (code, "cannot write metrics" in err) == (0, True)
    assert sorted(one.name for one in tmp_path.iterdir() if "part" in one.name) == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")
def test_a_service_that_gets_a_reload_meanwhile_reloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(_: StoreFacts) -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        return "figures"

    monkeypatch.setattr("navfeed.ops.metrics.exposition", meanwhile)
    file = tmp_path / "navfeed.prom"
    reloads: list[bool] = []
    with stopped_by_signals(Stop().request, lambda: reloads.append(True)):
        write_metrics(Settings(fill(tmp_path / "navfeed.db"), metrics_file=file), print)
    assert (file.read_text(), reloads) == ("figures", [True])
