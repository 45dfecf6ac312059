"""The choices that a watch offers, in its file and on the command line.

They stand apart from everything else, so that other commands start without loading the rest.
"""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    """Why an ad is in a notification. Where several apply, the first one counts."""

    NEW = "new"
    CHANGED = "changed"
    CLOSING = "closing"
    GONE = "gone"


class Field(StrEnum):
    """A field of an ad whose changes may matter."""

    TITLE = "title"
    PLACE = "place"
    DEADLINE = "deadline"


class Mark(StrEnum):
    """How the user triaged an ad."""

    SAVED = "saved"
    IGNORED = "ignored"
    APPLIED = "applied"


class Channel(StrEnum):
    """How notifications are delivered."""

    STDOUT = "stdout"
    FILE = "file"
    ATOM = "atom"
    MAIL = "mail"
    WEBHOOK = "webhook"
    NTFY = "ntfy"
    SLACK = "slack"
    DISCORD = "discord"
    TEAMS = "teams"
    COMMAND = "command"


class Format(StrEnum):
    """The format of a digest on stdout and for commands."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


class Security(StrEnum):
    """How the connection to the mail server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


WATCH_FIELDS = ("watch", "filters", "to", "notify", "changes", "closing_days", "format")
"""What a watch has as an object."""

ITEM_FIELDS = (
    *("uuid", "trigger", "changed", "closes_in_days", "title", "employer", "place"),
    *("application_due", "due_date", "last_day", "excerpt", "application_url", "link"),
    *("mark", "note", "also_matches"),
)
"""What an ad in a digest has as an object."""
