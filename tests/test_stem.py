"""Which words are forms of one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from navfeed.text.stem import is_form, stem


@pytest.mark.parametrize(
    "forms",
    [
        "sykepleier sykepleiere sykepleieren sykepleierne sykepleiers",
        "sjukepleiar sjukepleiarar sjukepleiaren sjukepleiarane",
        "elektriker elektrikere elektrikeren elektrikerne elektrikar elektrikarane",
        "barnehage barnehager barnehagen barnehagene barnehagane",
        "kokk kokken kokker kokkene kokkar kokkane",
        "sjåfør sjåfører sjåførene sjåførar",
        "stilling stillinger stillingen stillingane",
        "leder ledere lederen lederne",
        "lærer lærere læreren lærerne",
        "maler malere maleren",
        "fastlege fastleger fastlegen fastlegene fastlegar",
        "bolig boliger boligen boligene",
        "daglig daglige",
    ],
)
def test_forms_of_a_word(forms: str) -> None:
    first, *others = forms.split()
    assert [one for one in others if not is_form(one, first)] == []


@pytest.mark.parametrize(
    "words",
    [
        *("maler måler", "ås as", "leder ledig", "lager laget", "gjerne gjer", "lærer lur"),
        *(
            "interne inter",
            "moderne mod",
            "dag daglig",
            "fast fastlege",
            "hjerne hjerter",
            "kokk kokos",
            "vakt vask",
        ),
    ],
)
def test_words_that_are_no_forms_of_one(words: str) -> None:
    one, other = words.split()
    assert not is_form(one, other)


@given(st.text(alphabet="abdeghiklmnoprstuvyæøå", max_size=20) | st.text(max_size=20))
def test_a_stem_is_a_words_beginning_and_has_no_other(word: str) -> None:
    """What the look-up in the index rests on."""
    word = word.lower()
    root = stem(word)
    assert word.startswith(root)
    assert stem(root) == root or root.endswith("erne")
    assert is_form(word, word)


def test_the_relation_has_no_direction() -> None:
    for one, other in pairwise(["leder", "ledig", "ledere", "lager", "laget", "ås", "as", "kokk"]):
        assert is_form(one, other) == is_form(other, one)
