"""Choose columns by name: read only by commands with rows, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Collection

from navfeed.errors import ConfigError


def pick(names: str, known: Collection[str]) -> tuple[str, ...]:
    """The column names in `names`, separated by commas.

    Raises `ConfigError` with the nearest known name for an unknown one, and for a name given twice.
    """
    columns = tuple(_known(name.strip(), known) for name in names.split(","))
    if len(set(columns)) < len(columns):
        raise ConfigError(f"--columns names a column twice: {', '.join(columns)}")
    return columns


def _known(name: str, known: Collection[str]) -> str:
    if name in known:
        return name
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    raise ConfigError(f"there is no column {name!r}{guess}. Columns are: {', '.join(known)}")
