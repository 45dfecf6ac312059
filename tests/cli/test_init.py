"""`navfeed init`: what it asks, what it writes, and what it leaves alone."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import Result

from cli import terminal
from cli.terminal import pty
from navfeed.config import load
from navfeed.ops import schedule
from support.shell import invoke
from support.tools import need_program
from support.warm import navfeed_command

ALL = ("--keep", "all", "--contacts", "keep", "--every", "30m", "--ping", "none")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, on a machine where nothing starts anything."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(schedule, "usual", lambda: schedule.Schedule.NONE)
    return tmp_path


def file_of(home: Path) -> Path:
    return home / "navfeed" / "navfeed.toml"


def settings(home: Path) -> dict[str, object]:
    return tomllib.loads(file_of(home).read_text(encoding="utf-8"))


def init(*words: str, answers: str | None = None) -> Result:
    return invoke(["init", *words], input=answers)


def test_the_answers_become_settings_that_can_be_used(home: Path) -> None:
    done = init(answers="Vestland, rogaland\ndrop\n10m\nhttps://hc.example/ping/uuid\nnone\n")
    assert done.exit_code == 0
    assert settings(home) == {
        "every": "10m",
        "contacts": "drop",
        "scope": {"county": ["VESTLAND", "ROGALAND"]},
        "notify": {"ping": "https://hc.example/ping/uuid"},
    }
    assert load({}, {}).ping == "https://hc.example/ping/uuid"
    assert file_of(home).stat().st_mode & 0o777 == 0o600
    assert f"Wrote {file_of(home)}:" in done.stdout
    assert 'county = ["VESTLAND", "ROGALAND"]' in done.stdout
    assert "[all]:" in done.stderr  # questions, and no data


def test_the_defaults_need_no_answers(home: Path) -> None:
    assert init("--yes").exit_code == 0
    assert settings(home) == {"every": "30m"}
    assert init(answers="\n\n\n\n\n").exit_code == 0


def test_a_dry_run_writes_nothing(home: Path) -> None:
    done = init("--yes", "--dry-run", "--schedule", "systemd")
    assert (done.exit_code, list(home.iterdir())) == (0, [])
    assert done.stdout.count("Would write") == 3


def test_a_file_that_is_there_is_kept_unless_agreed(home: Path) -> None:
    file_of(home).parent.mkdir()
    before = '# mine\nconnections = 3\ncontacts = "drop"\n\n[scope]\nwords = ["natt"]  # only\n'
    file_of(home).write_text(before, encoding="utf-8")
    done = init("--every", "1h", answers="\n\n\n\n")
    assert done.exit_code == 2
    assert f"{file_of(home)} would be replaced; nothing was written" in done.stderr
    assert file_of(home).read_text(encoding="utf-8") == before

    assert init("--every", "1h", "--yes").exit_code == 0
    after = file_of(home).read_text(encoding="utf-8")
    assert after.startswith("# mine\nconnections = 3\n")
    assert '[scope]\nwords = ["natt"]  # only\n' in after
    assert (settings(home)["every"], settings(home)["contacts"]) == ("1h", "drop")


def test_the_same_answers_again_replace_nothing(home: Path) -> None:
    init("--yes", "--ping", "https://hc.example/1", "--keep", "bergen")
    written = file_of(home).stat().st_ino
    assert init(answers="\n\n\n\n\n").exit_code == 0
    assert settings(home)["notify"] == {"ping": "https://hc.example/1"}
    assert settings(home)["scope"] == {"municipality": ["BERGEN"]}
    assert file_of(home).stat().st_ino == written
    assert f"Unchanged {file_of(home)}:" in init("--yes").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--keep", "Bregen"), "'Bregen' is no county and no municipality (did you mean BERGEN"),
        (("--keep", "vestland,bergen"), "name either"),
        (("--every", "sometimes"), "every takes seconds"),
        (("--every", "7m", "--schedule", "cron"), "cron starts at whole parts"),
        (("--ping", "hc.example/1"), "notify.ping is not an http(s) address"),
        (("--ping", "https://me:secret@hc.example/1"), "leave them out"),
    ],
)
def test_what_cannot_be_used_is_refused(home: Path, words: tuple[str, ...], message: str) -> None:
    done = init("--yes", *words)
    assert (done.exit_code, list(home.iterdir())) == (2, [])
    assert message in done.stderr
    assert "secret" not in done.stderr


def test_answers_that_end_too_soon_write_nothing(home: Path) -> None:
    done = init(answers="all\n")
    assert (done.exit_code, list(home.iterdir())) == (2, [])
    assert "the answers ended" in done.stderr
    assert "is none of the answers" in init(answers="all\nmaybe\n").stderr


def test_on_a_terminal_a_wrong_answer_repeats_the_question(home: Path) -> None:
    keys = ["vestlnd", "vestland", "maybe", "drop", "often", "10m", "hc.example", "none", "none"]
    shown = typed(["init"], keys, {"HOME": str(home), "XDG_CONFIG_HOME": str(home)})
    assert settings(home) == {
        "every": "10m",
        "contacts": "drop",
        "scope": {"county": ["VESTLAND"]},
    }
    assert "did you mean VESTLAND" in shown
    assert "'maybe' is none of the answers" in shown
    assert "notify.ping is not an http(s) address" in shown


def typed(words: list[str], lines: list[str], environ: dict[str, str]) -> str:
    """What a command shows on a terminal on which these lines are typed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        navfeed_command(*words),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **environ, "TERM": "dumb"},
    ) as running:
        os.close(theirs)
        os.write(ours, "".join(f"{line}\n" for line in lines).encode())  # the terminal keeps them
        shown = b"".join(terminal.read_to_the_end(ours))
    assert running.returncode == 0, shown
    return shown.decode()


