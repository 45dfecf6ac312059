"""The plan of the house: each room, from the bottom up, and what it may import.

`tests/test_layers.py` holds the code to it; `docs/generate.py` writes it into the page on the
architecture.
"""

from __future__ import annotations

ROOMS: dict[str, set[str]] = {
    "__init__": {"*"},
    "version": set(),
    "model": set(),
    "errors": set(),
    "config": {"model", "errors"},
    "extras": {"errors"},
    "files": {"errors"},
    "text": {"model"},
    "places": {"text"},
    "research": set(),
    "wire": {"model", "errors", "places", "text"},
    "decide": {"model", "places", "text"},
    "lookback": {"model", "decide"},
    "privacy": {"model", "text", "wire"},
    "store": {"model", "errors", "places", "research", "text"},
    "client": {"model", "errors", "config", "wire", "version"},
    "sync": {"model", "errors", "decide", "lookback", "privacy"},
    "changes": {"model", "store", "wire"},
    "push": {"model", "errors", "extras", "changes", "wire"},
    "export": {"model", "errors", "extras", "research", "text", "version"},
    "present": {"model", "errors", "extras", "text", "sync"},
    "ops": {"model", "errors", "present", "version"},
    "watches": {
        *("version", "model", "errors", "config", "files", "present", "store", "text"),
    },
    "serve": {"model", "places", "errors", "text", "present", "ops", "store", "version"},
    "practice": set(),
    "api": {"model", "errors", "config", "store", "client", "sync", "privacy"},
    "cli": {"*"},
    "__main__": {"cli"},
}
"""Each room and what it may import; itself always."""
