"""The whole command line: `app` with every command, each of which registers itself with it."""

from __future__ import annotations

from navfeed.cli import ask, export, operate, practice, privacy, stats, status, sync  # noqa: F401
from navfeed.cli.app import app

__all__ = ["app"]
