"""Every dependency has its row, its reason and its price, and no row is left of one that went."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/dependencies.md").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables' rows under a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (?!library|group|---)(.*) \|$", section, re.MULTILINE)
    return [re.split(r" ?\| ?", line) for line in lines]


def at_run_time() -> set[str]:
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    return names(project["dependencies"]).union(*map(names, extras))


def test_every_library_has_a_row_and_every_cell_says_something() -> None:
    table = rows("At run time")
    assert sorted(cells[0].strip("`") for cells in table) == sorted(at_run_time())
    assert all(all(cells) for cells in table)


def test_every_tool_for_development_is_named() -> None:
    told = {name for cells in rows("For development") for name in re.findall(r"`(.+?)`", cells[1])}
    assert told == set().union(*map(names, PYPROJECT["dependency-groups"].values()))


def test_every_library_is_measured() -> None:
    spec = importlib.util.spec_from_file_location("imports", ROOT / "benchmarks/imports.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.MODULES.keys() == at_run_time()
    assert module.milliseconds("Stemmer") > 0  # coverage does not load it first


def test_every_requirement_gives_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = text.partition("\ndependencies = [")[2].partition("[project.scripts]")[0]
    lines = re.findall(r'^.*"[\w-]+[<>=\w".,]*.*$', project, re.MULTILINE)
    assert len(lines) == len(at_run_time())
    assert [line for line in lines if not re.search(r"  # \S", line)] == []
