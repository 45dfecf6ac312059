"""Letters in a canonical form: composed, and without invisible characters."""

from __future__ import annotations

import re
from unicodedata import normalize

UNSEEN = (
    *(range(0xAD, 0xAE), range(0x34F, 0x350), range(0x61C, 0x61D), range(0x115F, 0x1161)),
    *(range(0x17B4, 0x17B6), range(0x180B, 0x1810), range(0x200B, 0x2010), range(0x202A, 0x202F)),
    *(range(0x2060, 0x2070), range(0x3164, 0x3165), range(0xFE00, 0xFE10), range(0xFEFF, 0xFF00)),
    *(range(0xFFA0, 0xFFA1), range(0xFFF0, 0xFFFC), range(0x1BCA0, 0x1BCA4)),
    *(range(0x1D173, 0x1D17B), range(0xE0000, 0xE1000)),
)
"""What Unicode shows nothing of (Default_Ignorable_Code_Point, with the marks of annotations):
turns of direction, soft hyphens, joiners, byte order marks, fillers, variants, tags."""

UNSEEN_CLASS = "[" + "".join(f"{chr(one[0])}-{chr(one[-1])}" for one in UNSEEN) + "]"
"""For regular expressions."""

_MAY_BE_A_PART = re.compile("[^\x00-\u02ff\u2002-\u206f]")
"""Marks are among these. The letters of Western Europe, dashes and quotation marks are not."""

_LONG_RUN = re.compile("([^\\w\x00-\u02ff]{64,})")
"""Marks are no `\\w`, and none stands before U+0300."""


def composed(text: str) -> str:
    """The text with each letter composed of its parts (NFC), in time linear in its length.

    `unicodedata.normalize` sorts marks that follow each other by insertion, so that 100,000 of them
    take half a minute. No letter has that many: longer runs stay unchanged.
    """
    if text.isascii() or not _MAY_BE_A_PART.search(text):
        return text
    pieces = _LONG_RUN.split(text)  # every second one is a run
    return "".join(one if at % 2 else normalize("NFC", one) for at, one in enumerate(pieces))


def fold(text: str) -> str:
    """A form independent of case and of how accents are encoded: `BÆRUM` becomes `bærum`.

    Different letters stay different: å is not a. (Composed first: a decomposed å begins with a.)
    """
    return composed(text).casefold()
