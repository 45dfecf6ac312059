"""The message that each service expects, and the most ads in one.

Text of ads has no effect there: no mention, no link, no markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from navfeed.watches.choices import Channel
from navfeed.watches.digest import Digest, Item
from navfeed.watches.formats import escape_markdown, payload, plain_excerpt
from navfeed.watches.wording import detail_lines, label, links, summary

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Preset:
    """The most ads in a message, and the message."""

    most: int
    body: Callable[[Digest], Body]


def _ntfy(digest: Digest) -> Body:
    """https://docs.ntfy.sh/publish/#publish-as-json: 4,096 bytes, cut where there is more."""
    items = list(digest.items)
    if len(items) == 1:
        (item,) = items
        lines = [*detail_lines(item), plain_excerpt(item)]
        click = item.ad.apply_url or item.ad.page_url
        title = f"{label(item).capitalize()}: {item.ad.title}"
        message = "\n".join(filter(None, lines))
        more: dict[str, object] = {"click": click} if click else {}
    else:
        title, more = summary(digest), {}
        message = "\n\n".join(_short(item) for item in items)
    return {"title": _cut(title, 250), "message": _cut(message, 3_500), **more}


def _short(item: Item) -> str:
    address = item.ad.page_url or item.ad.apply_url
    lines = [f"{label(item).capitalize()}: {item.ad.title[:100]}"]
    lines += [item.ad.employer[:60]] if item.ad.employer else []
    lines += [address[:200]] if address else []
    return "\n".join(lines)


def _cut(text: str, most: int) -> str:
    """At most this many bytes of UTF-8, cut between characters."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"


def _slack(digest: Digest) -> Body:
    """https://docs.slack.dev/messaging/formatting-message-text: & < > are its own."""
    blocks = [_slack_block(f"*{_escape_slack(summary(digest))}*")]
    blocks += [_slack_block(_slack_item(item)) for item in digest.items]
    return {"text": _escape_slack(summary(digest)), "blocks": blocks}


def _slack_block(text: str) -> Body:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:2_900]}}


def _slack_item(item: Item) -> str:
    lines = [f"*{_escape_slack(item.ad.title[:200])}* ({label(item)})"]
    lines += [_escape_slack(line) for line in detail_lines(item)]
    lines += [_escape_slack(plain_excerpt(item))] if item.ad.excerpt else []
    urls = [f"<{address.replace('&', '&amp;')}|{name}>" for name, address in links(item)]
    return "\n".join([*lines, " · ".join(urls)] if urls else lines)


def _escape_slack(text: str) -> str:
    """Slack has no other escapes than these; zero-width spaces break up the rest of its markup."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`])", "\u200b\\1\u200b", text)


def _discord(digest: Digest) -> Body:
    """https://discord.com/developers/docs/resources/webhook: 10 embeds, 6,000 letters in all."""
    return {
        "content": escape_markdown(summary(digest))[:1_900],
        "embeds": [_embed(item) for item in digest.items],
        "allowed_mentions": {"parse": []},
    }


def _embed(item: Item) -> Body:
    lines = [label(item), *(escape_markdown(line)[:200] for line in detail_lines(item))]
    lines += [escape_markdown(plain_excerpt(item)[:150])] if item.ad.excerpt else []
    if item.ad.apply_url:
        lines.append(f"<{item.ad.apply_url}>")
    embed = {"title": escape_markdown(item.ad.title[:100]), "description": "\n".join(lines)[:900]}
    return {**embed, "url": item.ad.page_url} if item.ad.page_url else embed


def _teams(digest: Digest) -> Body:
    """An Adaptive Card, which the workflows of Teams take: 28 kB at most."""
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _block(summary(digest), weight="Bolder", size="Medium"),
            *(block for item in digest.items for block in _card(item)),
        ],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": content}]}


def _card(item: Item) -> list[Body]:
    lines = [f"{label(item)}", *detail_lines(item), plain_excerpt(item)]
    blocks = [
        _block(item.ad.title[:200], weight="Bolder", separator=True),
        _block("\n\n".join(filter(None, lines))[:800]),
    ]
    actions = [
        {"type": "Action.OpenUrl", "title": name, "url": address} for name, address in links(item)
    ]
    return [*blocks, {"type": "ActionSet", "actions": actions}] if actions else blocks


def _block(text: str, **more: object) -> Body:
    return {"type": "TextBlock", "text": escape_markdown(text), "wrap": True, **more}


PRESETS = {
    Channel.WEBHOOK: Preset(200, payload),
    Channel.NTFY: Preset(10, _ntfy),
    Channel.SLACK: Preset(40, _slack),
    Channel.DISCORD: Preset(5, _discord),
    Channel.TEAMS: Preset(5, _teams),
}
