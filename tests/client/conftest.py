"""A client whose server is a list of bytes, or a table of answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import respx

from support.canned import Canned


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canned]:
    canned = Canned(monkeypatch)
    yield canned
    canned.http.close()


@pytest.fixture
def nav() -> Iterator[respx.Router]:
    """NAV's host; whatever is not told beforehand fails the test."""
    with respx.mock(base_url="https://feed.example", assert_all_called=False) as router:
        yield router
