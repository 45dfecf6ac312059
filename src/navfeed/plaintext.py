"""Text from outside, made fit for a terminal."""

from __future__ import annotations

import re

_SPACING = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REORDERING = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """One line that can do nothing to a terminal, nor read other than it is written.

    Line breaks and tabs become spaces, other control characters U+FFFD; characters that turn the
    direction of writing are dropped.
    """
    if text.isprintable():  # nearly every text is, and this is fast
        return text
    return _CONTROL.sub("\ufffd", _REORDERING.sub("", _SPACING.sub(" ", text)))
