"""What is longer than the terminal goes through a pager, on a terminal only."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from cli.support import ad, fill, process, uuid_of
from cli.terminal import on_terminal

FAR = {"expires": "2999-01-01T00:00:00Z"}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(tmp_path / "navfeed.db", *(ad(number, **FAR) for number in range(1, 30)))


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


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--columns", "title,uuid"),
        ("show", uuid_of(1)),
        ("show", uuid_of(1), "--history"),
        ("stats",),
        ("stats", "--by", "county", "--and", "extent", "--text", "sykepleier"),
        ("stats", "--columns", "name,ads"),
        ("quality",),
        ("quality", "--columns", "check,ads"),
        ("config", "show"),
    ],
    ids=" ".join,
)
def test_long_output_goes_through_the_pager_whole(
    db: Path, shown: Path, pager: str, words: tuple[str, ...]
) -> None:
    arguments = (*words, "--db", str(db))
    _, whole, _ = on_terminal(80, *arguments, LINES="2")
    code, out, _ = on_terminal(80, *arguments, LINES="2", PAGER=pager)
    assert (code, out) == (0, "")
    assert shown.read_bytes().decode() == whole.replace("\r\n", "\n") != ""


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
