"""A store of hand-made ads, served over a real socket by the real server, at a clock of the test's.

The server runs in a thread of the test; signals and the command line need a process
(test_command.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from serve.support import Service, serving

Serve = Callable[..., Service]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serves a store: `serve(ad(1), ad(2), compat=Compat.STRICT)`; what is left out is sane."""
    with ExitStack() as stack:

        def start(*ads: object, **options: object) -> Service:
            return stack.enter_context(serving(tmp_path / "navfeed.db", ads, options))

        yield start
