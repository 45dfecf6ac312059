"""The lab over real sockets: its practice feed on a port, and the real client, engine and command.

Everything goes over loopback sockets, so that what the network can do to an answer is really done.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from navfeed.client.feed import FeedClient, Throttle
from navfeed.client.http import Http
from navfeed.errors import ExitCode
from navfeed.practice import PracticeServer, World, faults
from navfeed.practice.faults import Distort, Match
from navfeed.store.writer import Store
from support.clock import NOW
from support.lab import Lab
from support.shell import CommandResult, run_here
from support.warm import navfeed_command

WALK = ("token", "seek", "page")
"""The kinds of requests that a walk makes, in that order."""

TABLES = (
    "ads",
    "locations",
    "occupations",
    "categories",
    "contacts",
    "removed",
    "queue",
    "outside",
    "milestones",
    "seen",
    "feed",
)


def small_world() -> World:
    """Sixteen entries: ads published, changed, stopped, expired and brought back."""
    world = World(1, now=NOW)
    ads = [world.publish() for _ in range(7)]
    world.update(ads[1])
    world.stop(ads[2])
    world.expire(ads[3])
    world.reactivate(ads[2])
    world.stop(ads[4])
    for _ in range(4):
        world.publish()
    return world


Dump = dict[str, list[tuple[Any, ...]]]

_STOPPED: dict[tuple[object, ...], Dump] = {}
"""Worlds are the same for the same seed: what a stopped run commits needs to be found out once."""


class SocketLab(Lab):
    """A lab over sockets. Use as a context manager; `seconds` is the deadline of each request."""

    def __init__(self, path: Path, world: World | None = None, **practice: Any) -> None:
        super().__init__(path, world or small_world(), **{"page_size": 6, **practice})
        self.server = PracticeServer(self.practice)
        self.base_url: str | None = None
        self.seconds = 10.0
        self.token: str | None = None
        self.pauses: list[float] = []
        self.pause: Callable[[float], None] = self.pauses.append
        self.clock: Callable[[], datetime] = lambda: self.world.now

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.close()

    @property
    def url(self) -> str:
        return self.base_url or self.server.url

    def now(self) -> datetime:
        return self.clock()

    def feed(self, token: str | None = None) -> FeedClient:
        http = Http(self.url, size=8)
        throttle = Throttle(lambda seconds: self.pause(seconds))
        return FeedClient(http, token=token or self.token, seconds=self.seconds, throttle=throttle)

    # What is in the store

    def committed(self) -> Dump:
        """All that is in the store but the record of the runs."""
        return {table: sorted(self.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}

    def queued(self) -> list[str]:
        """The ads whose details are wanted; one that is gone is requested again later."""
        rows = self.rows("SELECT ad FROM queue WHERE reason != 'gone' ORDER BY ad")
        return [ad for (ad,) in rows]

    def as_after(self, pages: int) -> Dump:
        """What a run commits that was stopped on purpose after so many pages; 0: an empty store."""
        key = (pages, self.world.now, str(self.world.newest()))
        if key not in _STOPPED:
            _STOPPED[key] = self._stopped_after(pages)
        return _STOPPED[key]

    def _stopped_after(self, pages: int) -> Dump:
        with TemporaryDirectory() as folder:
            kept, self.path = self.path, Path(folder) / "navfeed.db"
            try:
                if pages:
                    assert self.sync(max_pages=pages).exit_code is ExitCode.STOPPED
                else:
                    Store(self.path).close()
                return self.committed()
            finally:
                self.path = kept

    # Spoiling

    def spoil(
        self, match: Match | str, *distortions: Distort, times: int | None = None, skip: int = 0
    ) -> faults.Rule:
        """Spoil the answers that match (a kind: `token`, `seek`, `page`, `detail`)."""
        match = faults.on(match) if isinstance(match, str) else match
        return self.practice.script(match, faults.then(*distortions), times=times, skip=skip)

    # What every row of the table owes

    def recovers(self) -> None:
        """The next clean run converges on the truth."""
        self.practice.clear_script()
        self.base_url, self.seconds = None, 10.0
        ended = self.sync()
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert self.is_exact()
        assert self.queued() == []

    def recheck(self) -> None:
        """A clean run that asks for every stored ad's details again."""
        self.practice.clear_script()
        assert self.sync(recheck_after=timedelta(0)).exit_code is ExitCode.DONE

    def stops_at(self, kind: str, *distortions: Distort, code: ExitCode = ExitCode.FEED) -> str:
        """A fault that does not end, at one kind of request of the walk.

        The run ends with `code` and keeps just the pages before it; the next one converges.
        Returns the message.
        """
        pages = {"token": 0, "seek": 0, "page": 1}[kind]
        expected = self.as_after(pages)
        self.spoil(kind, *distortions)
        ended = self.sync()
        assert ended.exit_code is code, ended.outcome
        assert self.committed() == expected
        names_next_step(ended.outcome)
        self.recovers()
        return ended.outcome

    def leaves_out(self, *distortions: Distort) -> str:
        """A fault that does not end, in the details of one ad; see `leaves_out_each`."""
        return self.leaves_out_each({"it": faults.then(*distortions)})["it"]

    def leaves_out_each(self, spoilers: Mapping[str, Distort]) -> dict[str, str]:
        """A fault of its own in the details of some ads: the others come, these stay queued.

        Returns the problem in the queue of each.
        """
        while len(self.world.active()) < len(spoilers) + 2:
            self.world.publish()
        spoilt = dict(zip(spoilers, self.world.active()[1:], strict=False))
        for name, ad in spoilt.items():
            self.spoil(faults.on("detail", ad), spoilers[name])
        ended = self.sync(workers=4)
        assert ended.exit_code is ExitCode.WAITING, ended.outcome
        problems = dict(self.rows("SELECT ad, problem FROM queue"))
        assert problems.keys() == set(spoilt.values())
        assert ended.counts.failed == ended.counts.waiting == len(spoilt)
        truth = self.world.truth()
        assert self.stored() == {ad: truth[ad] for ad in truth.keys() - problems.keys()}
        for problem in problems.values():
            names_next_step(problem)
        self.recovers()
        return {name: problems[ad] for name, ad in spoilt.items()}

    # The command

    def command(self, *arguments: str, **environment: str) -> Run:
        """`navfeed sync --from-start` against this feed."""
        words = ["sync", "--from-start", *arguments]
        result = run_here(words, environment_of(self, **environment), self.path.parent)
        return Run(result.code, result.out, result.err)

    def process(self, *arguments: str, **environment: str) -> Run:
        """The same in a process of its own."""
        done = subprocess.run(
            navfeed_command("sync", "--from-start", *arguments),
            env=environment_of(self, **environment),
            capture_output=True,
            timeout=50,
            check=False,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


class Run(CommandResult):
    """What a command left behind, and how it should have failed."""

    def fails_well(self, code: ExitCode) -> str:
        """It ended with that code, and one line that names the problem and the next step."""
        assert self.code == code, self.err
        assert "Traceback" not in self.err
        assert self.err.endswith("\n")
        message = self.err.splitlines()[-1]
        assert message.startswith("navfeed: ")
        names_next_step(message)
        assert self.err.replace("\n", "").isprintable()
        return message


def names_next_step(message: str) -> None:
    """Faults are reported in words, with a next step; never by the name of an exception."""
    steps = ("run again", "Run again", "check", "Check", "unset", "can name", "can give", "--")
    assert any(step in message for step in steps), message
    assert message.isprintable(), message
    assert not any(word in message for word in ("Error(", "Exception", "Traceback", "Bearer"))


def environment_of(socket_lab: SocketLab, **more: str) -> dict[str, str]:
    """What a command needs to find this feed and this store, and nothing of the tester's own."""
    home = str(socket_lab.path.parent)
    foreign = ("NAVFEED_", "SSL_CERT")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and not name.lower().endswith("_proxy")
    }
    return kept | {
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "XDG_DATA_HOME": home,
        "NAVFEED_DB": str(socket_lab.path),
        "NAVFEED_BASE_URL": socket_lab.url,
        "NAVFEED_TIMEOUT": "1",
        **more,
    }
