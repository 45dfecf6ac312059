"""Texts from outside without what nobody can see, and addresses that lead to the web."""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Controls, and what turns the direction of writing: no text may read other than it is written."""


def safe_link(text: str | None) -> str:
    """An address on the web, or nothing."""
    address = _INVISIBLE.sub("", text or "").strip()
    return address if address.lower().startswith(("https://", "http://")) else ""


def visible(text: str) -> str:
    """Without what nobody can see."""
    return _INVISIBLE.sub("", text)


def plain(text: str | None) -> str:
    """A text on one line; the template escapes it."""
    return " ".join(_INVISIBLE.sub("", text or "").split())
