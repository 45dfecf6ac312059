"""The error tree, and the exit codes that scripts rely on.

Every error a user can fix is a `NavfeedError`. Its message names what happened, to what, and the
next step; `exit_code` is what the command ends with. Only `navfeed.cli` turns one into text.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class ExitCode(IntEnum):
    """What a command ends with. A contract: documented in docs/reference/exit-codes.md."""

    DONE = 0
    BUG = 1
    USAGE = 2
    STOPPED = 3
    WAITING = 4
    FEED = 5
    TOKEN = 6
    STORE = 7
    STALE = 8
    DIFFERENT = 9
    CURSOR = 10
    LOCKED = 75


EXPECTED = (ExitCode.DONE, ExitCode.STOPPED, ExitCode.WAITING)
"""Exit codes of a run without trouble: the next run does what is left."""


class NavfeedError(Exception):
    """The root of all errors that a user can do something about."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    passes: bool = False
    "Whether it may pass by itself. A service waits then, and continues."


class ConfigError(NavfeedError):
    """A flag, a variable or a line of the settings file cannot be used."""

    exit_code = ExitCode.USAGE


class ScopeError(ConfigError):
    """A new scope was not taken up: a name in it is unknown, or it would remove most ads."""


class NotFoundError(NavfeedError):
    """What was named is not in the store."""

    exit_code = ExitCode.USAGE


class StoppedError(NavfeedError):
    """The run was ended on purpose (a signal, a limit): everything committed is kept."""

    exit_code = ExitCode.STOPPED


class FeedError(NavfeedError):
    """The feed cannot be reached, or answers wrongly."""

    exit_code = ExitCode.FEED
    passes = True


class UnreachableError(FeedError):
    """No usable answer came: network trouble, 5xx, 429, a deadline. Trying again may help."""

    def __init__(
        self, message: str, *, retry_at: datetime | None = None, may_retry: bool = True
    ) -> None:
        """`retry_at` is the end of the pause that the server requested.

        `may_retry`: whether another try in this run can help; never where there is a `retry_at`.
        """
        super().__init__(message)
        self.retry_at = retry_at
        self.may_retry = may_retry and retry_at is None


class ContractError(FeedError):
    """An answer came, and it is not what the feed promises. Nothing of it was kept."""


class TokenError(NavfeedError):
    """There is no token, or the feed does not accept it."""

    exit_code = ExitCode.TOKEN

    def __init__(self, message: str, *, passes: bool = False) -> None:
        """`passes`: NAV is late with its public token, or replaces it just now."""
        super().__init__(message)
        self.passes = passes


class StoreError(NavfeedError):
    """The store cannot be opened, read or written."""

    exit_code = ExitCode.STORE

    def __init__(self, message: str, *, passes: bool = False) -> None:
        """`passes`: the disk is full, or another program keeps the file busy."""
        super().__init__(message)
        self.passes = passes


class TargetError(StoreError):
    """A target of `navfeed push` cannot be reached, read or written. What was kept stays."""


class TooLongError(StoreError):
    """A query took more work than it may."""


class StaleError(NavfeedError):
    """The data is older than the caller allows."""

    exit_code = ExitCode.STALE


class CursorError(NavfeedError):
    """Changes after this cursor are incomplete: take a snapshot."""

    exit_code = ExitCode.CURSOR


class DeliveryError(NavfeedError):
    """A channel rejected a notification, which waits for a retry; nothing is lost."""

    exit_code = ExitCode.WAITING
    passes = True

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        """`retry_after`: the pause that the channel requested."""
        super().__init__(message)
        self.retry_after = retry_after


class LockedError(NavfeedError):
    """Another sync works on this store."""

    exit_code = ExitCode.LOCKED
    passes = True
