"""Questions to the store: which ads, in which order, and one moment for all answers."""

from __future__ import annotations

import sqlite3
import unicodedata
from datetime import date, timedelta
from pathlib import Path

import pytest

from cli.support import Fields, ad, fill, place, store_ads, uuid_of
from navfeed.errors import NotFoundError, StoreError
from navfeed.model import DetailDecision, Reason
from navfeed.store import ranking
from navfeed.store.filters import Filters
from navfeed.store.mapping import COLUMNS
from navfeed.store.query import Reader
from navfeed.store.selection import LIST_COLUMNS, Sort
from navfeed.store.writer import Store
from navfeed.wire.detail import read_content
from support.clock import NOW

TODAY = date(2026, 11, 21)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


def found(db: Path, filters: Filters, sort: Sort | None = None, limit: int | None = None) -> str:
    """The first digits of the ids, in the order they come."""
    with Reader(db, TODAY) as reader:
        rows = list(reader.rows(["uuid"], filters, sort, limit))
        if limit is None:
            assert reader.count(filters) == len(rows)
    return "".join(str(int(str(ident)[:8], 16)) for (ident,) in rows)


def employer(name: str | None) -> Fields:
    return {"employer": {"name": name}}


# Places


PLACES = (
    ad(1, workLocations=[place("BÆRUM", "AKERSHUS")]),
    ad(2, workLocations=[place("OSLO", "OSLO"), place("BERGEN", "VESTLAND")]),
    ad(3, workLocations=[place(None, "VESTLAND", postalCode="")]),
    ad(4, workLocations=[]),
    ad(5, workLocations=[place("ÅS", "AKERSHUS")]),
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), "12345"),
        (Filters(municipal=("bærum",)), "1"),
        (Filters(municipal=("BÆRUM",)), "1"),
        (Filters(municipal=("Bergen",)), "2"),  # not its first location
        (Filters(municipal=("bergen", "ås")), "25"),
        (Filters(municipal=("as",)), ""),
        (Filters(municipal=("berge",)), ""),
        (Filters(municipal=("%",)), ""),
        (Filters(county=("vestland",)), "23"),
        (Filters(county=("vestland",), municipal=("oslo",)), ""),  # no one place is both
        (Filters(county=("vestland",), municipal=("bergen",)), "2"),
        (Filters(county=("oslo", "akershus")), "125"),
    ],
)
def test_places_match_any_location(db: Path, filters: Filters, expected: str) -> None:
    assert found(fill(db, *PLACES), filters) == expected


def test_a_decomposed_letter_is_the_same_letter(db: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "ÅS")
    fill(db, ad(1, workLocations=[place(decomposed)]), ad(2, **employer(decomposed)))

    assert found(db, Filters(municipal=("ås",))) == "1"
    assert found(db, Filters(employer=(unicodedata.normalize("NFD", "ås"),))) == "2"
    assert found(db, Filters(employer=("a",))) == "1"  # å is no a


# Names and words


NAMES = (
    ad(1, **employer("Øygarden Kommune")),
    ad(2, **employer("Nøkk & Sønn AS"), jobtitle="Kokk"),
    ad(3, **employer(None), jobtitle=None, occupationCategories=[{"level1": "Kultur"}]),
    ad(4, categoryList=[{"categoryType": "ESCO", "code": "1", "name": "Møbelsnekker"}]),
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(employer=("kommune",)), "14"),
        (Filters(employer=("ØYGARDEN",)), "1"),
        (Filters(employer=("oygarden",)), ""),
        (Filters(employer=("nøkk", "øygarden")), "12"),
        (Filters(employer=("' OR 1=1 --",)), ""),
        (Filters(occupation=("nattsyke",)), "14"),
        (Filters(occupation=("kokk",)), "2"),
        (Filters(occupation=("KULTUR",)), "3"),
        (Filters(occupation=("sykepleier", "kultur")), "1234"),
        (Filters(occupation=("møbelsnekk",)), "4"),
        (Filters(occupation=("2223",)), ""),
        (Filters(occupation=("kokk",), employer=("kommune",)), ""),
    ],
)
def test_names_match_in_part(db: Path, filters: Filters, expected: str) -> None:
    assert found(fill(db, *NAMES), filters) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("sykepleier",), "1234"),
        (("TURNUS",), "2"),
        (("turnus", "fana"), "2"),
        (("turnus fana",), "2"),
        (("turnus", "bergen", "kongle"), ""),
        (("blåbær",), "3"),
        (("fjell&vidde",), "3"),
        (("strong",), ""),  # a tag is no word
        (("hemmelig",), ""),  # nor is a comment, a script, an attribute
        (("to", "avsnitt"), "4"),
        (("toavsnitt",), ""),  # what stands in two paragraphs is two words
    ],
)
def test_every_word_must_stand_somewhere(db: Path, words: tuple[str, ...], expected: str) -> None:
    fill(
        db,
        ad(1, description=None),
        ad(2),
        ad(3, description="<p class='hemmelig'>bl&aring;<strong>bær</strong> fjell&amp;vidde"),
        ad(4, description="<!--hemmelig--><p>to</p><p>avsnitt</p><script>hemmelig()</script>"),
    )

    assert found(db, Filters(text=words)) == expected


