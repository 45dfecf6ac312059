"""Choose columns by name: read only by commands with rows, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Collection

from navfeed.errors import ConfigError
from navfeed.text.likeness import did_you_mean, nearest


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
    guess = did_you_mean(nearest(name, known))
    raise ConfigError(f"there is no column {name!r}{guess}. Columns are: {', '.join(known)}")
