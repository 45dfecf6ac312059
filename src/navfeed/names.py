"""The names of filters: people write `municipality` where NAV's feed has `municipal`.

`Filters` has NAV's names. Every option, setting, parameter and tool has the other ones, and takes
NAV's too.
"""

from __future__ import annotations

RENAMED = {"municipal": "municipality", "level1": "occupation_group"}
"""NAV's names, and what they are called here."""

_FIELDS = {shown: field for field, shown in RENAMED.items()}


def field_of(name: str) -> str:
    """The field of `Filters`: `level1` for `occupation-group`, `occupation_group` and `level1`."""
    plain = name.replace("-", "_")
    return _FIELDS.get(plain, plain)


def setting_of(name: str) -> str:
    """The name in settings and in JSON: `occupation_group`."""
    field = field_of(name)
    return RENAMED.get(field, field)


def parameter_of(name: str) -> str:
    """The name in an address, and that of the option without its dashes: `occupation-group`."""
    return setting_of(name).replace("_", "-")


def option_of(name: str) -> str:
    """The option: `--occupation-group`."""
    return f"--{parameter_of(name)}"
