"""The page's addresses: what is shown is in them, and every link changes one thing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from shlex import quote
from urllib.parse import quote_plus, urlencode

from navfeed.serve.parameters import Parameters
from navfeed.store.filters import FLAGS

PLACE = ("page", "ad")
"""The position in the list; another filter starts at the first page."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the list: `root` is the path it stands below, `parameters` its parameters."""

    root: str
    parameters: Parameters

    def href(self, **changes: str | None) -> str:
        """The same with other single values; None takes one out."""
        kept = {name: values for name, values in self.parameters.items() if name not in changes}
        single = {name: [value] for name, value in changes.items() if value is not None}
        return self._to({**kept, **single})

    def with_filter(self, name: str, value: str) -> str:
        return self._first_page({**self.parameters, name: [*self.parameters.get(name, ()), value]})

    def without_filter(self, name: str, value: str) -> str:
        left = [one for one in self.parameters.get(name, ()) if one != value]
        return self._first_page({**self.parameters, name: left})

    def instead(self, name: str, value: str, other: str) -> str:
        values = [other if one == value else one for one in self.parameters[name]]
        return self._first_page({**self.parameters, name: values})

    def without_any(self, kept: tuple[str, ...]) -> str:
        return self._first_page(
            {name: values for name, values in self.parameters.items() if name in kept}
        )

    def hidden(self, *shown: str) -> Iterator[tuple[str, str]]:
        """What a form sends along that shows these."""
        for name, values in self.parameters.items():
            if name not in (*shown, *PLACE):
                yield from ((name, value) for value in values)

    def feed(self, names: tuple[str, ...]) -> str:
        """The Atom feed of the same filters."""
        pairs = [(name, value) for name in names for value in self.parameters.get(name, ())]
        return f"{self.root}/feed.atom{'?' if pairs else ''}{urlencode(pairs)}"

    def command(self, names: tuple[str, ...]) -> str:
        """What lists the same on the command line."""
        saved = ["--saved"] if self.parameters.get("mark") == ["saved"] else []
        return " ".join(["navfeed list", *self._options((*names, "sort")), *saved])

    def watch_command(self, names: tuple[str, ...]) -> str:
        """What watches for the same; empty without a filter, for then every ad would be news."""
        words = self._options(names)
        return " ".join(["navfeed watch add", "NAME", *words]) if words else ""

    def watch(self, parameters: Parameters) -> str:
        """The list of a watch's ads."""
        kept = {name: self.parameters[name] for name in ("lang",) if name in self.parameters}
        return self._to({**kept, **parameters})

    def watch_feed(self, name: str) -> str:
        return f"{self.root}/feed.atom?{urlencode({'watch': name})}"

    def map(self, names: tuple[str, ...]) -> str:
        """The map of the ads of the same filters."""
        kept = (*names, "lang", "sort", "mark")
        return self._to({n: v for n, v in self.parameters.items() if n in kept}, "/map")

    def map_href(self, **changes: str) -> str:
        """The map with other single values."""
        return self._to(
            self.parameters | {name: [value] for name, value in changes.items()}, "/map"
        )

    def with_mark(self, mark: str | None) -> str:
        """The ads that were marked so; None: all again."""
        rest = {name: values for name, values in self.parameters.items() if name != "mark"}
        return self._first_page({**rest, **({"mark": [mark]} if mark else {})})

    def _options(self, names: tuple[str, ...]) -> list[str]:
        pairs = [(name, value) for name in names for value in self.parameters.get(name, ())]
        return [
            word
            for name, value in pairs
            for word in (f"--{name}", *(() if _is_flag(name) else (quote(value),)))
        ]

    def _first_page(self, parameters: Parameters) -> str:
        return self._to({name: values for name, values in parameters.items() if name not in PLACE})

    def _to(self, parameters: Parameters, path: str = "/") -> str:
        query = "&".join(_pair(name, one) for name, values in parameters.items() for one in values)
        return f"{self.root}{path}{'?' if query else ''}{query}"


def _is_flag(name: str) -> bool:
    return name.replace("-", "_") in FLAGS


@lru_cache(maxsize=1_024)  # a page has 160 links, which differ by one parameter
def _pair(name: str, value: str) -> str:
    return f"{quote_plus(name)}={quote_plus(value)}"
