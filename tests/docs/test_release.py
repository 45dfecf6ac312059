"""A release is one version under three names, and its workflow may do no more than it has to."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from navfeed import __version__
from support.tools import need_program

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
    ("version", "changelog", "tag", "message"),
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
def test_what_does_not_agree_is_reported(
    release: ModuleType, version: str, changelog: str, tag: str, message: str
) -> None:
    assert [problem for problem in release.problems(version, changelog, tag) if message in problem]


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


def split(workflow: str) -> tuple[str, str]:
    """What runs before the job that publishes, and that job."""
    text = (ROOT / ".github/workflows" / workflow).read_text(encoding="utf-8")
    before, publish = text.split("\n  publish:\n")
    assert re.findall(r"\w[\w-]*: write", before) == []
    assert "needs: build" in publish
    return before, publish


def test_only_the_job_that_publishes_gets_an_identity() -> None:
    before, publish = split("release.yml")
    assert re.findall(r"\w[\w-]*: write", publish) == ["id-token: write"]
    assert "environment: pypi" in publish
    assert "attestations: true" in publish
    assert "run:" not in publish
    assert "needs: check" in before


def test_the_image_is_tried_without_rights_before_it_is_pushed() -> None:
    before, publish = split("image.yml")
    assert set(re.findall(r"arch: (\w+)", before)) == {"amd64", "arm64"}
    for limit in ("--read-only", "--network none", "--cap-drop all", "no-new-privileges"):
        assert limit in before
    written = re.findall(r"(\w[\w-]*): write", publish)
    assert written == ["packages", "id-token", "attestations"]
    assert "actions/checkout" not in publish  # and so nothing of ours to run


def test_the_image_stands_on_one_digest_and_runs_without_root() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", bases[0])
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["10001"]


def test_whoever_works_in_a_container_works_on_the_base_of_the_image() -> None:
    released = (ROOT / "Containerfile").read_text(encoding="utf-8")
    container = (ROOT / ".devcontainer/Containerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"^FROM (.+)$", container, re.MULTILINE)
    assert f"FROM {base}\n" in released
    settings = (ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8")
    read = json.loads(re.sub(r"^\s*//.*$", "", settings, flags=re.MULTILINE))
    assert (ROOT / ".devcontainer" / read["build"]["dockerfile"]).exists()


def test_make_alone_lists_every_target_in_a_group() -> None:
    need_program("make")
    done = subprocess.run(["make", "-C", ROOT, "help"], capture_output=True, text=True, check=True)
    groups = [group.splitlines() for group in done.stdout.split("\n\n")]
    targets = re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^  (\w+) ", done.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(set(targets) - {"help"})
    assert 4 <= len(groups) <= 8


# The cut


OPEN = """\
# Changelog

## [Unreleased]

### Added

- New.

## [1.2.0] - 2026-11-21
"""


def test_a_cut_closes_the_section_and_leaves_an_empty_one(release: ModuleType) -> None:
    closed = release.closed(OPEN, "1.3.0", "2026-12-24")
    assert release.problems("1.3.0", closed, "v1.3.0") == []
    assert "## [Unreleased]\n\nNothing yet.\n\n## [1.3.0] - 2026-12-24\n\n### Added" in closed
    assert closed.count("- New.") == 1


@pytest.mark.parametrize(
    ("changelog", "version"),
    [(OPEN, "1.2.0"), (OPEN, "v1.3.0"), (OPEN, "1.3"), (GOOD.replace("Unreleased", "2"), "3.0.0")],
)
def test_what_cannot_be_cut_is_left(release: ModuleType, changelog: str, version: str) -> None:
    with pytest.raises(SystemExit):
        release.closed(changelog, version, "2026-12-24")


def test_a_cut_sets_the_version(
    release: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src/navfeed").mkdir(parents=True)
    (tmp_path / "src/navfeed/version.py").write_text('"""Doc."""\n\n__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(OPEN)
    monkeypatch.setattr(release, "ROOT", tmp_path)
    release.cut("1.3.0")
    assert release.version() == "1.3.0"
    assert release.problems("1.3.0", release.read("CHANGELOG.md"), "v1.3.0") == []


def test_the_formula_gets_the_address_and_the_checksum(release: ModuleType, tmp_path: Path) -> None:
    sdist = tmp_path / "navfeed-1.3.0.tar.gz"
    sdist.write_bytes(b"")
    filled = release.formula(release.read("packaging/homebrew/navfeed.rb"), sdist)
    assert re.findall(r"navfeed-([\d.]+)\.tar", filled) == ["1.3.0"]
    (checksum,) = re.findall(r'sha256 "(\w+)"', filled)
    assert checksum.startswith("e3b0c44298fc1c14")  # of nothing


def test_every_library_states_its_licence() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / ".ci/licences.py"], capture_output=True, text=True, check=True
    )
    rows = [re.split(r"  +", line) for line in done.stdout.splitlines()]
    assert {"httpx", "rich", "typer", "PyStemmer"} <= {name for name, _, _ in rows}
    assert all(terms for _, _, terms in rows)
