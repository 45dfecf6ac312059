"""The page's addresses: what is shown is in them, and every link changes one thing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from urllib.parse import urlencode

from navfeed.serve.asked import Given

PLACE = ("page", "ad")
"""What says where in the list one is; another filter begins at its beginning."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the list: `root` is the path it stands below, `asked` its parameters."""

    root: str
    asked: Given

    def href(self, **changes: str | None) -> str:
        """The same with other single values; None takes one out."""
        kept = {name: values for name, values in self.asked.items() if name not in changes}
        single = {name: [value] for name, value in changes.items() if value is not None}
        return self._to({**kept, **single})

    def with_filter(self, name: str, value: str) -> str:
        return self._begun({**self.asked, name: [*self.asked.get(name, ()), value]})

    def without_filter(self, name: str, value: str) -> str:
        left = [one for one in self.asked.get(name, ()) if one != value]
        return self._begun({**self.asked, name: left})

    def without_any(self, kept: tuple[str, ...]) -> str:
        return self._begun({name: values for name, values in self.asked.items() if name in kept})

    def hidden(self, *shown: str) -> Iterator[tuple[str, str]]:
        """What a form sends along that shows these."""
        for name, values in self.asked.items():
            if name not in (*shown, *PLACE):
                yield from ((name, value) for value in values)

    def feed(self, names: tuple[str, ...]) -> str:
        """The Atom feed of the same filters."""
        pairs = [(name, value) for name in names for value in self.asked.get(name, ())]
        return f"{self.root}/feed.atom{'?' if pairs else ''}{urlencode(pairs)}"

    def command(self, names: tuple[str, ...]) -> str:
        """What lists the same on the command line."""
        pairs = [(name, value) for name in (*names, "sort") for value in self.asked.get(name, ())]
        words = [word for name, value in pairs for word in (f"--{name}", quote(value))]
        return " ".join(["navfeed list", *words])

    def _begun(self, asked: Given) -> str:
        return self._to({name: values for name, values in asked.items() if name not in PLACE})

    def _to(self, asked: Given) -> str:
        query = urlencode(asked, doseq=True)
        return f"{self.root}/{'?' if query else ''}{query}"
