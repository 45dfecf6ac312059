"""Somebody with watches: a store that moves on, a watch file, and what was delivered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine
from typer.testing import Result

from cli.support import ad, fill, place, store_ads, uuid_of
from navfeed.model import DetailDecision, Reason
from navfeed.store.writer import Store
from support.clock import machine_now
from support.shell import invoke

OSLO = [place("OSLO", "OSLO")]


class Subscriber:
    """Commands run here, on the store and the file of watches in one folder."""

    def __init__(self, folder: Path, clock: time_machine.Traveller) -> None:
        self.folder = folder
        self.db = folder / "navfeed.db"
        self.watches = folder / "watches.toml"
        self._clock = clock
        fill(self.db, ad(1), ad(2, workLocations=OSLO, title="Kokk"))

    # The world

    def pass_time(self, **how: float) -> None:
        self._clock.shift(timedelta(**how))

    def sync(self, *ads: dict[str, Any], stop: Iterable[int] = ()) -> None:
        """Some ads come or change, others are stopped, and the copy is complete as of now."""
        now = machine_now()
        with Store(self.db) as store:
            store_ads(store, ads, now)
            stopped = [DetailDecision(uuid_of(one), Reason.STOPPED) for one in stop]
            store.commit_details(stopped, [], now)
            store.caught_up(now)

    # Commands

    def run(self, *words: str, **how: Any) -> Result:
        more = ["--watches", str(self.watches)] if words[0] == "watch" else []
        return invoke([*words, "--db", str(self.db), *more], **how)

    def do(self, *words: str, **how: Any) -> str:
        """What a command that must succeed writes on stdout."""
        result = self.run(*words, **how)
        assert result.exit_code == 0, result.output
        return result.stdout_bytes.decode()

    def add(self, name: str = "bergen", *words: str) -> None:
        self.do("watch", "add", name, *(words or ("--municipal", "bergen")))

    def notified(self, *words: str) -> list[tuple[str, int]]:
        """The trigger and the number of each ad that a run delivers."""
        output = self.do("watch", "run", "--format", "json", *words)
        return [
            (one["trigger"], int(one["uuid"][:8], 16))
            for line in output.splitlines()
            for watch in json.loads(line)["watches"]
            for one in watch["ads"]
        ]

    @property
    def state(self) -> Path:
        return self.db.with_name("navfeed.db.watches.db")
