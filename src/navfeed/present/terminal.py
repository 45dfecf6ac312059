"""Drawing on a terminal, with rich. Imported only where there is one: rich takes 40 ms.

Text from outside comes here harmless (`navfeed.text.plaintext`) and stays text: nothing is read as
rich's markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.bar import Bar
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from navfeed.model import By, Stats
from navfeed.present.words import COUNTED_BY, DUE, LIST_HEADINGS, counted_since, first
from navfeed.text.html import Block, BlockKind, lines_of
from navfeed.text.plaintext import sanitize

SHORT_ID = 8
"""Characters of an id that a table shows: enough for `navfeed show`."""

WIDEST = 100
"""Longer lines of prose are hard to read."""

_STYLES = {BlockKind.TITLE: "bold", BlockKind.HEADING: "bold"}
_SHARES = {
    "title": 4,
    "employer": 3,
    "place": 2,
    "contacts": 4,
}  # of the width that the fixed columns leave


NARROW = 72
"""Below this width a table's cells are too narrow: draw one line per value."""


Canvas = Console
"""What everything here is drawn on."""


def canvas_of(*, forced: bool, plain: bool) -> Canvas:
    """The terminal. `forced`: in colour, whatever stdout is; `plain`: without any."""
    if forced:
        return Console(force_terminal=True, color_system="standard", no_color=False)
    return Console(color_system=None) if plain else Console()


def draw_list(
    console: Canvas, ads: Iterable[Sequence[str]], names: Sequence[str] = LIST_HEADINGS
) -> None:
    """A table of `words.listed`, one line per ad; several lines per ad if narrow."""
    if console.width < NARROW:
        draw_found(console, ((ad, ()) for ad in ads), names)
        return
    table = Table(box=SIMPLE_HEAD, expand=True, pad_edge=False, show_edge=False, padding=(0, 1))
    shown = [at for at, name in enumerate(names) if name != _omitted_column(console, names)]
    for at in shown:
        name = names[at]
        table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=_SHARES.get(name))
    for uuid, *cells in ads:
        row = (uuid[:SHORT_ID], *cells)
        table.add_row(*(Text(row[at]) for at in shown))
    console.print(table)


def _omitted_column(console: Canvas, names: Sequence[str]) -> str | None:
    """The column without which there is room for the day by which to apply."""
    return "published" if DUE[1] in names and console.width < WIDEST else None


def draw_found(
    console: Canvas,
    ads: Iterable[tuple[Sequence[str], Iterable[tuple[str, bool]]]],
    names: Sequence[str] = LIST_HEADINGS,
) -> None:
    """Found ads, each with the pieces of text that match."""
    labels = ["" if name in _UNLABELLED else name for name in names[2:]]
    indent = (0, 0, 0, SHORT_ID + 2)
    for (uuid, title, *facts), pieces in ads:
        head = Text.assemble((uuid[:SHORT_ID], "dim"), "  ", (title, "bold"))
        details = [
            f"{name} {fact}".strip() for name, fact in zip(labels, facts, strict=False) if fact
        ]
        console.print(head, no_wrap=True, overflow="ellipsis")
        console.print(Padding(Text(" · ".join(details), "dim"), indent))
        if found := Text.assemble(*((text, "bold yellow" if hit else "") for text, hit in pieces)):
            console.print(Padding(found, indent))


_UNLABELLED = ("employer", "place")


def draw_rows(console: Canvas, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of whole values; where it is too narrow for one, a line a value."""
    if console.width < NARROW:
        _draw_below(console, names, rows)
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _draw_below(console: Console, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    for at, row in enumerate(rows):
        table = Table.grid(padding=(0, 1), pad_edge=False)
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for name, value in zip(names, row, strict=True):
            if value:
                table.add_row(name, Text(value))
        console.print(*([""] if at else []), table, sep="\n")


def draw_stats(console: Canvas, stats: Stats, most: int) -> None:
    """Counts with bars, the greatest `most` of each kind, and the latest `most` weeks."""
    console.print(Text.assemble("Ads  ", (f"{stats.ads:,}", "bold")))
    for by, counted in stats.tallies.items():
        shown = first(by, counted, most)
        more = len(counted) - len(shown)
        _draw_bars(console, by, [(name, (count,)) for name, count in shown], more)
    if stats.flow is not None:
        weeks = [(week.week, (week.new, week.removed)) for week in stats.flow.weeks[-most:]]
        _draw_bars(console, By.FLOW, weeks, len(stats.flow.weeks) - len(weeks))
        console.print(Text(counted_since(stats.flow), "dim"))


_BAR_STYLES = ("cyan", "magenta")


def _draw_bars(
    console: Console, by: By, rows: Sequence[tuple[str, tuple[int | None, ...]]], more: int
) -> None:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(max_width=console.width // 2, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right")
    table.add_column(ratio=1)
    greatest = max((count or 0 for _, counts in rows for count in counts), default=0)
    for name, counts in rows:
        for at, count in enumerate(counts):
            bar = Bar(greatest, 0, count or 0, color=_BAR_STYLES[at])
            number = "" if count is None else f"{count:,}"
            table.add_row(Text("" if at else sanitize(name)), number, bar)
    console.print(Text(f"\nBy {COUNTED_BY[by]}", "bold"))
    console.print(table)
    if more:
        console.print(Text(f"and {more:,} more", "dim"))


def draw_page(console: Canvas, blocks: list[Block]) -> None:
    for kind, line in lines_of(blocks, min(console.width, WIDEST)):
        # soft_wrap: the lines are laid out already, and an address must stay whole
        console.print(Text(line, _STYLES.get(kind, "")), soft_wrap=True)
