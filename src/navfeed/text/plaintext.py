"""Text from outside, made fit for a terminal."""

from __future__ import annotations

_SPACING = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
_REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CONTROLS = (range(0x20), range(0x7F, 0xA0), range(0xD800, 0xE000))
_HARMLESS = {
    **{code: "\ufffd" for codes in _CONTROLS for code in codes},
    **dict.fromkeys(map(ord, _SPACING), " "),
    **dict.fromkeys(map(ord, _REORDERING), ""),
}


def sanitize(text: str) -> str:
    """One line that can do nothing to a terminal, nor read other than it is written.

    Line breaks and tabs become spaces, other control characters U+FFFD; characters that turn the
    direction of writing are dropped.
    """
    # Nearly every text is printable, and that is seen at once.
    return text if text.isprintable() else text.translate(_HARMLESS)
