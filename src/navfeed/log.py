"""The logger `navfeed`: silent until a program adds a handler to it.

Lines name ads by id and errors by their message; none ever holds a token or what an ad contains.
"""

from __future__ import annotations

import logging
from enum import StrEnum

LOGGER = logging.getLogger("navfeed")
LOGGER.addHandler(logging.NullHandler())


class LogEvent(StrEnum):
    """What a line is about: its field `event`."""

    MESSAGE = "message"
    BEGAN = "began"
    WALKED = "walked"
    FETCHED = "fetched"
    DECIDED = "decided"
    QUEUED = "queued"
    RETRIED = "retried"
    REMOVED = "removed"
    SCOPE_CHANGED = "scope_changed"
    ERASED = "erased"
    ENDED = "ended"
    RELOADED = "reloaded"
    ANSWERED = "answered"


def is_debugging() -> bool:
    """Whether anybody reads debug lines. Check once a page or batch, before building them."""
    return LOGGER.isEnabledFor(logging.DEBUG)


def debug(event: LogEvent, message: str, **fields: object) -> None:
    """Write a debug line. `fields` are what a program reads in place of the message."""
    write(logging.DEBUG, event, message, fields)


def write(level: int, event: LogEvent, message: str, fields: dict[str, object]) -> None:
    """Write a line at one of `logging`'s levels."""
    LOGGER.log(level, "%s", message, extra={"event": event.value, "fields": fields})
