"""A digest as HTML: for mail, files and stdout. No script, no image, nothing from elsewhere.

Everything that comes from an ad is escaped; URLs were checked before (`ads.safe_url`). One column
that fits a phone, in the light or dark colours that the reader prefers.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from navfeed.watches.digest import Digest, Group, Item
from navfeed.watches.wording import detail_lines, label, links, summary

STYLE = """\
:root{color-scheme:light dark}
body{margin:0;padding:16px;background:#f4f5f7;color:#1b1f24;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:640px;margin:0 auto}
h1{font-size:20px;line-height:1.3;margin:0 0 16px}
h2{font-size:16px;margin:24px 0 8px;color:#57606a}
article{background:#fff;border:1px solid #d0d7de;border-radius:8px;padding:16px;margin:0 0 12px}
h3{font-size:18px;line-height:1.3;margin:4px 0;overflow-wrap:anywhere}
p{margin:4px 0;overflow-wrap:anywhere}
.label{font-size:13px;font-weight:600;color:#0a5c36}
.soon .label{color:#9a3412}
.gone .label{color:#57606a}
.excerpt{color:#424a53;margin-top:8px}
.links{margin-bottom:-8px}
.links a{display:inline-block;padding:10px 16px 10px 0;color:#0550ae;font-weight:600}
.warning{background:#fff8c5;border:1px solid #d4a72c;border-radius:8px;padding:8px 12px}
@media (prefers-color-scheme:dark){
body{background:#0d1117;color:#e6edf3}
article{background:#161b22;border-color:#30363d}
h2,.gone .label{color:#9198a1}
.label{color:#56d364}
.soon .label{color:#ffa657}
.excerpt{color:#b7bfc7}
.links{margin-bottom:-8px}
.links a{color:#79c0ff}
.warning{background:#3a2d00;border-color:#9e6a03}
}
"""


def html(digest: Digest) -> str:
    """A complete document."""
    title = escape(summary(digest))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n{''.join(_body(digest))}</main>\n</body>\n</html>\n"
    )


def _body(digest: Digest) -> Iterator[str]:
    if digest.warning:
        yield f'<p class="warning">{escape(digest.warning)}</p>\n'
    for group in digest.groups:
        yield from _group(group)


def _group(group: Group) -> Iterator[str]:
    yield f"<h2>{escape(group.watch)}</h2>\n"
    for item in group.items:
        kind = "soon" if item.days_left is not None else item.trigger.value
        yield f'<article class="{kind}">\n{article(item)}</article>\n'


def article(item: Item) -> str:
    """The content of one ad's box."""
    return "".join(_article(item))


def _article(item: Item) -> Iterator[str]:
    yield f'<p class="label">{escape(label(item).capitalize())}</p>\n'
    yield f'<h3 lang="no">{escape(item.ad.title)}</h3>\n'
    yield from details(item)


def details(item: Item) -> Iterator[str]:
    """Everything below the title."""
    for line in detail_lines(item):
        yield f"<p>{escape(line)}</p>\n"
    if item.ad.excerpt:
        text = "".join(
            f"<strong>{escape(piece)}</strong>" if found else escape(piece)
            for piece, found in item.ad.excerpt
        )
        yield f'<p class="excerpt" lang="no">{text}</p>\n'
    if anchors := "".join(
        f'<a href="{escape(address)}" rel="noreferrer">{name}</a> ' for name, address in links(item)
    ):
        yield f'<p class="links">{anchors}</p>\n'
