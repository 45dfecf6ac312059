"""A scripted feed and a real store: for tests that write out the log entry by entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from navfeed.store.writer import Store
from navfeed.sync.engine import Event, Plan, RunFinished, sync
from navfeed.sync.walk import Start
from navfeed.sync.workers import Stop
from support.scripted import BEGAN, Row, ScriptedFeed, uuid_named
from support.sql import rows

PLAN = Plan(start=Start(), workers=1, retry_now=True)


class Bench:
    """Runs the engine on one thread's worth of feed, and shows what is stored by readable names."""

    def __init__(self, path: Path, *log: Row) -> None:
        self.path = path
        self.feed = ScriptedFeed(list(log))
        self.clock = BEGAN + timedelta(hours=12)
        self.events: list[Event] = []
        self.store_class: type[Store] = Store

    def sync(self, stop: Stop | None = None, **changes: Any) -> RunFinished:
        self.feed.requests.clear()
        with self.store_class(self.path) as store:
            self.events = list(
                sync(
                    self.feed,
                    store,
                    replace(PLAN, **changes),
                    clock=self.now,
                    stop=stop or Stop(),
                )
            )
        ended = self.events[-1]
        assert isinstance(ended, RunFinished)
        return ended

    def now(self) -> datetime:
        return self.clock

    def pass_time(self, by: timedelta) -> None:
        """Everybody's clock goes on."""
        self.clock += by
        self.feed.now += by

    def holds(self, *names: str) -> bool:
        with Store(self.path) as store:
            return store.ad_ids() == {uuid_named(name) for name in names}

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return rows(self.path, sql, *values)

    def requests_for(self, name: str) -> int:
        return self.feed.requests.count(uuid_named(name))
