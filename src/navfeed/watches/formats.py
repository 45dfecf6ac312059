"""A digest as text, Markdown or JSON; `navfeed.watches.html` has HTML, `atom` the feed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from navfeed.watches.choices import Format
from navfeed.watches.digest import Digest, Item
from navfeed.watches.wording import detail_lines, label, links, summary


def render(digest: Digest, format_: Format) -> str:
    """The digest in a format, ending with a newline."""
    match format_:
        case Format.TEXT:
            return text(digest)
        case Format.MARKDOWN:
            return markdown(digest)
        case Format.JSON:
            return json_line(digest)
        case Format.HTML:
            from navfeed.watches.html import html

            return html(digest)


def text(digest: Digest) -> str:
    return "\n".join(_text_lines(digest)) + "\n"


def _text_lines(digest: Digest) -> Iterator[str]:
    yield summary(digest)
    if digest.warning:
        yield digest.warning
    for group in digest.groups:
        yield from ("", f"== {group.watch} ==")
        for item in group.items:
            yield from ("", f"{label(item).upper()}: {item.ad.title}")
            yield from (f"  {line}" for line in detail_lines(item))
            if item.ad.excerpt:
                yield f"  {plain_excerpt(item)}"
            yield from (f"  {name}: {address}" for name, address in links(item))


def plain_excerpt(item: Item) -> str:
    return "".join(f"**{piece}**" if found else piece for piece, found in item.ad.excerpt)


def markdown(digest: Digest) -> str:
    return "\n".join(_markdown_lines(digest)) + "\n"


def _markdown_lines(digest: Digest) -> Iterator[str]:
    yield f"# {escape_markdown(summary(digest))}"
    if digest.warning:
        yield from ("", f"**{escape_markdown(digest.warning)}**")
    for group in digest.groups:
        yield from ("", f"## {escape_markdown(group.watch)}")
        for item in group.items:
            yield from ("", f"### {escape_markdown(item.ad.title)}", "")
            yield f"*{escape_markdown(label(item))}*"
            for line in detail_lines(item):
                yield from ("", escape_markdown(line))
            if item.ad.excerpt:
                yield from ("", f"> {_markdown_excerpt(item)}")
            if urls := [f"[{name}]({_address(address)})" for name, address in links(item)]:
                yield from ("", " · ".join(urls))


def _markdown_excerpt(item: Item) -> str:
    return "".join(
        f"**{escape_markdown(piece)}**" if found else escape_markdown(piece)
        for piece, found in item.ad.excerpt
    )


_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@:.=-])")


def escape_markdown(text: str) -> str:
    """Escape everything that Markdown would interpret: links, mentions, HTML."""
    return _MARKUP.sub(r"\\\1", text)


def _address(address: str) -> str:
    return address.replace("(", "%28").replace(")", "%29")


def json_line(digest: Digest) -> str:
    """One object on one line."""
    return json.dumps(payload(digest), ensure_ascii=False) + "\n"


def payload(digest: Digest) -> dict[str, object]:
    """The digest for programs; docs/reference/watches.md documents its shape."""
    return {
        "summary": summary(digest),
        "warning": digest.warning or None,
        "watches": [
            {"watch": group.watch, "ads": [item_object(item) for item in group.items]}
            for group in digest.groups
        ],
    }


def item_object(item: Item) -> dict[str, object]:
    """An ad in a digest for programs: its fields are `ITEM_FIELDS`."""
    ad = item.ad
    return {
        "uuid": ad.uuid,
        "trigger": item.trigger,
        "changed": list(item.changed),
        "closes_in_days": item.days_left,
        "title": ad.title if ad.page_url else None,
        "employer": ad.employer or None,
        "place": ad.place or None,
        "application_due": ad.due or None,
        "due_date": ad.due_date and ad.due_date.isoformat(),
        "last_day": ad.last_day and ad.last_day.isoformat(),
        "excerpt": "".join(piece for piece, _ in ad.excerpt) or None,
        "application_url": ad.apply_url or None,
        "link": ad.page_url or None,
        "mark": item.mark,
        "note": item.note,
        "also_matches": list(item.also_matches),
    }
