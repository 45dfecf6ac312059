"""The ways to tell: a module each. What a way needs is loaded when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from navfeed.errors import ConfigError, DeliveryError
from navfeed.watches.definition import POSTED, Book, Target, Watch
from navfeed.watches.deliver import Sender
from navfeed.watches.digest import Digest
from navfeed.watches.formats import written
from navfeed.watches.words import Format, Way


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the ways need of their surroundings.

    `write` puts text in a format on stdout, `refuse` raises `ConfigError` for a file that must not
    be written. `password`: the mail server's, from the environment. `format`: for stdout, whatever
    the watch says.
    """

    book: Book
    write: Callable[[str, Format], None]
    refuse: Callable[[Path], None]
    clock: Callable[[], datetime]
    password: str | None = None
    format: Format | None = None


class Stdout:
    most = 1_000_000

    def __init__(self, write: Callable[[str, Format], None], format_: Format) -> None:
        self._write = write
        self._format = format_

    def send(self, digest: Digest) -> None:
        self._write(written(digest, self._format), self._format)


def sender_of(around: Surroundings, target: Target, watch: Watch) -> Sender:
    """The way to tell there. Raises `DeliveryError` where it cannot be used as it is set up."""
    try:
        return _sender(around, target, watch)
    except ConfigError as error:
        raise DeliveryError(str(error)) from error


def _sender(around: Surroundings, target: Target, watch: Watch) -> Sender:
    match target.way:
        case Way.STDOUT:
            return Stdout(around.write, around.format or watch.format)
        case Way.FILE | Way.ATOM:
            from navfeed.watches.channels.files import Shown

            path = around.book.path.parent / Path(target.where).expanduser()
            around.refuse(path)
            return Shown(path, watch.name if target.way is Way.ATOM else None)
        case Way.MAIL:
            from navfeed.watches.channels.mail import Mailer

            if around.book.mail is None:
                raise ConfigError(
                    f"{around.book.path} has no [mail], so that no mail can go. Add host and from"
                )
            return Mailer(around.book.mail, target.where, around.password, around.clock)
        case Way.COMMAND:
            from navfeed.watches.channels.command import Command

            return Command(target.where, watch.format)
        case _:
            assert target.way in POSTED  # noqa: S101  the ways that are left
            from navfeed.watches.channels.webhook import Webhook

            return Webhook(target)
