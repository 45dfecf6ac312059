"""The service in this process, and a client that knows nothing of it but HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import urlencode

from cli.support import fill
from navfeed.cli.serve import _filters, _read_filters
from navfeed.export.columns import LIST_FIELDS
from navfeed.model import LogLevel
from navfeed.serve.app import build
from navfeed.serve.options import ServeOptions
from navfeed.serve.server import Server, address_of, listening
from support.clock import NOW


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """A service that runs; `now` is its clock, `log` what it logged."""

    db: Path
    now: datetime = NOW
    log: Queue[tuple[LogLevel, str, dict[str, Any]]] = field(default_factory=Queue)
    port: int = 0
    may_look: threading.Event = field(default_factory=threading.Event)
    """While it is not set, nobody gets to look at the store."""

    def clock(self) -> datetime:
        assert self.may_look.wait(30)
        return self.now

    def get(self, path: str, query: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return self.request("GET", target, headers)

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        try:
            connection.putrequest(
                method, target, skip_host="Host" in named, skip_accept_encoding=True
            )
            for name, value in named.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
                connection.putheader("Content-Type", "application/x-www-form-urlencoded")
            connection.endheaders(body)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, received, answer.read())
        finally:
            connection.close()

    def pass_time(self, by: timedelta) -> None:
        self.now += by


@contextmanager
def serving(db: Path, ads: Sequence[Any], options: Mapping[str, Any]) -> Iterator[Service]:
    if ads or not db.exists():
        fill(db, *ads)
    service = Service(db)
    service.may_look.set()

    def tell(level: LogLevel, message: str, /, **fields: float) -> None:
        service.log.put((level, message, fields))

    served = ServeOptions(
        db=db,
        read_filters=_read_filters,
        filters=_filters(),
        columns=LIST_FIELDS,
        log=tell,
        clock=service.clock,
        **options,
    )
    ready = threading.Event()
    with listening("127.0.0.1", 0) as door:
        server = Server(build(served), served.root_path, ready.set)
        thread = threading.Thread(target=server.run, args=([door],), daemon=True)
        thread.start()
        assert ready.wait(30)
        assert address_of(door, "").startswith("http://127.0.0.1:")
        service.port = door.getsockname()[1]
        try:
            yield service
        finally:
            server.leave()
            thread.join(30)
            assert not thread.is_alive()
