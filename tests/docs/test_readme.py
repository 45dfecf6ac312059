"""Every command that README's quick start and tutorials show is run, against a practice feed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.conftest import ROOT, commands
from navfeed.practice import PracticeServer, faults
from support.tools import need_program

SKIPPED = {
    "make demo": "CI runs it in a job of its own",
    "make test": "this is it",
    "pipx install navfeed": "navfeed is installed here already",
    "uvx navfeed --help": "would fetch it",
    "navfeed practice --port 8080 --live 1": "never ends; the test has a practice feed of its own",
    "navfeed practice --port 8080": "never ends either",
    "navfeed sync  # NAV's own feed": "would reach the real NAV",
    "navfeed sync  # NAVs egen strøm": "would reach the real NAV",
}
"""Commands that are shown and not run, and why."""


def runnable(shown: list[str]) -> list[str]:
    return [command for command in shown if command not in SKIPPED]


def test_readme(run) -> None:
    shown = commands("README.md", "Quick start")
    printed = dict(zip(runnable(shown), run(runnable(shown)), strict=True))
    assert len(shown) == 5
    assert "BERGEN" in printed["navfeed list --municipality BERGEN --limit 10"]
    assert "Apply" in printed[next(command for command in shown if "show" in command)]
    assert "Active ads" in printed["navfeed status"]


def test_the_python_example_of_readme(run, tmp_path: Path) -> None:
    (example,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    assert "Sykepleier i turnus" in run(["python example.py"])[0]


def test_each_promise_of_readme_names_the_tests_that_keep_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    promises = re.findall(r"^\d\. (.+?)(?=^\d\.|^\S)", text, re.MULTILINE | re.DOTALL)
    assert len(promises) == 3
    assert all(re.search(r"Kept by\s.*\(tests/\S+\.py\)", each, re.DOTALL) for each in promises)


TUTORIALS = ("docs/tutorial.md", "docs/kom-i-gang.md")


@pytest.mark.parametrize("page", TUTORIALS)
def test_tutorial(run, page: str) -> None:
    shown = runnable(commands(page))
    printed = dict(zip(shown, run(shown), strict=True))
    assert len(shown) > 10
    silent = [command for command, text in printed.items() if not text]
    assert [command for command in silent if not may_be_silent(command)] == []


def test_how_to_find_out_why_a_run_ended(run) -> None:
    shown = commands("docs/how-to/why-a-run-ended.md")
    printed = dict(zip(["navfeed sync", *shown], run(["navfeed sync", *shown]), strict=True))
    for label in ("Last run", "Result", "Data", "Token", "Store"):
        assert f"`{label}`" in (ROOT / "docs/how-to/why-a-run-ended.md").read_text(encoding="utf-8")
        assert f"{label}  " in printed["navfeed status"]
    assert "caught up" in printed["navfeed runs --limit 10"]
    assert "reachability" in printed[next(command for command in shown if "doctor" in command)]
    assert len(shown) == 5


@pytest.mark.parametrize("page", ["get-notified-of-new-ads", "faa-beskjed-om-nye-annonser"])
def test_how_to_get_notified_of_new_ads(run, page: str) -> None:
    text = (ROOT / f"docs/how-to/{page}.md").read_text(encoding="utf-8")
    shown = commands(f"docs/how-to/{page}.md")
    assert len(shown) == 10
    (line,) = re.findall(r"```crontab\n(.+)\n```", text)
    cron = line.split(maxsplit=5)[5]
    lines = ["navfeed sync", *shown[:3], cron, *shown[3:]]
    printed = dict(zip(lines, run(lines), strict=True))
    assert printed["navfeed watch run"] == printed[cron] == ""
    assert "BERGEN" in printed["navfeed list --saved"]


SEE_IT_FAIL = "docs/how-to/see-it-fail.md"


def test_how_to_see_it_fail(run, feed: PracticeServer) -> None:
    need_program("curl")
    shown = runnable(commands(SEE_IT_FAIL))
    try:
        printed = run(shown)
    finally:
        feed.practice.clear_script()
    ended = [text for text in printed if text.startswith("ended")]
    assert ended == ["ended with 5\n", "ended with 4\n", "ended with 6\n"]
    (listed,) = [text for line, text in zip(shown, printed, strict=True) if " list " in line]
    assert len(listed.splitlines()) == 3
    assert printed[-1] == ""  # no difference


def test_every_fault_of_the_practice_feed_is_reported() -> None:
    page = (ROOT / SEE_IT_FAIL).read_text(encoding="utf-8")
    table = page.partition("\n| fault | what comes")[2]
    cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    documented = [name for cell in cells for name in re.findall(r"`([\w-]+)`", cell)]
    assert sorted(documented) == sorted(faults.NAMED)


def may_be_silent(command: str) -> bool:
    """Results go to stdout: what has none, or writes it to a file, prints nothing there."""
    return "--output" in command or command.startswith(
        ("navfeed sync", "export ", "unset ", "navfeed verify")
    )


@pytest.mark.parametrize("page", TUTORIALS)
def test_the_line_for_cron_is_a_command_that_works(run, page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (line,) = re.findall(r"```crontab\n(.+)\n```", text)
    minute, hour, day, month, weekday, command = line.split(maxsplit=5)
    assert re.fullmatch(r"\d+,\d+", minute)
    assert (hour, day, month, weekday) == ("*", "*", "*", "*")
    assert run([command]) == [""]


def test_what_is_skipped_is_shown_somewhere() -> None:
    pages = ("README.md", SEE_IT_FAIL, *TUTORIALS)
    shown = {command for page in pages for command in commands(page)}
    assert SKIPPED.keys() <= shown


@pytest.mark.parametrize("page", TUTORIALS)
def test_after_the_practice_feed_is_forgotten_nothing_is_run(page: str) -> None:
    """From there on, commands would reach the real NAV."""
    shown = commands(page)
    after = shown[shown.index("unset NAVFEED_BASE_URL NAVFEED_DB") + 1 :]
    assert after
    assert runnable(after) == []
