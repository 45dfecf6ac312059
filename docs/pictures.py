"""Draws the pictures of docs/pictures: `make docs`.

What the pages of the feed show is not drawn by hand: it comes from the practice feed. A test
fails when a picture and the feed disagree (tests/docs/test_pictures.py).
"""

# ruff: noqa: INP001  a script, beside the pages it draws for

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from navfeed.practice import Practice, Request, World

if TYPE_CHECKING:
    from rich.text import Text

DOCS = Path(__file__).resolve().parent
FOLDER = DOCS / "pictures"
NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
BOX, GAP, ROW = 34, 10, 58
"""The side of an entry's box, the space between two, the height of a row."""
LEFT = 110

STYLE = """\
  <style>
    text { font: 15px system-ui, sans-serif; fill: #1d2733; dominant-baseline: middle }
    .faint { fill: #5d6b7a } .mid { text-anchor: middle } .end { text-anchor: end }
    .entry { fill: #ffffff; stroke: #44546a } .shared { fill: #ffe2a8; stroke: #a86a00 }
    .late { fill: #ffd0cc; stroke: #b3261e } .page { fill: #e6eef8; stroke: #7d96b5 }
    .line { stroke: #44546a; stroke-width: 2; fill: none } .dash { stroke-dasharray: 4 4 }
  </style>
  <rect width="100%" height="100%" rx="8" fill="#fafbfc"/>
"""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / name).write_text(picture, encoding="utf-8")


def pictures() -> dict[str, str]:
    """Every picture by its file's name, as it should be."""
    return {
        "windows.svg": windows(),
        "late-entry.svg": late_entry(),
        "look-back.svg": look_back(),
        "welcome.svg": welcome(),
    }


# What the feed shows


def read(practice: Practice, path: str) -> dict[str, Any]:
    """A page, as a reader with a token gets it."""
    headers = {"authorization": f"Bearer {practice.token}"}
    page: dict[str, Any] = practice.answer(Request("GET", path, headers)).json()
    return page


def walk(practice: Practice) -> Iterator[tuple[list[int], int | None]]:
    """Each page from the first to the tip: the places it shows, and the one its next_url names."""
    path: str | None = "/api/v1/feed"
    while path:
        page = read(practice, path)
        places = {entry.page_id: place for place, entry in enumerate(practice.world.entries(), 1)}
        first = places[page["id"]]
        shown = list(range(first, first + len(page["items"])))
        yield shown, places[page["next_id"]] if page["next_id"] else None
        path = page["next_url"]


def listed(places: list[int]) -> str:
    return ", ".join(map(str, places))


def seen(practice: Practice, numbers: dict[str, int]) -> list[int]:
    """The entries that a walk shows, by their ads' numbers."""
    shown: list[int] = []
    path: str | None = "/api/v1/feed"
    while path:
        page = read(practice, path)
        shown += [numbers[item["id"]] for item in page["items"]]
        path = page["next_url"]
    return list(dict.fromkeys(shown))


# Pages as windows


def windows() -> str:
    """Nine entries and pages of four, so that full pages, a growing one and a tip are there."""
    world = World(7, now=NOON)
    for _ in range(9):
        world.publish()
    pages = list(walk(Practice(world, page_size=4)))
    shared = {following for _, following in pages}
    parts = [text(20, 40, "the log"), *(box(column(n), 40, n) for n in range(1, 10))]
    for row, (shown, following) in enumerate(pages, 1):
        parts += window(40 + row * ROW, shown, following, shared)
    description = "; ".join(
        f"page {shown[0]} shows {listed(shown)} and "
        + (f"leads to page {following}" if following else "leads nowhere: it is the tip")
        for shown, following in pages
    )
    return svg("Pages are windows on the log", f"{description}.", 720, 80 + len(pages) * ROW, parts)


