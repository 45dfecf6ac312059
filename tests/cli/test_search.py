"""Searching: which words find which ad, and what is said of a search that is none."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from cli.support import NOW, UNSAFE, ad, answer, ask, fill, put, uuid
from cli.terminal import on_terminal
from navfeed.errors import ConfigError, StoreError
from navfeed.model import DetailDecision, Reason
from navfeed.store import connect
from navfeed.store.filters import Filters
from navfeed.store.query import Reader, Sort
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content

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
        (["title:maler"], ""),  # no column's name: two words in a row
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
        ("natt OR dag", "there is no OR"),
    ],
)
def test_what_is_no_search_is_told(db: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        found(db, text)
    assert repr(text) in str(caught.value)
    for command in (["list"], ["export", "--format", "csv"]):
        result = ask(db, *command, "--text", text)
        assert result.exit_code == 2
        assert "fts5" not in result.output.lower()


@pytest.mark.usefixtures("noon")
def test_list_and_export_search(db: Path) -> None:
    listed = answer(db, "list", "--text", "turnus", "--text", "-natt")
    assert [line[:8] for line in listed.splitlines()] == [uuid(4)[:8]]
    exported = answer(db, "export", "--format", "jsonl", "--text", 'turnus "fast stilling"')
    assert len(exported.splitlines()) == 1


def test_the_index_follows_what_an_ad_says(db: Path) -> None:
    with Store(db) as store:
        put(store, [ad(1, title="Kokk", jobtitle="", description="Kjøkken")])
        store.commit_details([DetailDecision(uuid(2), Reason.STOPPED)], [], NOW)
    assert found(db, "natt") == ""
    assert found(db, "kokk kjøkken") == "1"
    assert found(db, "maler") == ""
    with closing(sqlite3.connect(db)) as other:
        other.execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
        both = "SELECT count(*) FROM ads JOIN search ON search.rowid = ads.id"
        assert other.execute(both).fetchone() == (4,)
        assert other.execute("SELECT count(*) FROM search").fetchone() == (4,)


def test_an_ad_that_is_only_confirmed_is_not_indexed_again(db: Path) -> None:
    def index() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(db)) as other:
            return other.execute("SELECT * FROM search_data").fetchall()

    before = index()
    content = read_content('{"title": "Sykepleier natt"}')
    with Store(db) as store:
        later = NOW + timedelta(days=1)
        store.commit_details([DetailDecision(uuid(1), Reason.UNCHANGED, content)], [], later)
        store.queue_rechecks(later, 9, later)
    assert index() == before


def test_the_index_rolls_back_with_its_ad(db: Path) -> None:
    bad = DetailDecision(uuid(9), Reason.NEW, 1)  # type: ignore[arg-type]
    with Store(db) as store:
        with pytest.raises(AttributeError):
            store.commit_details([DetailDecision(uuid(1), Reason.STOPPED), bad], [], NOW)
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


@pytest.mark.usefixtures("noon")
def test_a_list_is_in_the_order_that_was_asked_for(db: Path) -> None:
    ask_for = ("list", "--text", "turnus")
    fill(db, ad(6, title="Turnus", published="2020-01-01T00:00:00Z"))
    assert answer(db, *ask_for).startswith(uuid(6))
    assert not answer(db, *ask_for, "--sort", "published").startswith(uuid(6))
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
