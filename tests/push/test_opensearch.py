"""`navfeed push opensearch+http://…` against a real node: `make engines`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import time_machine
from opensearchpy import OpenSearch

import search_quality
from cli.support import ad, answer, fill, place, run_command, store_ads, uuid_of
from navfeed.model import DetailDecision, Reason
from navfeed.push import opensearch, runner
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.clock import NOW
from support.opensearch import OpenSearchServer

ODD = ad(3, title="Kokk \u0000 '\U0001f600", published="no date", applicationDue="Snarest")
FAR = "2999-12-10T23:59:59+01:00"


@pytest.fixture(scope="session")
def server() -> Iterator[OpenSearchServer]:
    server = OpenSearchServer()
    server.start()
    yield server
    server.stop()


_numbers = count()


@pytest.fixture
def url(server: OpenSearchServer) -> str:
    return server.url(f"ads{next(_numbers)}")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """With last days far ahead: the engine's clock is its own."""
    return fill(tmp_path / "navfeed.db", ad(1, expires=FAR), ad(2, expires=FAR, sector="Privat"))


@pytest.fixture
def engine(server: OpenSearchServer) -> OpenSearch:
    return OpenSearch(hosts=[{"host": "127.0.0.1", "port": server.port}], timeout=60)


def push(db: Path, url: str, *words: str) -> dict[str, Any]:
    return json.loads(answer(db, "push", url, "--format", "json", *words).splitlines()[0])


def equal(db: Path, url: str, *words: str) -> bool:
    return run_command(db, "push", url, "--verify", "--quiet", *words).exit_code == 0


