"""Whoever meets a reason in the store finds out what it means."""

from __future__ import annotations

import re
from pathlib import Path

from navfeed.model import Reason

PAGE = Path("docs/reference/reasons.md")


def test_every_reason_is_explained_once_and_no_other() -> None:
    explained = re.findall(r"^\| `([a-z ]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(Reason)
