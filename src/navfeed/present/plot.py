"""Charts as files, with matplotlib: an extra, `navfeed[charts]`.

Text from outside is made harmless, and matplotlib does not read it as its own markup (`$x$`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from navfeed.extras import require_extra
from navfeed.model import By, Stats, counted
from navfeed.present.words import COUNTED_BY, counted_since, first
from navfeed.text.plaintext import sanitize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 8.0
_ROW = 0.28
_FRAME = 0.9
_LONGEST = 40
_COLOURS = ("tab:cyan", "tab:purple")

_Bars = list[tuple[str, tuple[int, ...]]]


def draw(stats: Stats, most: int, format_: str, out: BinaryIO) -> None:
    """Write bar charts, one under the other, as `svg` or `png`.

    Raises `ConfigError` where matplotlib is not installed.
    """
    require_extra("matplotlib", "charts")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels = list(_panels(stats, most))
    heights = [_FRAME + _ROW * max(len(bars), 1) for _, bars in panels]
    with mpl.rc_context({"svg.fonttype": "none"}):  # text stays text
        figure = Figure(figsize=(_WIDTH, sum(heights) or 1), layout="constrained")
        axes: Any = figure.subplots(
            max(len(panels), 1), squeeze=False, height_ratios=heights or [1]
        )
        for (by, bars), (one,) in zip(panels, axes, strict=False):
            _draw(one, by, bars)
        figure.suptitle(counted(stats.ads, "active ad"))
        if stats.flow is not None:
            figure.supxlabel(counted_since(stats.flow), fontsize="small")
        figure.savefig(out, format=format_)


def _panels(stats: Stats, most: int) -> list[tuple[By, _Bars]]:
    panels: list[tuple[By, _Bars]] = [
        (by, [(name, (count,)) for name, count in first(by, counted, most)])
        for by, counted in stats.tallies.items()
    ]
    if stats.flow is not None:
        weeks: _Bars = [
            (one.week, (one.new or 0, one.removed or 0)) for one in stats.flow.weeks[-most:]
        ]
        panels.append((By.FLOW, weeks))
    return panels


def _draw(axes: Axes, by: By, bars: _Bars) -> None:
    axes.set_title(f"By {COUNTED_BY[by]}", loc="left", fontsize="medium")
    series = list(zip(*(counts for _, counts in bars), strict=True))
    thickness = 0.8 / max(len(series), 1)
    for at, counts in enumerate(series):
        places = [place + at * thickness for place in range(len(counts))]
        axes.barh(places, counts, height=thickness, color=_COLOURS[at])
    if len(series) > 1:
        axes.legend(("new", "removed"))
    axes.set_yticks(range(len(bars)), [_label(name) for name, _ in bars], parse_math=False)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def _label(name: str) -> str:
    name = sanitize(name)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