def found(engine: OpenSearch, url: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a site finds behind the alias."""
    alias = url.rpartition("/")[2]
    engine.indices.refresh(index=alias)
    body = {"query": query or {"match_all": {}}, "size": 1_000}
    hits = engine.search(index=alias, body=body)["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def change(db: Path, number: int, **fields: object) -> None:
    text = json.dumps(ad(number, **{"expires": FAR, **fields}), ensure_ascii=False)
    with Store(db) as store:
        verdict = DetailDecision(uuid_of(number), Reason.CHANGED, read_content(text))
        store.commit_details([verdict], [], NOW)


def drop(db: Path, number: int) -> None:
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(number), Reason.STOPPED)], [], NOW)


def test_all_ads_are_there_and_follow(db: Path, url: str, engine: OpenSearch) -> None:
    assert push(db, url)["loaded"]
    assert found(engine, url).keys() == {uuid_of(1), uuid_of(2)}
    assert "contacts" not in found(engine, url)[uuid_of(1)]
    assert found(engine, url, {"match": {"description": "turnusen"}}).keys() == {
        uuid_of(1),
        uuid_of(2),
    }
    assert found(engine, url, {"term": {"locations.municipal": "BERGEN"}})
    assert found(engine, url, {"range": {"published": {"gte": "2026-11-01"}}})
    change(db, 1, title="Kokk")
    drop(db, 2)
    with Store(db) as store:
        store_ads(store, [{**ODD, "expires": FAR}])
    done = push(db, url)
    assert (done["changes"], done["loaded"]) == (3, False)
    assert {one["title"][:4] for one in found(engine, url).values()} == {"Kokk"}
    state = {"index": f"{url.rpartition('/')[2]}-navfeed", "id": "target"}
    noted = engine.get(**state)["_version"]
    assert push(db, url)["changes"] == 0
    assert engine.get(**state)["_version"] == noted
    assert equal(db, url)


def test_an_ad_past_its_last_day_is_behind_no_alias(db: Path, url: str, engine: OpenSearch) -> None:
    """By the engine's own clock, whether or not anything was pushed since."""
    change(db, 1, expires="2026-11-22T12:00:00+01:00")  # in force at the tests' own now
    push(db, url)
    assert equal(db, url)
    with time_machine.travel(NOW + timedelta(days=3)):
        assert equal(db, url)
    past = engine.search(
        index=url.rpartition("/")[2],
        body={"query": {"range": {"shown_until": {"lte": "now"}}}},
    )
    assert past["hits"]["total"]["value"] == 0


def test_contacts_and_filters(db: Path, url: str, engine: OpenSearch) -> None:
    push(db, url, "--with-contacts", "--sector", "Privat")
    (one,) = found(engine, url).values()
    assert one["contacts"][0]["name"] == "Kari Nordmann"
    change(db, 2, sector="Offentlig")
    push(db, url, "--with-contacts", "--sector", "Privat")
    assert found(engine, url) == {}
    assert push(db, url)["loaded"]
    assert "Nordmann" not in str(found(engine, url))
    assert len(found(engine, url)) == 2
    names = engine.indices.get(index=f"{url.rpartition('/')[2]}-*")
    assert len(names) == 2  # the older one is gone


def test_K4_what_is_older_changes_nothing(db: Path, url: str, engine: OpenSearch) -> None:
    """The whole of the past, applied once more from its beginning, brings nothing back."""
    push(db, url)
    drop(db, 1)
    change(db, 2, title="Kokk")
    push(db, url)
    lines = answer(db, "changes", "--format", "bulk").encode()
    older = lines.replace(b'"version":3', b'"version":1').replace(b'"delete"', b'"index"', 0)
    index = engine.get(index=f"{url.rpartition('/')[2]}-navfeed", id="target")["_source"]["index"]
    answered = engine.bulk(body=lines, index=index)
    assert {one["status"] for item in answered["items"] for one in item.values()} == {409}
    engine.bulk(body=older, index=index)
    assert found(engine, url).keys() == {uuid_of(2)}
    assert equal(db, url)


def test_what_differs_is_reported_and_mended(db: Path, url: str, engine: OpenSearch) -> None:
    push(db, url)
    index = engine.get(index=f"{url.rpartition('/')[2]}-navfeed", id="target")["_source"]["index"]
    engine.delete(index=index, id=uuid_of(1))
    engine.index(index=index, id=uuid_of(9), body={"title": "lost"})
    ended = run_command(db, "push", url, "--verify", "--quiet")
    assert ended.exit_code == 9
    assert ended.stdout.splitlines() == [f"missing\t{uuid_of(1)}", f"lingering\t{uuid_of(9)}"]
    assert run_command(db, "push", url, "--reconcile", "--quiet").exit_code == 0
    assert equal(db, url)


def test_K3_a_cursor_that_cannot_be_continued_reloads(db: Path, url: str) -> None:
    push(db, url)
    drop(db, 1)
    with Store(db) as store:
        store.prune_changes(NOW + timedelta(days=1))
    assert push(db, url)["loaded"]
    assert equal(db, url)


@pytest.mark.parametrize("method", ["_switch", "_save_state"])
def test_K2_a_load_that_is_killed_is_made_again(
    db: Path, url: str, engine: OpenSearch, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    push(db, url)
    with Store(db) as store:
        store.prune_changes(NOW)

    def die(*_: object) -> None:
        raise SystemExit(3)

    with monkeypatch.context() as patch:
        patch.setattr(opensearch.OpenSearch, method, die)
        run_command(db, "push", url, "--sector", "Privat")
    assert found(engine, url)
    push(db, url)
    assert equal(db, url)
    assert found(engine, url).keys() == {uuid_of(1), uuid_of(2)}
    assert len(engine.indices.get(index=f"{url.rpartition('/')[2]}-*")) == 2


def test_K2_changes_that_were_not_noted_come_again(
    db: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(db, url)
    drop(db, 1)

    def die(*_: object) -> None:
        raise SystemExit(3)

    with monkeypatch.context() as patch:
        patch.setattr(opensearch.OpenSearch, "_save_state", die)
        run_command(db, "push", url)
    assert push(db, url)["changes"] == 1
    assert equal(db, url)


def test_K2_an_engine_that_takes_nothing_more(db: Path, url: str, engine: OpenSearch) -> None:
    push(db, url)
    index = engine.get(index=f"{url.rpartition('/')[2]}-navfeed", id="target")["_source"]["index"]
    block = "index.blocks.read_only_allow_delete"
    engine.indices.put_settings(index=index, body={block: True})
    change(db, 1, title="Kokk")
    ended = run_command(db, "push", url)
    assert (ended.exit_code, "free some space" in ended.stderr) == (7, True)
    engine.indices.put_settings(index=index, body={block: None})
    push(db, url)
    assert equal(db, url)


def test_K2_an_index_of_another_version_stays(db: Path, url: str, engine: OpenSearch) -> None:
    push(db, url)
    state = f"{url.rpartition('/')[2]}-navfeed"
    engine.update(index=state, id="target", body={"doc": {"version": 2}})
    ended = run_command(db, "push", url)
    assert (ended.exit_code, "version 2" in ended.stderr) == (7, True)


def test_somebody_elses_index_stays(db: Path, url: str, engine: OpenSearch) -> None:
    engine.index(index=url.rpartition("/")[2], id="1", body={"x": 1})
    ended = run_command(db, "push", url)
    assert (ended.exit_code, "not an alias of navfeed" in ended.stderr) == (7, True)


def test_a_huge_ad_holds_up_no_other(db: Path, url: str) -> None:
    many = " ".join(f"ord{number}" for number in range(200_000))
    places = [place("Y" * 100_000, "Z" * 100_000), *[place("OSLO")] * 11_000]
    change(db, 1, description=many, title="x" * 200_000, workLocations=places)
    push(db, url)
    assert equal(db, url)


def test_K2_following_waits_out_an_engine_that_is_killed(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = OpenSearchServer()
    own.start()
    naps: list[float] = []
    steps = {2: own.kill, 3: lambda: drop(db, 1), 5: own.start}

    def nap(seconds: float) -> None:
        naps.append(seconds)
        steps.pop(len(naps), lambda: None)()
        if len(naps) > 40 or (not steps and equal(db, own.url("ads"))):
            raise SystemExit(3)

    monkeypatch.setattr(runner, "sleep", nap)
    try:
        ended = run_command(db, "push", own.url("ads"), "--follow", "--quiet")
        assert ended.exit_code == 3
        assert ended.stderr.count("search engine") == 1
        assert len(naps) < 40
    finally:
        own.stop()


def test_most_of_what_list_finds_is_found(tmp_path: Path, url: str, engine: OpenSearch) -> None:
    db = tmp_path / "search_quality.db"
    judged = search_quality.by_hand()
    judged.fill(db)
    push(db, url)
    ours = search_quality.scores(search_quality.answers(db, judged), judged.meant)
    fields = ["title^3", "job_title^3", "employer", "description"]
    theirs = search_quality.scores(
        {
            query: [
                str(int(one[:8]))
                for one in found(
                    engine,
                    url,
                    {
                        "simple_query_string": {
                            "query": query,
                            "fields": fields,
                            "default_operator": "and",
                        }
                    },
                )
            ]
            for query in judged.meant
        },
        judged.meant,
    )
    # 0.75 without the synonyms; what is missing yet are words that are parts of others.
    assert theirs.recall > 0.8
    assert theirs.precision > ours.precision - 0.05


@pytest.mark.parametrize(
    "address", ["opensearch+http://h/", "opensearch+http://h/Ads", "opensearch+http:///ads"]
)
def test_wrong_use(db: Path, address: str) -> None:
    ended = run_command(db, "push", address)
    assert (ended.exit_code, "opensearch+https://host:9200/index" in ended.stderr) == (2, True)


def test_K2_an_engine_that_is_down(db: Path) -> None:
    ended = run_command(db, "push", "opensearch+http://kari:hemmelig@127.0.0.1:1/ads")
    assert (ended.exit_code, "cannot be reached" in ended.stderr) == (7, True)
    assert "hemmelig" not in ended.stderr


def test_without_the_extra(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opensearchpy", None)
    ended = run_command(db, "push", "opensearch+http://x/y")
    assert (ended.exit_code, "pip install 'navfeed[opensearch]'" in ended.stderr) == (2, True)


def test_the_query_in_the_guide_finds(db: Path, url: str, engine: OpenSearch) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "opensearch.md"
    (query,) = re.findall(r"```json\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    change(db, 1, title="Sykepleier", jobtitle="Sykepleier")
    push(db, url)
    alias = url.rpartition("/")[2]
    engine.indices.refresh(index=alias)
    hits = engine.search(index=alias, body=json.loads(query))["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == [uuid_of(1)]
