"""Searching: which words find which ad, and what is printed for a search without words."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from cli.support import UNSAFE, ad, answer, fill, run_command, store_ads, uuid_of
from cli.terminal import on_terminal
from navfeed.errors import ConfigError, StoreError
from navfeed.model import DetailDecision, Reason
from navfeed.store import connect, query, ranking
from navfeed.store.filters import Filters
from navfeed.store.query import Reader
from navfeed.store.selection import Sort
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.clock import NOW
from support.sql import rows, traced

TODAY = date(2026, 11, 21)
FIRM = {"name": "Firma"}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return fill(
        tmp_path / "navfeed.db",
        ad(1, title="Sykepleier natt", description="<p>Turnus i <b>syke</b>hjem på Ås.</p>"),
        ad(
            2,
            title="Maler",
            jobtitle="",
            description="Vi maler hus. Ring as@hus.example, C++ 2.0",
            employer=FIRM,
        ),
        ad(3, title="Måler", jobtitle=None, description=None, employer=None),
        ad(
            4,
            title="Sykepleiere dag",
            jobtitle="Sykepleiere",
            description="<p>Turnus.</p><p>Fast stilling, e-post.</p>",
            employer=FIRM,
        ),
        ad(
            5,
            title="BA\u030aTBYGGER",
            jobtitle="",
            description="fjell&amp;vidde &aring;pent",
            employer=FIRM,
        ),
    )


def found(db: Path, *texts: str) -> str:
    with Reader(db, TODAY) as reader:
        rows = reader.rows(["uuid"], Filters(text=texts))
        return "".join(str(int(str(name)[:8], 16)) for (name,) in rows)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["sykepleier"], "14"),  # in any form
        (["sykepleieren"], "14"),
        (['"sykepleier"'], "1"),  # as it stands,
        (["SYKEPLEIER"], "14"),
        (["syke*"], "14"),
        (["syke"], ""),  # a word, no part of one
        (["sykehjem"], "1"),  # <b> does not part it
        (["turnus natt"], "1"),
        (["turnus", "natt"], "1"),
        (["turnus AND natt"], "1"),
        (["turnus -natt"], "4"),
        (["turnus NOT natt"], "4"),
        (["turnus", "-natt"], "4"),
        (["-turnus"], "235"),
        (["-turnus -måler"], "25"),
        (['turnus -"fast stilling"'], "1"),
        (['"fast stilling"'], "4"),
        (['"stilling fast"'], ""),
        (['"fast stil"*'], "4"),
        (["turnus -syke*"], ""),
        (["maler"], "2"),
        (["måler"], "3"),
        (["ås"], "1"),
        (["as"], "2"),
        (["båtbygger"], "5"),
        (["ba\u030atbygger"], "5"),
        (["fjell&vidde"], "5"),
        (["åpent"], "5"),
        (["c++"], "2"),
        (["e-post"], "4"),
        (["as@hus.example"], "2"),
        (["not"], ""),
        (["near(a b)"], ""),
        (["titles:maler"], ""),  # no field's name: two words in a row
        (["title:maler"], "2"),  # the title or the job title,
        (["Title:nattsykepleier"], "1"),
        (["title:turnus"], ""),
        (["text:turnus"], "14"),
        (["employer:firma -title:maler"], "45"),
        (["employer:natt"], ""),
        (['title:"sykepleier natt"'], "1"),
        (["title:mål*"], "3"),
        (["maler OR måler"], "23"),
        (["turnus natt OR maler"], "12"),
        (["turnus (natt OR fast)"], "14"),
        (["turnus (natt OR (fast -dag))"], "1"),
        (["turnus -(natt OR kveld)"], "4"),
        (["title:(maler OR natt)"], "12"),
        (["(maler) OR (måler)"], "23"),
        (["maler (c++)"], "2"),
        (["((maler) OR måler) -hus"], "3"),
        (["hus)"], "2"),  # closes nothing
        (["(maler OR måler)", "-hus"], "3"),
        (["nattsykepleier fana"], "1"),
        (["'x'; DROP TABLE ads;--x"], ""),
        (["caf\udce9"], ""),
        (["ord " * 2_000], ""),
    ],
)
def test_what_is_found(db: Path, texts: list[str], expected: str) -> None:
    assert found(db, *texts) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('"åpen', "quotation mark"),
        ("-", "no letter or digit"),
        ("*", "no letter or digit"),
        ('""', "no letter or digit"),
        ("syk*er", "end of a word"),
        ("natt NOT", "a word is missing"),
        ("AND", "a word is missing"),
        ("natt OR", "a word is missing"),
        ("OR natt", "a word is missing"),
        ("natt OR OR dag", "a word is missing"),
        ("natt OR -dag", "needs a word to include"),
        ("natt (-dag)", "needs a word to include"),
        ("natt (dag", "parenthesis is not closed"),
        ("natt ()", "a word is missing"),
        ("(" * 30 + "natt" + ")" * 30, "more than 20 parentheses"),
    ],
)
def test_what_is_no_search_is_reported(db: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        found(db, text)
    assert repr(text) in str(caught.value)
    for command in (["list"], ["export", "--format", "csv"]):
        result = run_command(db, *command, "--text", text)
        assert result.exit_code == 2
        assert "fts5" not in result.output.lower()


@pytest.mark.usefixtures("noon")
def test_titles_are_searched_alone(db: Path) -> None:
    assert answer(db, "list", "--text", "turnus", "--title", "natt").startswith(uuid_of(1))
    assert answer(db, "list", "--title", "turnus") == ""
    without = answer(db, "list", "--text", "turnus", "--title", "-natt")
    assert [line[:8] for line in without.splitlines()] == [uuid_of(4)[:8]]
    assert run_command(db, "list", "--title", "a OR").exit_code == 2


@pytest.mark.usefixtures("noon")
def test_list_and_export_search(db: Path) -> None:
    listed = answer(db, "list", "--text", "turnus", "--text", "-natt")
    assert [line[:8] for line in listed.splitlines()] == [uuid_of(4)[:8]]
    exported = answer(db, "export", "--format", "jsonl", "--text", 'turnus "fast stilling"')
    assert len(exported.splitlines()) == 1


def test_the_index_follows_the_content_of_an_ad(db: Path) -> None:
    with Store(db) as store:
        store_ads(store, [ad(1, title="Kokk", jobtitle="", description="Kjøkken")])
        store.commit_details([DetailDecision(uuid_of(2), Reason.STOPPED)], [], NOW)
    assert found(db, "natt") == ""
    assert found(db, "kokk kjøkken") == "1"
    assert found(db, "maler") == ""
    with closing(sqlite3.connect(db)) as other:
        other.execute("INSERT INTO search_00 (search_00, rank) VALUES ('integrity-check', 1)")
        both = "SELECT count(*) FROM ads JOIN search ON search.rowid = ads.id"
        assert other.execute(both).fetchone() == (4,)
        assert other.execute("SELECT count(*) FROM search").fetchone() == (4,)


def test_no_word_stays_when_its_ads_are_gone_neither_way_round(tmp_path: Path) -> None:
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, title="Spesialsykepleier", jobtitle="Anestesisykepleier"),
        ad(2, title="Kokk", jobtitle="Gullsmed", description="", employer=FIRM),
    )
    assert found(db, "sykepleier") == "1"
    words = [
        word.encode() for word in ("spesialsykepl", "reielpeky", "reielpekyslaiseps", "demsllug")
    ]
    with Store(db) as store:
        assert store.purge()
        assert [word in db.read_bytes().lower() for word in words] == [True] * 4
        store.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED)], [], NOW)
        assert store.purge()
    assert [word in db.read_bytes().lower() for word in words] == [False] * 3 + [True]
    with Store(db) as store:
        store_ads(store, [ad(2, title="Kokk", jobtitle="Kokk", description="", employer=FIRM)])
        assert store.purge()
    assert words[-1] not in db.read_bytes().lower()
    with closing(sqlite3.connect(db)) as other:
        other.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search_00, row)")
        terms = {term for (term,) in other.execute("SELECT term FROM words")}
    assert "kokk" in terms
    assert not [term for term in terms if "sykepleier" in term or "sykepleier" in term[::-1]]


def test_an_ad_that_is_only_confirmed_is_not_indexed_again(db: Path) -> None:
    def index() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(db)) as other:
            return other.execute("SELECT * FROM search_00_data").fetchall()

    before = index()
    content = read_content('{"title": "Sykepleier natt"}')
    with Store(db) as store:
        later = NOW + timedelta(days=1)
        store.commit_details([DetailDecision(uuid_of(1), Reason.UNCHANGED, content)], [], later)
        store.queue_rechecks(later, 9, later)
    assert index() == before


def test_the_index_rolls_back_with_its_ad(db: Path) -> None:
    bad = DetailDecision(uuid_of(9), Reason.NEW, 1)  # type: ignore[arg-type]
    with Store(db) as store:
        with pytest.raises(AttributeError):
            store.commit_details([DetailDecision(uuid_of(1), Reason.STOPPED), bad], [], NOW)
        assert found(db, "natt") == "1"


def test_a_library_that_cannot_search_is_refused(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor(sqlite3.Connection):
        def execute(self, sql: str, values: object = ()) -> sqlite3.Cursor:  # type: ignore[override]
            if "fts5" in sql:
                raise sqlite3.OperationalError("no such module: fts5")
            return super().execute(sql, values)  # type: ignore[arg-type]

    original = sqlite3.connect
    monkeypatch.setattr(
        connect.sqlite3, "connect", lambda *args, **kwargs: original(*args, **kwargs, factory=Poor)
    )
    for open_ in (Store, lambda path: Reader(path, TODAY)):
        with pytest.raises(StoreError, match="cannot search"):
            open_(db)


# Other words for the same, and compounds


@pytest.mark.usefixtures("noon")
def test_a_list_of_ones_own_adds_words_for_the_same(db: Path, tmp_path: Path) -> None:
    config, words = tmp_path / "navfeed.toml", tmp_path / "words.txt"
    config.write_text(f"synonyms_file = '{words}'", encoding="utf-8")
    ask_for = ("list", "--text", "Anstreicher", "--config", str(config))
    failed = run_command(db, *ask_for)
    assert failed.exit_code == 2
    assert f"cannot read the list of synonyms {words}" in failed.stderr
    words.write_text("maler anstreicher", encoding="utf-8")
    assert answer(db, *ask_for).startswith(uuid_of(2))
    assert answer(db, "list", "--text", "Anstreicher") == ""


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    plain = {"jobtitle": "", "employer": {"name": "Firma"}, "description": ""}
    return fill(
        tmp_path / "trades.db",
        ad(1, **plain | {"title": "Lærer", "description": "Vi lærer av hverandre"}),
        ad(2, **plain | {"title": "Lærarar", "description": "Skulen har natteravnar."}),
        ad(3, **plain | {"title": "Assistent", "description": "Du vil lære mer av lærerne våre."}),
        ad(4, **plain | {"title": "Barnehagelærer", "description": "Nattevakt"}),
        ad(5, **plain | {"title": "Sjukepleiar", "description": "Førarkort."}),
        ad(6, **plain | {"title": "Kokk", "description": "Mat til sjukepleiarar. Førerkort."}),
        ad(8, **plain | {"title": "Barnehageassistent", "jobtitle": "Lagermedarbeider"}),
        ad(7, **plain | {"title": "Vikar", "description": "Med lærlinger og lærlingelønn"}),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lærer", "123"),
        ("title:lærer", "12"),
        ("lærar", "123"),
        ("lære", "3"),
        ("lærling", "7"),
        ("sykepleier", "5"),  # in titles alone,
        ("sjukepleiar", "56"),  # as it stands anywhere
        ("førerkort", "56"),  # what nobody is, anywhere
        ("barnehage", "48"),
        ("barn", ""),  # a kindergarten is a word of its own,
        ("barnehageassistent", "8"),
        ("medarbeid", ""),  # and who works is no work
        ("medarbeider", "8"),
        ("natt", "24"),
        ("-sykepleier", "1234678"),
        ("kokke", "6"),
    ],
)
def test_what_is_meant_is_found(trades: Path, text: str, expected: str) -> None:
    assert found(trades, text) == expected


@pytest.mark.usefixtures("noon")
def test_whom_very_many_ads_speak_of_is_looked_for_in_titles(tmp_path: Path) -> None:
    plain = {"employer": {"name": "Firma"}, "jobtitle": "", "description": "Vi har lærlinger."}
    ads = [ad(number, title="Kokk", **plain) for number in range(1, 100)]
    db = fill(tmp_path / "many.db", *ads, ad(100, **plain | {"title": "Tømrerlærling"}))
    assert len(answer(db, "list", "--text", "lærling").splitlines()) == 1
    assert len(answer(db, "list", "--text", "lærling OR kokk").splitlines()) == 100
    assert len(answer(db, "list", "--text", "kokk -lærling").splitlines()) == 99
    assert len(answer(db, "list", "--text", "text:lærling").splitlines()) == 100
    assert len(answer(db, "list", "--text", "text:(lærling kokk)").splitlines()) == 0
    assert len(answer(db, "list", "--text", '"lærlinger"').splitlines()) == 100
    message = run_command(db, "list", "--text", "lærling").stderr
    assert message == (
        "navfeed: lærling is in very many ads: only titles were searched for it. "
        "--text text:lærling searches the whole text\n"
    )
    fill(db, ad(100, **plain | {"title": "Maler"}))
    assert len(answer(db, "list", "--text", "lærling").splitlines()) == 100  # no title has it
    fill(
        db,
        ad(100, **plain | {"title": "Lærling"}),
        ad(1, **plain | {"description": "", "title": "Kokk"}),
    )
    assert len(answer(db, "list", "--text", "lærling").splitlines()) == 99  # too few to be many


@pytest.mark.usefixtures("noon")
def test_a_mistyped_word_is_reported(trades: Path) -> None:
    def hints(*arguments: str) -> str:
        return run_command(trades, "list", *arguments).stderr.partition("navfeed: no matching ads")[
            0
        ]

    message = hints("--text", "sjukeplear")
    assert message == "navfeed: no ad contains sjukeplear (did you mean sjukepleiar?)\n"
    assert "did you mean kokk?" in hints("--title", "Mat OR title:kkokk")  # by the list of words
    assert "førerkort or førarkort" in hints("--text", "førekort -kokk")
    for known in ("sykepleier", "lærling", "natt", "xyzzy", '"sjukeplear"', "sjukeplear*", "12345"):
        assert hints("--text", known) == "", known


@pytest.mark.usefixtures("noon")
def test_words_of_ads_that_are_over_are_not_offered(trades: Path) -> None:
    fill(trades, ad(8, title="Dyrepasser", expires="2026-11-20T12:00:00+01:00"))
    assert "dyrepasser" not in run_command(trades, "list", "--text", "dyrepaser").output


# Forms of a word, the best first, and why


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["sykepleierne"], "14"),
        (["SYKEPLEIERENS"], "14"),
        (["-sykepleier"], "235"),  # in no form
        (['-"sykepleier"'], "2345"),
        (["stillingene fast"], "4"),
        (['"stillinger"'], ""),
        (["malere"], "2"),
        (["målerne"], "3"),
        (["turnusen"], "14"),
    ],
)
def test_a_word_is_found_in_all_its_forms(db: Path, texts: list[str], expected: str) -> None:
    assert found(db, *texts) == expected


def test_the_best_fit_comes_first(tmp_path: Path) -> None:
    long = "<p>" + "ord " * 300 + "</p>"
    plain = {"jobtitle": "", "employer": {"name": "Firma"}}
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, title="Vakt", description=f"{long} kokkene {long}", **plain),
        ad(2, title="Kokk", description=long, **plain),
        ad(3, title="Vakt", description="En kokk og flere kokker.", **plain),
        ad(4, title="Vakt", description=long, jobtitle="Kokk", employer={"name": "Firma"}),
    )
    with Reader(db, TODAY) as reader:
        rows = list(reader.rows(["uuid"], Filters(text=("kokk",)), Sort.RELEVANCE))
        last = list(reader.rows(["uuid"], Filters(text=("kokk",)), Sort.RELEVANCE, 1, 3))
    order = [int(str(name)[:8]) for (name,) in rows]
    assert order == [2, 4, 3, 1]
    assert last == rows[-1:]


def best_first(db: Path, text: str, *part: int) -> list[int]:
    with Reader(db, TODAY) as reader:
        rows = reader.rows(["uuid"], Filters(text=(text,)), Sort.RELEVANCE, *part)
        return [int(str(name)[:8], 16) for (name,) in rows]


def test_title_matches_come_first_and_the_newest_at_the_top(
    tmp_path: Path,
) -> None:
    plain = {"jobtitle": "", "employer": FIRM, "description": "Tekst."}
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, **{**plain, "title": "Kokk", "published": "2026-11-08T08:00:00Z"}),
        ad(2, **{**plain, "title": "Vakt", "published": "2026-11-11T08:00:00Z"}),
        ad(3, **{**plain, "title": "Kokk kokk", "published": None}),
        ad(4, **{**plain, "title": "Kokk", "published": "2026-11-10T08:00:00Z"}),
        ad(5, title="Bli med", jobtitle="Kokk", published="2026-11-12T08:00:00Z"),
        ad(6, **{**plain, "title": "Vakt", "description": "For en kokk."}),
    )
    assert best_first(db, "kokk") == [5, 4, 1, 3, 6]


def test_a_group_excludes_by_the_text_where_the_title_matches(tmp_path: Path) -> None:
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, title="Nattevakt", jobtitle="", description="Du hjelper en kokk."),
        ad(2, title="Natt", jobtitle="", description="Tekst."),
        ad(3, title="Fjord", jobtitle="", description="Tekst."),
    )
    assert best_first(db, "(natt -kokk) OR fjord") == [2, 3]


MOMENTS = [f"2026-11-{day:02}T08:00:00Z" for day in range(1, 21)]


@pytest.fixture
def turnus(db: Path) -> Path:
    """Beside the others: 40 ads that contain the word one to four times, and one in its title."""
    texts = ("Turnus.", "Turnus, turnus.", "Turnus, turnus.", "Turnus og turnus og turnus.")
    many = [
        ad(10 + at, title="Vakt", description=texts[at % 4], published=MOMENTS[at * 7 % 20])
        for at in range(40)
    ]
    return fill(
        db, *many, ad(6, title="Turnus"), ad(7, title="Turnus", expires="2026-11-01T00:00:00Z")
    )


@pytest.mark.parametrize("first", [2, 500])
@pytest.mark.parametrize("many", [20, 2_000])
def test_pages_of_a_ranked_search_make_up_the_whole(
    turnus: Path, monkeypatch: pytest.MonkeyPatch, many: int, first: int
) -> None:
    """Across the ends of its parts, too: title matches, then the others in growing numbers."""
    monkeypatch.setattr(ranking, "_FIRST", first)
    monkeypatch.setattr(ranking, "MANY", many)
    whole = best_first(turnus, "turnus")
    assert len(whole) == len(set(whole)) == 43
    assert whole[0] == 6
    pages = [best_first(turnus, "turnus", 1, at) for at in range(44)]
    assert pages == [[one] for one in whole] + [[]]
    assert best_first(turnus, "turnus", 9, 1) == whole[1:10]


def published(db: Path, ads: list[int]) -> list[str]:
    when = dict(rows(db, "SELECT uuid, published FROM ads"))
    return [str(when[uuid_of(one)]) for one in ads]


def test_many_ads_are_in_the_order_of_time_and_few_by_how_often_they_contain_the_word(
    turnus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked = best_first(turnus, "turnus")[1:]
    assert published(turnus, ranked) != sorted(published(turnus, ranked), reverse=True)
    monkeypatch.setattr(ranking, "MANY", 41)
    newest = best_first(turnus, "turnus")[1:]
    assert published(turnus, newest) == sorted(published(turnus, ranked), reverse=True)
    monkeypatch.setattr(ranking, "MANY", 44)
    assert best_first(turnus, "turnus")[1:] == ranked


def test_ads_that_rank_alike_are_in_the_order_of_time(turnus: Path) -> None:
    ranked = [one for one in best_first(turnus, "turnus") if one >= 10 and one % 4 == 2]
    assert published(turnus, ranked) == sorted(published(turnus, ranked), reverse=True)


def test_a_word_that_many_ads_contain_ranks_none(
    turnus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here nothing else sets the two apart: they are in the order of time."""
    plain = {"title": "Vakt", "jobtitle": "", "employer": FIRM}
    texts = ("Fjord. Turnus, turnus, turnus.", "Fjord. Turnus, dag, kveld.")
    fill(
        turnus,
        *(ad(60 + at, description="Dag.", **plain) for at in range(60)),
        *(
            ad(120 + at, description=text, published=MOMENTS[at], **plain)
            for at, text in enumerate(texts)
        ),
    )
    assert best_first(turnus, "fjord turnus") == [120, 121]
    monkeypatch.setattr(ranking, "MANY", 20)
    assert best_first(turnus, "fjord turnus") == [121, 120]


