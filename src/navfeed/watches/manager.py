"""Add, change, remove and preview watches: their file, their state, and the store together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from navfeed.errors import ConfigError, StoreError
from navfeed.watches import deliver
from navfeed.watches.batch import make_batch
from navfeed.watches.choices import Channel
from navfeed.watches.decide import KnownAd
from navfeed.watches.definition import Watch, WatchFile
from navfeed.watches.digest import Ad, Item
from navfeed.watches.editing import Table, add_watch, edit_watch, predict_edit, remove_watch
from navfeed.watches.near import NearMiss
from navfeed.watches.reading import read_watch_file
from navfeed.watches.state import State, Triaged
from navfeed.watches.view import View


@dataclass(frozen=True, slots=True)
class AddedWatch:
    """A new watch. `matching`: the number of ads that match now; None if it is not known yet.

    `lacks_mail_server`: it notifies by mail, and no server is configured.
    """

    watch: Watch
    matching: int | None
    lacks_mail_server: bool


@dataclass(frozen=True, slots=True)
class EditedWatch:
    """A changed watch. `skipped`: how many ads match only now, and are not delivered somewhere."""

    watch: Watch
    skipped: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The pending notifications of a watch, and the ads that it barely misses.

    Where it has not `started`, all matching ads: its first run delivers them with a backlog only.
    """

    started: bool
    items: tuple[Item, ...]
    near_misses: tuple[NearMiss, ...]


@dataclass(frozen=True, slots=True)
class WatchManager:
    """The watches of one file. Hold their lock around a change.

    `filters` are the names of filters that a watch may have. Each method may raise `ConfigError`
    and `StoreError`.
    """

    path: Path
    state_path: Path
    filters: tuple[str, ...]
    view: Callable[[], AbstractContextManager[View]]

    def read(self) -> WatchFile:
        return read_watch_file(self.path, self.filters)

    def state(self) -> State:
        return State(self.state_path)

    def add(self, name: str, table: Table, *, backlog: bool) -> AddedWatch:
        """Write a new watch and start it. `backlog`: deliver the ads that match already too."""
        add_watch(self.path, name, table, self.filters)
        file = self.read()
        watch = file.get(name)
        with self.state() as state:
            state.remove(name)  # left by a watch of that name that was removed by hand
            matching = self._start(state, watch, backlog=backlog)
            if matching is None:
                _start_later(state, watch, backlog=backlog)
        needs_mail = any(target.channel is Channel.MAIL for target in watch.to)
        return AddedWatch(watch, matching, needs_mail and file.mail is None)

    def _start(self, state: State, watch: Watch, *, backlog: bool) -> int | None:
        """Start every target. Returns the number of matching ads; None if it is not known yet."""
        try:
            with self.view() as view:
                if view.not_ready(None) is not None:
                    return None
                ads = view.matching(watch)
                with state.at_once():
                    for target in watch.to:
                        deliver.start(state, view, watch, target, {} if backlog else ads)
                return len(ads)
        except StoreError:
            return None

    def start_waiting(self) -> None:
        """Start the watches that were added before there was a complete copy.

        Each sync begins with this: so they start with the first complete copy as it was, also where
        the sync that completed it was killed.
        """
        with self.state() as state:
            for watch in self._waiting(state):
                with suppress(ConfigError):  # a run reports it; the others start
                    self._start(state, watch, backlog=False)

    def _waiting(self, state: State) -> list[Watch]:
        waiting = state.waiting()
        return [one for one in self.read().watches.values() if one.name in waiting]

    def edit(self, name: str, changes: Table, *, backlog: bool) -> EditedWatch:
        """Change settings of a watch; an empty list removes one. What was pending stays pending.

        A change that cannot be made now is refused before anything is written.
        """
        with self.state() as state:
            before = self.read().get(name)
            started = any(state.has_started(before, target) for target in before.to)
            if started and self._awaits_copy(state, before):
                backlog, started = True, False  # it was added so, and still gets all
            if not started:
                after = self._write(name, changes)
                _start_later(state, after, backlog=backlog)
                return EditedWatch(after, 0)
            with self.view() as view:
                pending = _pending(state, view, before)
                after = self._write(name, changes)
                state.adopt(after)
                return EditedWatch(after, _continue(state, view, after, pending, backlog=backlog))

    def _awaits_copy(self, state: State, watch: Watch) -> bool:
        """Whether a watch with a backlog waits for the first complete copy: it has nothing yet."""
        if state.data_as_of(watch.name) is not None:
            return False
        if any(state.known_ads(watch, target) for target in watch.to):
            return False
        try:
            with self.view() as view:
                return view.not_ready(None) is not None
        except StoreError:
            return True

    def predict_edit(self, name: str, changes: Table) -> tuple[Watch, Watch]:
        """The watch before and after `edit`. Changes nothing and creates no file."""
        before = self.read().get(name)
        after = predict_edit(self.path, name, changes, self.filters).get(name)
        if self.state_path.exists():
            with self.state() as state:
                if any(
                    state.has_started(before, target) for target in before.to
                ) and not self._awaits_copy(state, before):
                    with self.view() as view:
                        _pending(state, view, before)
        return before, after

    def _write(self, name: str, changes: Table) -> Watch:
        edit_watch(self.path, name, changes, self.filters)
        return self.read().get(name)

    def remove(self, name: str) -> None:
        """Remove a watch from the file, and what its subscribers know."""
        self.read().get(name)
        remove_watch(self.path, name, self.filters)
        with self.state() as state:
            state.remove(name)

    def preview(self, name: str) -> Preview:
        """What the watch's first target would get now. Changes nothing and creates no file."""
        watch = self.read().get(name)
        with self.view() as view:
            started, known, triaged = self._known(watch)
            ads = view.matching(watch)
            items = make_batch(view, watch, ads, known, triaged).items
            return Preview(started, items, tuple(view.near_misses(watch, ads)))

    def _known(self, watch: Watch) -> tuple[bool, Mapping[str, KnownAd], Mapping[str, Triaged]]:
        if not self.state_path.exists():
            return False, {}, {}
        target = watch.to[0]
        with self.state() as state:
            return (
                state.has_started(watch, target),
                state.known_ads(watch, target),
                state.marks(),
            )


def _start_later(state: State, watch: Watch, *, backlog: bool) -> None:
    """Start with the first complete copy; a backlog is all of it, and so starts with no ad."""
    state.adopt(watch)
    if backlog:
        for target in watch.to:
            state.start(watch, target, ())


def _pending(state: State, view: View, watch: Watch) -> Mapping[str, Ad]:
    """The ads that match a watch before it changes."""
    if (reason := view.not_ready(state.data_as_of(watch.name))) is not None:
        raise ConfigError(f"{watch.name} cannot be changed now: {reason}. Run `navfeed sync`")
    # Which ads are pending is known by the filters that the state belongs to, and no others.
    is_its = state.filters_hash(watch.name) == watch.filters_hash
    return view.matching(watch) if is_its else {}


def _continue(
    state: State, view: View, watch: Watch, pending: Mapping[str, Ad], *, backlog: bool
) -> int:
    """Record the ads that match a changed watch already, so that they are not delivered as new.

    Returns how many they are, at the target with the most.
    """
    ads = view.matching(watch)
    skipped = 0
    for target in watch.to:
        known = state.known_ads(watch, target)
        due = pending.keys() if state.has_started(watch, target) else ()
        unknown = {ad: ads[ad] for ad in ads if ad not in known and ad not in due}
        skipped = max(
            skipped, deliver.start(state, view, watch, target, {} if backlog else unknown)
        )
    return skipped
