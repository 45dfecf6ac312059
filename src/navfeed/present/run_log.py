"""The log of a command: handlers of the logger `navfeed`, for people or as JSON.

What a line may contain is decided where lines are made (`navfeed.log`).
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO, TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path

from navfeed.errors import ConfigError, ExitCode
from navfeed.log import LOGGER, LogEvent, write
from navfeed.model import LogFormat, LogLevel
from navfeed.text.plaintext import sanitize


class Log:
    """An open log: `file`, which may be moved away meanwhile (logrotate), or stderr.

    It takes every line of the logger `navfeed` until it is closed. A log that cannot be written
    must not end what it reports; `is_lost` is true once that has happened.
    """

    def __init__(self, format_: LogFormat, level: LogLevel, file: Path | None = None) -> None:
        """Raises `ConfigError` where the file cannot be written."""
        self.file = file
        self.run: int | None = None
        self.is_lost = False
        self.outcome: str | None = None
        self._handler = _handler(file)
        self._handler.setLevel(_LEVELS[level])
        self._handler.setFormatter(_Json() if format_ is LogFormat.JSON else _Text())
        self._handler.addFilter(self._add_run)
        self._handler.handleError = self._lose  # type: ignore[method-assign]
        LOGGER.addHandler(self._handler)
        _follow_handlers()

    def say(
        self, level: LogLevel, message: str, event: LogEvent = LogEvent.MESSAGE, **fields: object
    ) -> None:
        """Write one line."""
        write(_LEVELS[level], event, message, fields)

    def end(self, level: LogLevel, message: str, exit_code: ExitCode, **fields: object) -> None:
        """Write the last line of a run and keep it as `outcome`: nobody need log it again."""
        self.say(level, message, LogEvent.ENDED, exit_code=int(exit_code), **fields)
        self.outcome = message
        self.run = None

    def close(self) -> None:
        LOGGER.removeHandler(self._handler)
        _follow_handlers()
        with suppress(OSError):
            self._handler.close()

    def _add_run(self, record: logging.LogRecord) -> bool:
        """Add the run under way, by its number in the table `runs`."""
        record.run = self.run
        return True

    def _lose(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        self.is_lost = True


def _follow_handlers() -> None:
    """Let the logger pass what its handlers want, so that debug lines cost nothing without one."""
    wanted = (one.level for one in LOGGER.handlers if not isinstance(one, logging.NullHandler))
    LOGGER.setLevel(min(wanted, default=logging.NOTSET))


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
    """Only the owner can read a log that it creates, whatever the umask (faults.md X5)."""

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
            "event": vars(record).get("event", LogEvent.MESSAGE),
            "message": _message(record),
            **vars(record).get("fields", {}),
        }
        return json.dumps(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        run = vars(record)["run"]
        about = f"run {run}: " if run is not None else ""
        return f"{_moment(record)} {record.levelname.lower()} {about}{_message(record)}"


def _message(record: logging.LogRecord) -> str:
    return sanitize(record.getMessage())


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03}Z"
