"""A command that reads the digest from stdin, and accepts it by exiting with 0."""

from __future__ import annotations

import shlex
import subprocess

from navfeed.errors import DeliveryError
from navfeed.text.plaintext import sanitize
from navfeed.watches.choices import Format
from navfeed.watches.digest import Digest
from navfeed.watches.formats import render

SECONDS = 120


class CommandSender:
    """Runs the words of the watch file without a shell; nothing of an ad becomes an argument."""

    most = 1_000_000

    def __init__(self, words: str, format_: Format) -> None:
        self._words = shlex.split(words)
        self._format = format_

    def send(self, digest: Digest) -> None:
        try:
            ended = subprocess.run(  # noqa: S603  the operator's own command
                self._words,
                input=render(digest, self._format).encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeliveryError(f"{self._words[0]} took longer than {SECONDS} s") from None
        except OSError as error:
            raise DeliveryError(f"cannot run {self._words[0]}: {error.strerror}") from error
        if ended.returncode:
            lines = ended.stderr.decode(errors="replace").strip().splitlines()
            reason = f": {sanitize(lines[-1])[:200]}" if lines else ""
            raise DeliveryError(f"{self._words[0]} exited with {ended.returncode}{reason}")
