"""A command that reads the digest on its stdin, and says by its exit code whether it took it."""

from __future__ import annotations

import shlex
import subprocess

from navfeed.errors import DeliveryError
from navfeed.text.plaintext import sanitize
from navfeed.watches.digest import Digest
from navfeed.watches.formats import written
from navfeed.watches.words import Format

SECONDS = 120


class Command:
    """The words of the watches' file, run without a shell; nothing of an ad is ever an argument."""

    most = 1_000_000

    def __init__(self, words: str, format_: Format) -> None:
        self._words = shlex.split(words)
        self._format = format_

    def send(self, digest: Digest) -> None:
        try:
            ended = subprocess.run(  # noqa: S603  what the operator wrote in his own file
                self._words,
                input=written(digest, self._format).encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeliveryError(f"{self._words[0]} took longer than {SECONDS} s") from None
        except OSError as error:
            raise DeliveryError(f"cannot run {self._words[0]}: {error.strerror}") from error
        if ended.returncode:
            said = ended.stderr.decode(errors="replace").strip().splitlines()
            why = f": {sanitize(said[-1])[:200]}" if said else ""
            raise DeliveryError(f"{self._words[0]} ended with {ended.returncode}{why}")
