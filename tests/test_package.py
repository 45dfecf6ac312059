"""What is published: nothing is missing from it, nothing is in it beside that, and it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from navfeed import __version__
from navfeed.practice import Practice, PracticeServer, World
from support.clock import machine_now

ROOT = Path(__file__).parents[1]
NAME = f"navfeed-{__version__}"
SBOM = "sboms/navfeed.cdx.json"
COMPLETIONS = {
    "bash-completion/completions/navfeed",
    "zsh/site-functions/_navfeed",
    "fish/vendor_completions.d/navfeed.fish",
}
SOURCES = (
    *("src", "docs", "packaging"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "constraints.txt"),
)
OURS = ("NAVFEED", "PYTHON", "COVERAGE")
"""Variables that would lead out of the new environment, or are set for other tests."""


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(folder))
    return Path(built)


@pytest.fixture(scope="module")
def source(sdist: Path) -> Path:
    """The sdist as somebody unpacks it."""
    with tarfile.open(sdist) as archive:
        archive.extractall(sdist.parent, filter="data")
    return sdist.parent / NAME


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """Built out of the sdist, as whoever packages navfeed builds it."""
    (built,) = WheelBuilder(str(source)).build(directory=str(source.parent))
    return Path(built)


def inside(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel: Path) -> Message:
    return Parser().parsestr(inside(wheel)[f"{NAME}.dist-info/METADATA"].decode())


def package() -> set[str]:
    files = (ROOT / "src").rglob("*")
    names = {file.relative_to(ROOT / "src").as_posix() for file in files if file.is_file()}
    return {name for name in names if "__pycache__" not in name}


def test_the_wheel_holds_the_package_and_no_more(wheel: Path) -> None:
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE", SBOM}
    manuals = {f"man/man1/{page.name}" for page in (ROOT / "packaging/man").iterdir()}
    assert inside(wheel).keys() == {
        *package(),
        *(f"{NAME}.dist-info/{name}" for name in about),
        *(f"{NAME}.data/data/share/{name}" for name in manuals | COMPLETIONS),
    }
    assert "navfeed/py.typed" in package()


def test_the_wheel_names_its_parts(wheel: Path) -> None:
    parts = json.loads(inside(wheel)[f"{NAME}.dist-info/{SBOM}"])
    assert parts["metadata"]["component"]["version"] == __version__
    named = {part["name"] for part in parts["components"] if part["type"] == "library"}
    needed = {Requirement(one).name for one in metadata(wheel).get_all("Requires-Dist", [])}
    assert named == {canonicalize_name(name) for name in needed}


def test_two_builds_are_equal_byte_for_byte(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    """On another day, in another folder, by somebody with another umask."""
    clone = tmp_path / "elsewhere"
    before = os.umask(0o077)
    try:
        for name in (*SOURCES, "pyproject.toml", ".gitignore"):
            copy_with_other_times(ROOT / name, clone / name)
        (other_sdist,) = SdistBuilder(str(clone)).build(directory=str(tmp_path))
        (other_wheel,) = WheelBuilder(str(clone)).build(directory=str(tmp_path))
    finally:
        os.umask(before)
    assert Path(other_sdist).read_bytes() == sdist.read_bytes()
    assert Path(other_wheel).read_bytes() == wheel.read_bytes()


def copy_with_other_times(source: Path, target: Path) -> None:
    files = [source] if source.is_file() else sorted(source.rglob("*"), reverse=True)
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            copy = target / file.relative_to(source) if source.is_dir() else target
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
            copy.chmod(file.stat().st_mode & 0o700)
            os.utime(copy, (1_000_000_000, 1_000_000_000))


def test_the_wheel_of_the_sdist_is_that_of_the_clone(wheel: Path, tmp_path: Path) -> None:
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path))
    assert inside(Path(built)) == inside(wheel)


def test_the_sdist_holds_what_it_takes_to_build_and_read(source: Path) -> None:
    top = {path.name for path in source.iterdir()}
    assert top == {"pyproject.toml", "PKG-INFO", ".gitignore", *SOURCES}
    assert [path for path in source.rglob("*") if path.name.startswith("test_")] == []
    assert (source / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_describes_itself(wheel: Path) -> None:
    output = metadata(wheel)
    assert (output["Name"], output["Version"]) == ("navfeed", __version__)
    assert (output["License-Expression"], output["Requires-Python"]) == ("MIT", ">=3.11")
    assert output["Metadata-Version"] == "2.4"
    assert output.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")
    assert "Typing :: Typed" in output.get_all("Classifier", [])


def test_the_wheel_works_with_nothing_but_its_requirements(wheel: Path, tmp_path: Path) -> None:
    installed = environment(wheel, tmp_path / "env")
    with PracticeServer(Practice(World.history(1, now=machine_now(), entries=60))) as feed:
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "NAVFEED_BASE_URL": feed.url,
            "NAVFEED_DB": "navfeed.db",
        }

        def navfeed(*words: str) -> str:
            done = subprocess.run(
                [installed, *words], cwd=tmp_path, env=settings, capture_output=True, check=False
            )
            assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
            return done.stdout.decode()

        assert navfeed("--version") == f"navfeed {__version__}\n"
        navfeed("sync")
        listed = navfeed("list").splitlines()
        assert listed
        assert len(navfeed("export", "--format", "jsonl").splitlines()) == len(listed)


def environment(wheel: Path, folder: Path) -> Path:
    """A new environment with the wheel in it; the command. Dependencies are lent, not fetched."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = ("install", "--quiet", "--no-deps", "--no-index", wheel)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    subprocess.run([*pip, "--python", python, *install], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for dependency in closure(metadata(wheel).get_all("Requires-Dist", [])):
        lend(dependency, site)
    return folder / "bin" / "navfeed"


def closure(requirements: list[str]) -> Iterator[Distribution]:
    """The distributions that are required, and those that they require, extras aside."""
    known: set[str] = set()
    waiting = list(requirements)
    while waiting:
        requested = Requirement(waiting.pop())
        if requested.name in known or (
            requested.marker and not requested.marker.evaluate({"extra": ""})
        ):
            continue
        known.add(requested.name)
        found = distribution(requested.name)
        waiting += found.requires or []
        yield found


def lend(dependency: Distribution, site: Path) -> None:
    for name in {file.parts[0] for file in dependency.files or []} - {"..", "__pycache__"}:
        if not (site / name).exists():
            (site / name).symlink_to(str(dependency.locate_file(name)))
