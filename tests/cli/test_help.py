"""What `--help` draws: every word of every text, whole and in order, laid out for the terminal."""

from __future__ import annotations

import re
import shlex

import pytest
from typer import Context
from typer.main import get_group

from cli.support import process
from cli.terminal import on_terminal, plain
from navfeed.cli import _app
from navfeed.cli._examples import EXAMPLES
from navfeed.cli.commands import app

_GROUP = get_group(app)
COMMANDS = [(name,) for name in _GROUP.list_commands(Context(_GROUP))]
NESTED = [
    (name, below)
    for (name,) in COMMANDS
    for below in getattr(_GROUP.commands[name], "commands", ())
]

SHORT = 55
"""Characters of a command's text that a list of commands has room for."""


def _help_of(words: tuple[str, ...]) -> str:
    code, drawn, stderr = on_terminal(80, *words, "--help")
    assert (code, stderr) == (0, "")
    return plain(drawn).replace("\r", "")


def _command(words: tuple[str, ...]) -> object:
    found: object = _GROUP
    for word in words:
        found = found.commands[word]  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("words", [*COMMANDS, *NESTED], ids=" ".join)
def test_nothing_is_cut_or_eaten(words: tuple[str, ...]) -> None:
    drawn = _help_of(words)
    assert "…" not in drawn
    stderr = " ".join(drawn.split())
    for option in _command(words).params:  # type: ignore[attr-defined]
        for name in (*option.opts, *option.secondary_opts):
            if name.startswith("-"):
                assert re.search(rf"(?<![\w-]){name}(?![\w-])", stderr), name
        for word in (option.help or "").split():
            assert word in stderr, f"{option.name}: {word}"


@pytest.mark.parametrize("words", [*COMMANDS, *NESTED], ids=" ".join)
def test_a_command_is_described_in_a_few_words(words: tuple[str, ...]) -> None:
    first, _, _ = str(_command(words).help).partition("\n\n")  # type: ignore[attr-defined]
    assert len(first) <= SHORT, first
    assert first.endswith(".")


def test_a_command_has_one_line_in_the_list() -> None:
    lines = _help_of(()).splitlines()
    for (name,) in COMMANDS:
        text = _GROUP.commands[name].help.partition("\n\n")[0]  # type: ignore[union-attr]
        assert _app.COMMANDS[name] == text
        assert any(re.search(rf"\b{name}\s+{re.escape(text)}", line) for line in lines), text


# The layout


def _headings(drawn: str) -> list[str]:
    return re.findall(r"^(\S.*):$", drawn, re.MULTILINE)


def _process_help(*words: str, columns: int = 80, **environ: str) -> str:
    ended = process(*words, "--help", COLUMNS=str(columns), **environ)
    assert (ended.returncode, ended.stderr) == (0, b"")
    return ended.stdout.decode()


def test_many_options_stand_in_panels_below_examples() -> None:
    panels = ["Examples", "What", "Where", "When", "Output", "Advanced"]
    assert _headings(_help_of(("list",))) == panels
    assert _headings(_help_of(("watch", "add"))) == [
        *("Examples", "Arguments", "Delivery", "What", "Where", "When", "Advanced")
    ]


def test_few_options_stand_together_the_common_ones_last() -> None:
    drawn = _help_of(("backup",))
    assert _headings(drawn) == ["Examples", "Arguments", "Options"]
    assert re.findall(r"^  (--\w+|-h)", drawn, re.MULTILINE)[-3:] == ["--db", "--config", "-h"]


def test_the_commands_stand_in_groups_and_each_once() -> None:
    drawn = _help_of(())
    assert _headings(drawn) == ["Examples", *_app.GROUPS, "Options"]
    for name in _app.COMMANDS:
        assert len(re.findall(rf"^  {name} ", drawn, re.MULTILINE)) == 1


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
@pytest.mark.parametrize("words", [(), ("list",), ("sync",), ("watch", "add")], ids=" ".join)
def test_no_line_is_wider_than_the_terminal(words: tuple[str, ...], columns: int) -> None:
    examples = [line for _, line in EXAMPLES[" ".join(words)]]
    lines = _process_help(*words, columns=columns).splitlines()
    too_wide = [one for one in lines if len(one) > min(columns, 100) - 2]
    assert [one for one in too_wide if one.strip() not in examples] == []


def test_a_text_stands_below_its_option_on_a_narrow_terminal() -> None:
    below = "  --county NAME\n      Work location in this county.\n"
    assert below in _process_help("list", columns=60)
    assert re.search(r"^  --county NAME {5,}Work loc", _process_help("list"), re.MULTILINE)


def test_help_is_bold_on_a_terminal_only() -> None:
    bold = "\x1b[1mOptions:\x1b[0m"
    assert bold in on_terminal(80, "runs", "--help")[1]
    for plain_one in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_terminal(80, "runs", "--help", **plain_one)[1]
    for words in (("runs", "--color", "never", "--help"), ("runs", "-h", "--color=never")):
        assert "\x1b" not in on_terminal(80, *words)[1]
    assert "\x1b" not in _process_help("runs")
    assert _process_help("runs") == plain(on_terminal(80, "runs", "--help")[1]).replace("\r", "")


def test_help_is_bold_in_a_pipe_where_that_is_forced() -> None:
    bold = "\x1b[1mOptions:\x1b[0m"
    assert bold in _process_help("runs", FORCE_COLOR="1")
    assert bold in _process_help("runs", "--color", "always")
    assert bold in process("runs", "--help", "--color=always").stdout.decode()
    assert "\x1b" not in _process_help("runs", FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" not in _process_help("runs", "--color", "never", FORCE_COLOR="1")


def test_a_wrong_value_beside_help_is_reported() -> None:
    ended = process("runs", "--help", "--color", "pink")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.startswith(b"navfeed: --color takes auto, always or never, not 'pink'")


# The examples


ALL = {"", *(" ".join(words) for words in [*COMMANDS, *NESTED])}


def test_each_command_has_examples() -> None:
    assert EXAMPLES.keys() == ALL


@pytest.mark.parametrize(
    "line", [line for examples in EXAMPLES.values() for _, line in examples], ids=str
)
def test_each_example_is_right_use(line: str) -> None:
    """Parsed as typed: its command, its options and their values exist."""
    navfeed, *words = shlex.split(line.partition(" < ")[0].removeprefix('nano "$(').rstrip(')"'))
    assert navfeed == "navfeed"
    command, at = _GROUP, 0
    while hasattr(command, "commands"):
        command, at = command.commands[words[at]], at + 1
    command.make_context("navfeed", words[at:])
