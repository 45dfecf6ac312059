"""Where notifications go: `mail:me@example.org` is a channel and an address."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import urlsplit

from navfeed.watches.choices import Channel

HTTP_CHANNELS = frozenset(
    {Channel.WEBHOOK, Channel.NTFY, Channel.SLACK, Channel.DISCORD, Channel.TEAMS}
)
"""Channels that are an HTTP request."""

SHARED_CHANNELS = frozenset({*HTTP_CHANNELS, Channel.ATOM})
"""Channels that others may read too: the user's notes stay out of them."""

SNAPSHOT_CHANNELS = frozenset({Channel.FILE, Channel.ATOM})
"""Channels that show all ads delivered so far that are still active; the others send updates."""

FORMATTED_CHANNELS = frozenset({Channel.STDOUT, Channel.COMMAND})
"""Channels that use a watch's `format`; a file's name implies its own."""

INTERRUPTING_CHANNELS = frozenset({*HTTP_CHANNELS, Channel.MAIL, Channel.COMMAND})
"""Channels that may wake somebody: quiet hours and the minimum interval apply to them."""


@dataclass(frozen=True, slots=True)
class Target:
    """A channel and its address, which shows in no repr and no traceback: it may be a secret."""

    channel: Channel
    address: str = field(default="", repr=False)

    @property
    def spec(self) -> str:
        """As the file of watches has it."""
        return f"{self.channel}:{self.address}" if self.address else self.channel.value

    @property
    def display(self) -> str:
        """For messages: of a URL only the host, as the rest may be a secret."""
        if self.channel in HTTP_CHANNELS:
            return f"{self.channel}:{urlsplit(self.address).hostname}"
        return self.spec

    @property
    def key(self) -> str:
        """Its key in the state file: a hash that reveals no address."""
        return short_hash(self.spec)


def short_hash(text: str) -> str:
    """24 hexadecimal digits, from which no text can be recovered."""
    return blake2b(text.encode(), digest_size=12).hexdigest()


def parse_target(spec: str) -> Target:
    """`mail:me@example.org` as a target. Raises `ValueError`, whose text names the problem."""
    channel, _, address = spec.strip().partition(":")
    if channel not in frozenset(Channel):
        raise ValueError(f"unknown channel {channel!r}. Use one of {', '.join(Channel)}")
    target = Target(Channel(channel), address.strip())
    if (problem := _problem(target)) is not None:
        raise ValueError(problem)
    return target


def _problem(target: Target) -> str | None:
    channel, address = target.channel, target.address
    if channel is Channel.STDOUT:
        return "stdout takes no address" if address else None
    if not address or not address.isprintable():
        return f"{channel} needs an address, such as {_EXAMPLES[channel]}"
    if channel is Channel.MAIL and not _MAIL_ADDRESS.fullmatch(address):
        return f"mail needs a single mail address, such as {_EXAMPLES[channel]}"
    if channel in HTTP_CHANNELS and not _is_url(address):
        return f"{channel} needs an http or https URL, such as {_EXAMPLES[channel]}"
    if channel is Channel.COMMAND and not _is_command(address):
        return "the command has unbalanced quotation marks"
    return None


_MAIL_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")

_EXAMPLES = {
    Channel.FILE: "file:~/jobs.html",
    Channel.ATOM: "atom:~/feeds/jobs.xml",
    Channel.MAIL: "mail:me@example.org",
    Channel.WEBHOOK: "webhook:https://example.org/hook",
    Channel.NTFY: "ntfy:https://ntfy.sh/a-secret-topic",
    Channel.SLACK: "slack:https://hooks.slack.com/services/...",
    Channel.DISCORD: "discord:https://discord.com/api/webhooks/...",
    Channel.TEAMS: "teams:https://....logic.azure.com/...",
    Channel.COMMAND: "command:mail -s jobs me@example.org",
}


def _is_url(address: str) -> bool:
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        return False
    return url.scheme in ("https", "http") and bool(url.hostname) and not re.search(r"\s", address)


def _is_command(words: str) -> bool:
    try:
        return bool(shlex.split(words))
    except ValueError:
        return False
