"""What is only needed for a format or a picture: optional extras, named when they are missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from navfeed.errors import ConfigError


def require_extra(module: str, extra: str) -> ModuleType:
    """Import a module that comes with `extra`; `ConfigError` names the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"the extra `{extra}` is not installed ({module} is missing). In navfeed's "
            f"environment: pip install 'navfeed[{extra}]'"
        ) from error
