"""The whole command line: `app` with every command, each of which registers itself with it."""

from __future__ import annotations

from navfeed.cli import (  # noqa: F401
    ask,
    changes,
    export,
    mcp,
    operate,
    practice,
    privacy,
    push,
    quality,
    serve,
    stats,
    status,
    sync,
    triage,
    watch,
)
from navfeed.cli.app import app

__all__ = ["app"]
