"""What navfeed brings along: `make licences` lists each library with its version and licence.

The libraries that a plain `pip install navfeed` installs in this environment, direct or not; with
extras named (`.ci/licences.py serve xlsx`), theirs too. Ends with 1 where one states no licence.
"""

# ruff: noqa: INP001, T201  a script for people

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

UNKNOWN = "not stated"
CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(.+)")


def main() -> None:
    rows = sorted((one.name, one.version, licence(one)) for one in libraries(sys.argv[1:]))
    width = max(len(name) for name, _, _ in rows)
    for name, version, terms in rows:
        print(f"{name:{width}}  {version:12}  {terms}")
    sys.exit(any(terms == UNKNOWN for _, _, terms in rows))


def libraries(extras: list[str]) -> Iterator[Distribution]:
    """Each once; one that a marker leaves out here is not installed, and not listed."""
    known = {"navfeed"}
    waiting = [*needed(distribution("navfeed"), ["", *extras])]
    while waiting:
        name, wanted = waiting.pop()
        if name in known:
            continue
        known.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield found
        waiting += needed(found, ["", *wanted])


def needed(one: Distribution, extras: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The names that a distribution requires, each with the extras it is required with."""
    for line in one.requires or []:
        requirement, _, marker = line.partition(";")
        wanted_by = re.findall(r"extra == ['\"]([\w-]+)", marker)
        if wanted_by and not set(wanted_by) & set(extras):
            continue
        found = re.match(r"([\w.-]+)\s*(?:\[([^]]*)\])?", requirement)
        if found:
            yield found[1].lower().replace("_", "-"), (found[2] or "").split(",")


def licence(one: Distribution) -> str:
    """The SPDX expression, else classifiers, else the free text's first line, else its file."""
    about = one.metadata
    classified = about.get_all("Classifier") or []
    classes = [found[1] for text in classified if (found := CLASSIFIER.fullmatch(text))]
    free = (about.get("License") or "").strip().partition("\n")[0]
    files = " ".join(f"see {name}" for name in about.get_all("License-File") or [])
    return about.get("License-Expression") or ", ".join(classes) or free or files or UNKNOWN


if __name__ == "__main__":
    main()
