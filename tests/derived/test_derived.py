"""What is read out of prose: how often it is right, on judged texts, and where it is shown.

`judged.tsv`: the facts in a text, with commas between them, and the text. They were written
in the manner of Norwegian ads. The patterns were made with two thirds in view; each third line was
held out.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import time_machine

from cli.support import ad, answer, fill
from navfeed.research.derived import FACTS, derive
from support.clock import NOW

LEAST = 0.9
"""What stays under this precision is left out."""

_LINES = Path(__file__).with_name("judged.tsv").read_text(encoding="utf-8").splitlines()
JUDGED = [
    (set(facts.split(",")) - {""}, text) for facts, text in (one.split("\t") for one in _LINES)
]
HELD_OUT = JUDGED[2::3]
IN_VIEW = [one for at, one in enumerate(JUDGED) if at % 3 != 2]


def rates(fact: str, judged: list[tuple[set[str], str]]) -> tuple[float, float]:
    """Precision and recall."""
    found = [fact in expected for expected, text in judged if fact in derive(text)]
    meant = [fact in derive(text) for expected, text in judged if fact in expected]
    return sum(found) / len(found), sum(meant) / len(meant)


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("judged", [IN_VIEW, HELD_OUT], ids=["in view", "held out"])
def test_a_fact_is_precise(fact: str, judged: list[tuple[set[str], str]]) -> None:
    precision, recall = rates(fact, judged)
    assert precision >= LEAST
    assert recall >= 0.75


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_is_judged_on_enough_texts(fact: str) -> None:
    positive = sum(fact in expected for expected, _ in JUDGED)
    assert positive >= 20
    assert len(JUDGED) - positive >= 20
    assert len(HELD_OUT) >= len(JUDGED) // 3


def test_what_one_sentence_takes_back_another_still_states() -> None:
    assert derive("Ikke hjemmekontor i opplæringen. Hjemmekontor etter avtale siden.") == {
        "remote": True
    }
    assert derive(None, "") == {}


def test_a_long_text_takes_time_in_proportion() -> None:
    assert derive("fast " * 20_000 + "norsk " * 20_000) == {}


def test_it_is_exported_apart_from_navs_values(tmp_path: Path) -> None:
    with time_machine.travel(NOW, tick=False):
        text = "<p>Fast stilling.</p><p>Mulighet for hjemmekontor.</p>"
        db = fill(tmp_path / "navfeed.db", ad(1, description=text), ad(2, description="<p>Hei</p>"))
        names = "uuid,derived_remote,derived_permanent,derived_apprentice"
        first, second = json.loads(answer(db, "list", "--json", names))
        by_uuid = {one["uuid"][7]: one["derived"] for one in (first, second)}
        assert by_uuid == {"1": {"remote": True, "permanent": True}, "2": {}}
        exported = answer(db, "export", "--format=csv", "--columns", names)
        rows = list(csv.reader(io.StringIO(exported, newline="")))
        assert [row[1:] for row in rows[1:]] == [["true", "true", ""], ["", "", ""]]
        assert "derived" not in answer(db, "export", "--format=csv")
