"""The words that watches are described with, in the file and on the command line.

They stand apart from all else, so that whoever runs another command does not wait for the rest.
"""

from __future__ import annotations

from enum import StrEnum


class News(StrEnum):
    """Why an ad is told of. One that fits several is told of once, by the first."""

    NEW = "new"
    CHANGED = "changed"
    CLOSING = "closing"
    GONE = "gone"


class Part(StrEnum):
    """What of an ad can change so that it matters."""

    TITLE = "title"
    PLACE = "place"
    DEADLINE = "deadline"


class Mark(StrEnum):
    """What somebody made of an ad."""

    SAVED = "saved"
    IGNORED = "ignored"
    APPLIED = "applied"


class Way(StrEnum):
    """How something is told."""

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
    """How a digest is written for stdout and commands."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


class Security(StrEnum):
    """How the way to a mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
