"""A digest as text, Markdown or JSON; `navfeed.watches.page` has HTML, `atom` the feed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from navfeed.watches.digest import Digest, Item, facts, label, links, summary
from navfeed.watches.words import Format


def written(digest: Digest, format_: Format) -> str:
    """The digest in a format, with a line's end at its end."""
    match format_:
        case Format.TEXT:
            return text(digest)
        case Format.MARKDOWN:
            return markdown(digest)
        case Format.JSON:
            return as_json(digest)
        case Format.HTML:
            from navfeed.watches.page import html

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
            yield from (f"  {line}" for line in facts(item))
            if item.ad.excerpt:
                yield f"  {plain_excerpt(item)}"
            yield from (f"  {name}: {address}" for name, address in links(item))


def plain_excerpt(item: Item) -> str:
    return "".join(f"**{piece}**" if found else piece for piece, found in item.ad.excerpt)


def markdown(digest: Digest) -> str:
    return "\n".join(_markdown_lines(digest)) + "\n"


def _markdown_lines(digest: Digest) -> Iterator[str]:
    yield f"# {marked_down(summary(digest))}"
    if digest.warning:
        yield from ("", f"**{marked_down(digest.warning)}**")
    for group in digest.groups:
        yield from ("", f"## {marked_down(group.watch)}")
        for item in group.items:
            yield from ("", f"### {marked_down(item.ad.title)}", "")
            yield f"*{marked_down(label(item))}*"
            for line in facts(item):
                yield from ("", marked_down(line))
            if item.ad.excerpt:
                yield from ("", f"> {_markdown_excerpt(item)}")
            if said := [f"[{name}]({_address(address)})" for name, address in links(item)]:
                yield from ("", " · ".join(said))


def _markdown_excerpt(item: Item) -> str:
    return "".join(
        f"**{marked_down(piece)}**" if found else marked_down(piece)
        for piece, found in item.ad.excerpt
    )


_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@:.=-])")


def marked_down(text: str) -> str:
    """Text in which Markdown finds nothing of its own: no link, no mention, no HTML."""
    return _MARKUP.sub(r"\\\1", text)


def _address(address: str) -> str:
    return address.replace("(", "%28").replace(")", "%29")


def as_json(digest: Digest) -> str:
    """One object on one line."""
    return json.dumps(payload(digest), ensure_ascii=False) + "\n"


def payload(digest: Digest) -> dict[str, object]:
    """What programs get: the shape is in docs/reference/watches.md."""
    return {
        "summary": summary(digest),
        "warning": digest.warning or None,
        "watches": [
            {"watch": group.watch, "ads": [_as_object(item) for item in group.items]}
            for group in digest.groups
        ],
    }


def _as_object(item: Item) -> dict[str, object]:
    ad = item.ad
    return {
        "uuid": ad.uuid,
        "news": item.news,
        "changed": list(item.changed),
        "closes_in_days": item.closes_in,
        "title": ad.title if ad.page else None,
        "employer": ad.employer or None,
        "place": ad.place or None,
        "application_due": ad.due or None,
        "due_date": ad.due_date and ad.due_date.isoformat(),
        "last_day": ad.last_day and ad.last_day.isoformat(),
        "excerpt": "".join(piece for piece, _ in ad.excerpt) or None,
        "application_url": ad.apply_at or None,
        "link": ad.page or None,
        "mark": item.mark,
        "note": item.note,
        "also_fits": list(item.also),
    }
