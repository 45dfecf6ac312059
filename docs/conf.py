"""How Sphinx builds the site out of these pages: `make site`. Nothing is fetched for it.

The pages are Markdown that reads as well without being built.
"""

# ruff: noqa: INP001, A001  Sphinx fixes the names of this file and in it

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.addnodes import toctree
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
VERSION = (ROOT / "src" / "navfeed" / "version.py").read_text(encoding="utf-8")

project = "navfeed"
author = "The navfeed developers"
copyright = "The navfeed developers"
(version,) = re.findall(r'^__version__ = "(.+)"$', VERSION, re.MULTILINE)
release = version

extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_favicon = "../src/navfeed/serve/static/mark.svg"
html_title = f"navfeed {version}"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None


# A command is copied without its prompt, and without what it printed.
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True

DIRECTIVE = re.compile(r"^```\{(toctree|include)\}(.*?)\n(.*?)```\n*", re.MULTILINE | re.DOTALL)
CAPTION = re.compile(r"^:caption: (.+)$", re.MULTILINE)
LLMS = """\
# navfeed

> An exact copy of NAV's job vacancy feed (job ads in Norway) in one SQLite file: a command-line
> program and a Python library. Every page below is Markdown.
"""


def setup(app: Sphinx) -> None:
    """A crontab is shown as it stands: nobody colours it, and --fail-on-warning minds."""
    app.add_lexer("crontab", TextLexer)
    app.connect("html-page-context", link_to_markdown)
    app.connect("build-finished", write_markdown)
    app.connect("build-finished", finish_html)


ACCESSIBLE = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
    '<div id="search-results">': '<h1>Search</h1><div id="search-results">',
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}
"""What axe-core finds missing in what Sphinx and Furo write: a heading's level, names of landmarks,
and a way to scroll wide tables and code by keyboard."""


def finish_html(app: Sphinx, exception: Exception | None) -> None:
    """Complete each page for those who use a keyboard or a screen reader."""
    if exception or app.builder.format != "html":
        return
    for path in app.outdir.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        for written, accessible in ACCESSIBLE.items():
            html = html.replace(written, accessible)
        path.write_text(html, encoding="utf-8")


def link_to_markdown(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Each page names its Markdown twin to programs."""
    if page in app.env.found_docs:
        href = f"{page.rpartition('/')[2]}.md"
        context["metatags"] += f'<link rel="alternate" type="text/markdown" href="{href}">'


def write_markdown(app: Sphinx, exception: Exception | None) -> None:
    """Write a Markdown twin beside each page, and llms.txt, which lists them."""
    if exception or app.builder.format != "html":
        return
    for page in app.env.found_docs:
        twin = app.outdir / f"{page}.md"
        twin.write_text(markdown_of(app.srcdir / f"{page}.md"), encoding="utf-8")
    (app.outdir / "llms.txt").write_text(llms(app), encoding="utf-8")


def markdown_of(path: Path) -> str:
    """The page without what Sphinx alone understands."""

    def plain(found: re.Match[str]) -> str:
        kind, name, options = found.groups()
        if kind != "include":
            return ""
        text = (path.parent / name.strip()).read_text(encoding="utf-8")
        return text.replace("](docs/", "](") if ":relative-docs:" in options else text

    return DIRECTIVE.sub(plain, path.read_text(encoding="utf-8"))


def llms(app: Sphinx) -> str:
    """The pages in the order and under the captions of the front page."""
    front = (app.srcdir / "index.md").read_text(encoding="utf-8")
    captions = [CAPTION.findall(found[2])[0] for found in DIRECTIVE.findall(front)]
    groups = app.env.toctree_includes["index"]
    trees = app.env.get_doctree("index").findall(toctree)
    parts = [LLMS]
    for caption, tree in zip(captions, trees, strict=True):
        pages = [page for page in tree["includefiles"] if page in groups]
        lines = (f"- [{app.env.titles[page].astext()}]({page}.md)" for page in pages)
        parts.append("\n".join([f"## {caption}\n", *lines, ""]))
    return "\n".join(parts)
