"""Whatever command a page shows, navfeed takes it; and every page with a console is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_group

from docs.conftest import ROOT, commands
from navfeed.cli.commands import app

PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
    if "decisions" not in path.parts
]
GROUP = get_group(app)
WITH_CONSOLE = [page for page in PAGES if commands(page)]
RUN_HERE = {
    "docs/jobbsokere.md": [],
    "docs/drift.md": [],
    "docs/privacy.md": ["navfeed sync"],
    "docs/reference/changes.md": ["navfeed sync"],
    "docs/explanation/search.md": ["navfeed sync"],
}
"""What comes before the commands of each page."""
RUN_ELSEWHERE = {
    "README.md": "test_readme",
    "docs/index.md": "the front page: README's first commands",
    "docs/tutorial.md": "test_readme",
    "docs/kom-i-gang.md": "test_readme",
    **{
        f"docs/how-to/{name}.md": "test_readme"
        for name in (
            *("why-a-run-ended", "see-it-fail"),
            *("get-notified-of-new-ads", "faa-beskjed-om-nye-annonser"),
        )
    },
    **{
        f"docs/how-to/{name}.md": "test_how_to"
        for name in (
            *("sqlite3", "datasette", "duckdb", "pandas"),
            *("count-over-time", "keep-a-website-current", "research"),
        )
    },
    "docs/how-to/serve-the-page.md": "tests/serve/test_docs.py; a server never ends",
}


def shown(text: str) -> Iterator[str]:
    """Each `navfeed …` of a page: in the text, and in blocks for a shell."""
    blocks = re.findall(r"^```(?:console|sh|crontab)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL)
    for found in re.findall(r"`(navfeed [^`]+)`", prose):
        yield " ".join(found.split())
    for line in "".join(blocks).splitlines():
        yield from re.findall(r"(?:^|[$/] ?|\* )(navfeed .+)", line.partition("  #")[0])
        yield from re.findall(r"\((navfeed [^)]+)\)", line)


def refused(command: str) -> list[str]:
    """The words that navfeed would not take: commands and options that do not exist."""
    unquoted = re.sub(r""""[^"]*"|'[^']*'""", "TEXT", command)
    words = re.split(r" (?:[|;>]|&&) ?", unquoted)[0].split()[1:]
    taking: Any = GROUP
    while words and hasattr(taking, "commands") and not words[0].startswith("-"):
        if words[0] not in taking.commands:
            return words[:1]
        taking = taking.commands[words.pop(0)]
    options = {"--help", "-h", "--install-completion", "--show-completion"}
    for parameter in taking.params:
        options |= {*parameter.opts, *parameter.secondary_opts}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [word for word in given if word not in options]


@pytest.mark.parametrize("page", PAGES)
def test_navfeed_takes_every_command_that_is_shown(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    wrong = {command: words for command in shown(text) if (words := refused(command))}
    assert wrong == {}


def test_a_command_that_does_not_exist_is_found() -> None:
    text = (
        "Run `navfeed frobnicate` or `navfeed list --colour red`.\n```sh\nnavfeed sync --fast\n```"
    )
    assert [refused(command) for command in shown(text)] == [
        ["frobnicate"],
        ["--colour"],
        ["--fast"],
    ]


@pytest.mark.parametrize("page", RUN_HERE)
def test_the_commands_of_the_page_run(run: Any, page: str) -> None:
    run([*RUN_HERE[page], *commands(page)])


def test_every_page_with_a_console_is_run_somewhere() -> None:
    assert set(WITH_CONSOLE) == RUN_HERE.keys() | RUN_ELSEWHERE.keys()
