"""People wait for read commands, so these import only what they need (decision 0002)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.support import ad, fill, uuid_of
from navfeed.cli import _app

CLI = Path(_app.__file__).parent

HEAVY = (
    *("httpx", "pydantic", "sqlite_utils", "rich", "xlsxwriter", "pyarrow"),
    *("matplotlib", "starlette", "uvicorn", "jinja2", "nh3", "mcp"),
)

PROGRAM = """
import sys
from navfeed.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--format", "csv", "--municipality", "bergen", "--text", "natt"],
        ["show", uuid_of(1)],
        ["export", "--format", "json"],
        ["export", "--format", "csv", "--columns", "uuid,title"],
        ["export", "--format", "jobposting"],
        ["status"],
        ["stats", "--format", "json", "--text", "natt"],
        ["status", "--format", "json"],
    ],
)
def test_what_a_read_command_imports(tmp_path: Path, arguments: list[str]) -> None:
    db = fill(tmp_path / "navfeed.db", ad(1, expires="2999-01-01T00:00:00Z"))
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, "--db", str(db)],
        capture_output=True,
        check=True,
        text=True,
    )

    assert ended.stdout
    assert not set(ended.stderr.split()) & set(HEAVY)


COMMANDS = {file.stem for file in CLI.glob("[!_]*.py")} - {"commands"}


def test_each_command_has_a_module_of_its_own() -> None:
    assert set(_app.COMMANDS) == COMMANDS


EACH_COMMAND = """
import os, sys
from navfeed.cli import _app, main
assert "navfeed.cli.list" not in sys.modules
for command in _app.COMMANDS:
    if os.fork() == 0:
        sys.argv = ["navfeed", command, "--no-such-option"]
        try:
            main()
        finally:
            print(command, *sys.modules, flush=True)
            os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def loaded_by() -> dict[str, set[str]]:
    """The modules that each command loads, alone in a process that forked before."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    ended = subprocess.run(
        [sys.executable, "-c", EACH_COMMAND], capture_output=True, check=True, text=True
    )
    return {line.split()[0]: set(line.split()[1:]) for line in ended.stdout.splitlines()}


@pytest.mark.parametrize("command", _app.COMMANDS)
def test_a_command_loads_no_other(loaded_by: dict[str, set[str]], command: str) -> None:
    loaded = {name.removeprefix("navfeed.cli.") for name in loaded_by[command]}
    assert f"navfeed.cli.{command}" in loaded_by[command]
    alike = {"mcp": {"serve"}}  # the same terms, without HTTP
    assert loaded & COMMANDS <= {command} | alike.get(command, set())


def test_completing_the_name_of_a_command_loads_none() -> None:
    asked = {"_NAVFEED_COMPLETE": "complete_bash", "COMP_WORDS": "navfeed\nst", "COMP_CWORD": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **asked},
        capture_output=True,
        check=True,
        text=True,
    )
    assert ended.stdout.split() == ["stats", "status"]
    assert not {name.removeprefix("navfeed.cli.") for name in ended.stderr.split()} & COMMANDS


def test_the_help_loads_no_command_and_nothing_heavy() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--help"], capture_output=True, check=True, text=True
    )
    loaded = set(ended.stderr.split())
    assert not loaded & {*HEAVY, "sqlite3", "navfeed.model"}
    assert not {name.removeprefix("navfeed.cli.") for name in loaded} & COMMANDS
    for name, summary in _app.COMMANDS.items():
        assert f"{name:10}{summary}\n" in ended.stdout