def test_a_page_of_a_common_word_looks_into_ads_one_by_one(
    turnus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And takes no score. Other filters, or no limit, might have it look into every ad."""
    monkeypatch.setattr(ranking, "MANY", 20)
    whole = best_first(turnus, "turnus")
    executed = traced(monkeypatch, query, "open_reader")
    text = Filters(text=("turnus",))
    for filters, limit, one_by_one in (
        (text, 5, True),
        (text, None, False),
        (replace(text, extent=("heltid",)), 5, False),
        (Filters(text=("turnus -vakt",)), 5, False),
    ):
        executed.clear()
        with Reader(turnus, TODAY) as reader:
            found = [*reader.rows(["uuid"], filters, Sort.RELEVANCE, limit)]
        assert any("CASE (ads.id" in sql for sql in executed) is one_by_one, filters
        assert not any("bm25" in sql for sql in executed)
        if filters == text:
            assert [int(str(name)[:8], 16) for (name,) in found] == whole[:limit]


def test_a_page_of_title_matches_takes_few_statements(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each goes through 64 tables: one looks up all words, and none computes BM25."""
    executed = traced(monkeypatch, query, "open_reader")
    with Reader(db, TODAY) as reader:
        list(reader.rows(["uuid"], Filters(text=("sykepleier",)), Sort.RELEVANCE, 2))
    assert len([sql for sql in executed if sql.startswith("SELECT") and "words_of_" in sql]) == 1
    matches = [sql for sql in executed if "MATCH" in sql]
    assert len(matches) == 3  # is the word commonplace, is there any ad, and those in titles
    assert not [sql for sql in executed if "bm25" in sql]


@pytest.mark.usefixtures("noon")
def test_a_list_is_in_the_order_that_was_requested(db: Path) -> None:
    ask_for = ("list", "--text", "turnus")
    fill(db, ad(6, title="Turnus", published="2020-01-01T00:00:00Z"))
    assert answer(db, *ask_for).startswith(uuid_of(6))
    assert not answer(db, *ask_for, "--sort", "published").startswith(uuid_of(6))
    assert answer(db, "list", "--sort", "relevance") == answer(db, "list")


@pytest.mark.usefixtures("noon")
def test_a_snippet_shows_what_was_found(db: Path) -> None:
    words = " ".join(f"ord{number}" for number in range(40))
    fill(db, ad(7, title="Pianist", description=f"<p>{words}</p>\n<p>to <b>orgler</b></p>{words}"))
    (line,) = answer(db, "list", "--text", "orgler pianist", "--snippets").splitlines()
    snippet = line.split("\t")[-1]
    assert "to **orgler** ord0" in snippet
    assert snippet.startswith("…")
    assert len(snippet) < 200
    assert "**" not in answer(db, "list", "--text", "orgler")
    assert answer(db, "list", "--snippets").splitlines()[0].endswith("\t")


def test_a_terminal_shows_snippets_by_itself(tmp_path: Path) -> None:
    far = {"expires": "2999-01-01T00:00:00Z"}
    evil = "[bold]Kokk \x1b[2J\u202e" + "ord " * 100
    db = fill(
        tmp_path / "navfeed.db",
        ad(1, title=evil, description="Vi har \x1b[31mtre kokker\u202e. " + "Ord. " * 50, **far),
        ad(2, title="Kokk", description=None, **far),
    )
    for columns in (50, 120):
        _, out, err = on_terminal(columns, "list", "--db", str(db), "--text", "kokk", NO_COLOR="1")
        assert err == ""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", out).replace("\r\n", "\n")
        assert not UNSAFE.search(plain)
        assert max(map(len, plain.splitlines())) <= columns
        assert "tre kokker" in " ".join(plain.split())
        assert "[bold]Kokk" in plain
    _, out, _ = on_terminal(120, "list", "--db", str(db), "--text", "kokk")
    assert "\x1b[1;33mkokker\x1b[0m" in out
    _, out, _ = on_terminal(120, "list", "--db", str(db), "--text", "kokk", "--no-snippets")
    assert "tre" not in out