# Days


def test_an_ad_is_active_through_its_last_day(db: Path) -> None:
    fill(
        db,
        ad(1, expires="2026-11-20T23:59:59+01:00"),
        ad(2, expires="2026-11-21T00:00:00+01:00"),
        ad(3, expires="2026-11-20T23:30:00Z"),  # half past midnight in Oslo
        ad(4, expires="no date"),
        ad(5, expires="2026-11-22T00:00:00+01:00"),
    )

    assert found(db, Filters()) == "2345"


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        (date(2026, 11, 20), "2026-11-20T00:00:00+01:00", "2026-11-19T23:59:59+01:00"),
        (date(2026, 7, 1), "2026-06-30T22:00:00Z", "2026-06-30T21:59:59Z"),
    ],
)
def test_a_day_begins_at_midnight_in_oslo(db: Path, day: date, before: str, after: str) -> None:
    fill(db, ad(1, published=before), ad(2, published=after), ad(3, published=None))

    assert found(db, Filters(published_since=day)) == "1"


def test_the_first_of_all_days(db: Path) -> None:
    fill(db, ad(1), ad(2, published=None))

    assert found(db, Filters(published_since=date.min)) == "1"


def test_expires_before(db: Path) -> None:
    fill(
        db,
        ad(1, expires="2026-11-30T10:00:00+01:00"),
        ad(2, expires="2026-12-01T00:00:00+01:00"),
        ad(3, expires=None),
    )

    assert found(db, Filters(expires_before=date(2026, 12, 1))) == "1"


# Order


def test_what_comes_first(db: Path) -> None:
    fill(
        db,
        ad(
            1,
            title="Ådalen",
            published="2026-11-01T00:00:00Z",
            updated="2026-11-09T00:00:00Z",
            expires=None,
            workLocations=[place("", None), place("ALTA")],
        ),
        ad(
            2,
            title="øvre",
            published="2026-11-03T00:00:00Z",
            updated=None,
            expires="2026-12-01T00:00:00Z",
            **employer("Zoo"),
            workLocations=[place("TIME"), place("ALTA")],
        ),
        ad(
            3,
            title="Ærlig",
            published=None,
            updated="2026-11-08T00:00:00Z",
            expires="2026-12-09T00:00:00Z",
            **employer("Ähus"),
            workLocations=[],
        ),
        ad(
            4,
            title="zebra",
            published="2026-11-03T00:00:00Z",
            updated="2026-11-07T00:00:00Z",
            expires="2026-12-01T00:00:00Z",
            **employer(""),
            workLocations=[place("TIME")],
        ),
    )
    measured = set(Sort) - {Sort.DISTANCE}  # needs a place to measure from: test_places.py
    orders = {sort: found(db, Filters(), sort) for sort in measured}

    assert orders == {
        Sort.RELEVANCE: "2413",
        Sort.PUBLISHED: "2413",
        Sort.DUE: "1234",
        Sort.EXPIRES: "2431",
        Sort.TITLE: "4321",
        Sort.EMPLOYER: "1234",
        Sort.MUNICIPAL: "1243",
        Sort.UPDATED: "1342",
    }
    assert found(db, Filters(), Sort.TITLE, 2) == "43"
    assert found(db, Filters()) == "1234"


