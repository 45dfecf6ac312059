"""A release is one version under three names, and its workflow may do no more than it has to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from navfeed import __version__

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
GOOD = """\
# Changelog

## [Unreleased]

Nothing yet.

## [1.2.0] - 2026-11-21

### Added

- A thing.

## [1.1.0] - 2026-10-01

- Another.
"""


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_release", ROOT / ".ci/release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_version_and_changelog_agree(release: ModuleType) -> None:
    assert release.version() == __version__
    assert release.problems(__version__, release.read("CHANGELOG.md")) == []


def test_the_version_stands_in_one_place_only() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in pyproject
    assert re.findall(r"^version *=", pyproject, re.MULTILINE) == []


def test_a_tag_that_agrees_with_both_is_let_through(release: ModuleType) -> None:
    assert release.problems("1.2.0", GOOD, "v1.2.0") == []


@pytest.mark.parametrize(
    ("version", "changelog", "tag", "says"),
    [
        ("1.2.0", GOOD, "v1.3.0", "the tag is v1.3.0, and __version__ is 1.2.0"),
        ("1.2.0", GOOD, "1.2.0", "the tag is 1.2.0"),
        ("1.3.0", GOOD, "v1.3.0", "let it begin with [Unreleased] and [1.3.0]"),
        ("1.1.0", GOOD, "v1.1.0", "begins with ['Unreleased', '1.2.0']"),
        ("1.2.0", GOOD.replace(" - 2026-11-21", ""), "v1.2.0", "no date"),
        ("1.2.0", GOOD.replace("2026-11-21", "soon"), "v1.2.0", "no date"),
        ("1.2.0", GOOD.replace("Nothing yet.", "- New."), "v1.2.0", "entries under [Unreleased]"),
        ("1.2.0", "# Changelog\n", "v1.2.0", "begins with []"),
    ],
)
def test_what_does_not_agree_is_said(
    release: ModuleType, version: str, changelog: str, tag: str, says: str
) -> None:
    assert [problem for problem in release.problems(version, changelog, tag) if says in problem]


def test_actions_are_pinned_to_a_commit_and_the_same_everywhere() -> None:
    pinned: dict[str, set[str]] = {}
    for workflow in WORKFLOWS:
        for line in re.findall(r"uses: (.+)", workflow.read_text(encoding="utf-8")):
            action = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)", line)
            assert action, f"{workflow.name}: {line}"
            pinned.setdefault(action[1], set()).add(action[2])
    assert len(pinned) >= 5
    assert {action: pins for action, pins in pinned.items() if len(pins) > 1} == {}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    assert "\npermissions:\n  contents: read\n" in text
    assert "secrets." not in text
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")


def test_only_the_job_that_publishes_gets_an_identity() -> None:
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    before, publish = text.split("\n  publish:\n")
    assert re.findall(r"\w[\w-]*: write", before) == []
    assert re.findall(r"\w[\w-]*: write", publish) == ["id-token: write"]
    assert "environment: pypi" in publish
    assert "needs: build" in publish
    assert "run:" not in publish
    assert "needs: check" in before
