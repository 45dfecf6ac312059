"""The index in shards: which one holds an ad, what a rebuild leaves, how searches rank."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from navfeed.store import ranking, shards, title_words
from navfeed.store.sql import Query

WORDS = ("natt", "nattevakt", "kokk", "fjord", "fjell", "dal", "ås", "omsorg")


@contextmanager
def empty_index() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(shards.SCHEMA)
        connection.execute("CREATE TABLE stale_shards (shard INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE ads (id INTEGER PRIMARY KEY)")
        connection.execute(
            "CREATE TABLE title_words (backwards TEXT PRIMARY KEY, ads INTEGER) WITHOUT ROWID"
        )
        shards.prepare(connection)
        yield connection


@pytest.fixture
def index() -> Iterator[sqlite3.Connection]:
    with empty_index() as connection:
        yield connection


def query(index: sqlite3.Connection) -> Query:
    return lambda sql, *values: index.execute(sql, values).fetchall()


def texts(*words: str) -> tuple[str, str, str, str]:
    title, job_title, employer, text = (*words, *[""] * 4)[:4]
    return title, job_title, employer, text


def index_ad(index: sqlite3.Connection, ad: int, *words: str) -> None:
    index.execute("INSERT OR IGNORE INTO ads VALUES (?)", [ad])
    shards.put(index, ad, texts(*words))
    shards.write_added(index)


def found(index: sqlite3.Connection, search: str) -> set[int]:
    return {
        ad for (ad,) in index.execute("SELECT rowid FROM search WHERE search MATCH ?", [search])
    }


def stale(index: sqlite3.Connection) -> list[int]:
    return [shard for (shard,) in index.execute("SELECT shard FROM stale_shards ORDER BY shard")]


def blocks(index: sqlite3.Connection) -> bytes:
    return b"".join(
        block
        for name in shards.tables(query(index))
        for (block,) in index.execute(f"SELECT block FROM {name}_data")
    )


def test_ads_that_come_together_are_in_one_shard() -> None:
    assert {shards.shard_of(ad) for ad in range(64)} == {0}
    assert {shards.shard_of(ad) for ad in range(64, 128)} == {1}
    assert {shards.shard_of(ad) for ad in range(64 * 64)} == set(range(64))
    assert shards.shard_of(64 * 64) == 0


def test_a_shard_comes_with_the_first_ad_that_it_holds(index: sqlite3.Connection) -> None:
    assert shards.tables(query(index)) == ["search_00"]
    index_ad(index, 64 * 5, "fjord")
    index_ad(index, 1, "fjord")
    assert shards.tables(query(index)) == ["search_00", "search_05"]
    assert found(index, "fjord") == {1, 64 * 5}


def test_only_what_a_row_left_is_stale(index: sqlite3.Connection) -> None:
    for ad in (1, 64, 128):
        index_ad(index, ad, "fjord")
    assert stale(index) == []
    index_ad(index, 64, "fjord")
    assert stale(index) == []  # it says the same
    index_ad(index, 64, "fjell")
    shards.drop(index, 128)
    assert stale(index) == [1, 2]
    shards.rebuild_stale(index)
    assert stale(index) == []
    assert (found(index, "fjord"), found(index, "fjell")) == ({1}, {64})


def segments(index: sqlite3.Connection, name: str) -> int:
    ((count,),) = index.execute(f"SELECT count(DISTINCT segid) FROM {name}_idx")
    return int(count)


def test_a_batch_writes_one_segment_to_each_shard(index: sqlite3.Connection) -> None:
    """Not one for each ad: a search looks into every segment of every shard."""
    index.execute("BEGIN")
    for ad in range(60, 68):
        shards.put(index, ad, texts("fjord", f"fjord{ad}"))
    shards.write_added(index)
    index.execute("COMMIT")
    assert [segments(index, name) for name in shards.tables(query(index))] == [1, 1]
    assert found(index, "fjord") == {*range(60, 68)}


def test_a_shard_of_many_segments_is_merged(
    index: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ad in (1, 2, 3, 64):
        index_ad(index, ad, "fjord", f"fjord{ad}")
    assert shards.in_many_segments(query(index)) == []
    monkeypatch.setattr(shards, "_MOST_SEGMENTS", 1)
    assert shards.in_many_segments(query(index)) == ["search_00"]
    shards.merge(index, "search_00")
    assert segments(index, "search_00") == 1
    assert found(index, "fjord") == {1, 2, 3, 64}


def test_a_rebuilt_shard_has_one_segment(index: sqlite3.Connection) -> None:
    """With more than a megabyte of words too, each of which FTS5 writes as a segment."""
    for ad in (1, 2):
        shards.put(index, ad, texts(" ".join(f"{ad}ord{at:x}" for at in range(150_000))))
    shards.write_added(index)
    shards.put(index, 3, texts("fjord"))
    shards.write_added(index)
    assert segments(index, "search_00") > 1
    shards.drop(index, 3)
    shards.rebuild_stale(index)
    assert segments(index, "search_00") == 1


def test_an_ad_that_comes_and_goes_within_a_batch_is_not_indexed(
    index: sqlite3.Connection,
) -> None:
    shards.put(index, 1, texts("fjord"))
    shards.put(index, 2, texts("fjord"))
    shards.put(index, 2, texts("fjell"))
    shards.drop(index, 1)
    shards.write_added(index)
    shards.write_added(index)
    assert (found(index, "fjord"), found(index, "fjell")) == (set(), {2})


@pytest.mark.parametrize("seed", range(20))
def test_X3_no_block_holds_a_word_of_what_was_dropped(index: sqlite3.Connection, seed: int) -> None:
    """Each ad has a word of its own, unlike all others: FTS5 leaves out what words share."""
    rng = random.Random(seed)
    output: set[int] = set()
    coming = iter(range(1, 100_000, rng.choice([1, 7, 40])))
    for _ in range(20):
        index.execute("BEGIN")
        fresh = {next(coming) for _ in range(rng.choice([1, 5, 40]))}
        changed = set(rng.sample(sorted(output), min(len(output), 3)))
        for ad in fresh | changed:
            word = f"{rng.getrandbits(64):016x}kanari"
            index_ad(index, ad, word, "", "", " ".join(rng.choices(WORDS, k=rng.choice([1, 200]))))
        output |= fresh
        for ad in rng.sample(sorted(output), min(len(output), rng.choice([1, 4]))):
            shards.drop(index, ad)
            output.remove(ad)
        shards.rebuild_stale(index)
        index.execute("COMMIT")
        assert blocks(index).count(b"kanari") == len(output)


def test_words_are_looked_up_by_how_they_begin(index: sqlite3.Connection) -> None:
    index_ad(index, 1, "natt nattevakt Ås", "", "", "natten")
    index_ad(index, 64, "natt", "", "", "kokk \U0010ffff")
    shards.open_words(query(index))
    found = shards.words_beginning(query(index), ["natt", "natte", "ås", "\ue000", "fjell"])
    assert sorted(found) == [
        *(("natt", "natt"), ("natt", "natt"), ("natt", "natten"), ("natt", "nattevakt")),
        *(("natte", "natten"), ("natte", "nattevakt"), ("ås", "ås")),
    ]


# The words of titles


def words_of_titles(index: sqlite3.Connection) -> dict[str, int]:
    rows = index.execute("SELECT backwards, ads FROM title_words")
    return {backwards[::-1]: ads for backwards, ads in rows}


def test_long_words_of_titles_are_counted_once_an_ad(index: sqlite3.Connection) -> None:
    shards.put(index, 1, texts("Nattevakt, NATTEVAKT og vakt", "Nattevakt", "Firmaet", "Beboerne"))
    shards.put(index, 2, texts("Sykepleier (nattevakt)", "Anestesisykepleier 12345678"))
    shards.write_added(index)
    counts = {"nattevakt": 2, "sykepleier": 1, "anestesisykepleier": 1, "12345678": 1}
    assert words_of_titles(index) == counts
    assert title_words.ending(query(index), ["vakt", "pleier", "sykepleier", "lege"]) == [
        *(("vakt", "nattevakt"), ("pleier", "sykepleier"), ("pleier", "anestesisykepleier")),
        *(("sykepleier", "sykepleier"), ("sykepleier", "anestesisykepleier")),
    ]
    shards.put(index, 2, texts("Hjelpepleier"))
    shards.write_added(index)
    assert words_of_titles(index) == {"nattevakt": 1, "hjelpepleier": 1}
    shards.drop(index, 1)
    assert words_of_titles(index) == {"hjelpepleier": 1}


@pytest.mark.parametrize("seed", range(10))
def test_the_words_of_titles_are_exact_whatever_comes_and_goes(
    index: sqlite3.Connection, seed: int
) -> None:
    rng = random.Random(seed)
    titles = ("Nattevakt", "Nattevakt Fjordhotellet", "Dalføret", "Omsorgsarbeider", "")
    for _ in range(60):
        with index:
            index.execute("BEGIN")
            for _ in range(rng.choice([1, 5])):
                ad = rng.randrange(200)
                if rng.random() < 0.4:
                    index.execute("DELETE FROM ads WHERE id = ?", [ad])
                    shards.put(index, ad, texts())
                    shards.drop(index, ad)
                else:
                    index.execute("INSERT OR IGNORE INTO ads VALUES (?)", [ad])
                    shards.put(index, ad, texts(rng.choice(titles), rng.choice(titles)))
            shards.write_added(index)
        assert title_words.is_exact(query(index))
        assert all(ads > 0 for ads in words_of_titles(index).values())


# Ranking


SEARCHES = [
    '"natt"',
    '"natt"*',
    '"natt" AND "kokk"',
    '("natt" OR "nattevakt" OR {title job_title} : ("kokk"))',
    '({title job_title} : ("natt" OR "omsorg"))',
    '"fjord fjell"',
    '{title job_title} : ("natt") AND {employer} : ({title job_title} : ("kokk") OR "dal")',
    '(("natt" AND "dal") NOT ("kokk"))',
    '"finnesikke"',
]


@pytest.fixture(scope="module", params=range(4))
def large_index(request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    """An index in shards, and its ads in one large table: `whole`."""
    rng = random.Random(request.param)
    with empty_index() as index:
        index.execute(
            "CREATE VIRTUAL TABLE whole USING fts5 (title, job_title, employer, text, "
            "tokenize = 'unicode61 remove_diacritics 0')"
        )
        for ad in range(1, 6_000, 13):
            words = [" ".join(rng.choices(WORDS, k=rng.randint(0, most))) for most in (3, 2, 2, 60)]
            index_ad(index, ad, *words)
            index.execute(
                "INSERT INTO whole (rowid, title, job_title, employer, text) "
                "VALUES (?, ?, ?, ?, ?)",
                [ad, *words],
            )
        yield index


@pytest.mark.parametrize("search", SEARCHES)
def test_ads_found_elsewhere_than_in_titles_rank_as_in_one_large_table(
    large_index: sqlite3.Connection, search: str
) -> None:
    index = large_index
    in_titles = f"({search}) AND {{title job_title}} : ({search})"
    lengths = shards.lengths_of(query(index), f"({search}) NOT ({in_titles})", 6_000)
    places: dict[int, int] = {}
    for part in ranking.best_first(query(index), search, lengths):
        places.update(index.execute(f"SELECT id, place FROM {ranking.RANKED}", [part]))
    whole = index.execute(
        f"SELECT rowid, bm25(whole, {ranking.WEIGHTS}) FROM whole WHERE whole MATCH ? "
        "AND rowid NOT IN (SELECT rowid FROM whole WHERE whole MATCH ?)",
        [search, in_titles],
    )
    scores = {ad: float(f"{score:.10g}") for ad, score in whole}
    assert places.keys() == scores.keys()
    assert sorted(places, key=lambda ad: (places[ad], ad)) == sorted(
        scores, key=lambda ad: (scores[ad], ad)
    )


@pytest.mark.parametrize(
    ("expression", "phrases"),
    [
        ('"natt"', ['{title job_title employer text} : "natt"']),
        (
            '{title job_title} : ("a" OR "b c") AND {text} : ("d"*)',
            ['{title job_title} : "a"', '{title job_title} : "b c"', '{text} : "d"*'],
        ),
        ('{text} : ({title job_title} : ("a") OR "b")', ['{text} : "b"']),
    ],
)
def test_each_phrase_is_a_search_of_its_own(expression: str, phrases: list[str]) -> None:
    assert list(ranking.phrases_of(expression)) == phrases


def test_numbers_of_up_to_nine_bytes() -> None:
    assert list(shards.varints(b"\x07\x81\x00" + b"\xff" * 9)) == [7, 128, 2**64 - 1]


def test_what_is_put_is_written_before_it_is_too_much(index: sqlite3.Connection) -> None:
    """The texts of all ads together filled the memory: 106 MB for 8,000 ads, instead of 45."""
    for ad in range(1, 1_025):
        shards.put(index, ad, ("Kokk", "", "", ""))
        shards.write_many(index)
        ((waiting,),) = index.execute("SELECT count(*) FROM added").fetchall()
        assert waiting < 1_024
    ((found,),) = index.execute("SELECT count(*) FROM search").fetchall()
    assert found == 1_024
