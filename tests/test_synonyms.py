"""Which words mean the same, and which are made of which."""

from __future__ import annotations

import pytest

from navfeed.text.compounds import begins_with
from navfeed.text.stem import is_form
from navfeed.text.synonyms import Synonyms, navfeeds_own

OWN = Synonyms.read(navfeeds_own())


@pytest.mark.parametrize(
    ("word", "others"),
    [
        ("sykepleier", {"sjukepleiar", "nurse"}),
        ("sykepleierne", {"sjukepleiar", "nurse"}),
        ("sjukepleiarar", {"sykepleier", "nurse"}),
        ("ledere", {"leiar"}),
        ("kokken", {"kokke", "chef"}),
        ("prosjektleder", {"prosjektleiar"}),  # a compound with it,
        ("skoleleder", {"skuleleder", "skoleleiar", "skuleleiar"}),  # and of two
        ("lære", set()),
        ("ledig", set()),
        ("kommune", set()),
        ("x" * 5_000, set()),
    ],
)
def test_other_words_for_the_same(word: str, others: set[str]) -> None:
    assert set(OWN.others(word)) == others


def test_a_list_of_ones_own_adds_to_it() -> None:
    both = Synonyms.read(
        navfeeds_own(), "# mine\nSykepleier  Krankenpfleger # German\n\ntruck jekk"
    )
    assert set(both.others("sykepleiere")) == {"sjukepleiar", "nurse", "krankenpfleger"}
    assert list(both.others("truck")) == ["jekk"]
    assert list(both.others("german")) == []


def test_the_list_has_no_duplicates() -> None:
    lines = [line.partition("#")[0].split() for line in navfeeds_own().splitlines()]
    words = [word for line in lines for word in line]
    assert len(words) == len(set(words))
    assert [word for word in words if word != word.lower() or not word.isalpha()] == []


@pytest.mark.parametrize(
    ("word", "other"),
    [
        *(("lærer", "lærar"), ("lærerne", "lærarane"), ("lærere", "lærarar"), ("leder", "lederne")),
        *(("barnehagelærer", "barnehagelærarar"), ("hage", "hager"), ("legen", "leger")),
        ("bil", "bilene"),
    ],
)
def test_forms_of_one_word(word: str, other: str) -> None:
    assert is_form(word, other, OWN.is_noun)
    assert is_form(other, word, OWN.is_noun)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        *(("lærer", "lære"), ("lærer", "lært"), ("lede", "leder"), ("selge", "selgere")),
        *(("maler", "mal"), ("baker", "bake"), ("sykepleier", "sykepleie"), ("måler", "maler")),
        ("lagen", "laget"),
    ],
)
def test_a_noun_in_er_is_not_the_verb_it_is_made_of(word: str, other: str) -> None:
    assert not is_form(word, other, OWN.is_noun)
    assert not is_form(other, word, OWN.is_noun)


@pytest.mark.parametrize(
    "compound",
    ["barnehage lærer", "natt e vakt", "arbeid s giver", "lager medarbeider", "turnus ordning"],
)
def test_compounds_begin_with_their_first_part(compound: str) -> None:
    first, *rest = compound.split()
    assert begins_with("".join([first, *rest]), first)


@pytest.mark.parametrize(
    "words",
    [
        *("leder lederskap", "kommune kommunene", "natt natten", "natt natt", "mat matros"),
        *("trygg trygghetens", "sykepleier sykepleierinne", "natt nattxxxx", "lang kvelang"),
    ],
)
def test_endings_make_no_compound(words: str) -> None:
    first, word = words.split()
    assert not begins_with(word, first)
