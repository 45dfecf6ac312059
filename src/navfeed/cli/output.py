"""Where output goes: text for people, bytes for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import BinaryIO, TextIO

from navfeed.plaintext import harmless


def for_people() -> TextIO:
    """Where text goes: stdout. A letter that the locale cannot write becomes `?`, never a crash."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return sys.stdout


def print_lines(lines: Iterable[str]) -> int:
    """Print text for people; answer how many lines it was."""
    out = for_people()
    count = 0
    for line in lines:
        out.write(f"{line}\n")
        count += 1
    return count


def for_programs() -> BinaryIO:
    """Where data goes: stdout, in UTF-8 whatever the locale says."""
    return sys.stdout.buffer


def hint(message: str) -> None:
    """Something to know, beside the answer."""
    print(f"navfeed: {harmless(message)}", file=sys.stderr)  # noqa: T201