def window(y: int, shown: list[int], following: int | None, shared: set[int | None]) -> list[str]:
    width = column(shown[-1]) - column(shown[0]) + BOX + GAP
    left = column(shown[0]) - (BOX + GAP) / 2
    leads = f"next: page {following}" if following else "next: none, the tip"
    return [
        text(20, y, f"page {shown[0]}"),
        f'<rect class="page" x="{left:g}" y="{y - 24}" width="{width}" height="48" rx="6"/>',
        *(box(column(n), y, n, "shared" if n in shared else "entry") for n in shown),
        text(column(9) + BOX, y, leads, "faint"),
    ]


def column(place: int) -> int:
    """The middle of a place in the log."""
    return LEFT + (place - 1) * (BOX + GAP) + BOX // 2


# An entry that shows up late


def late_entry() -> str:
    """Writer A takes place 5 and commits after writer B, who took place 6."""
    world = World(7, now=NOON)
    before = [world.publish() for _ in range(4)]
    slow, quick = world.begin(), world.begin()
    ads = [*before, slow.publish(), quick.publish()]
    numbers = {ad: place for place, ad in enumerate(ads, 1)}
    hidden = numbers[ads[-2]]
    practice = Practice(world)
    quick.commit()
    first = seen(practice, numbers)
    slow.commit()
    second = seen(practice, numbers)
    description = (
        f"A takes place {hidden} before B takes place 6, and commits after B. A first visit in "
        f"between sees {listed(first)}, a second one after both {listed(second)}: {hidden} stands "
        "before an entry that was read already."
    )
    parts = [
        *writer(50, "writer A", (170, "takes place 5"), (520, "commits"), "late"),
        *writer(120, "writer B", (250, "takes place 6"), (350, "commits"), "entry"),
        *visit(430, "first visit", first, hidden),
        *visit(640, "second visit", second, hidden),
        '<path class="line" d="M 110 170 H 700 l -9 -5 m 9 5 l -9 5"/>',
        text(712, 170, "time", "faint"),
    ]
    return svg("An entry that shows up late", description, 760, 265, parts)


def writer(
    y: int, name: str, begins: tuple[int, str], ends: tuple[int, str], kind: str
) -> list[str]:
    (left, first), (right, last) = begins, ends
    return [
        text(20, y, name),
        f'<rect class="{kind}" x="{left}" y="{y - 9}" width="{right - left}" height="18" rx="9"/>',
        text(left, y - 24, first, "faint"),
        text(right + 8, y, last, "faint"),
    ]


def visit(x: int, name: str, shown: list[int], hidden: int) -> list[str]:
    """A reader's moment on the axis of time, and what the feed shows then."""
    side = 24
    left = x - (len(shown) - 1) * side / 2
    return [
        f'<path class="line dash" d="M {x} 25 V 190"/>',
        text(x, 202, name, "mid"),
        *(
            box(left + at * side, 232, n, "late" if n == hidden else "entry", side)
            for at, n in enumerate(shown)
        ),
    ]


# How far to look back


def look_back() -> str:
    description = (
        "On the axis of time: m, the moment of a page's first entry; m + L, the same as B - L; B, "
        "when the last walk began; T, when it read the tip. The first entry took its place between "
        "m and m + L, what can be hidden from the walk after B - L: so a page whose m is not after "
        "B - 2 L begins before all that can be hidden."
    )
    moments = {130: "m", 320: "m + L  =  B - L", 510: "B", 640: "T"}
    parts = [
        '<path class="line" d="M 60 60 H 700 l -9 -5 m 9 5 l -9 5"/>',
        text(712, 60, "time", "faint"),
        *(f'<path class="line" d="M {x} 50 V 70"/>' for x in moments),
        *(text(x, 30, name, "mid") for x, name in moments.items()),
        *span(130, 320, "shared", "L", "the page's first entry", "took its place in here"),
        *span(320, 510, "late", "L", "what can be hidden took", "its place from here on"),
        *span(510, 640, "page", "", "the last walk", ""),
    ]
    return svg("How far navfeed looks back", description, 760, 170, parts)


