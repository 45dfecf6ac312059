"""What outsiders wrote, made fit for a page: a short list of tags, links to the web alone.

An ad is text from whoever places it. The page's own rules (`guard.POLICY`) would stop a script that
got through; nothing may get through all the same.
"""

from __future__ import annotations

import re

import nh3
from markupsafe import Markup, escape

from navfeed.serve.visible import visible
from navfeed.text.html import blocks_of

TAGS = frozenset(
    {
        *("p", "br", "ul", "ol", "li", "strong", "b", "em", "i", "u", "a", "blockquote"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "dl", "dt", "dd", "table", "tbody", "thead"),
        *("tr", "td", "th", "sub", "sup", "hr"),
    }
)
_DROPPED = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math"})
_SCHEMES = frozenset({"http", "https"})

LONGEST = 60_000
MOST_TAGS = 4_000
"""Up to here the cleaning takes a tenth of a second at most, whatever the text. Its work is not
proportional to the text: 16,000 attributes of one tag take 0.2 s, twice as many four times that.
What is longer is shown as paragraphs of text."""

_HEADING = re.compile(r"<(/?)h[1-6]>")


def safe_html(text: str | None) -> Markup:
    """HTML that can do nothing; its headings stand below the page's own."""
    shown = visible(text or "")
    if len(shown) > LONGEST or shown.count("<") > MOST_TAGS:
        paragraphs = (f"<p>{escape(one.text)}</p>" for one in blocks_of(shown))
        return Markup("".join(paragraphs))  # noqa: S704  nothing in it but what was escaped
    cleaned = nh3.clean(
        shown,
        tags={*TAGS},
        clean_content_tags={*_DROPPED},
        attributes={"a": {"href"}},
        url_schemes={*_SCHEMES},
        link_rel="noopener nofollow",
    )
    return Markup(_HEADING.sub(r"<\1h3>", cleaned))  # noqa: S704  nh3 has just made it safe
