"""Files that show what was told and is still in force: a page, or a feed for feed readers.

They are written anew as a whole, and only where something changed. So an ad that is gone leaves,
and a crash leaves the old file or the new one.
"""

from __future__ import annotations

from pathlib import Path

from navfeed.errors import ConfigError, DeliveryError
from navfeed.files import replaced
from navfeed.watches.digest import Digest
from navfeed.watches.formats import written
from navfeed.watches.words import Format

_SUFFIXES = {
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".md": Format.MARKDOWN,
    ".json": Format.JSON,
}


class Shown:
    """A file; `feed` names the watch whose Atom feed it is, None for a page."""

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
            return written(digest, _SUFFIXES.get(self._path.suffix.lower(), Format.TEXT))
        from navfeed.watches.atom import feed

        return feed(self._feed, digest)
