"""The pictures are what docs/pictures.py draws of the feed, and need nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def draw() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("docs_pictures", DOCS / "pictures.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pictures: dict[str, str] = module.pictures()
    return pictures


FILES = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "pictures").glob("*.svg")}


def description_of(name: str) -> str:
    (text,) = re.findall(r'<desc id="description">(.+)</desc>', FILES[name])
    return str(text)


def test_every_picture_is_what_the_feed_and_the_commands_show_today() -> None:
    drawn = draw()
    assert sorted(drawn) == sorted(FILES)
    assert [name for name in drawn if drawn[name] != FILES[name]] == [], "run `make docs`"


@pytest.mark.parametrize("name", FILES)
def test_a_picture_is_sound_and_complete_in_itself(name: str) -> None:
    root = ET.fromstring(FILES[name])
    words = [element.text for element in root if element.tag.endswith(("title", "desc"))]
    assert len(words) == 2
    assert all(words)
    assert re.findall(r"href|url\(|@import|<script|<image", FILES[name]) == []


@pytest.mark.parametrize("name", FILES)
def test_a_picture_is_shown_somewhere(name: str) -> None:
    pages = [DOCS.parent / "README.md", *DOCS.rglob("*.md")]
    assert [page for page in pages if f"/{name})" in page.read_text(encoding="utf-8")]


def test_the_windows_overlap_by_one_and_end_in_a_tip_of_two() -> None:
    pages = [
        list(map(int, shown.split(", ")))
        for shown in re.findall(r"shows ([\d, ]+\d)", description_of("windows.svg"))
    ]
    assert pages == [[1, 2, 3, 4], [4, 5, 6, 7], [7, 8], [8, 9]]


def test_the_late_entry_is_missing_at_first() -> None:
    assert "sees 1, 2, 3, 4, 6," in description_of("late-entry.svg")
    assert "both 1, 2, 3, 4, 5, 6:" in description_of("late-entry.svg")
