"""Edit the file of watches as a person would: comments and everything else stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from navfeed.errors import ConfigError
from navfeed.files import replaced
from navfeed.names import setting_of
from navfeed.watches.definition import WatchFile
from navfeed.watches.reading import parse_watch_file

Table = Mapping[str, str | int | list[str]]


def add_watch(path: Path, name: str, table: Table, filters: Iterable[str]) -> None:
    """Write a new `[watch.NAME]`. Raises `ConfigError` where it exists already, or is invalid."""
    document = _document(path)
    watches = _watches(document)
    if name in watches:
        raise ConfigError(
            f"watch {name} already exists in {path}. Change it with `navfeed watch edit {name}`"
        )
    watches[name] = _as_table(table)
    _write(path, document, filters)


def edit_watch(path: Path, name: str, changes: Table, filters: Iterable[str]) -> None:
    """Change settings of a watch; an empty list removes one. Comments and names stay."""
    _write(path, _edited(path, name, changes), filters)


def predict_edit(path: Path, name: str, changes: Table, filters: Iterable[str]) -> WatchFile:
    """The watches as `edit_watch` would leave them. Raises `ConfigError` where that would."""
    return _validated(path, _edited(path, name, changes), filters)[1]


def _edited(path: Path, name: str, changes: Table) -> Any:  # noqa: ANN401
    document = _document(path)
    table = _watches(document)[name]
    present = {setting_of(key): key for key in table}
    for setting, value in changes.items():
        key = present.get(setting_of(setting), setting)
        if value == []:
            table.pop(key, None)
        else:
            table[key] = value
    return document


def remove_watch(path: Path, name: str, filters: Iterable[str]) -> None:
    document = _document(path)
    del _watches(document)[name]
    _write(path, document, filters)


def _document(path: Path) -> Any:  # noqa: ANN401  tomlkit's documents are mappings of anything
    import tomlkit

    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the watches in {path}: {error}") from error


def _watches(document: Any) -> Any:  # noqa: ANN401
    import tomlkit

    if "watch" not in document:
        document["watch"] = tomlkit.table(is_super_table=True)
    return document["watch"]


def _as_table(values: Table) -> Any:  # noqa: ANN401
    import tomlkit

    table = tomlkit.table()
    for key, value in values.items():
        table[key] = value
    return table


def _write(path: Path, document: Any, filters: Iterable[str]) -> None:  # noqa: ANN401
    """Validate the new text before it replaces the file."""
    text, _ = _validated(path, document, filters)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as out:
        out.write(text.encode())


def _validated(path: Path, document: Any, filters: Iterable[str]) -> tuple[str, WatchFile]:  # noqa: ANN401
    import tomllib

    import tomlkit

    text = tomlkit.dumps(document)
    return text, parse_watch_file(tomllib.loads(text), path, filters)
