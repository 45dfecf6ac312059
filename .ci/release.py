"""Whether version, changelog and tag agree: `python .ci/release.py [TAG]`.

Without a tag: whether the changelog speaks of the version at all. Ends with 1 and says what is
wrong, where something is.
"""

# ruff: noqa: INP001, T201  a script for people and for CI

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECTION = re.compile(r"^## \[(.+?)\](.*)\n((?:(?!## ).*\n?)*)", re.MULTILINE)
"""A version's name, what stands behind it, and what it changed."""


def main() -> None:
    wrong = problems(version(), read("CHANGELOG.md"), *sys.argv[1:2])
    for problem in wrong:
        print(f"release: {problem}", file=sys.stderr)
    sys.exit(bool(wrong))


def version() -> str:
    """The one place where it stands."""
    (found,) = re.findall(r'^__version__ = "(.+)"$', read("src/navfeed/version.py"), re.MULTILINE)
    return str(found)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def problems(version: str, changelog: str, tag: str | None = None) -> list[str]:
    """What keeps this from being released as `tag`, a sentence each."""
    sections = {name: (rest, changes) for name, rest, changes in SECTION.findall(changelog)}
    found = []
    if list(sections)[:2] != ["Unreleased", version]:
        found.append(
            f"CHANGELOG.md begins with {list(sections)[:2]}, and __version__ is {version}: "
            f"let it begin with [Unreleased] and [{version}]"
        )
    if tag is None:
        return found
    if tag != f"v{version}":
        found.append(
            f"the tag is {tag}, and __version__ is {version}: tag v{version}, or change it"
        )
    nothing = ("", "")
    if not re.fullmatch(r" - \d{4}-\d\d-\d\d", sections.get(version, nothing)[0]):
        found.append(f"CHANGELOG.md gives no date: write `## [{version}] - YYYY-MM-DD`")
    if re.search(r"^- ", sections.get("Unreleased", nothing)[1], re.MULTILINE):
        found.append(f"CHANGELOG.md has entries under [Unreleased]: move them to [{version}]")
    return found


if __name__ == "__main__":
    main()