def span(left: int, right: int, kind: str, name: str, *lines: str) -> list[str]:
    middle = (left + right) // 2
    return [
        f'<rect class="{kind}" x="{left}" y="80" width="{right - left}" height="22" rx="6"/>',
        text(middle, 92, name, "mid"),
        *(text(middle, 122 + 20 * at, line, "faint mid") for at, line in enumerate(lines) if line),
    ]


# A terminal

CHARACTER, LINE, MARGIN = 7.8, 19, 20
"""Width of a character and height of a line of 13 px, and the space around."""

TERMINAL = """\
  <style>
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
      fill: #e4e9f0; white-space: pre }
    .prompt { fill: #9fe2a7 } .faint { fill: #aab4c2 } .prompt, .head { font-weight: bold }
  </style>
  <rect width="100%" height="100%" rx="8" fill="#161c26"/>
"""


def welcome() -> str:
    """A first sync and a first search, as they really run."""
    sys.path[:0] = [str(DOCS)]
    import screens

    shown = screens.first_minute()
    lines = [line for command, text in shown.items() for line in typed(command, text)][:-1]
    parts = [
        part for at, line in enumerate(lines) for part in row(MARGIN + (at + 1) * LINE - 5, line)
    ]
    description = f"A terminal, where {' and then '.join(shown)} are run. {summary(shown)}"
    width, height = 2 * MARGIN + screens.WIDTH * CHARACTER, 2 * MARGIN + len(lines) * LINE
    return svg(
        "A first sync and a first search", description, round(width), height, parts, style=TERMINAL
    )


def summary(shown: dict[str, Text]) -> str:
    """The last line of the sync, and the first ad of the list."""
    sync, listed = (text.plain.strip().split("\n") for text in shown.values())
    return f"The sync ends with {sync[-1]!r}; the list begins with {' '.join(listed[2].split())!r}."


def typed(command: str, text: Text) -> Iterator[tuple[str, str]]:
    """Each line with how it looks; an empty one at the end."""
    yield "prompt", f"$ {command}"
    for line in text.split("\n"):
        plain = line.plain.rstrip()
        if plain:
            kind = "faint" if plain.startswith(("navfeed:", "─")) else ""
            yield "head" if plain.startswith("uuid") else kind, plain
    yield "", ""


def row(y: int, line: tuple[str, str]) -> Iterator[str]:
    """Words where their columns are, and as wide, whatever font the reader has."""
    kind, plain = line
    looks = f' class="{kind}"' if kind else ""
    for words in re.finditer(r"\S+(?: \S+)*", plain):
        x, wide = MARGIN + words.start() * CHARACTER, len(words[0]) * CHARACTER
        yield (
            f'<text x="{x:g}" y="{y}" textLength="{wide:g}" lengthAdjust="spacingAndGlyphs"{looks}>'
            f"{escape(words[0])}</text>"
        )


# Shapes


def box(x: float, y: int, label: object, kind: str = "entry", side: int = BOX) -> str:
    half = side / 2
    return (
        f'<rect class="{kind}" x="{x - half:g}" y="{y - half:g}" width="{side}" height="{side}" '
        f'rx="4"/>{text(x, y, str(label), "mid")}'
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    looks = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{looks}>{escape(words)}</text>'


def svg(
    title: str,
    description: str,
    width: int,
    height: int,
    parts: Iterable[str],
    *,
    style: str = STYLE,
) -> str:
    """A picture that explains itself to who cannot see it, and needs nothing from elsewhere."""
    lines = "\n".join(f"  {part}" for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="title description">\n'
        f'  <title id="title">{escape(title)}</title>\n'
        f'  <desc id="description">{escape(description)}</desc>\n'
        f"{style}{lines}\n</svg>\n"
    )


if __name__ == "__main__":
    main()
