"""Releases: `python .ci/release.py [TAG]` checks one, `--cut VERSION` prepares one.

With a tag: whether tag, version and changelog agree. Without: whether the changelog has a section
for the version. Ends with 1 and names what is wrong, where something is. `--cut` (`make release`)
sets the version and gives what is under [Unreleased] in CHANGELOG.md its number and day.
`--formula SDIST` prints the Homebrew formula for that sdist.
"""

# ruff: noqa: INP001, T201  a script for people and for CI

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECTION = re.compile(r"^## \[(.+?)\](.*)\n((?:(?!## ).*\n?)*)", re.MULTILINE)
"""A version's name, what stands behind it, and what it changed."""


def main() -> None:
    match sys.argv[1:]:
        case ["--cut", version]:
            cut(version)
        case ["--formula", sdist]:
            print(formula(read("packaging/homebrew/navfeed.rb"), Path(sdist)), end="")
        case _:
            check()


def check() -> None:
    wrong = problems(version(), read("CHANGELOG.md"), *sys.argv[1:2])
    for problem in wrong:
        print(f"release: {problem}", file=sys.stderr)
    sys.exit(bool(wrong))


def cut(version: str) -> None:
    """Set the version and close the changelog's section, or leave both as they are."""
    changelog = closed(read("CHANGELOG.md"), version, datetime.now(UTC).date().isoformat())
    write("CHANGELOG.md", changelog)
    old = read("src/navfeed/version.py")
    write("src/navfeed/version.py", re.sub(r'(__version__ = )".+"', rf'\1"{version}"', old))


def closed(changelog: str, version: str, day: str) -> str:
    """The changelog with [Unreleased] empty, and what was under it under `version`."""
    sections = dict.fromkeys(name for name, _, _ in SECTION.findall(changelog))
    if not re.fullmatch(r"\d+\.\d+\.\d+", version) or version in sections:
        sys.exit(f"release: {version} is no new version of the form 1.2.3")
    if next(iter(sections), None) != "Unreleased":
        sys.exit("release: CHANGELOG.md does not begin with [Unreleased]")
    head = "## [Unreleased]\n"
    return changelog.replace(head, f"{head}\nNothing yet.\n\n## [{version}] - {day}\n", 1)


def formula(text: str, sdist: Path) -> str:
    """The Homebrew formula with the address and the checksum of a released sdist."""
    filled = re.sub(r"navfeed-[\d.]+\d\.tar\.gz", sdist.name, text)
    return re.sub(r'sha256 "\w*"', f'sha256 "{sha256(sdist.read_bytes()).hexdigest()}"', filled)


def version() -> str:
    """The one place where it stands."""
    (found,) = re.findall(r'^__version__ = "(.+)"$', read("src/navfeed/version.py"), re.MULTILINE)
    return str(found)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def write(name: str, text: str) -> None:
    (ROOT / name).write_text(text, encoding="utf-8")


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
