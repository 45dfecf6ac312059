"""Values as plain text; untrusted text made safe for a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import chain

from navfeed.text.letters import UNSEEN

_SPACING = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_CONTROLS = (range(0x20), range(0x7F, 0xA0), range(0xD800, 0xE000))


# Made with the first text that needs them: 6,000 letters take 2 ms, a fortieth of `--help`.


@cache
def _unseen() -> set[int]:
    """Without joiners and the variants of emoji: letters and pictures are made with them."""
    return set(chain(*UNSEEN)) - {0x200C, 0x200D, *range(0xFE00, 0xFE10)}


@cache
def _harmless() -> dict[int, str]:
    return {
        **dict.fromkeys(chain(*_CONTROLS), "\ufffd"),
        **dict.fromkeys(map(ord, _SPACING), " "),
        **dict.fromkeys(_unseen(), ""),
    }


@cache
def _hidden() -> re.Pattern[str]:
    """Those that `str.isprintable` lets pass."""
    return re.compile(f"[{''.join(char for char in map(chr, _unseen()) if char.isprintable())}]")


def sanitize(text: str) -> str:
    """One line that cannot control a terminal, and is displayed as it is written.

    Line breaks and tabs become spaces, other control characters U+FFFD; invisible characters and
    those that change the direction of writing are dropped.
    """
    # Nearly every text is printable, which is quick to check.
    if text.isprintable() and (text.isascii() or not _hidden().search(text)):
        return text
    return text.translate(_harmless())


def cell_text(value: object) -> str:
    """A value as a cell of a table: several values separated by semicolons."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {cell_text(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(cell_text, value))
    return "" if value is None else str(value)
