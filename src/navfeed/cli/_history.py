"""`navfeed show --history`: the history of an ad, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from enum import StrEnum

from navfeed.cli._output import print_json, print_lines
from navfeed.cli._pager import paged
from navfeed.cli._rows import print_record
from navfeed.model import AdHistory, moment_text

HISTORY_FIELDS = tuple(one.name for one in fields(AdHistory))


def print_history(history: AdHistory, format_: StrEnum, columns: Sequence[str] | None) -> None:
    """Print the history as `json` or as a page; only these columns of it, if there are any."""
    if columns is not None:
        print_record(columns, history_as_json(history), format_)
    elif format_ == "json":
        print_json(history_as_json(history))
    else:
        from navfeed.present.history import history_page

        with paged():
            print_lines(history_page(history))


def history_as_json(history: AdHistory) -> dict[str, object]:
    """Times are UTC, days are Oslo's; unknown values are null."""
    entries = [
        {"entry": one.ordinal, "status": one.key[1], "written": one.key[2]}
        for one in history.entries
    ]
    return {**{name: _plain(value) for name, value in asdict(history).items()}, "entries": entries}


def _plain(value: object) -> object:
    match value:
        case datetime():
            return moment_text(value)
        case date():
            return value.isoformat()
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value
