"""Tab in each shell itself: the script that is installed is read, and offers what fits."""

from __future__ import annotations

import os
import select
import shlex
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from support.tools import need_program

pty = pytest.importorskip("pty")

COMPLETIONS = Path(__file__).parents[1] / "packaging" / "completions"
SECONDS = 60.0


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An empty home, and this code as the command `navfeed`."""
    command = tmp_path / "bin" / "navfeed"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m navfeed "$@"\n')
    command.chmod(0o755)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("NAVFEED")}
    own = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "TERM": "dumb"}
    return {**kept, **own, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}


def run(environ: dict[str, str], *words: str) -> list[str]:
    ended = subprocess.run(words, env=environ, capture_output=True, check=True, encoding="utf-8")
    assert ended.stderr == ""
    return ended.stdout.splitlines()


def test_bash(environ: dict[str, str]) -> None:
    need_program("bash")
    script = f"""
        source {shlex.quote(str(COMPLETIONS / "navfeed.bash"))}
        COMP_WORDS=(navfeed back) COMP_CWORD=1
        "$(complete -p navfeed | sed 's/.*-F \\([^ ]*\\).*/\\1/')" navfeed back navfeed
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert run(environ, "bash", "--norc", "-c", script) == ["backup"]


def test_fish(environ: dict[str, str]) -> None:
    need_program("fish")
    script = f"source {shlex.quote(str(COMPLETIONS / 'navfeed.fish'))}; complete -C 'navfeed back'"
    offered = run(environ, "fish", "--no-config", "-c", script)
    assert [line.partition("\t")[0] for line in offered] == ["backup"]


def test_powershell(environ: dict[str, str]) -> None:
    need_program("pwsh")
    script = f"""
        . '{COMPLETIONS / "navfeed.ps1"}'
        (TabExpansion2 'navfeed back' 12).CompletionMatches.CompletionText.Trim()
    """
    assert run(environ, "pwsh", "-NoProfile", "-Command", script) == ["backup"]


@pytest.mark.parametrize("installed", [True, False], ids=["installed", "sourced"])
def test_zsh(environ: dict[str, str], installed: bool) -> None:
    """Typed on a terminal: the first Tab completes the word, whichever way the script came in."""
    need_program("zsh")
    folder = f"fpath=({shlex.quote(str(COMPLETIONS))} $fpath); " if installed else ""
    source = "" if installed else f"; source {shlex.quote(str(COMPLETIONS / '_navfeed'))}"
    setup = f"{folder}autoload -Uz compinit; compinit -D -u{source}; PS1='ready> '\n"
    assert "navfeed backup" in typed(environ, setup, "navfeed back\t", wanted="navfeed backup")


def typed(environ: dict[str, str], setup: str, keys: str, *, wanted: str) -> str:
    """What an interactive zsh shows when `keys` are typed after `setup`, as soon as it is there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
    ) as shell:
        os.close(theirs)
        try:
            os.write(ours, setup.encode())
            read_until(ours, "\rready> ")
            os.write(ours, keys.encode())
            return read_until(ours, wanted)
        finally:
            shell.kill()
            os.close(ours)


def read_until(number: int, wanted: str) -> str:
    shown, ends = "", monotonic() + SECONDS
    while wanted not in shown and (left := ends - monotonic()) > 0:
        if select.select([number], [], [], left)[0]:
            shown += os.read(number, 65_536).decode(errors="replace")
    return shown
