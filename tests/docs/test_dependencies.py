"""Every dependency has its row, its reason and its price, and no row is left of one that went."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_every_library_has_a_row_without_an_empty_cell() -> None:
    table = rows("At run time")
    assert sorted(cells[0].strip("`") for cells in table) == sorted(at_run_time())
    assert all(all(cells) for cells in table)


def test_every_tool_for_development_is_named() -> None:
    documented = {
        name for cells in rows("For development") for name in re.findall(r"`(.+?)`", cells[1])
    }
    assert documented == set().union(*map(names, PYPROJECT["dependency-groups"].values()))


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


def constraints() -> dict[str, str]:
    """The version of each library in constraints.txt, which names nothing but versions."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [re.fullmatch(r"([a-z0-9.-]+)==([\w.!+]+)", line) for line in lines if line[:1] != "#"]
    assert all(pinned)
    return {one[1]: one[2] for one in pinned if one}


def test_every_library_is_pinned_to_a_version_that_fits() -> None:
    project = PYPROJECT["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
        *(one for group in PYPROJECT["dependency-groups"].values() for one in group),
    ]
    pinned = constraints()
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


def test_make_and_the_container_install_what_is_pinned() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install .+|\$\(PIP\) install .+", makefile)
    assert installs
    free = [line for line in installs if "constraints.txt" not in line]
    assert all(line.endswith(("install --quiet pip; }", "--upgrade pip")) for line in free)
    container = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert "--constraint constraints.txt" in container
    bases = re.findall(r"^FROM (\S+)", container, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"\S+:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", bases[0])
