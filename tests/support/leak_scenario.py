"""A lab whose ads are canaries: NAV publishes, changes and withdraws; nothing old may be found."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from navfeed.errors import ExitCode
from navfeed.model import Inactive
from navfeed.practice import World
from navfeed.store.writer import Store
from support.canaries import FIELDS, Canary, canary_content, find_canaries
from support.clock import NOW
from support.crash import Crash, Fuse, fragile
from support.lab import Lab

ANNOUNCED = ("stop", "expire")
WAYS_OUT = (*ANNOUNCED, "stop", "drop_silently", "vanish")


class LeakScenario:
    """Records which canaries the files may hold."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        inactive: Inactive = Inactive.DELETE,
        now: datetime = NOW,
    ) -> None:
        self.folder = folder / "0"
        self.folder.mkdir()
        self.rng = random.Random(seed)
        self.world = World(seed, now=now)
        self.lab = Lab(self.folder / "navfeed.db", self.world, page_size=200)
        self.fuse = Fuse(self._die)
        self.lab.store_class = fragile(self.fuse.burn)
        self.active: dict[str, tuple[int, int]] = {}
        self.numbers: dict[str, int] = {}
        self.revisions: dict[str, int] = {}
        self.deactivated = 0
        self.crashes = 0
        self.set_inactive(inactive)

    def set_inactive(self, inactive: Inactive) -> None:
        with Store(self.lab.path) as store:
            store.set_inactive(inactive)

    # What happens at NAV's

    def publish(self, count: int) -> None:
        for _ in range(count):
            number = len(self.numbers) + 1
            expires = self.world.now + timedelta(days=self.rng.randint(1, 30))
            ad = self.world.publish(content=canary_content(number, 0), expires=expires)
            self.numbers[ad] = number
            self.revisions[ad] = 0
            self._activate(ad)

    def change(self, count: int) -> None:
        for ad in self._some(self.active, count):
            self.world.update(ad, self._revised(ad))
            self._activate(ad)

    def rewrite_silently(self, count: int) -> None:
        for ad in self._some(self.active, count):
            self.world.rewrite_silently(ad, self._revised(ad))
            self._activate(ad)

    def withdraw(self, count: int, ways: Sequence[str] = WAYS_OUT) -> None:
        for ad in self._some(self.active, count):
            getattr(self.world, self.rng.choice(ways))(ad)
            self._deactivate(ad)

    def bring_back(self, count: int) -> None:
        for ad in self._some(self.revisions.keys() - self.active.keys(), count):
            expires = self.world.now + timedelta(days=self.rng.randint(1, 30))
            self.world.reactivate(ad, self._revised(ad), expires=expires)
            self._activate(ad)

    def days_pass(self, days: float) -> None:
        self.world.advance(timedelta(days=days))
        self.lab.practice.rotate_token()
        standing = set(self.world.active())
        for ad in self.active.keys() - standing:
            self._deactivate(ad)

    def _some(self, ads: Iterable[str], count: int) -> list[str]:
        known = sorted(ads)
        return self.rng.sample(known, min(count, len(known)))

    def _revised(self, ad: str) -> dict[str, Any]:
        self.revisions[ad] += 1
        return canary_content(self.numbers[ad], self.revisions[ad])

    def _activate(self, ad: str) -> None:
        self.active[ad] = (self.numbers[ad], self.revisions[ad])

    def _deactivate(self, ad: str) -> None:
        del self.active[ad]
        self.deactivated += 1

    # What happens to us

    def sync(self, *, thorough: bool = False) -> None:
        """A run that ends well. A thorough one requests every ad: some changes have no entry."""
        ended = self.lab.sync(recheck_after=timedelta(0 if thorough else 99), recheck_most=10**6)
        assert ended.exit_code is ExitCode.DONE, ended.outcome
        assert not ended.erasure_owed

    def crash(self, after: int) -> bool:
        """A run that dies after so many boundaries. False: it came to its end before."""
        before = self.crashes
        self.fuse.left = after
        try:
            self.lab.sync()
        except Crash:
            self.crashes += 1
            self._move_to_what_the_disk_held()
        finally:
            self.fuse.left = None
        return self.crashes > before

    def _die(self) -> None:
        """Nothing is tidied up: what the files hold now is what the next run finds."""
        after = self.folder.with_name(str(int(self.folder.name) + 1))
        shutil.copytree(self.folder, after, ignore=shutil.ignore_patterns("*-shm"))
        raise Crash

    def _move_to_what_the_disk_held(self) -> None:
        shutil.rmtree(self.folder)
        self.folder = self.folder.with_name(str(int(self.folder.name) + 1))
        self.lab.path = self.folder / "navfeed.db"

    # What may be found

    def leaks(self) -> list[Canary]:
        """The canaries in the files whose ad is inactive, or has other texts by now."""
        allowed = set(self.active.values())
        return sorted(ring for ring in find_canaries(self.folder) if ring[:2] not in allowed)

    def finds_all_active(self) -> bool:
        """The search works: each active ad is found with every field."""
        singing = find_canaries(self.folder)
        return {(*ring, field) for ring in self.active.values() for field in FIELDS} <= singing
