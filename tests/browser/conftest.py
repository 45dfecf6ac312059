"""A headless Chromium before a service of made-up ads: `make browser`.

Skipped, with the reason, where playwright or Chromium is missing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from cli.support import ad, place
from navfeed.practice import World
from navfeed.serve.personal import Personal
from navfeed.watches.state_file import state_path
from serve.support import Service, serving
from support.clock import NOW
from support.tools import need

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""Without these, Chromium calls its maker at every start."""

Open = Callable[..., Any]


WATCHES = """
[watch.bodo-natt]
municipal = ["BODØ"]
text = ["natt"]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Some hundred ads of a practice feed, and one that all tests know."""
    world = World.history(5, now=NOW, entries=900)
    ads = [world.detail(one)["ad_content"] for one in world.active()]
    known = ad(
        1,
        title="Sykepleier natt i Bodø",
        published="2026-11-21T11:00:00Z",
        workLocations=[place("BODØ", "NORDLAND")],
    )
    db = tmp_path_factory.mktemp("browser") / "navfeed.db"
    personal = Personal(db.with_name("watches.toml"), state_path(db), ("municipal", "text"))
    personal.watches_file.write_text(WATCHES, encoding="utf-8")
    with serving(db, [*ads, known], {"personal": personal}) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """No longer than its tests: playwright keeps an event loop running, which bears no other."""
    need("playwright", "axe_playwright_python")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("NEED_ALL_TOOLS"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, service: Service) -> Iterator[Open]:
    """Opens an address: `visit("/?text=natt", width=360, dark=True, scripts=False)`.

    At the end, the console must be empty, and no other host may have been requested.
    """
    home = f"http://127.0.0.1:{service.port}"
    output: list[str] = []

    def refuse_others(request: Any) -> None:
        if not request.url.startswith(home):
            output.append(f"asked {request.url}")

    with ExitStack() as stack:

        def visit(
            address: str, *, width: int = 1400, dark: bool = False, scripts: bool = True
        ) -> Any:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if dark else "light",
                java_script_enabled=scripts,
                locale="nb-NO",
            )
            stack.callback(context.close)
            page = context.new_page()
            page.on("console", lambda message: output.append(message.text))
            page.on("pageerror", lambda error: output.append(str(error)))
            page.on("request", refuse_others)
            page.goto(home + address)
            return page

        yield visit
    assert output == []
