"""How Sphinx builds the site out of these pages: `make site`. Nothing is fetched for it.

The pages are Markdown that reads as well without being built.
"""

# ruff: noqa: INP001, A001  Sphinx says what this file and its names are called

from __future__ import annotations

import re
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
VERSION = (ROOT / "src" / "navfeed" / "version.py").read_text(encoding="utf-8")

project = "navfeed"
author = "The navfeed developers"
copyright = "The navfeed developers"
(version,) = re.findall(r'^__version__ = "(.+)"$', VERSION, re.MULTILINE)
release = version

extensions = ["myst_parser"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = f"navfeed {version}"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None


def setup(app: Sphinx) -> None:
    """A crontab is shown as it stands: nobody colours it, and --fail-on-warning minds."""
    app.add_lexer("crontab", TextLexer)
