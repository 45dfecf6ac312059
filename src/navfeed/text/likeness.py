"""Find what was meant by a mistyped word, and suggest it.

Loads difflib only when something was mistyped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

_MOST = 3
_ALIKE = 0.8
"""Of two words' letters, how many stand in both in the same order: of `sykeplier` and `sykepleier`,
0.95."""

_UNEQUAL = 3
"""Words whose lengths differ by this many letters are different words."""


def alike(word: str, others: Iterable[str]) -> list[str]:
    """The words most similar to `word`, which is not one of them, best match first.

    Equally similar words keep their order in `others`.
    """
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(word)
    found: list[tuple[float, str]] = []
    for other in dict.fromkeys(others):
        if abs(len(other) - len(word)) < _UNEQUAL:
            matcher.set_seq1(other)
            if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
                found.append((matcher.ratio(), other))
    likest = sorted(found, key=lambda one: -one[0])
    return [other for ratio, other in likest if ratio >= _ALIKE][:_MOST]


def nearest(name: str, known: Collection[str], most: int = 1) -> list[str]:
    """At most `most` of the `known` names, those most similar to `name` first.

    Less strict than `alike`: of a few dozen names, one was meant; of all words, perhaps none.
    """
    from difflib import get_close_matches

    return get_close_matches(name, known, most)


def did_you_mean(names: Sequence[str]) -> str:
    """The hint that follows a mistyped name in a message; empty without a name to suggest."""
    return f" (did you mean {' or '.join(names)}?)" if names else ""


def nearest_or_all(name: str, known: Collection[str]) -> str:
    """The hint that follows an unknown name: the nearest known one, or else all."""
    return did_you_mean(nearest(name, known)) or f". Known: {', '.join(known)}"
