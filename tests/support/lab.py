"""A lab: a practice world, a store, and the real client and engine between them, in one process.

`sync` runs the engine over the real HTTP client whose transport asks the practice feed directly,
so nothing is skipped but sockets (tests over sockets use `navfeed.practice.PracticeServer`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from navfeed.client.feed import FeedClient, Throttle
from navfeed.client.http import Http
from navfeed.practice import Practice, Request, World
from navfeed.store.writer import Store
from navfeed.sync.engine import Event, Plan, RunFinished, sync
from navfeed.sync.walk import Start
from navfeed.sync.workers import Stop
from support.clock import NOW
from support.sql import rows

ALL = Plan(start=Start(), workers=1, retry_now=True)


class DirectTransport(httpx.BaseTransport):
    """Asks the practice feed without a socket.

    `before` sees each request first, `weigh` the kind and the size of each answer.
    """

    def __init__(
        self,
        practice: Practice,
        before: Callable[[Request], None],
        weigh: Callable[[str, int], None],
    ) -> None:
        self._practice = practice
        self._before = before
        self._weigh = weigh

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers.pop("accept-encoding")
        requests = Request(request.method, request.url.raw_path.decode(), headers)
        self._before(requests)
        answer = self._practice.answer(requests)
        self._weigh(requests.kind, len(answer.body))
        return httpx.Response(
            answer.status, headers=list(answer.headers), stream=httpx.ByteStream(answer.body)
        )


class Lab:
    """One world, one practice feed, one store."""

    def __init__(self, path: Path, world: World | None = None, **practice: Any) -> None:
        self.path = path
        self.world = world or World(1, now=NOW)
        self.practice = Practice(self.world, **practice)
        self.before: Callable[[Request], None] = lambda _: None
        self.weigh: Callable[[str, int], None] = lambda *_: None
        self.store_class: type[Store] = Store
        self.events: list[Event] = []

    def now(self) -> datetime:
        return self.world.now

    def feed(self, token: str | None = None) -> FeedClient:
        transport = DirectTransport(
            self.practice, lambda request: self.before(request), lambda *size: self.weigh(*size)
        )
        http = Http("http://127.0.0.1", size=1, transport=transport)
        return FeedClient(http, token=token, throttle=Throttle(lambda _: None))

    def sync(self, plan: Plan = ALL, stop: Stop | None = None, **changes: Any) -> RunFinished:
        """One run. `changes` change the plan. Answers how it ended; the events are kept."""
        plan = replace(plan, **changes)
        self.practice.forget_requests()
        with self.store_class(self.path) as store, self.feed() as feed:
            self.events = list(
                sync(
                    feed,
                    store,
                    plan,
                    clock=self.now,
                    stop=stop or Stop(),
                )
            )
        ended = self.events[-1]
        assert isinstance(ended, RunFinished)
        return ended

    def stored(self) -> dict[str, Any]:
        rows = self.rows("SELECT uuid, content FROM ads")
        return {uuid: json.loads(content) for uuid, content in rows}

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return rows(self.path, sql, *values)

    def is_exact(self) -> bool:
        return self.stored() == self.world.truth()

    def requests_of(self, kind: str) -> list[str]:
        """The requests of a kind that the last run made, by what they requested."""
        return [request.ident for request in self.practice.requests if request.kind == kind]

    def settle(self) -> None:
        """Sync, let the look-back close, sync again: from now on an idle run is one request."""
        self.sync()
        self.world.advance(timedelta(minutes=16))
        self.sync()
