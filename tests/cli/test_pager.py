"""What is longer than the terminal goes through a pager, on a terminal only."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from cli.support import ad, fill, process, uuid_of
from cli.terminal import on_terminal
from cli.walk import having
from navfeed.model import RunEnd
from navfeed.practice import Practice, PracticeServer, World
from navfeed.store.writer import Store
from support.clock import NOW, machine_now
from support.shell import Shell

FAR = {"expires": "2999-01-01T00:00:00Z"}


WATCH = '[watch.nurses]\ntext = ["sykepleier"]\nto = ["stdout"]\n'


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A store with ads, runs and a search for a person, and a watch beside it."""
    db = fill(tmp_path / "navfeed.db", *(ad(number, **FAR) for number in range(1, 30)))
    with Store(db) as store:
        for _ in range(3):
            store.end_run(store.begin_run(NOW), RunEnd(0, "done", {}), NOW)
            store.note_find(1, 1, NOW)
    (tmp_path / "watches.toml").write_text(WATCH)
    return db


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """What the pager was given."""
    return tmp_path / "shown"


@pytest.fixture
def pager(shown: Path) -> str:
    """A pager that keeps what it is given."""
    script = (
        f"import pathlib, sys; pathlib.Path({str(shown)!r}).write_bytes(sys.stdin.buffer.read())"
    )
    return shlex.join([sys.executable, "-c", script])


LONG = {
    "list": ["", "--columns title,uuid"],
    "show": [uuid_of(1), f"{uuid_of(1)} --history"],
    "stats": ["", "--by county --and extent --text sykepleier", "--columns name,ads"],
    "quality": ["", "--columns check,ads"],
    "runs": [""],
    "doctor": ["--offline --columns check,level"],
    "status": [""],
    "watch list": [""],
    "watch show": ["nurses"],
    "watch preview": ["nurses"],
    "privacy find": ["Nordmann"],
    "privacy log": [""],
    "config show": [""],
}
"""Commands that draw for people, and arguments with which they draw much."""


def test_every_command_that_draws_has_a_pager() -> None:
    assert having("--no-pager") == having("--color") == LONG.keys() | {"verify"}


@pytest.mark.parametrize("line", [f"{name} {more}" for name in LONG for more in LONG[name]])
def test_long_output_goes_through_the_pager_whole(
    db: Path, shown: Path, pager: str, line: str
) -> None:
    words = (*line.split(), "--db", str(db))
    environ = {"LINES": "2", "NAVFEED_WATCHES_FILE": str(db.parent / "watches.toml")}
    code, whole, _ = on_terminal(80, *words, **environ)
    assert on_terminal(80, *words, **environ, PAGER=pager)[:2] == (code, "")
    assert shown.read_bytes().decode() == whole.replace("\r\n", "\n") != ""


@pytest.mark.parametrize("line", ["--help", "list --help", "watch add -h", "runs -h --color never"])
def test_help_goes_through_the_pager(shown: Path, pager: str, line: str) -> None:
    _, whole, _ = on_terminal(80, *line.split(), LINES="2")
    assert on_terminal(80, *line.split(), LINES="2", PAGER=pager)[:2] == (0, "")
    assert shown.read_bytes().decode() == whole.replace("\r\n", "\n") != ""


def test_no_pager_for_help_where_none_is_wanted(shown: Path, pager: str) -> None:
    for line in ("list --help --no-pager", "list --no-pager -h"):
        assert "Examples" in on_terminal(80, *line.split(), LINES="2", PAGER=pager)[1]
    assert not shown.exists()


def test_differences_go_through_the_pager(tmp_path: Path, shown: Path, pager: str) -> None:
    world = World.history(3, now=machine_now(), entries=60, active=20, days=5)
    with PracticeServer(Practice(world, page_size=50)) as server:
        shell = Shell(tmp_path, server)
        assert shell.run("sync", "-q")[0] == 0
        for changed in world.truth():
            world.rewrite_silently(changed)
        environ = shell.environ | {"LINES": "2", "PAGER": pager}
        assert on_terminal(80, "verify", "-q", **environ) == (9, "", "")
    assert shown.read_text().count("altered") == len(world.truth()) > 2


def test_a_list_keeps_its_colours_in_the_pager(db: Path, shown: Path, pager: str) -> None:
    on_terminal(80, "list", "--db", str(db), LINES="5", PAGER=pager)
    assert "\x1b[1m" in shown.read_text()


def test_output_that_is_no_longer_than_the_terminal_needs_no_pager(
    db: Path, shown: Path, pager: str
) -> None:
    _, out, _ = on_terminal(80, "list", "--db", str(db), LINES="500", PAGER=pager)
    assert out
    assert not shown.exists()


def test_no_pager_in_a_pipe(db: Path, shown: Path, pager: str) -> None:
    assert process("list", "--db", str(db), LINES="5", NAVFEED_PAGER=pager).stdout
    assert not shown.exists()


@pytest.mark.parametrize(
    ("more", "environ"),
    [
        (["--no-pager"], {"NAVFEED_PAGER": "PAGER"}),
        ([], {"NAVFEED_PAGER": "", "PAGER": "PAGER"}),
        ([], {"NAVFEED_PAGER": "cat", "PAGER": "PAGER"}),
        ([], {"PAGER": "no-such-program"}),
    ],
    ids=str,
)
def test_no_pager_where_it_is_turned_off(
    db: Path, shown: Path, pager: str, more: list[str], environ: dict[str, str]
) -> None:
    environ = {name: pager if value == "PAGER" else value for name, value in environ.items()}
    code, out, err = on_terminal(80, "list", "--db", str(db), *more, LINES="5", **environ)
    assert (code, err) == (0, "")
    assert out
    assert not shown.exists()


def test_navfeeds_own_variable_comes_first(db: Path, shown: Path, pager: str) -> None:
    code, out, _ = on_terminal(
        80, "list", "--db", str(db), LINES="5", PAGER="no-such-program", NAVFEED_PAGER=pager
    )
    assert (code, out) == (0, "")
    assert shown.exists()


def test_a_pager_that_cannot_be_read_is_reported_and_nothing_is_lost(db: Path) -> None:
    code, out, err = on_terminal(80, "list", "--db", str(db), LINES="5", NAVFEED_PAGER="less '")
    assert (code, out.count("Sykepleier natt")) == (0, 29)
    assert "NAVFEED_PAGER has a quote without its end" in err


def test_a_pager_that_is_left_early_is_no_failure(db: Path) -> None:
    fill(db, *(ad(number, title="Kokk" * 500, **FAR) for number in range(1, 50)))
    leaving = shlex.join([sys.executable, "-c", "pass"])
    arguments = ("list", "--db", str(db), "--columns", "title")
    code, _, err = on_terminal(80, *arguments, LINES="5", PAGER=leaving)
    assert (code, err) == (0, "")