def test_child_rows_say_each_thing_once_in_their_order(db: Path) -> None:
    locations = [place("OSLO", "OSLO"), place("BERGEN", "VESTLAND"), place("OSLO", "OSLO")]
    fill(
        db,
        ad(
            1,
            workLocations=[*locations, place(None, "TROMS"), place("", None)],
            occupationCategories=[{"level1": "IT", "level2": None}, {"level1": "A", "level2": "B"}],
        ),
    )
    columns = ["municipalities", "uuid", "counties", "places", "occupations", "categories"]
    with Reader(db, TODAY) as reader:
        (row,) = reader.rows(columns, Filters())

    assert row == (
        ("OSLO", "BERGEN"),
        uuid_of(1),
        ("OSLO", "VESTLAND", "TROMS"),
        ("OSLO", "BERGEN", "TROMS", "NORGE"),
        ("IT", "A / B"),
        ("STYRK08 2223 Sykepleiere",),
    )


def test_every_column_can_be_requested(db: Path) -> None:
    columns = ["uuid", *COLUMNS, *sorted(LIST_COLUMNS)]
    with Reader(fill(db, ad(1)), TODAY) as reader:
        (row,) = reader.rows(columns, Filters())

    assert len(row) == len(columns)


# One ad


def test_find_by_the_beginning_of_an_id(db: Path) -> None:
    fill(db, ad(0xAB12), ad(0xAB13), ad(0xCD))
    with Reader(db, TODAY) as reader:
        for start in ("000000cd", uuid_of(0xCD), f" {uuid_of(0xCD).upper()} "):
            assert reader.find(start)[0] == uuid_of(0xCD)


def test_found_content_is_what_was_stored(db: Path) -> None:
    content = read_content('{"uuid": "x", "title": "Kokk", "expires": "2027-01-01T00:00:00Z"}')
    with Store(db) as store:
        store.commit_details([DetailDecision(uuid_of(1), Reason.NEW, content)], [], NOW)
        store_ads(store, [ad(2)])
    with Reader(db, TODAY) as reader:
        assert reader.find(uuid_of(1)) == (uuid_of(1), content)
        assert reader.find(uuid_of(2))[1].contacts[0].name == "Kari Nordmann"


@pytest.mark.parametrize("start", ["", " ", "zz", "%", "_", "0000000%", "ffffffff", "\x00"])
def test_not_found(db: Path, start: str) -> None:
    with (
        Reader(fill(db, ad(1)), TODAY) as reader,
        pytest.raises(
            NotFoundError, match="no active ad has an id that begins with|no id was given"
        ),
    ):
        reader.find(start)


def test_several_fit(db: Path) -> None:
    with Reader(fill(db, *(ad(number) for number in range(6))), TODAY) as reader:
        with pytest.raises(NotFoundError) as caught:
            reader.find("0000000")
        assert str(caught.value).count("Sykepleier natt") == 5
        assert "or others" in str(caught.value)


def test_an_ad_that_is_over_is_distinguished(db: Path) -> None:
    over = {"expires": "2026-11-20T12:00:00+01:00"}
    with Reader(fill(db, ad(0x10, **over), ad(0x11), ad(0x20, **over)), TODAY) as reader:
        assert reader.find("0000001")[0] == uuid_of(0x11)  # of those in force, only one fits
        with pytest.raises(NotFoundError, match=r"no longer active: its last day was 2026-11-20"):
            reader.find("0000002")


# One moment, and little memory


def test_all_answers_are_about_one_moment(db: Path) -> None:
    fill(db, ad(1), ad(2))
    with Reader(db, TODAY) as reader:
        assert reader.count(Filters()) == 2
        with Store(db) as store:
            store_ads(store, [ad(3)])
        assert reader.count(Filters()) == 2
        assert len(list(reader.iter_raw(Filters()))) == 2
        assert reader.status(NOW).stored == 2


def test_a_reader_left_in_the_middle_of_an_answer_reports_nothing(db: Path) -> None:
    fill(db, *(ad(number) for number in range(5)))
    with Reader(db, TODAY) as reader:
        rows = reader.rows(["uuid"], Filters(), Sort.TITLE)
        next(rows)
    rows.close()  # type: ignore[attr-defined]


FILTERS = (
    Filters(),
    Filters(municipal=("bergen",), text=("sykepleier",)),
    Filters(employer=("kommune",), occupation=("syke",), published_since=TODAY),
)


