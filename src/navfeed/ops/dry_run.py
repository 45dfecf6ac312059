"""Predict a sync from the store alone (`navfeed sync --dry-run`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from navfeed.api import now, open_store
from navfeed.decide import ScopeVerdict, judge_scope, narrows
from navfeed.errors import ConfigError
from navfeed.model import Contacts, Foretold, Inactive, PrivacyPolicy

if TYPE_CHECKING:
    from navfeed.config import Settings
    from navfeed.store.query import Reader
    from navfeed.sync.engine import Plan


def predict(settings: Settings, plan: Plan) -> tuple[Foretold, ScopeVerdict]:
    """The changes to expect, and the effect of the plan's scope. Changes nothing."""
    db = settings.db
    if not db.exists():
        raise ConfigError(f"there is no store {db} yet: the first sync creates it")
    moment = now()
    with open_store(db, at=moment) as reader:
        facts, outside = reader.status(moment), reader.outside()
        scope = facts.scope if plan.scope is None else plan.scope
        changes = scope != facts.scope
        verdict = judge_scope(scope, facts.scope, reader.everything() if changes else ())
        drops_contacts = settings.contacts is Contacts.DROP is not facts.contacts
        with_contacts = _count_with_contacts(reader) if drops_contacts else 0
    would = Foretold(
        scope_changes=changes,
        stored=facts.stored,
        leaving=len(verdict.leaving),
        coming_in=outside if changes and not narrows(scope, facts.scope) else 0,
        expired=facts.stored - facts.active,
        waiting=facts.waiting,
        contacts_dropped=with_contacts,
        masks_deleted=facts.masked if settings.inactive is Inactive.DELETE else 0,
    )
    return would, verdict


def _count_with_contacts(reader: Reader) -> int:
    from navfeed.privacy.redact import Redactor

    redact = Redactor(PrivacyPolicy(contacts=Contacts.DROP))
    return sum(redact(content) is not content for _, content in reader.everything())
