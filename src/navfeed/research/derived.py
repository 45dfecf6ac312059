"""Facts that are read out of an ad's prose: derived, and never NAV's own fields.

Each is found where a sentence matches one pattern and not another that takes it back. What is not
found is unknown, and not false: an ad need not write it. How precise each one is stands in
docs/reference/derived.md, measured on the judged texts of tests/derived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Fact:
    """What is found, in words, and the patterns that find it and that take it back."""

    meaning: str
    found: str
    taken_back: str


def derive(*texts: str | None) -> dict[str, bool]:
    """The facts that any sentence of the texts tells, by name: each is True, or not in it.

    >>> derive("Mulighet for hjemmekontor.", "Fast stilling, 100 %")
    {'remote': True, 'permanent': True}
    """
    sentences = [sentence for text in texts if text for sentence in _sentences(text)]
    return {
        name: True for name, fact in FACTS.items() if any(_tells(fact, one) for one in sentences)
    }


def _tells(fact: Fact, sentence: str) -> bool:
    found, taken_back = _compiled(fact)
    return bool(found.search(sentence)) and not taken_back.search(sentence)


@cache
def _compiled(fact: Fact) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """On first use: commands that derive nothing do not wait for it."""
    return re.compile(fact.found, re.IGNORECASE), re.compile(fact.taken_back, re.IGNORECASE)


_END = re.compile(r"(?<=[.!?:;])\s+(?=[A-ZÆØÅ0-9])|\n+|•")


def _sentences(text: str) -> Iterator[str]:
    return filter(None, (part.strip() for part in _END.split(text)))


def _words(*patterns: str) -> str:
    return "|".join(patterns)


_NOT = r"\b(?:ikke|ikkje|not|no longer|dessverre|uten|without)\b"
_REQUIRED_NOT = (
    r"(?:ikke|ikkje|not|no|ingen)\b[^.]{0,25}(?:krav|nødvendig|naudsynt|required|needed)"
)
_LATER = r"mulighet(?:er)? for|mogleg(?:heit)? for|på sikt|possib"

FACTS = {
    "remote": Fact(
        "work from home or elsewhere, at least now and then",
        _words(
            r"\b(?:hjemme|heime)kontor",
            r"\bfjernarbeid",
            r"\b(?:jobbe?|arbeide?|utføres?)\s+(?:\w+\s+){0,2}(?:hjemme|heime|hjemmefra|heimefrå)\b",
            r"\bhjemmefra\b",
            r"\bremote(?:ly)?\b",
            r"\bhybrid(?:løsning|modell|\s+arbeids|\s+work|e?\s+arbeids)",
            r"\b(?:jobber|work|working)\s+hybrid",
        ),
        _words(
            _NOT,
            r"løsninger for (?:hjemme|heime)kontor til",
            r"remote\s+(?:sens|oper|control|site|area|support|monitor)",
        ),
    ),
    "norwegian": Fact(
        "Norwegian is required",
        _words(
            r"\bnorsk(?:e|\s+)?(?:språk)?(?:kunnskap|ferdighet|prøve)",
            r"\b(?:snakke[r]?|skrive[r]?|beherske[r]?|beherskar|kunne|kan|kommunisere)\b[^.]{0,30}"
            r"\bnorsk\b",
            r"\b(?:godt?|gode|flytende|flytande)\s+(?:\w+\s+){0,2}norsk\b",
            r"(?:muntlig|skriftlig|munnleg|skriftleg|ferdigheter|kunnskapar?|kunnskaper)[^.]{0,40}"
            r"\bnorsk\b",
            r"\bnorsk\b[^.]{0,30}(?:muntlig|skriftlig|munnleg|skriftleg|krav|forutsetning)",
            r"\b(?:fluen\w+|speak|proficien\w+|command|written|spoken)\b[^.]{0,40}\bNorwegian\b",
            r"\bNorwegian\b[^.]{0,30}\b(?:required|must|fluent\w*|mandatory)",
        ),
        _words(
            _REQUIRED_NOT,
            r"fordel|advantage|\bplus\b|norskkurs|undervise",
            r"norsk (?:fører|autorisasjon|mat\b)",
        ),
    ),
    "higher_education": Fact(
        "a degree from a university or university college is required",
        _words(
            r"\b(?:bachelor|master)(?:grad|nivå|-\s*(?:eller|og|/)|'?s?\s+degree|\s+i(?:nnen|nnan)?\b)",
            r"\b(?:høyere|høgare|høgere)\s+utdan\w+",
            r"\b(?:høyskole|høgskole|høgskule|universitets)-?utdan\w+",
            r"utdan\w+\s+(?:på|fra|frå)\s+(?:\w+-?\s+){0,3}(?:høyskole|høgskole|universitet|bachelor|master)",
            r"utdan\w+ på (?:universitets|høyskole|høgskole|master|bachelor)",
            r"\b(?:sivilingeniør|siviløkonom)\b",
            r"\bph\.?d\b",
        ),
        _words(
            _REQUIRED_NOT,
            r"\bno degree",
            r"samarbeid|veilede|studenter fra|videreutdanning|vidareutdanning|fordel",
        ),
    ),
    "temporary": Fact(
        "the job is temporary",
        _words(
            r"\b\w*vikariat\b",
            r"\b(?:søker|trenger|som|søkjer|en)\s+vikar\b",
            r"\b(?:midlertidig|mellombels)\s+(?:stilling|ansettelse|tilsetting|engasjement|jobb)",
            r"\bstilling(?:en|a)\s+er\s+(?:midlertidig|mellombels)",
            r"\bengasjement(?:sstilling)?\s+(?:i|på|med|fra|til|ut)\s+(?!og\b)",
            r"\b(?:prosjekt|åremåls?)stilling",
            r"\b(?:temporary|fixed-term)\s+(?:position|contract|employment|job)",
        ),
        _words(_NOT, r"sommervikar|sommarvikar|ferievikar"),
    ),
    "permanent": Fact(
        "the job is permanent",
        _words(
            r"\bfaste?\s+(?:(?:\d+|%|prosent|heltids?|deltids?)\s*){0,3}-?\s*(?:stilling|ansettelse|jobb"
            r"|tilsetting|tilsetjing|ansatt)\w*",
            r"\bfast\s+(?:heltids|deltids)stilling",
            r"\bstilling(?:en|a)\s+er\s+(?:\d+\s*%\s+)?fast\b",
            r"\bpermanent\s+(?:position|employment|job|contract)",
            r"\bansettelsesform\W+fast\b|^fast$",
        ),
        _words(_NOT, _LATER, r"vikariat|midlertidig|mellombels|temporary"),
    ),
    "summer_job": Fact(
        "a job for the summer or the holidays",
        _words(
            r"\b(?:sommer|sommar|ferie)(?:jobb|vikar(?!ene|ane)|hjelp|hjelper|arbeid|student|vert|engasjement)",
            r"\bsesongarbeid\b[^.]*sommer",
            r"\bferieavvikling\b[^.]*(?:vikar|søk)",
            r"\bsummer\s+(?:job|intern|work|position)",
        ),
        _words(r"følge[r]?\s+opp|ansvar for|setter opp|leder"),
    ),
    "apprentice": Fact(
        "a place for an apprentice",
        _words(
            r"\blær(?:ling|e)e?plass",
            r"\blærlingestilling",
            r"\b(?:søker|søkjer|bli|tar inn|tek inn|ta inn|plass til|som)\b[^.]{0,20}\blærling",
            r"\blærling(?:er|ar)?\b[^.]{0,30}\b(?:søk|ønskes|wanted)",
            r"^\W*(?:\w+\s+){0,2}lærling\b",
            r"\blærekandidat",
            r"\bapprentice(?:ship)?\b",
        ),
        _words(
            r"veiled|instruktør|oppfølging|følge opp|ansvar for|faglig leder|rettleie",
            r"ansatte og|lærebedrift",
        ),
    ),
    "under_18": Fact(
        "open to people under 18",
        _words(
            r"\b(?:fylt|minst|over|fra|minimum|alder\s+er|aldersgrensen?(?:\s+er)?|er)\s+1[3-7]\s*år(?!s)",
            r"\b1[3-7]\s*år\s+(?:eller|og)\s+(?:eldre|oppover)",
            r"\bunder\s+18\s*år",
            r"\b(?:mellom|alderen)\s+1[3-7]\s*(?:og|til|-|\u2013)\s*1[78]\s*år",
            r"\b(?:at least|aged?)\s+1[3-7]\b",
        ),
        _words(
            r"\berfaring|\btilbud|\bbarn\b|elevene|barnehage|jobbe med ungdom|lønnstrinn|ikke\b",
        ),
    ),
}
"""Each fact by its name. What stayed under a precision of 0.9 is not among them."""
