"""The plan of the house: each room, from the bottom up, and what it may import.

`tests/test_layers.py` holds the code to it; `docs/generate.py` writes it into the page on the
architecture.
"""

from __future__ import annotations

ROOMS: dict[str, set[str]] = {
    "__init__": {"*"},
    "version": set(),
    "names": set(),
    "model": {"names"},
    "errors": set(),
    "text": {"model"},
    "first_windows": {"model"},
    "log": set(),
    "config": {"names", "model", "errors", "text", "first_windows"},
    "extras": {"errors"},
    "signals": set(),
    "files": {"errors", "signals"},
    "places": {"text"},
    "research": set(),
    "wire": {"model", "errors", "places", "text"},
    "decide": {"model", "places", "text"},
    "lookback": {"model", "decide"},
    "privacy": {"model", "text", "wire"},
    "store": {"names", "model", "errors", "decide", "places", "research", "text"},
    "client": {"model", "errors", "log", "config", "wire", "version"},
    "sync": {
        *("model", "errors", "log", "text", "decide", "lookback", "privacy", "first_windows"),
    },
    "changes": {"model", "errors", "files", "store", "text", "wire"},
    "push": {"model", "errors", "extras", "changes", "text", "wire"},
    "export": {
        *("version", "model", "errors", "extras", "files", "research", "store", "text", "wire"),
    },
    "present": {"model", "errors", "log", "extras", "text", "sync"},
    "api": {"model", "errors", "config", "store", "client", "sync", "privacy", "first_windows"},
    "ops": {
        *("version", "model", "errors", "config", "api", "changes", "present", "push"),
        *("client", "decide", "files", "log", "privacy", "store", "sync", "wire"),
    },
    "watches": {
        *("names", "version", "model", "errors", "config", "files", "present", "store", "text"),
    },
    "serve": {
        *("names", "version", "model", "places", "errors", "text", "present", "ops", "store"),
        *("changes", "watches"),
    },
    "practice": set(),
    "cli": {"*"},
    "__main__": {"cli"},
}
"""Each room and what it may import; itself always."""
