"""`navfeed config`: each setting with where it comes from, and all that is wrong at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from navfeed import config
from support.shell import invoke

SECRET = "s3cr3t"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = tmp_path / "navfeed" / "navfeed.toml"
    path.parent.mkdir()
    return path


def shown(*words: str) -> dict[str, dict[str, object]]:
    done = invoke(["config", "show", "--origin", "--format", "json", *words])
    assert done.exit_code == 0, done.stderr
    found: dict[str, dict[str, object]] = json.loads(done.stdout)
    return found


def test_each_setting_is_shown_with_its_origin(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('connections = 3\nevery = "90s"\n[scope]\ncounty = ["VESTLAND"]\n')
    monkeypatch.setenv("NAVFEED_EVERY", "1h")
    found = shown("--db", "own.db")
    assert found["db"] == {"value": "own.db", "origin": "option"}
    assert found["every"] == {"value": "1h", "origin": "NAVFEED_EVERY"}
    assert found["connections"] == {"value": 3, "origin": str(file)}
    assert found["scope.county"] == {"value": ["VESTLAND"], "origin": str(file)}
    assert found["timeout"] == {"value": 120, "origin": "default"}
    assert found["log_file"] == {"value": None, "origin": "default"}


def test_no_setting_is_left_out(file: Path) -> None:
    names = {name.partition(".")[0] for name in shown()}
    assert names == config._KEYS | {"token"}


def test_without_origin_there_are_values_alone(file: Path) -> None:
    lines = invoke(["config", "show"]).stdout.splitlines()
    assert "connections\t8" in lines
    assert "upgrade_copy\ttrue" in lines
    assert "warn_age\t24h" in lines
    assert "token\t-" in lines
    assert json.loads(invoke(["config", "show", "--format", "json"]).stdout)["connections"] == 8


def test_X2_no_secret_is_shown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVFEED_TOKEN", SECRET)
    file.write_text(
        f'[push]\ntargets = ["postgresql://me:{SECRET}@db.example/ads"]\n'
        f'[notify]\nping = "https://hc.example/{SECRET}"\n'
        f'[hooks]\nafter_sync = "curl -H {SECRET}"\n'
    )
    for words in ([], ["--origin"], ["--format", "json"]):
        assert SECRET not in invoke(["config", "show", *words]).stdout
    found = shown()
    assert found["token"] == {"value": "set", "origin": "NAVFEED_TOKEN"}
    assert found["push.targets"]["value"] == ["postgresql://db.example/…"]
    assert found["notify.ping"]["value"] == "https://hc.example/…"
    assert found["hooks.after_sync"]["value"] == "curl …"


def test_the_path_is_the_files(file: Path) -> None:
    done = invoke(["config", "path"])
    assert (done.stdout, "`navfeed init` writes one" in done.stderr) == (f"{file}\n", True)
    file.touch()
    done = invoke(["config", "path"])
    assert (done.stdout, done.stderr) == (f"{file}\n", "")


def test_a_correct_file_is_called_so(file: Path) -> None:
    missing = f"There is no settings file {file}; the defaults and the environment apply.\n"
    assert invoke(["config", "check"]).stdout == missing
    file.touch()
    done = invoke(["config", "check"])
    assert (done.exit_code, done.stdout) == (0, f"The settings are correct ({file}).\n")
    assert done.stderr == ""


@pytest.mark.skipif(os.name != "posix", reason="no modes")
def test_a_password_that_others_can_read_is_reported(file: Path) -> None:
    file.write_text('[push]\ntargets = ["postgresql://me@db.example/x"]\n')
    file.chmod(0o644)
    assert invoke(["config", "check"]).stderr == ""
    file.write_text('[push]\ntargets = ["postgresql://me:s3cr3t@db.example/x", "postgresql://["]\n')
    done = invoke(["config", "check"])
    assert (done.exit_code, "s3cr3t" in done.stderr) == (0, False)
    assert f"others can read {file}, which holds a password: chmod 600 {file}" in done.stderr
    findings = json.loads(invoke(["doctor", "--offline", "--format", "json"]).stdout)
    (found,) = (one for one in findings if one["check"] == "configuration")
    assert (found["level"], found["advice"]) == ("warning", f"chmod 600 {file}")
    file.chmod(0o600)
    assert invoke(["config", "check"]).stderr == ""


def test_all_that_is_wrong_is_listed_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVFEED_EVRY", "1h")
    file.write_text(
        'connection = 3\nconnections = 99\nevery = "2m"\nwarn_age = "soon"\n'
        '[scope]\nmuncipal = ["BERGEN"]\n[notify]\npong = "x"\n'
    )
    done = invoke(["config", "check"])
    assert done.exit_code == 2
    assert done.stdout.splitlines() == [
        "unknown setting connection (did you mean connections?)",
        "unknown variable NAVFEED_EVRY (did you mean NAVFEED_EVERY?)",
        "connections is 99; it takes a whole number from 1 to 12",
        "warn_age (or never) takes seconds, or 90m, 24h, 2d; not 'soon'",
        (
            "[scope] has muncipal (did you mean municipality?); the scope takes lists of strings "
            "for municipality, county, occupation, code, orgnr, words"
        ),
        "[notify] takes ping, and nothing else",
    ]


@pytest.mark.parametrize("text", ["[", "a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_reported(file: Path, text: str) -> None:
    file.write_text(text)
    done = invoke(["config", "check"])
    assert (done.exit_code, "cannot read the settings file" in done.stdout) == (2, True)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    done = invoke(["config", "check", "--config", str(tmp_path / "none.toml")])
    assert (done.exit_code, "there is no settings file" in done.stdout) == (2, True)
