"""Change what may be kept, and apply the change to the stored ads."""

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
    """What a change of the privacy policy needs. Every method may raise `StoreError`."""

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


def apply_contacts_setting(store: Store, contacts: Contacts | None, now: datetime) -> None:
    """Make `contacts` the store's setting. None, or the current one, changes nothing."""
    policy = store.privacy_policy()
    if contacts not in (None, policy.contacts):
        redact = Redactor(replace(policy, contacts=contacts))
        store.set_contacts(contacts, _changed(store, redact), now)


def _changed(store: Store, change: Callable[[Content], Content]) -> Iterator[tuple[str, Content]]:
    """The ads that the change alters. Read one by one: together they fill the memory."""
    for ad, content in store.iter_contents():
        changed = change(content)
        if changed is not content:
            yield ad, changed


def take_over(store: Store, before: PrivacyPolicy, now: datetime) -> bool:
    """Apply the privacy policy of the replaced store to a restored one.

    Whatever was erased since the copy was made must not return with it. False: the stores have
    different origins, so the hashes of one cannot be checked in the other.
    """
    here = store.privacy_policy()
    if before.marks and here.key not in (b"", before.key):
        return False
    contacts = Contacts.DROP if Contacts.DROP in (before.contacts, here.contacts) else here.contacts
    merged = PrivacyPolicy(contacts, here.marks | before.marks, before.key or here.key)
    if merged != here:
        store.take_over(merged, _changed(store, Redactor(merged)), now)
    return True


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased. `owed`: a reader still prevents old bytes from being overwritten."""

    ads: int
    places: int
    owed: bool


def erase_person(store: Store, term: Term, now: datetime) -> Erased:
    """Erase a text from everything stored, and keep every later sync from restoring it."""
    key = store.privacy_policy().key or secrets.token_bytes(KEY_BYTES)
    ads, places = store.forget(marks_of(term, key), key, _without(store, term), now)
    return Erased(ads, places, owed=not store.purge())


KEY_BYTES = 32
"""As long as the hash: guessing the key is no easier than guessing the hash."""


def _without(store: Store, term: Term) -> Iterator[tuple[str, Content, int]]:
    matcher = matcher_of(term)
    for ad, content in store.iter_contents():
        if (left := without_person(content, matcher)) is not content:
            yield ad, left, sum(1 for _ in places_of(content.raw, matcher))
