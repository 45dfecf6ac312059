"""The page on watches documents every setting, and its examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from navfeed.cli._watch_runs import FILTERS
from navfeed.watches.choices import Channel
from navfeed.watches.reading import SETTINGS, read_watch_file

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference/watches.md").read_text(encoding="utf-8")


def test_every_setting_and_every_channel_has_its_row() -> None:
    cells = re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([\w.]+)", cell)}
    mail = {f"mail.{name}" for name in ("host", "from", "security", "port", "user")}
    others = {"mail.password_file", "delivery.quiet_hours", "delivery.min_interval"}
    assert named == {*SETTINGS, *Channel, *mail, *others}


@pytest.mark.parametrize(
    "page", ["how-to/get-notified-of-new-ads.md", "how-to/faa-beskjed-om-nye-annonser.md"]
)
def test_the_files_that_are_shown_can_be_used(tmp_path: Path, page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    shown = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(shown) == 2
    for each in shown:
        file = tmp_path / "watches.toml"
        file.write_text(each, encoding="utf-8")
        assert read_watch_file(file, FILTERS).watches
