"""A client whose server is a list of bytes, or a table of answers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
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


class RoutedTransport(httpx.BaseTransport):
    """Answers by a table, with bodies still to be read, as from a network."""

    def __init__(self, router: respx.Router) -> None:
        self._router = router

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._router.handler(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=answer.stream)


@pytest.fixture
def nav(monkeypatch: pytest.MonkeyPatch) -> respx.Router:
    """NAV's host; a request without a prepared answer fails the test."""
    router = respx.Router(base_url="https://feed.example", assert_all_called=False)
    transport = RoutedTransport(router)
    monkeypatch.setattr("navfeed.client.http._transport", lambda *_: transport)
    return router
