"""Values as plain text; untrusted text made safe for a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

from navfeed.text.letters import UNSEEN

_SPACING = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_CONTROLS = (range(0x20), range(0x7F, 0xA0), range(0xD800, 0xE000))

_UNSEEN = set(chain(*UNSEEN)) - {0x200C, 0x200D, *range(0xFE00, 0xFE10)}
"""Without joiners and the variants of emoji: letters and pictures are made with them."""

_HARMLESS = {
    **dict.fromkeys(chain(*_CONTROLS), "\ufffd"),
    **dict.fromkeys(map(ord, _SPACING), " "),
    **dict.fromkeys(_UNSEEN, ""),
}
_HIDDEN = re.compile(f"[{''.join(char for char in map(chr, _UNSEEN) if char.isprintable())}]")
"""Those that `str.isprintable` lets pass."""


def sanitize(text: str) -> str:
    """One line that cannot control a terminal, and is displayed as it is written.

    Line breaks and tabs become spaces, other control characters U+FFFD; invisible characters and
    those that change the direction of writing are dropped.
    """
    # Nearly every text is printable, which is quick to check.
    if text.isprintable() and (text.isascii() or not _HIDDEN.search(text)):
        return text
    return text.translate(_HARMLESS)


def cell_text(value: object) -> str:
    """A value as a cell of a table: several values separated by semicolons."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {cell_text(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(cell_text, value))
    return "" if value is None else str(value)
