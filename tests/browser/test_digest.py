"""A digest as HTML, as a mail program shows it: on a phone and a desktop, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from navfeed.watches.choices import Field, Mark, Trigger
from navfeed.watches.digest import Ad, Digest, Group, Item, gone_ad
from navfeed.watches.html import html

LOREM = "Avdelingen har tretti plasser og søker deg som liker å arbeide om natten. "


def _ad(number: int, **fields: Any) -> Ad:
    values = {
        "title": "Sykepleier natt, 75 % fast stilling",
        "employer": "Bergen kommune, etat for sykehjem",
        "place": "BERGEN",
        "due_date": date(2026, 12, 10),
        "apply_url": "https://sykehjem.example/sok/1",
        "excerpt": (("Vi søker ", False), ("sykepleier", True), (f" til {LOREM * 2}", False)),
    }
    uuid = f"{number:08x}-0000-4000-8000-000000000000"
    blank = {"due": "", "last_day": None, "hashes": {}, "page_url": f"https://nav.example/{uuid}"}
    return Ad(uuid, **{**blank, **values, **fields})


DIGEST = Digest(
    (
        Group(
            "bergen-natt",
            (
                Item(_ad(1), Trigger.NEW, also_matches=("helse",)),
                Item(_ad(2), Trigger.CHANGED, changed=(Field.DEADLINE,), days_left=1),
                Item(_ad(3), Trigger.CLOSING, days_left=0, mark=Mark.SAVED, note="Ring Kari"),
                Item(gone_ad(_ad(4).uuid), Trigger.GONE),
            ),
        ),
        Group(
            "alt",
            (
                Item(
                    _ad(5, title="Æ" * 300, employer="https://example.org/" + "x" * 180),
                    Trigger.NEW,
                ),
                Item(_ad(6, title="<b>Fet</b> & <script>", due_date=None, excerpt=()), Trigger.NEW),
            ),
        ),
    ),
    "The data was complete 3 days ago. Ads may have been withdrawn since.",
)


@pytest.fixture(params=[(360, False), (360, True), (1280, False), (1280, True)], ids=str)
def page(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The digest at a width, light or dark; at the end, nothing may have been loaded besides."""
    width, dark = request.param
    file = tmp_path / "digest.html"
    file.write_text(html(DIGEST), encoding="utf-8")
    loaded: list[str] = []
    scheme = "dark" if dark else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=True
    )
    with closing(context):
        page = context.new_page()
        page.on("request", lambda request: loaded.append(request.url))
        page.on("console", lambda message: loaded.append(message.text))
        page.goto(file.as_uri())
        yield page
    assert loaded == [file.as_uri()]


def test_everybody_can_read_it(page: Any) -> None:
    """axe-core finds nothing, and nothing has to be scrolled sideways."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_links_are_large_enough_for_a_thumb(page: Any) -> None:
    heights = page.locator("a").evaluate_all(
        "all => all.map(a => a.getBoundingClientRect().height)"
    )
    assert len(heights) == 10
    assert min(heights) >= 44


def test_text_of_ads_stays_text(page: Any) -> None:
    assert page.locator("script, img, article b").count() == 0
    assert page.get_by_role("heading", name="<b>Fet</b> & <script>").is_visible()
