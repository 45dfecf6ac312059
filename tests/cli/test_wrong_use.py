"""Wrong use is reported as every other failure is: in one line on stderr, with the next step."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from typer.main import get_group

from cli.support import ad, answer, fill, process, run_command
from navfeed.api import open_store
from navfeed.cli import _app
from navfeed.cli._wrong_use import OTHER_NAMES
from navfeed.cli.commands import app
from navfeed.errors import ConfigError

GROUPS = [one for one in get_group(app).commands.values() if hasattr(one, "commands")]
BIG = "99999999999999999999"  # more than SQLite counts to


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", ad(1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        # options
        (
            ["list", "--municipl", "OSLO"],
            "no such option: --municipl (did you mean --municipality?). See `navfeed list",
        ),
        (
            ["list", "--with"],
            "no such option: --with (did you mean --within or --with-contacts?). ",
        ),
        (
            ["list", "-municipality=OSLO"],
            "no such option: -municipality (did you mean --municipality?). See `navfeed list",
        ),
        (["list", "-x"], "no such option: -x. See `navfeed list --help`"),
        (["list", "--kommune", "oslo"], "no such option: --kommune (did you mean --municipality?)"),
        (["runs", "--kommune"], "no such option: --kommune. See `navfeed runs --help`"),
        (["list", "--qqq"], "no such option: --qqq. See `navfeed list --help`"),
        (
            ["--db", "x", "list"],
            "no such option: --db. Options of a command stand after its name. See `navfeed --help`",
        ),
        # commands
        (["lst"], "no such command 'lst' (did you mean 'list'?). See `navfeed --help`"),
        (
            ["search", "kokk"],
            "no such command 'search' (did you mean 'list'?). See `navfeed --help`",
        ),
        (["help"], "no such command 'help' (did you mean --help?). See `navfeed --help`"),
        (["qqq"], "no such command 'qqq'. See `navfeed --help`"),
        (
            ["privacy", "fnd"],
            "no such command 'fnd' (did you mean 'find'?). See `navfeed privacy --",
        ),
        (
            ["watch", "rm"],
            "no such command 'rm' (did you mean 'remove'?). See `navfeed watch --help",
        ),
        (["watch", "fetch"], "no such command 'fetch'. See `navfeed watch --help`"),
        # values
        (
            ["list", "--format", "jsn"],
            "--format takes table, json, jsonl or csv, not 'jsn' (did you mean json?). See",
        ),
        (["list", "--format", "qqq"], "--format takes table, json, jsonl or csv, not 'qqq'. See"),
        (["list", "--limit", "0"], "--limit takes 1 or more, not 0. See `navfeed list --help`"),
        (["list", "--limit", "many"], "--limit takes a number, not 'many'. See"),
        (["practice", "--port", "70000"], "--port takes 0 to 65535, not 70000. See"),
        (["list", "--limit"], "--limit needs a value: --limit NUMBER. See `navfeed list --help`"),
        (["list", "--text"], "--text needs a value: --text WORDS. See `navfeed list --help`"),
        (["list", "--saved=yes"], "option '--saved' does not take a value. See `navfeed list"),
        (
            ["export"],
            "missing option '--format'. Choose from: csv, json, jsonl, xlsx, parquet, jobposting",
        ),
        # arguments
        (
            ["show"],
            "missing the id of an ad, or its first characters; `navfeed list` shows them. S",
        ),
        (["show", "a", "b"], "unexpected argument 'b'. See `navfeed show --help`"),
        (["list", "kokk"], "unexpected argument 'kokk' (did you mean --text kokk?). See"),
        (
            ["stats", "en kokk"],
            "unexpected argument 'en kokk' (did you mean --text 'en kokk'?). See",
        ),
        (["list", "help"], "unexpected argument 'help' (did you mean --help?). See"),
    ],
)
def test_one_line_with_the_next_step(words: list[str], message: str) -> None:
    ended = process(*words, COLUMNS="40")
    (line,) = ended.stderr.decode().splitlines()
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert line.startswith(f"navfeed: {message}")


def test_no_command_is_a_question_for_help() -> None:
    ended = process()
    assert ended.returncode == 2
    assert b"Look for ads:" in ended.stdout
    assert ended.stderr == b""


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    result = run_command(tmp_path, "status")
    assert (result.exit_code, result.stdout) == (7, "")
    assert f"{tmp_path} is a folder. Name the file in it" in result.stderr


def test_a_copy_that_is_not_there(db: Path, tmp_path: Path) -> None:
    result = run_command(db, "restore", str(tmp_path / "copy.db"))
    assert (result.exit_code, result.stdout) == (7, "")
    assert f"there is no copy at {tmp_path / 'copy.db'}. Name one that" in result.stderr


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = process("practice", "--port", str(port), "--entries", "1")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.decode().startswith(f"navfeed: cannot listen on port {port} (")


def test_a_range_that_runs_backwards(db: Path) -> None:
    result = run_command(db, "list", "--published", "[2026-11-10,2026-11-01)")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "--published ends before it begins: no ad can match" in result.stderr
    assert "begins" not in run_command(db, "list", "--published", "[2026-11-10,2026-11-10]").stderr


def test_numbers_that_no_store_counts_to(db: Path) -> None:
    assert answer(db, "list", "--limit", BIG) == answer(db, "list") != ""
    assert answer(db, "list", "--offset", BIG) == ""
    assert answer(db, "runs", "--limit", BIG) == answer(db, "runs")


@pytest.mark.parametrize("how", ["strict", "surrogateescape"])  # as locales differ
def test_letters_of_another_encoding_from_a_pipe(db: Path, how: str) -> None:
    """Half a name is not the name: somebody else would be erased."""
    for command in ("find", "erase"):
        ended = process(
            *("privacy", command, "-", "--db", str(db)),
            stdin=b"Bj\xf8rn\n",
            PYTHONIOENCODING=f"utf-8:{how}",
        )
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert ended.stderr.startswith(b"navfeed: stdin is not valid utf-8. ")


@pytest.mark.parametrize(
    "words",
    [
        *(
            ("list", "--municipality"),
            ("export", "--format", "csv", "--employer"),
            ("list", "--text"),
        ),
        *(("show",), ("sync", "--scope"), ("privacy", "erase")),
    ],
)
def test_letters_of_another_encoding(tmp_path: Path, words: tuple[str, ...]) -> None:
    """As a terminal in ISO 8859-1 sends them; Python hands them on as lone surrogates."""
    db = fill(tmp_path / "navfeed.db", ad(1))
    latin = "municipal=TROMS\udcd8"
    ended = process(*words, latin, "--db", str(db), NAVFEED_BASE_URL="http://127.0.0.1:1")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.decode().startswith("navfeed: 'municipal=TROMS\\udcd8' is not valid ")
    assert len(ended.stderr.splitlines()) == 1


def pipe(folder: Path) -> str:
    """A pipe that nobody writes to: whoever opens it waits for ever."""
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--db", "PIPE"],
        ["sync", "--db", "PIPE", "--base-url", "http://127.0.0.1:9"],
        ["privacy", "erase", "Kari Li", "--db", "PIPE"],
        ["vacuum", "--db", "PIPE"],
        ["list", "--config", "PIPE"],
        ["backup", "PIPE", "--force"],
        ["list", "--db", "/dev/zero"],
    ],
)
def test_D3_a_pipe_or_a_device_is_no_file_and_nobody_waits_for_it(
    db: Path, words: list[str]
) -> None:
    named = pipe(db.parent)
    words = [named if word == "PIPE" else word for word in words]
    ended = process(*words, NAVFEED_DB=str(db))
    assert ended.returncode == 2
    assert "is a pipe or a device, not a file. Name another file" in ended.stderr.decode()
    assert sorted(one.name for one in db.parent.iterdir()) == ["navfeed.db", "pipe"]


@pytest.mark.parametrize("file", ["PIPE", "/dev/zero"])
def test_D3_nor_is_the_file_of_a_token(db: Path, file: str) -> None:
    named = pipe(db.parent) if file == "PIPE" else file
    for words in (["sync", "--base-url", "http://127.0.0.1:9"], ["doctor", "--offline"]):
        ended = process(*words, NAVFEED_DB=str(db), NAVFEED_TOKEN_FILE=named)
        assert ended.returncode == 2
        assert b"is a pipe or a device" in ended.stderr + ended.stdout


def test_D3_a_program_gets_the_message_too(db: Path) -> None:
    with pytest.raises(ConfigError, match="a pipe or a device"):
        open_store(pipe(db.parent))


def test_other_names_lead_to_commands_that_exist() -> None:
    commands = {*_app.COMMANDS, *(name for one in GROUPS for name in one.commands)}
    assert not OTHER_NAMES.keys() & _app.COMMANDS.keys()
    assert set(OTHER_NAMES.values()) <= commands
