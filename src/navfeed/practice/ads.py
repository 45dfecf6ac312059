"""One ad as the server knows it, and how each kind of event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from navfeed.practice import invented
from navfeed.practice.dates import iso, midnight, oslo_day
from navfeed.practice.invented import Outline, Term
from navfeed.practice.log import Status

Content = Mapping[str, Any]

_HIDDEN_TITLE = "..."
_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Ad:
    """An ad as it is now.

    `changed` is the ad's own clock, which its entries do not share. `hidden` distinguishes a
    stopped ad from an expired one. `shared` is False for an ad that NAV may not pass on, `known`
    for one whose detail is lost; `blank` is True for one whose content is. `overrides` replace
    made-up content, field by field.
    """

    uuid: str
    outline: Outline
    overrides: Content
    published: datetime
    changed: datetime
    expires: datetime
    status: Status = "ACTIVE"
    revision: int = 0
    hidden: bool = False
    shared: bool = True
    known: bool = True
    blank: bool = False

    @property
    def source(self) -> str | None:
        source: str | None = self.overrides.get("source", self.outline.source)
        return source

    @property
    def passed_on(self) -> bool:
        """Whether the server may show ads of its source: not of FINN, nor without a source."""
        return self.source not in (None, "FINN")

    @property
    def readable(self) -> bool:
        """Whether the detail can be fetched."""
        return self.shared and self.known and self.passed_on

    @property
    def may_return(self) -> bool:
        """Whether it can become ACTIVE again: an ad from DIR cannot."""
        return self.readable and self.source != "DIR"

    @property
    def title(self) -> str:
        return str(self.overrides.get("title", self.outline.title) or _UNKNOWN)

    @property
    def business_name(self) -> str:
        employer = self.overrides.get("employer", {"name": self.outline.employer.name})
        return str((employer or {}).get("name") or _UNKNOWN)

    @property
    def municipal(self) -> str:
        if "workLocations" in self.overrides:
            return invented.municipal(self.overrides["workLocations"])
        return invented.first_municipal(self.outline)

    @property
    def headline(self) -> tuple[str, str, str]:
        """Title, businessName and municipal as an entry written now would show them."""
        if self.hidden:
            return _HIDDEN_TITLE, "", self.municipal
        return self.title, self.business_name, self.municipal

    @property
    def last_day(self) -> date | None:
        """The last day the ad may be shown (Oslo); None when `expires` is overridden by no date."""
        if "expires" not in self.overrides:
            return oslo_day(self.expires)
        try:
            return oslo_day(datetime.fromisoformat(self.overrides["expires"]))
        except (TypeError, ValueError):
            return None

    def is_active(self, today: date) -> bool:
        """Whether a lawful copy shows the ad on that day."""
        if self.status != "ACTIVE" or self.blank or not self.readable:
            return False
        return self.last_day is None or today <= self.last_day

    def content(self, seed: int) -> dict[str, Any]:
        """Write `ad_content`, the same for the same seed, ad and revision."""
        term = Term(self.published, self.changed, self.expires)
        key = f"{seed}:{self.uuid}:{self.revision}"
        return invented.content(key, self.uuid, self.outline, term) | dict(self.overrides)

    def detail(self, seed: int) -> dict[str, Any]:
        """Write the answer to a request for the ad."""
        has_content = self.status == "ACTIVE" and not self.blank
        content = {"ad_content": self.content(seed)} if has_content else {}
        return {
            "uuid": self.uuid,
            **content,
            "sistEndret": iso(self.changed),
            "status": self.status,
        }


def rewritten(ad: Ad, content: Content) -> Ad:
    overrides = {**ad.overrides, **content}
    return replace(ad, revision=ad.revision + 1, overrides=overrides, blank=False)


def as_served(ad: Ad) -> Ad:
    """The ad as the server stores it: one from DIR is INACTIVE, though its entry shows a title."""
    dead = ad.source == "DIR" and ad.status == "ACTIVE"
    return replace(ad, status="INACTIVE", hidden=False) if dead else ad


def updated(ad: Ad, content: Content, changed: datetime) -> Ad:
    return replace(rewritten(ad, content), changed=changed, known=True)


def stopped(ad: Ad, changed: datetime) -> Ad:
    return replace(ad, status="INACTIVE", hidden=True, changed=changed, known=True)


def expired(ad: Ad, changed: datetime, today: date) -> Ad:
    """Withdraw an expired ad; its last day is yesterday at the latest."""
    last = min(ad.expires, midnight(today - timedelta(days=1)))
    return replace(
        ad,
        status="INACTIVE",
        hidden=False,
        changed=changed,
        known=True,
        expires=last,
        overrides=_without_expires(ad),
    )


def reactivated(ad: Ad, content: Content, changed: datetime, term: tuple[datetime, datetime]) -> Ad:
    """Bring an ad back for a term from its new `published` to its new `expires`."""
    published, expires = term
    renewed = replace(
        ad,
        status="ACTIVE",
        hidden=False,
        published=published,
        expires=expires,
        overrides=_without_expires(ad),
    )
    return updated(renewed, content, changed)


def _without_expires(ad: Ad) -> Content:
    return {field: value for field, value in ad.overrides.items() if field != "expires"}
