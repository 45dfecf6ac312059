"""The documentation's site as its readers get it: in a browser, on a phone, and as Markdown."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.tools import need

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md"))
PHONE, DESKTOP = 360, 1280


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        pass


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("sphinx", "myst_parser", "furo", "sphinx_copybutton")
    site = tmp_path_factory.mktemp("site")
    words = ["-m", "sphinx", "--quiet", "--fail-on-warning", str(DOCS), str(site)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture(scope="module")
def site(built: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=built)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Any]:
    """Opens a page; nobody but the site may be called, and nothing may be wrong on the console."""
    wrong: list[str] = []
    opened = []

    def visit(page: str, width: int, scheme: str = "light") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            permissions=["clipboard-read", "clipboard-write"],
        )
        opened.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: wrong.append(message.text))
        tab.on("request", lambda request: request.url.startswith(site) or wrong.append(request.url))
        tab.goto(f"{site}{page}.html")
        return tab

    yield visit
    for context in opened:
        context.close()
    assert wrong == []


def findings(tab: Any) -> list[tuple[str, str]]:
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(tab).response["violations"]
    return [(each["id"], node["html"]) for each in violations for node in each["nodes"]]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_for_everybody_and_fits_on_a_phone(visit: Any, page: str) -> None:
    """axe-core finds nothing, and nothing has to be scrolled sideways."""
    tab = visit(page, PHONE)
    assert findings(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE


@pytest.mark.parametrize("page", ["index", "tutorial", "reference/cli", "reference/api"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_for_everybody_on_a_desktop(visit: Any, page: str, scheme: str) -> None:
    assert findings(visit(page, DESKTOP, scheme)) == []


def test_the_search_finds_a_page(visit: Any) -> None:
    tab = visit("index", DESKTOP)
    tab.locator("input[name=q]").first.fill("late entries")
    tab.keyboard.press("Enter")
    tab.locator("#search-results li a", has_text="How the feed behaves").first.wait_for()


def test_a_command_is_copied_without_its_prompt(visit: Any) -> None:
    tab = visit("index", DESKTOP)
    tab.locator("div.highlight").first.hover()
    tab.locator("button.copybtn").first.click()
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0] == "pipx install navfeed"


def test_every_page_has_its_markdown_and_names_it(built: Path) -> None:
    for page in PAGES:
        twin = (built / f"{page}.md").read_text(encoding="utf-8")
        assert twin.startswith("# ")
        assert "```{" not in twin
        name = page.rpartition("/")[2]
        named = f'<link rel="alternate" type="text/markdown" href="{name}.md">'
        assert named in (built / f"{page}.html").read_text(encoding="utf-8")


def test_llms_txt_lists_pages_that_are_there(built: Path) -> None:
    text = (built / "llms.txt").read_text(encoding="utf-8")
    listed = [line.rpartition("](")[2].rstrip(")") for line in text.splitlines() if "](" in line]
    assert len(listed) == len(set(listed)) > 30
    assert [name for name in listed if not (built / name).exists()] == []
    assert "reference/api.md" in listed
