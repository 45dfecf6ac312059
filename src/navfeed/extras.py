"""What is only needed for a format or a picture: optional extras, named when they are missing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shlex import join
from types import ModuleType

from navfeed.errors import ConfigError


def require_extra(module: str, extra: str) -> ModuleType:
    """Import a module that comes with `extra`; `ConfigError` names the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing(module, extra) from error


def require_modules(modules: Iterable[str], extra: str) -> None:
    """Refuse where one of the `extra`'s modules is missing, without waiting for their imports."""
    for module in modules:
        if not _is_there(module):
            raise _missing(module, extra)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # it stands in `sys.modules` without a spec
        return False


def _missing(module: str, extra: str) -> ConfigError:
    return ConfigError(
        f"the extra `{extra}` is not installed ({module} is missing). {_how_to_install(extra)}"
    )


def _how_to_install(extra: str) -> str:
    """The command for the way in which navfeed was installed."""
    if (Path(sys.prefix) / "pipx_metadata.json").exists():
        return f"Install it: pipx inject navfeed {join(_packages(extra))}"
    return f"In navfeed's environment: pip install 'navfeed[{extra}]'"


def _packages(extra: str) -> Iterator[str]:
    """The packages of an extra, without versions: `psycopg[binary]`."""
    from importlib.metadata import requires

    for line in requires("navfeed") or ():
        package, _, marker = line.partition(";")
        if re.search(rf"extra == ['\"]{extra}['\"]", marker):
            yield from re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?", package)
