"""What navfeed looks like on a terminal, as docs/screens.md shows it: part of `make docs`.

The commands really run, on a terminal that is none, at one moment; the store is what a sync of a
practice feed left eleven minutes before.
"""

# ruff: noqa: INP001  a script, beside the page it writes

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO, TextIOWrapper
from unittest.mock import patch

import time_machine
from rich.text import Text
from typer.main import get_command

from navfeed.api import sync_store
from navfeed.cli.commands import app
from navfeed.practice import Practice, PracticeServer, World

NOW = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
SYNCED = NOW - timedelta(minutes=11)
WIDTH = 100

SCREENS = {
    "navfeed list --county vestland --limit 8": "Active ads, newest first.",
    "navfeed show {uuid}": "One ad; how to apply comes first.",
    "navfeed status": "The state of the store. `--format json` is for programs.",
}
"""Each screen's command, and what stands above it. {uuid}: the beginning of an ad's id."""

FIRST_MINUTE = ("navfeed sync", "navfeed list --county vestland --limit 6")
"""What README's picture shows."""

INTRO = """\
# Screens

What navfeed draws on a terminal of 100 columns; the ads are a [practice feed](tutorial.md)'s. In a
pipe it draws nothing: there are plain lines with tabs in them, or the format of `--format`.
"""


def page() -> str:
    with store_of_made_up_ads() as uuid:
        shown = {command.format(uuid=uuid[:8]): text for command, text in SCREENS.items()}
        screens = [screen(command, text) for command, text in shown.items()]
    return "\n".join([INTRO, *screens])


def screen(command: str, text: str) -> str:
    title = " ".join(command.split()[:2])
    return f"## {title}\n\n{text}\n\n```text\n$ {command}\n{drawn(command)}\n```\n"


@contextmanager
def store_of_made_up_ads() -> Iterator[str]:
    """A store where the commands look for it, synced; the id of its shortest ad."""
    with empty_folder() as world:
        ads = [world.detail(one)["ad_content"] for one in world.active()]
        with time_machine.travel(SYNCED, tick=False):
            sync(world)
        yield min(ads, key=lambda ad: len(str(ad)))["uuid"]


@contextmanager
def feed_of(world: World) -> Iterator[None]:
    """The practice feed of this world, where the commands look for the feed."""
    with (
        PracticeServer(Practice(world)) as server,
        patch.dict(os.environ, {"NAVFEED_BASE_URL": server.url}),
    ):
        yield


@contextmanager
def empty_folder() -> Iterator[World]:
    """An empty folder to work in and nobody's settings, at one moment; the world to sync from."""
    world = World.history(4, now=SYNCED, entries=600)
    places = {"NAVFEED_DB": "navfeed.db", "XDG_CONFIG_HOME": "."}
    with (
        tempfile.TemporaryDirectory() as folder,
        chdir(folder),
        patch.dict(os.environ, places | {"COLUMNS": str(WIDTH), "TERM": "xterm"}),
        time_machine.travel(NOW, tick=False),
    ):
        for name in {name for name in os.environ if name.startswith("NAVFEED_")} - places.keys():
            del os.environ[name]
        yield world


def first_minute() -> dict[str, Text]:
    """What a first sync and a first search show, on a store that was not there before."""
    with empty_folder() as world, feed_of(world):
        return {command: shown(command) for command in FIRST_MINUTE}


def sync(world: World) -> None:
    with feed_of(world):
        ended = sync_store()
    if ended.error is not None:
        raise ended.error


class Terminal(TextIOWrapper):
    """Bytes in memory that say they are a terminal."""

    def isatty(self) -> bool:
        return True


def drawn(command: str) -> str:
    """What the command draws, without its colours."""
    # SQLite's builds differ in how large a file becomes.
    text = re.sub(r"\((\d+\.\d) MB", "(4.0 MB", shown(command).plain)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def shown(command: str) -> Text:
    """What the command draws, and then what it reports on stderr."""
    memory = BytesIO()
    out, said = Terminal(memory, encoding="utf-8", write_through=True), StringIO()
    with redirect_stdout(out), redirect_stderr(said):
        get_command(app).main(shlex.split(command)[1:], prog_name="navfeed", standalone_mode=False)
    return Text.from_ansi(memory.getvalue().decode() + said.getvalue())


if __name__ == "__main__":
    sys.stdout.write(page())
