"""One file for each municipality, in a folder with a list of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from typing import BinaryIO
from unicodedata import normalize

from navfeed.export.formats import write_csv

INDEX = "index.csv"
"""Which file holds the ads of which municipality, and how many rows it has."""

NOWHERE = "_none"
"""The file of the ads that name no municipality."""

_LONGEST = 60  # letters; in UTF-8 with its ending still below 255 bytes


def files_of(municipals: Iterable[str]) -> dict[str, list[str]]:
    """Name a file for each municipality, without its ending, with all spellings that belong there.

    Names come from outside. What could lead out of the folder, or differ in case alone, does not
    get into a file's name; municipalities whose names are then the same share a file.
    """
    files: dict[str, list[str]] = {}
    for municipal in sorted(municipals):
        files.setdefault(_stem(municipal), []).append(municipal)
    return dict(sorted(files.items()))


def _stem(municipal: str) -> str:
    name = re.sub(r"[^\w -]", "_", normalize("NFC", municipal).upper())
    return normalize("NFC", name)[:_LONGEST].strip(" _-") or "_"


def write_split(
    folder: Path,
    ending: str,
    files: dict[str, list[str]],
    write: Callable[[list[str], BinaryIO], int],
) -> None:
    """Write each file and the index; `write` gets a file's spellings and answers how many rows."""
    rows: list[tuple[str, str, int]] = []
    for stem, municipals in files.items():
        name = f"{stem}.{ending}"
        with _private(folder / name) as out:
            rows.append((name, "; ".join(filter(None, municipals)), write(municipals, out)))
    with _private(folder / INDEX) as out:
        write_csv(("file", "municipal", "rows"), rows, out)


def _private(path: Path) -> BinaryIO:
    """A new file, its owner's alone."""
    path.touch(mode=0o600, exist_ok=False)
    return path.open("wb")


def is_split(folder: Path) -> bool:
    """Whether the folder holds what its index lists, and nothing besides."""
    try:
        text = (folder / INDEX).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    listed = {row[0] for row in csv.reader(StringIO(text)) if row} | {INDEX}
    return all(one.name in listed and not one.is_dir() for one in folder.iterdir())
