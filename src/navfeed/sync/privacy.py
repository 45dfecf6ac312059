"""What is not to be kept: taken up, and applied to what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from navfeed.model import Contacts, Content, Discretion
from navfeed.redact import Redactor


class Store(Protocol):
    """What a change of discretion asks of the store. Every method may raise `StoreError`."""

    def discretion(self) -> Discretion: ...
    def contents(self) -> Iterator[tuple[str, Content]]: ...
    def set_contacts(
        self, contacts: Contacts, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None: ...


def take_up_contacts(store: Store, contacts: Contacts | None, now: datetime) -> None:
    """Make `contacts` the store's setting. None, or what it was before, changes nothing."""
    discretion = store.discretion()
    if contacts not in (None, discretion.contacts):
        redact = Redactor(replace(discretion, contacts=contacts))
        store.set_contacts(contacts, _changed(store, redact), now)


def _changed(store: Store, change: Callable[[Content], Content]) -> Iterator[tuple[str, Content]]:
    """The ads that are others after the change. Read one by one: together they fill the memory."""
    for ad, content in store.contents():
        changed = change(content)
        if changed is not content:
            yield ad, changed