def test_a_settings_file_that_is_broken_is_left(home: Path) -> None:
    file_of(home).parent.mkdir()
    file_of(home).write_text("[", encoding="utf-8")
    done = init("--yes")
    assert (done.exit_code, file_of(home).read_text()) == (2, "[")
    assert "cannot read the settings file" in done.stderr


# What starts the syncs


def test_systemd_gets_a_service_and_a_timer(home: Path) -> None:
    done = init("--yes", "--every", "10m", "--schedule", "systemd")
    units = home / "systemd" / "user"
    service = (units / "navfeed-sync.service").read_text(encoding="utf-8")
    assert f"ExecStart={sys.executable} -m navfeed sync --quiet --max-time 500s\n" in service
    assert "OnUnitActiveSec=600s" in (units / "navfeed-sync.timer").read_text(encoding="utf-8")
    assert "systemctl --user enable --now navfeed-sync.timer" in done.stdout


def test_systemd_can_read_them(home: Path) -> None:
    need_program("systemd-analyze")
    init("--yes", "--schedule", "systemd")
    units = [str(one) for one in (home / "systemd/user").iterdir()]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "XDG_RUNTIME_DIR": str(home)},
    )
    assert [line for line in done.stderr.splitlines() if "navfeed-sync" in line] == []


def test_a_word_of_systemds_is_taken_to_the_letter() -> None:
    (service, _) = schedule.units(["/my files/100%", 'a"$b'], load({}, {}).every).values()
    assert 'ExecStart="/my files/100%%" "a\\"$$b"\n' in service


@pytest.mark.parametrize(
    ("every", "when"),
    [
        ("5m", "2,7,12,17,22,27,32,37,42,47,52,57 * * * *"),
        ("30m", "17,47 * * * *"),
        ("1h", "47 * * * *"),
        ("6h", "47 */6 * * *"),
        ("24h", "47 3 * * *"),
    ],
)
def test_cron_gets_a_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, every: str, when: str
) -> None:
    monkeypatch.setattr(schedule, "own_minute", lambda: 47)
    done = init("--yes", "--every", every, "--schedule", "cron", "--config", "own 100%.toml")
    most = "250s" if every == "5m" else "25m"
    (line,) = (line for line in done.stdout.splitlines() if line.strip().startswith(when))
    own = shlex.quote(str(Path("own 100%.toml").absolute())).replace("%", "\\%")
    assert line.strip() == (
        f"{when} {sys.executable} -m navfeed sync --quiet --max-time {most} --config {own}"
    )


def test_machines_start_at_minutes_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = set()
    for name in "abcdefgh":
        monkeypatch.setattr("platform.node", lambda name=name: name)
        minutes |= {schedule.own_minute(), schedule.own_minute()}
    assert 6 <= len(minutes) <= 8
    assert minutes <= {*range(60)}


@pytest.mark.parametrize(
    ("every", "most"),
    [("2m", "100s"), ("10m", "500s"), ("12m", "10m"), ("30m", "25m"), ("6h", "25m")],
)
def test_a_scheduled_sync_ends_before_the_next_one(every: str, most: str) -> None:
    words = schedule.command(None, load({"every": every}, {}).every)
    assert words[-2:] == ["--max-time", most]


def test_a_number_without_a_unit_is_refused(home: Path) -> None:
    done = init("--yes", "--every", "30")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "30 of what? 30m are minutes, 30s seconds" in done.stderr
    config = home / "other.toml"
    config.write_text('every = "120"\n')
    done = init("--yes", "--schedule", "none", "--config", str(config))
    assert (done.exit_code, 'every = "120s"' in config.read_text()) == (0, True)
