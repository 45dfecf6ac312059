"""What a format needs beyond navfeed itself: an optional extra, named when it is missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from navfeed.errors import ConfigError


def needed(module: str, extra: str) -> ModuleType:
    """Import what the format `extra` is written with; `ConfigError` tells how to get it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{extra} needs the extra `{extra}`, which is not installed ({module} is missing). "
            f"In navfeed's environment: pip install 'navfeed[{extra}]'"
        ) from error
