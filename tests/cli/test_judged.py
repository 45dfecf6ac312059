"""How well searches find what is meant; the page on search has the numbers (tests/docs)."""

from __future__ import annotations

from pathlib import Path

import pytest

import search_quality
from search_quality import Answers, Judged


@pytest.fixture(scope="module", params=["by_hand", "practice"])
def judged(request: pytest.FixtureRequest) -> Judged:
    return getattr(search_quality, request.param)()


@pytest.fixture(scope="module")
def path(judged: Judged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("judged") / "navfeed.db"
    judged.fill(path)
    return path


@pytest.fixture(scope="module")
def found(judged: Judged, path: Path) -> Answers:
    return search_quality.answers(path, judged)


def test_searches_find_what_is_meant(judged: Judged, found: Answers) -> None:
    scores = search_quality.scores(found, judged.meant)
    assert scores.precision > 0.95
    assert scores.recall > 0.98
    assert scores.precision_at_1 == 1
    assert scores.first > 0.98


def test_there_are_enough_and_each_means_something() -> None:
    sets = (search_quality.by_hand(), search_quality.practice())
    assert sum(len(judged.meant) for judged in sets) >= 150
    assert [query for query, meant in sets[1].meant.items() if not meant] == []
    assert "lærlinger" in " ".join(sets[1].ads.values())


def test_letters_stay_apart(tmp_path: Path) -> None:
    judged = search_quality.by_hand()
    judged.fill(tmp_path / "navfeed.db")
    found = search_quality.answers(tmp_path / "navfeed.db", judged)
    assert found["maler"] == ["20"]
    assert found["måler"] == ["21"]
    assert found["ås"] == ["67"]


def test_what_is_found_as_it_stands_is_found(judged: Judged, path: Path, found: Answers) -> None:
    whole = search_quality.answers(path, judged, expanded=False)
    for query, ads in whole.items():
        if " -" not in query:
            assert set(ads) <= set(found[query])
