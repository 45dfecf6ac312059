"""One file for each municipality, in a folder with a list of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from typing import BinaryIO

from navfeed.export.formats import write_csv
from navfeed.text.letters import composed

INDEX = "index.csv"
"""The index: file, municipality and number of rows."""

_HEADER = ("file", "municipal", "rows")

ENDINGS = frozenset({"csv", "json", "jsonl", "xlsx", "parquet"})
"""Suffixes of the files: the formats."""

NOWHERE = "_none"
"""The file of the ads without a municipality."""

_LONGEST = 60  # letters; in UTF-8 with its ending still below 255 bytes


def files_of(municipalities: Iterable[str]) -> dict[str, list[str]]:
    """Name a file for each municipality, without its ending, with all spellings that belong there.

    Names come from outside. What could lead out of the folder, or differ in case alone, does not
    get into a file's name; municipalities whose names are then the same share a file.
    """
    files: dict[str, list[str]] = {}
    for municipal in sorted(municipalities):
        files.setdefault(_stem(municipal), []).append(municipal)
    return dict(sorted(files.items()))


def _stem(municipal: str) -> str:
    name = re.sub(r"[^\w -]", "_", composed(municipal).upper())
    name = composed(name)[:_LONGEST].strip(" _-") or "_"
    # Where case makes no difference, INDEX.csv is the index.
    return f"{name}_" if f"{name}.csv".casefold() == INDEX else name


def write_split(
    folder: Path,
    ending: str,
    files: dict[str, list[str]],
    write: Callable[[list[str], BinaryIO], int],
) -> None:
    """Write each file and the index; `write` gets a file's spellings and answers how many rows."""
    rows: list[tuple[str, str, int]] = []
    for stem, municipalities in files.items():
        name = f"{stem}.{ending}"
        with _private(folder / name) as out:
            rows.append((name, "; ".join(filter(None, municipalities)), write(municipalities, out)))
    with _private(folder / INDEX) as out:
        write_csv(_HEADER, rows, out)


def _private(path: Path) -> BinaryIO:
    """A new file that only its owner can read."""
    path.touch(mode=0o600, exist_ok=False)
    return path.open("wb")


def is_split(folder: Path) -> bool:
    """Whether the folder holds what its index lists, and nothing besides.

    An index is believed only where `write_split` could have written it: the next export takes away
    what it lists, and anybody may have put it there.
    """
    if any(one.is_symlink() or not one.is_file() for one in folder.iterdir()):
        return False
    try:
        text = (folder / INDEX).read_bytes().decode()
        header, *rows = csv.reader(StringIO(text, newline=""), strict=True)
    except (OSError, ValueError, csv.Error):
        return False
    if tuple(header) != _HEADER or not all(map(_could_be_ours, rows)):
        return False
    return {one.name for one in folder.iterdir()} <= {INDEX, *(name for name, *_ in rows)}


def _could_be_ours(row: list[str]) -> bool:
    if len(row) != len(_HEADER):
        return False
    name, _, count = row
    stem, _, ending = name.rpartition(".")
    named = stem == NOWHERE or stem == _stem(stem)
    return named and ending in ENDINGS and count.isascii() and count.isdecimal()
