"""The log: what happens, a line each, for people or as JSON.

It names ads by id and errors by their message; it never holds a token, nor what an ad says.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from io import FileIO, TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path

from navfeed.errors import ConfigError, ExitCode
from navfeed.model import LogFormat, LogLevel
from navfeed.text.plaintext import sanitize


class Kind(StrEnum):
    """What a line is about: the field `event`."""

    MESSAGE = "message"
    BEGAN = "began"
    WALKED = "walked"
    FETCHED = "fetched"
    REMOVED = "removed"
    RESCOPED = "rescoped"
    ENDED = "ended"
    RELOADED = "reloaded"
    ANSWERED = "answered"


class Log:
    """Where lines go: `file`, which may be moved away meanwhile (logrotate), or stderr.

    A log that cannot be written must not end what it tells of; `is_lost` says that it happened.
    """

    def __init__(self, format_: LogFormat, level: LogLevel, file: Path | None = None) -> None:
        """Raises `ConfigError` where the file cannot be written."""
        self.file = file
        self.run: int | None = None
        self.is_lost = False
        self.outcome: str | None = None
        handler = _handler(file)
        handler.setFormatter(_Json() if format_ is LogFormat.JSON else _Text())
        handler.handleError = self._lose  # type: ignore[method-assign]
        self._logger = logging.Logger("navfeed", level.upper())  # noqa: LOG001  ours alone
        self._logger.addHandler(handler)

    def say(
        self, level: LogLevel, message: str, kind: Kind = Kind.MESSAGE, **fields: object
    ) -> None:
        """One line. Its run is the one under way, by its number in the table `runs`."""
        more = {"run": self.run, "kind": kind, "fields": fields}
        self._logger.log(_LEVELS[level], "%s", sanitize(message), extra=more)

    def end(self, level: LogLevel, message: str, exit_code: ExitCode, **fields: object) -> None:
        """The last line of a run, kept as the `outcome`: who says it too need not log it again."""
        self.say(level, message, Kind.ENDED, exit_code=int(exit_code), **fields)
        self.outcome = message
        self.run = None

    def _lose(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        self.is_lost = True

    def close(self) -> None:
        for handler in self._logger.handlers:
            with suppress(OSError):
                handler.close()


_LEVELS = {level: logging.getLevelNamesMapping()[level.upper()] for level in LogLevel}


def _handler(file: Path | None) -> logging.Handler:
    if file is None:
        return logging.StreamHandler(sys.stderr)
    try:
        return _Private(file, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write the log {file}: {error.strerror}. Name another with --log-file"
        ) from error


class _Private(WatchedFileHandler):
    """A log that it makes, also anew, is its owner's alone, whatever the umask (faults.md X5)."""

    def _open(self) -> TextIOWrapper:
        private = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(FileIO(private, "a"), self.encoding, write_through=True)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """ASCII, so that no letter is taken for the end of a line."""
        line = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "run": vars(record)["run"],
            "event": vars(record)["kind"],
            "message": record.getMessage(),
            **vars(record)["fields"],
        }
        return json.dumps(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        run = vars(record)["run"]
        about = f"run {run}: " if run is not None else ""
        return f"{_moment(record)} {record.levelname.lower()} {about}{record.getMessage()}"


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03}Z"
