"""Shell completion from the values in the store."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import typer

from navfeed.errors import NavfeedError
from navfeed.model import oslo_day

Completion = Callable[[typer.Context, str], list[str]]


def values_of(name: str) -> Completion:
    """A completion for the filter of that name, or for ids (`uuid`)."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        start, mark, part = _split(incomplete)
        matches = (value for stored in _stored(name, ctx) if (value := _written(stored, part)))
        return [start + mark + value for value in map(_quoted, matches) if value]

    return complete


def _split(incomplete: str) -> tuple[str, str, str]:
    """The text before the value that is being typed (any `!` separately), and the value."""
    start, comma, rest = incomplete.rpartition(",")
    part = rest.removeprefix("!")
    return start + comma, "!" if part != rest else "", part


def _written(value: str, part: str) -> str | None:
    """The value in the case typed (`bergen` for `b`): typer drops what does not begin as typed."""
    return next((one for one in (value, value.lower()) if one.startswith(part)), None)


_TAME = re.compile(r"[\w &()+,./:;@%=-]+")
"""What no shell takes for more than a letter once it is quoted."""

_SAFE = re.compile(r"[\w,./:@%+=-]")


def _quoted(value: str) -> str:
    """The value quoted for the command line; empty if it cannot be offered.

    Values come from the feed, and typer's scripts for bash and PowerShell insert them unquoted: the
    shell would run the second half of `Hansen & Sønn`.
    """
    if not _TAME.fullmatch(value):
        return ""
    shell = os.environ.get("_NAVFEED_COMPLETE", "")
    if shell in ("complete_zsh", "complete_fish") or _in_quotes():
        return value
    if shell == "complete_bash":
        return "".join(one if _SAFE.match(one) else f"\\{one}" for one in value)
    return value if all(map(_SAFE.match, value)) else ""


def _in_quotes() -> bool:
    """Whether bash completes a quoted word; it closes the quote itself."""
    words = os.environ.get("COMP_WORDS", "").split("\n")  # as typer's script puts them there
    return words[min(int(os.environ.get("COMP_CWORD", "0")), len(words) - 1)][:1] in ("'", '"')


def _stored(name: str, ctx: typer.Context) -> list[str]:
    """Values in the store; none if it cannot be read: a shell cannot show the reason."""
    from navfeed.config import load
    from navfeed.store.query import Reader

    try:
        settings = load({"db": _path(ctx, "db")}, config=_path(ctx, "config"))
        with Reader(settings.db, oslo_day(datetime.now(UTC))) as reader:
            return reader.values(name)
    except NavfeedError:
        return []


def _path(ctx: typer.Context, name: str) -> Path | None:
    value = ctx.params.get(name)
    return Path(value) if value else None
