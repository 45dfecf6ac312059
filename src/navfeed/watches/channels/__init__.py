"""The channels, a module each; each loads what it needs when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from navfeed.errors import ConfigError, DeliveryError
from navfeed.watches.choices import Channel, Format
from navfeed.watches.definition import Watch, WatchFile
from navfeed.watches.deliver import Sender
from navfeed.watches.digest import Digest
from navfeed.watches.formats import render
from navfeed.watches.target import HTTP_CHANNELS, Target


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What channels depend on.

    `write` writes text in a format to stdout, `refuse` raises `ConfigError` for a path that must
    not be overwritten. `password`: the mail server's, from the environment. `format`: for stdout,
    overrides the watch's.
    """

    file: WatchFile
    write: Callable[[str, Format], None]
    refuse: Callable[[Path], None]
    clock: Callable[[], datetime]
    password: str | None = None
    format: Format | None = None


class Stdout:
    """Standard output."""

    most = 1_000_000

    def __init__(self, write: Callable[[str, Format], None], format_: Format) -> None:
        self._write = write
        self._format = format_

    def send(self, digest: Digest) -> None:
        self._write(render(digest, self._format), self._format)


def make_sender(context: ChannelContext, target: Target, watch: Watch) -> Sender:
    """The sender for a target. Raises `DeliveryError` where its configuration is unusable."""
    try:
        return _sender(context, target, watch)
    except ConfigError as error:
        raise DeliveryError(str(error)) from error


def _sender(context: ChannelContext, target: Target, watch: Watch) -> Sender:
    match target.channel:
        case Channel.STDOUT:
            return Stdout(context.write, context.format or watch.format)
        case Channel.FILE | Channel.ATOM:
            from navfeed.watches.channels.file import FileSender

            path = context.file.path.parent / Path(target.address).expanduser()
            context.refuse(path)
            return FileSender(path, watch.name if target.channel is Channel.ATOM else None)
        case Channel.MAIL:
            from navfeed.watches.channels.mail import MailSender

            if context.file.mail is None:
                raise ConfigError(
                    "no mail server is configured. Add [mail] with host and from to "
                    f"{context.file.path}"
                )
            return MailSender(context.file.mail, target.address, context.password, context.clock)
        case Channel.COMMAND:
            from navfeed.watches.channels.command import CommandSender

            return CommandSender(target.address, watch.format)
        case _:
            assert target.channel in HTTP_CHANNELS  # noqa: S101  no other is left
            from navfeed.watches.channels.webhook import HttpSender

            return HttpSender(target)
