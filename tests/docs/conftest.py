"""The clock stands still here too, for those that ask for it."""

from __future__ import annotations

from cli.conftest import noon

__all__ = ["noon"]
