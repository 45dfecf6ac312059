"""What people copy works: units, plist, cron line, container and alarms say what navfeed knows."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_group

from navfeed.cli.commands import app
from navfeed.config import load
from navfeed.errors import ExitCode

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
OPERATE = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
RULES = (DEPLOY / "prometheus/navfeed.rules.yml").read_text(encoding="utf-8")
HERE = Path(sys.executable).with_name("navfeed")

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)


def setting(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def launchd() -> list[str]:
    agent = plistlib.loads((DEPLOY / "launchd/no.navfeed.sync.plist").read_bytes())
    assert agent["StartInterval"] == 30 * 60
    assert agent["Umask"] == 0o077
    return list(agent["ProgramArguments"])


def cron() -> list[list[str]]:
    """The sync twice an hour, and the backup each night."""
    sync, backup = (
        line.split(maxsplit=5) for line in re.findall(r"```crontab\n(.+)\n```", OPERATE)
    )
    assert re.fullmatch(r"\d+,\d+", sync[0])
    assert re.fullmatch(r"\d+ \d+", " ".join(backup[:2]))
    assert sync[1:5] == [*"****"]
    assert backup[2:5] == [*"***"]
    assert "%" not in backup[5].replace("\\%", "")  # it would end the command
    return [shlex.split(one[5].replace("$(date +\\%u)", "1")) for one in (sync, backup)]


def scheduler() -> list[str]:
    (line,) = re.findall(r"^schtasks .+$", OPERATE, re.MULTILINE)
    words = shlex.split(line, posix=False)
    assert words[1:7] == ["/Create", "/TN", "navfeed", "/SC", "MINUTE", "/MO"]
    return words[-1].strip('"').split()


def container(instruction: str) -> list[str]:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    (words,) = re.findall(rf"^{instruction}(?: --\S+)*(?: CMD)? \[(.+)\]$", text, re.MULTILINE)
    return [word.strip(' "') for word in words.split(",")]


def commands() -> dict[str, list[str]]:
    found = {unit.name: shlex.split(setting(unit, "ExecStart")[0]) for unit in SERVICES}
    return found | {
        "launchd": launchd(),
        **dict(zip(("cron", "cron's backup"), cron(), strict=True)),
        "Task Scheduler": scheduler(),
        "Containerfile": [*container("ENTRYPOINT"), *container("CMD")],
        "its health": container("HEALTHCHECK"),
    }


@pytest.mark.parametrize("where", commands())
def test_every_command_is_one_that_navfeed_takes(where: str) -> None:
    program, name, *words = commands()[where]
    assert re.fullmatch(
        r"(/(opt/navfeed|usr/local)/bin/|C:\\navfeed\\Scripts\\)?navfeed(\.exe)?", program
    )
    command = get_group(app).commands[name]
    taken = {option for parameter in command.params for option in parameter.opts}
    if "--follow" in words and "--follow" not in taken:
        pytest.skip("this navfeed does not follow yet")
    context = command.make_context("navfeed", [*words], resilient_parsing=True)
    assert context.args == []


def test_settings_in_units_and_container_are_settings() -> None:
    texts = [unit.read_text(encoding="utf-8") for unit in SERVICES]
    texts.append((ROOT / "Containerfile").read_text(encoding="utf-8"))
    names = {name for text in texts for name in re.findall(r"\bNAVFEED_[A-Z_]+", text)}
    assert names == {"NAVFEED_DB", "NAVFEED_TOKEN_FILE"}
    settings = load({}, environ={"NAVFEED_DB": "/data/navfeed.db"}, config=None)
    assert settings.db == Path("/data/navfeed.db")


def test_the_wrapper_is_navfeed_with_the_store_and_the_settings_of_the_units(
    tmp_path: Path,
) -> None:
    (tmp_path / "sudo").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "sudo").chmod(0o700)
    wrapper = DEPLOY / "bin/navfeed"
    done = subprocess.run(
        [wrapper, "status", "--max-age", "1 h"],
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    command, *settings, program, name, option, value = done.stdout.splitlines()
    units = {" ".join(setting(unit, "Environment")).replace("%S", "/var/lib") for unit in SERVICES}
    assert units == {" ".join(sorted(settings))}
    assert {setting(unit, "ExecStart")[0].split()[0] for unit in SERVICES} == {program}
    assert (command, name, option, value) == ("env", "status", "--max-age", "1 h")
    token = re.findall(r"LoadCredential=token:(\S+)", OPERATE)
    assert f"token={token[0]}\n" in wrapper.read_text(encoding="utf-8")


def test_what_a_unit_counts_as_success_is_what_needs_nobody() -> None:
    by_name = {unit.name: setting(unit, "SuccessExitStatus") for unit in SERVICES}
    well = [ExitCode.STOPPED, ExitCode.WAITING, ExitCode.LOCKED]
    assert by_name["navfeed-sync.service"] == [" ".join(str(int(code)) for code in well)]
    assert by_name["navfeed-serve.service"] == [str(int(ExitCode.STOPPED))]
    assert by_name["navfeed.service"] == [str(int(ExitCode.STOPPED))]


def test_what_a_restart_cannot_mend_is_not_restarted() -> None:
    page = (ROOT / "docs/reference/service.md").read_text(encoding="utf-8")
    (codes,) = re.findall(r"after ([\d and]+)\nit cannot|after ([\d and]+) it cannot", page)
    kept = setting(DEPLOY / "systemd/navfeed.service", "RestartPreventExitStatus")
    assert kept == [" ".join(re.findall(r"\d+", "".join(codes)))]
    assert kept == [f"{int(ExitCode.USAGE)} {int(ExitCode.TOKEN)}"]


def test_the_services_are_one_user() -> None:
    """Of two, whichever starts takes the folder of the store from the other."""
    assert {(*setting(unit, "DynamicUser"), *setting(unit, "User")) for unit in SERVICES} == {
        ("yes", "navfeed")
    }


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_hold_before_systemd(tmp_path: Path, unit: Path) -> None:
    for each in UNITS:
        text = each.read_text(encoding="utf-8").replace("/opt/navfeed/bin/navfeed", str(HERE))
        (tmp_path / each.name).write_text(text, encoding="utf-8")
    done = analyze("verify", "--man=no", str(tmp_path / unit.name))
    assert (done.returncode, [line for line in output_lines(done) if unit.name in line]) == (0, [])


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_services_are_hardened(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--threshold=15", str(unit))
    assert done.returncode == 0, output_lines(done)[-1]


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, check=False
    )


def output_lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [*done.stdout.splitlines(), *done.stderr.splitlines()]


def test_the_container_is_built_from_what_is_here() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    allowed = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        source.removeprefix("./")
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert "src" in copied
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed


# Alarms


def test_every_alarm_is_explained_and_no_other() -> None:
    alarms = re.findall(r"- alert: (\w+)", RULES)
    sections = re.findall(r"^### (Navfeed\w+)$", OPERATE, re.MULTILINE)
    assert len(alarms) == len(set(alarms)) > 5
    assert sorted(sections) == sorted(alarms)


def test_the_commands_of_the_page_exist_in_the_repository() -> None:
    for path in re.findall(r"deploy/[\w./*-]+", OPERATE):
        assert list(ROOT.glob(path.rstrip("."))), path
