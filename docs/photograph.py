"""Photographs the pages of `navfeed serve` for README and docs: `python docs/photograph.py`.

After `make browser`, which installs what drives the browser. The ads are a practice feed's, on the
day on which the picture is taken.
"""

# ruff: noqa: INP001  a script, beside the picture it takes

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import sync_playwright

from navfeed.practice import Practice, PracticeServer, World

PICTURES = Path(__file__).resolve().parent / "pictures"
NAVFEED = str(Path(sys.executable).with_name("navfeed"))
SIZE = {"width": 1280, "height": 760}
SEEN = "?lang=nb&text=sykepleier"


def main() -> None:
    chromium = shutil.which("chromium") or sys.exit("chromium is not installed")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = Path(folder) / "navfeed.db"
        fill(store)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with served(store) as address:
            page = browser.new_page(viewport=SIZE, locale="nb-NO")
            page.goto(address + SEEN)
            page.locator(".rows a").nth(1).click()
            page.mouse.move(0, 0)
            page.screenshot(path=PICTURES / "page.png")
            page.set_viewport_size({"width": 1280, "height": 1000})
            page.goto(address + "map?lang=nb")
            page.screenshot(path=PICTURES / "map.png")
        browser.close()


def fill(store: Path) -> None:
    world = World.history(4, now=datetime.now(UTC), entries=6_000)
    with PracticeServer(Practice(world)) as feed:
        words = [NAVFEED, "sync", "--quiet", "--base-url", feed.url, "--db", str(store)]
        subprocess.run(words, check=True, env=environment())  # noqa: S603  our own program


@contextmanager
def served(store: Path) -> Iterator[str]:
    words = [NAVFEED, "serve", "--port", "0", "--db", str(store)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment()) as server:  # noqa: S603
        assert server.stdout  # noqa: S101  it is a pipe
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("NAVFEED_")}


if __name__ == "__main__":
    main()
