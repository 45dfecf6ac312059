"""What `--help` draws on a terminal of 80 columns: every word of every text, whole and in order."""

from __future__ import annotations

import re

import pytest
from typer import Context
from typer.main import get_group

from cli.terminal import on_terminal, plain
from navfeed.cli import _app
from navfeed.cli.commands import app

_GROUP = get_group(app)
_PRIVACY = _GROUP.commands["privacy"]
COMMANDS = [(name,) for name in _GROUP.list_commands(Context(_GROUP))]
NESTED = [("privacy", name) for name in _PRIVACY.commands]  # type: ignore[attr-defined]

SHORT = 55
"""Characters of a command's text that a list of commands has room for."""


def _help_of(words: tuple[str, ...]) -> str:
    code, drawn, stderr = on_terminal(80, *words, "--help")
    assert (code, stderr) == (0, "")
    return plain(drawn)


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
def test_a_command_is_told_in_a_few_words(words: tuple[str, ...]) -> None:
    first, _, _ = str(_command(words).help).partition("\n\n")  # type: ignore[attr-defined]
    assert len(first) <= SHORT, first
    assert first.endswith(".")


def test_a_command_has_one_line_in_the_list() -> None:
    lines = _help_of(()).splitlines()
    for (name,) in COMMANDS:
        text = _GROUP.commands[name].help.partition("\n\n")[0]  # type: ignore[union-attr]
        assert _app.COMMANDS[name] == text
        assert any(re.search(rf"\b{name}\s+{re.escape(text)}", line) for line in lines), text
