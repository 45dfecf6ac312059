"""A small feed on a real port, and somebody who follows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.socket_harness import SocketLab


@pytest.fixture
def socket_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocketLab]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with SocketLab(tmp_path / "navfeed.db") as socket_lab:
        yield socket_lab
