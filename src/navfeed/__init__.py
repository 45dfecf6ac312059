"""navfeed: an exact, lawful, queryable local copy of NAV's job vacancy feed.

    import navfeed

    navfeed.sync_store(navfeed.load_settings(db="ads.db"))
    with navfeed.open_store("ads.db") as store:
        for uuid, ad in store.ads(navfeed.Filters(municipal=("BERGEN",))):
            print(uuid, ad.title, ad.application_url)

The names in `__all__` are the interface that version numbers cover. They are loaded when they
are first used: `navfeed --version` and a query do not load what only a sync needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from navfeed.version import __version__

if TYPE_CHECKING:
    from navfeed.api import make_plan, open_store, sync_store
    from navfeed.config import Settings, load_settings
    from navfeed.errors import (
        ConfigError,
        ContractError,
        CursorError,
        ExitCode,
        LockedError,
        NavfeedError,
        NotFoundError,
        StoreError,
        TokenError,
        UnreachableError,
    )
    from navfeed.model import (
        Category,
        Change,
        ChangeKind,
        Contact,
        Content,
        Cursor,
        Location,
        Occupation,
        Reason,
        Scope,
        Span,
        StoreFacts,
        read_cursor,
    )
    from navfeed.store.filters import Filters
    from navfeed.store.query import Reader
    from navfeed.store.selection import Sort
    from navfeed.sync.details import DetailsApplied
    from navfeed.sync.engine import (
        Counts,
        Event,
        ExpiredRemoved,
        Plan,
        RunFinished,
        RunStarted,
        ScopeChanged,
    )
    from navfeed.sync.walk import PageApplied, Start
    from navfeed.sync.workers import Stop

__all__ = [
    "Category",
    "Change",
    "ChangeKind",
    "ConfigError",
    "Contact",
    "Content",
    "ContractError",
    "Counts",
    "Cursor",
    "CursorError",
    "DetailsApplied",
    "Event",
    "ExitCode",
    "ExpiredRemoved",
    "Filters",
    "Location",
    "LockedError",
    "NavfeedError",
    "NotFoundError",
    "Occupation",
    "PageApplied",
    "Plan",
    "Reader",
    "Reason",
    "RunFinished",
    "RunStarted",
    "Scope",
    "ScopeChanged",
    "Settings",
    "Sort",
    "Span",
    "Start",
    "Stop",
    "StoreError",
    "StoreFacts",
    "TokenError",
    "UnreachableError",
    "__version__",
    "load_settings",
    "make_plan",
    "open_store",
    "read_cursor",
    "sync_store",
]

_HOMES = (
    *("errors", "model", "config", "api", "store.filters", "store.query"),
    *("sync.workers", "sync.walk", "sync.details", "sync.engine"),
)
"""Where the names are, the lightest first."""


def __getattr__(name: str) -> object:
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"navfeed.{home}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'navfeed' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
