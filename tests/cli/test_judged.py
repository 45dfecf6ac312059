"""How well searches find what is meant; the page on search has the numbers (tests/docs)."""

from __future__ import annotations

from pathlib import Path

import pytest

import search_quality


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("judged") / "navfeed.db"
    search_quality.fill(path)
    return path


def test_stemming_finds_more_and_hardly_anything_wrong(path: Path) -> None:
    on = search_quality.scores(search_quality.answers(path, stemming=True))
    off = search_quality.scores(search_quality.answers(path, stemming=False))
    assert len(search_quality.judgements()) >= 60
    assert on.recall > off.recall + 0.25
    assert on.recall > 0.85
    assert on.precision > 0.94
    assert on.precision > off.precision - 0.02
    assert on.precision_at_1 >= 0.99


def test_letters_stay_apart(path: Path) -> None:
    found = search_quality.answers(path, stemming=True)
    assert found["maler"] == ["20"]
    assert found["måler"] == ["21"]
    assert found["ås"] == ["67"]


def test_what_is_found_without_stemming_is_found_with_it(path: Path) -> None:
    on, off = (search_quality.answers(path, stemming=stemming) for stemming in (True, False))
    for query, ads in off.items():
        if "-" not in query:
            assert set(ads) <= set(on[query])
