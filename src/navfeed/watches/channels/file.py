"""Files that show the ads delivered so far that are still active: a page, or an Atom feed.

They are replaced as a whole, and only when something changed. So ads that are gone leave, and a
crash leaves the old file or the new one.
"""

from __future__ import annotations

from pathlib import Path

from navfeed.errors import ConfigError, DeliveryError
from navfeed.files import replaced
from navfeed.watches.choices import Format
from navfeed.watches.digest import Digest
from navfeed.watches.formats import render

_SUFFIXES = {
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".md": Format.MARKDOWN,
    ".json": Format.JSON,
}


class FileSender:
    """A file; `feed` is the name of the watch whose Atom feed it is, None for a page."""

    most = 1_000_000

    def __init__(self, path: Path, feed: str | None) -> None:
        self._path = path
        self._feed = feed

    def send(self, digest: Digest) -> None:
        new = self._text(digest).encode()
        try:
            if self._path.exists() and self._path.read_bytes() == new:
                return
            with replaced(self._path, stoppable=False) as out:
                out.write(new)
        except OSError as error:
            raise DeliveryError(f"cannot write {self._path}: {error.strerror}") from error
        except ConfigError as error:
            raise DeliveryError(str(error)) from error

    def _text(self, digest: Digest) -> str:
        if self._feed is None:
            return render(digest, _SUFFIXES.get(self._path.suffix.lower(), Format.TEXT))
        from navfeed.watches.atom import feed

        return feed(self._feed, digest)