@pytest.mark.parametrize("filters", FILTERS)
def test_whole_ads_are_never_sorted(
    db: Path, filters: Filters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sort holds what it sorts in memory: all the ads there are."""
    plans = _plans(db, monkeypatch, lambda reader: list(reader.iter_raw(filters)))

    assert plans
    assert not [step for step in plans if "TEMP B-TREE FOR ORDER BY" in step]


def test_the_newest_few_come_by_an_index(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = _plans(
        db, monkeypatch, lambda reader: list(reader.rows(["uuid"], Filters(), Sort.PUBLISHED, 50))
    )

    assert "SCAN ads USING INDEX ads_by_published" in plans


def test_title_matches_come_newest_first_by_an_index(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking up all ads found took 10 of 25 ms, for 6,000 of 100,000 ads. Few are looked up."""
    monkeypatch.setattr(ranking, "_FIRST", 0)
    sykepleier = Filters(text=("sykepleier",))
    plans = _plans(
        db, monkeypatch, lambda reader: list(reader.rows(["uuid"], sykepleier, Sort.RELEVANCE, 1))
    )

    assert "SCAN ads USING INDEX ads_by_published" in plans
    assert not [step for step in plans if "FOR ORDER BY" in step]


def test_an_ad_is_found_without_looking_at_all_ids(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = _plans(db, monkeypatch, lambda reader: reader.find(uuid_of(1)))

    assert "SEARCH ads USING INDEX sqlite_autoindex_ads_1 (uuid>? AND uuid<?)" in plans


def _plans(db: Path, monkeypatch: pytest.MonkeyPatch, use: object) -> list[str]:
    """How SQLite goes about the statements that `use` makes."""
    steps: list[str] = []

    class Explained(sqlite3.Connection):
        def execute(self, sql: str, values: object = ()) -> sqlite3.Cursor:  # type: ignore[override]
            if sql.startswith("SELECT"):
                plan = super().execute(f"EXPLAIN QUERY PLAN {sql}", values)  # type: ignore[arg-type]
                steps.extend(step for *_, step in plan)
            return super().execute(sql, values)  # type: ignore[arg-type]

    connect = sqlite3.connect
    fill(db, ad(1))
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **kwargs: connect(*args, **kwargs, factory=Explained)
    )
    with Reader(db, TODAY) as reader:
        use(reader)  # type: ignore[operator]
    return steps


# What a store may be like


def test_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Run `navfeed sync` first"):
        Reader(tmp_path / "none.db", TODAY)


@pytest.mark.parametrize("text", [b"", b"no database at all, just some text" * 200])
def test_a_file_that_is_no_store(db: Path, text: bytes) -> None:
    db.write_bytes(text)
    with pytest.raises(StoreError):
        Reader(db, TODAY)
    assert db.read_bytes() == text


def test_damaged_tables(db: Path) -> None:
    fill(db, ad(1))
    connection = sqlite3.connect(db)
    connection.execute("DROP TABLE locations")
    connection.close()
    with Reader(db, TODAY) as reader, pytest.raises(StoreError):
        list(reader.rows(["municipalities"], Filters()))


def test_a_reader_that_cannot_begin_leaves_nothing_open(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(db, ad(1))
    opened: list[sqlite3.Connection] = []

    class Refusing(sqlite3.Connection):
        def create_function(self, *_: object, **__: object) -> None:  # type: ignore[override]
            opened.append(self)
            raise sqlite3.OperationalError("no")

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **kwargs: connect(*args, **kwargs, factory=Refusing)
    )
    with pytest.raises(StoreError):
        Reader(db, TODAY)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_reading_goes_on_while_a_sync_writes(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("navfeed.store.erasure.ERASE_WAIT_MS", 1)
    fill(db, *(ad(number, description="ord " * 2_000) for number in range(400)))
    with Reader(db, TODAY) as reader:
        contents = reader.iter_raw(Filters())
        first = next(contents)
        with Store(db) as store:
            decisions = [DetailDecision(uuid_of(number), Reason.STOPPED) for number in range(400)]
            store.commit_details(decisions, [], NOW + timedelta(hours=1))
            assert store.purge() is False  # a reader keeps the old state; the debt is known
        assert len([first, *contents]) == 400
    with Reader(db, TODAY) as reader:
        assert reader.count(Filters()) == 0
