"""What is not to be kept: taken up, and applied to what is there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from navfeed.model import Contacts, Content, ErasedTerm, PrivacyPolicy
from navfeed.privacy.matcher import Term, marks_of, matcher_of
from navfeed.privacy.redact import Redactor, places_of, without_person


class Store(Protocol):
    """What a change of discretion asks of the store. Every method may raise `StoreError`."""

    def privacy_policy(self) -> PrivacyPolicy: ...
    def iter_contents(self) -> Iterator[tuple[str, Content]]: ...
    def set_contacts(
        self, contacts: Contacts, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None: ...
    def take_over(
        self, policy: PrivacyPolicy, rewritten: Iterable[tuple[str, Content]], now: datetime
    ) -> None: ...
    def forget(
        self,
        marks: Iterable[ErasedTerm],
        key: bytes,
        rewritten: Iterable[tuple[str, Content, int]],
        now: datetime,
    ) -> tuple[int, int]: ...
    def purge(self) -> bool: ...


def take_up_contacts(store: Store, contacts: Contacts | None, now: datetime) -> None:
    """Make `contacts` the store's setting. None, or what it was before, changes nothing."""
    discretion = store.privacy_policy()
    if contacts not in (None, discretion.contacts):
        redact = Redactor(replace(discretion, contacts=contacts))
        store.set_contacts(contacts, _changed(store, redact), now)


def _changed(store: Store, change: Callable[[Content], Content]) -> Iterator[tuple[str, Content]]:
    """The ads that are others after the change. Read one by one: together they fill the memory."""
    for ad, content in store.iter_contents():
        changed = change(content)
        if changed is not content:
            yield ad, changed


def take_over(store: Store, before: PrivacyPolicy, now: datetime) -> bool:
    """Make a store that is put back as discreet as the one it replaces was.

    What was erased on request since the copy was made must not come back with it. False:
    the two are not of one origin, and so the hashes of one say nothing in the other.
    """
    here = store.privacy_policy()
    if before.marks and here.key not in (b"", before.key):
        return False
    contacts = Contacts.DROP if Contacts.DROP in (before.contacts, here.contacts) else here.contacts
    wanted = PrivacyPolicy(contacts, here.marks | before.marks, before.key or here.key)
    if wanted != here:
        store.take_over(wanted, _changed(store, Redactor(wanted)), now)
    return True


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took out. `owed`: a reader keeps old bytes from being overwritten yet."""

    ads: int
    places: int
    owed: bool


def erase_person(store: Store, needle: Term, now: datetime) -> Erased:
    """Take a text out of all that is stored, and see to it that no sync brings it back."""
    key = store.privacy_policy().key or secrets.token_bytes(KEY_BYTES)
    ads, places = store.forget(marks_of(needle, key), key, _without(store, needle), now)
    return Erased(ads, places, owed=not store.purge())


KEY_BYTES = 32
"""As long as the hash it keys, so that nothing is gained by guessing the key."""


def _without(store: Store, needle: Term) -> Iterator[tuple[str, Content, int]]:
    seeker = matcher_of(needle)
    for ad, content in store.iter_contents():
        if (left := without_person(content, seeker)) is not content:
            yield ad, left, sum(1 for _ in places_of(content.raw, seeker))
