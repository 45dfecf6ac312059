"""A store of hand-made ads, served over a real socket by the real server, at a clock of the test's.

The server runs in a thread of the test; signals and the command line need a process
(test_command.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
import uvicorn.server

from serve.support import Service, serving

Serve = Callable[..., Service]


class _QuickAsyncio(ModuleType):
    """The module asyncio, with pauses of a tenth of the time."""

    def __getattr__(self, name: str) -> object:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 10)


@pytest.fixture(autouse=True, scope="session")
def quick_end() -> Iterator[None]:
    """End a service in 20 ms: uvicorn checks for its end every 0.1 s, then pauses for 0.1 s."""
    with mock.patch.object(uvicorn.server, "asyncio", _QuickAsyncio("asyncio")):
        yield


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serves a store: `serve(ad(1), ad(2), compat=Compat.STRICT)`; what is left out is sane."""
    with ExitStack() as stack:

        def start(*ads: object, **options: object) -> Service:
            return stack.enter_context(serving(tmp_path / "navfeed.db", ads, options))

        yield start
