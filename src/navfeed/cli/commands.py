"""The whole command line: `app` with every command loaded, for documents and tests.

`navfeed` itself loads only the command that it runs (`navfeed.cli._app.Boundary.load`).
"""

from __future__ import annotations

from importlib import import_module

from navfeed.cli._app import COMMANDS, app

for _name in COMMANDS:
    import_module(f"navfeed.cli.{_name}")

__all__ = ["app"]
