"""`navfeed privacy`: what is stored about somebody is found, erased, and never comes back."""

from __future__ import annotations

import hmac
import json
import os
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from cli.support import ad, answer, fill, process, run_command, uuid_of
from navfeed.api import store_lock
from navfeed.errors import StoreError
from navfeed.model import Contacts, ErasedTerm, PrivacyPolicy, Reason, TermKind
from navfeed.privacy.erasure import Erased, apply_contacts_setting, erase_person
from navfeed.privacy.matcher import marks_of, matcher_of, term_of
from navfeed.privacy.redact import Redactor, places_of, without_person
from navfeed.store import erasure, settings
from navfeed.store.writer import Store
from support.bench import Bench
from support.clock import NOW
from support.scripted import BEGAN, active, scripted_content
from support.sql import rows
from support.warm import navfeed_command

KARI: dict[str, Any] = {
    "title": "Kokk hos Kari Nordmann",
    "description": "<p>Spør <b>Kari</b>&nbsp;Nordmann på 22&nbsp;33 44 55, eller Per.</p>"
    '<p><a href="mailto:kari@example.no">E-post</a></p>',
    "workLocations": [{"municipal": "BERGEN", "address": "c/o Kari Nordmann, Kai 1"}],
    "employer": {"name": "KARI NORDMANN AS", "orgnr": "974760673"},
    "contactList": [
        {"name": "Kari Nordmann", "email": "kari@example.no", "phone": "+4722334455"},
        {"name": "Per Li", "email": "per@example.no", "phone": "91812345", "title": "Sjef"},
    ],
    "madeUp": {"by": ["kari nordmann"]},
}
NAMED = ("ari nordmann", "ari</b>&nbsp;nordmann")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "navfeed.db"


@pytest.fixture
def bench(path: Path) -> Bench:
    bench = Bench(path, ("kari", "ACTIVE", 1), ("else", "ACTIVE", 2))
    bench.feed.active = active(["kari"], **KARI) | active(["else"], title="Nordmann", x="Kari")
    bench.sync()
    return bench


def forget(path: Path, text: str) -> Erased:
    needle = term_of(text)
    assert needle is not None
    with Store(path) as store:
        return erase_person(store, needle, BEGAN)


def files(path: Path) -> str:
    return b"".join(one.read_bytes() for one in path.parent.iterdir()).decode(errors="replace")


def stored_content(path: Path, ad: str) -> Any:
    connection = sqlite3.connect(path)
    ((text,),) = connection.execute("SELECT content FROM ads WHERE title LIKE ?", [f"{ad}%"])
    connection.close()
    return json.loads(text)


# Erasing


def test_what_is_erased_is_in_no_file(bench: Bench, path: Path) -> None:
    assert forget(path, "Kari Nordmann") == Erased(ads=1, places=6, owed=False)
    held = files(path).casefold()
    assert [text for text in NAMED if text in held] == []


def test_a_contact_goes_as_a_whole_and_the_others_stay(bench: Bench, path: Path) -> None:
    for text in ("kari@EXAMPLE.no", "22 33 44 55", "Kari Nordmann"):
        forget(path, text)
    left = stored_content(path, "Kokk")
    assert left["contactList"] == KARI["contactList"][1:]
    assert left["title"] == "Kokk hos [removed]"
    assert left["description"] == (
        "<p>Spør <b>[removed]</b> på [removed], eller Per.</p>"
        '<p><a href="mailto:[removed]">E-post</a></p>'
    )
    assert left["employer"] == {"name": "[removed] AS", "orgnr": "974760673"}
    assert left["workLocations"][0]["address"] == "c/o [removed], Kai 1"
    assert left["madeUp"] == {"by": ["[removed]"]}
    assert stored_content(path, "Nordmann")["x"] == "Kari"


def test_columns_match_the_raw_content(bench: Bench, path: Path) -> None:
    forget(path, "Kari Nordmann")
    from navfeed.wire.detail import read_content

    with Store(path) as store:
        for _, stored in store.iter_contents():
            assert stored == read_content(stored.raw)


@pytest.mark.parametrize("text", ["Kari Nordmann", "kari@example.no", "22334455", "Kai 1"])
def test_a_later_sync_does_not_bring_it_back(bench: Bench, path: Path, text: str) -> None:
    forget(path, text)
    bench.clock += timedelta(days=20)
    ended = bench.sync()
    assert set(ended.counts.reasons) == {Reason.UNCHANGED}  # NAV changed nothing, nor do we
    bench.feed.active |= active(["kari"], **KARI, extent="Deltid")
    bench.feed.log.append(("kari", "ACTIVE", 3))
    bench.sync()
    assert answer(path, "privacy", "find", text) == ""
    assert stored_content(path, "Kokk")["extent"] == "Deltid"


def test_an_ad_that_comes_later_is_met_by_it_too(bench: Bench, path: Path) -> None:
    forget(path, "Kari Nordmann")
    bench.feed.log.append(("new", "ACTIVE", 3))
    bench.feed.active |= active(["new"], title="Ny", description="Ring kari\nnordmann")
    bench.sync()
    assert stored_content(path, "Ny")["description"] == "Ring [removed]"


def test_verify_and_repair_do_not_bring_it_back(bench: Bench, path: Path) -> None:
    from navfeed.sync.engine import verify
    from navfeed.sync.workers import Stop
    from support.bench import PLAN

    forget(path, "Kari Nordmann")
    with Store(path) as store:
        for checked in verify(bench.feed, store, PLAN, repair=True, clock=bench.now, stop=Stop()):
            assert checked.differences == ()
    assert [text for text in NAMED if text in files(path).casefold()] == []


def test_it_is_remembered_by_hash_alone_with_a_key_of_this_store(
    bench: Bench, path: Path, tmp_path: Path
) -> None:
    forget(path, "Per Li")
    forget(path, "22334455")
    forget(path, "Per Li")
    with Store(path) as store:
        mine = store.privacy_policy()
    assert (len(mine.marks), len(mine.key)) == (2, 32)
    assert mine.key.hex() not in repr(mine)
    other = tmp_path / "other.db"
    fill(other, ad(1))
    forget(other, "Per Li")
    with Store(other) as store:
        assert store.privacy_policy().key != mine.key
        assert not store.privacy_policy().marks & mine.marks


def test_what_is_in_no_ad_is_remembered_all_the_same(bench: Bench, path: Path) -> None:
    assert forget(path, "Ola Dunk") == Erased(0, 0, owed=False)
    with Store(path) as store:
        kinds = sorted(mark.kind for mark in store.privacy_policy().marks)
    assert kinds == [TermKind.HANDLE, TermKind.WORDS]


TIMES = "SELECT checked_at, stored_at FROM ads ORDER BY uuid"


def test_it_takes_no_confirmation_by_nav_for_granted(bench: Bench, path: Path) -> None:
    before = rows(path, TIMES)
    forget(path, "Kari Nordmann")
    assert rows(path, TIMES) == before


def test_forgetting_and_dropping_go_together(bench: Bench, path: Path) -> None:
    forget(path, "Per")
    with Store(path) as store:
        apply_contacts_setting(store, Contacts.DROP, BEGAN)
    assert "eller [removed].</p>" in stored_content(path, "Kokk")["description"]
    assert stored_content(path, "Kokk")["contactList"] == []
    bench.clock += timedelta(days=20)
    assert set(bench.sync().counts.reasons) == {Reason.UNCHANGED}


def test_an_erasure_that_is_cut_off_leaves_all_as_it_was(
    bench: Bench, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needle = term_of("Kari Nordmann")
    assert needle is not None

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(settings, "audit", killed)
    with Store(path) as store, pytest.raises(KeyboardInterrupt):
        erase_person(store, needle, BEGAN)
    with Store(path) as store:
        assert store.privacy_policy() == PrivacyPolicy()
        assert dict(store.iter_contents()) == bench.feed.active


def test_C2_a_reader_postpones_the_erasure_and_the_next_sync_makes_it_good(
    bench: Bench, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "ERASE_WAIT_MS", 1)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM ads").fetchone()
    result = run_command(path, "privacy", "erase", "Kari Nordmann")
    assert result.exit_code == 0
    assert "the next sync erases what is left on disk" in result.stderr
    reader.close()
    bench.sync()
    assert [text for text in NAMED if text in files(path).casefold()] == []


words = st.sampled_from(["kari", "Nordmann", "LI", "22", "33", "91812345", "per@x.no", "<b>", "å"])


@given(st.lists(words, min_size=1, max_size=3), st.lists(words, max_size=12))
def test_taking_out_and_keeping_out_are_the_same(text: list[str], message: list[str]) -> None:
    """What the erasure leaves is what the next detail is compared with."""
    needle = term_of(" ".join(text))
    if needle is None:
        return
    ad = scripted_content(
        uuid_of(1), description=" ".join(message), contactList=[{"name": " ".join(message)}]
    )
    rules = PrivacyPolicy(marks=marks_of(needle, b"key"), key=b"key")
    assert without_person(ad, matcher_of(needle)) == Redactor(rules)(ad)


HIDING = ("", "\u00ad", "\u200b", "&shy;", "&amp;shy;", "&amp;amp;#173;", "<b>", "<!-- x > y -->")
PLACES: dict[str, Any] = {
    "title": "{}",
    "description": "<p>Spør {}.</p>",
    "employer": {"name": "{} AS", "homepage": "https://example.no/{}"},
    "workLocations": [{"municipal": "BERGEN", "address": "{}s vei 3"}],
    "contactList": [{"name": "Per Li", "role": "{}"}, {"name": "{}"}],
    "categoryList": [{"categoryType": "JANZZ", "code": "{}", "name": "{}", "description": "x {}"}],
    "occupationCategories": [{"level1": "{}", "level2": "{}"}],
    "published": "{}",
    "madeUp": {"{}": [{"Om {}": "1"}, "{}"]},
    "{}": 1,
}


def said_everywhere(name: str, value: Any = PLACES) -> Any:
    """The fields of an ad that has it in every place."""
    match value:
        case str():
            return value.replace("{}", name)
        case list():
            return [said_everywhere(name, one) for one in value]
        case dict():
            return {said_everywhere(name, k): said_everywhere(name, v) for k, v in value.items()}
    return value


@pytest.mark.parametrize("hiding", HIDING)
def test_X7_what_is_erased_is_found_nowhere_however_it_hides(path: Path, hiding: str) -> None:
    kari = f"Ka{hiding}ri Nord{hiding}mann"
    db = fill(path, ad(1, **said_everywhere(kari)))
    with Store(db) as store:
        ((_, served),) = store.iter_contents()
    found = {
        line.split("\t")[1] for line in answer(db, "privacy", "find", "Kari Nordmann").splitlines()
    }
    assert len(found) >= 17, found
    answer(db, "privacy", "erase", "Kari Nordmann")
    assert answer(db, "privacy", "find", "Kari Nordmann") == ""
    held = files(db).casefold()
    assert [piece for piece in ("nordmann", "mann", "ri nord") if piece in held] == []
    with Store(db) as store:  # and what NAV serves again is no change
        ((_, kept),) = store.iter_contents()
        assert Redactor(store.privacy_policy())(served) == kept


fields = st.recursive(
    st.sampled_from(["Kari Nordmann", "nordmann", "Kari", "22334455", "kari@x.no", "2026-03-03"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "Kari Nordmann", "x", "22 33 44 55"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(["Kari Nordmann", "Kari", "22 33 44 55", "kari@x.no", "2026-03-03"]),
    st.dictionaries(
        st.sampled_from(["title", "published", "categoryList", "contactList", "x", "Kari"]), fields
    ),
)
def test_X7_what_is_found_after_an_erasure_is_nothing(text: str, message: dict[str, Any]) -> None:
    needle = term_of(text)
    assert needle is not None
    stored = scripted_content(uuid_of(1), **message)
    left = without_person(stored, matcher_of(needle))
    assert list(places_of(left.raw, matcher_of(needle))) == []
    rules = PrivacyPolicy(marks=marks_of(needle, b"key"), key=b"key")
    assert Redactor(rules)(stored) == left


def test_what_navs_form_requires_stays(path: Path) -> None:
    """Ids and moments name nobody, and an ad without its last day would be shown for ever."""
    message = {"published": "2026-03-03T08:00:00", "title": "2026 Title", "name": {"title": "Name"}}
    db = fill(path, ad(1, **message, expires="2999-01-01T00:00:00Z"))
    for text in ("2026", "20260303", "title", "name", uuid_of(1)):
        answer(db, "privacy", "erase", text, "--yes")
        assert answer(db, "privacy", "find", text) == ""
    left = stored_content(db, "")
    assert (left["published"], left["uuid"]) == (message["published"], uuid_of(1))
    assert left["expires"] == "2999-01-01T00:00:00Z"
    assert (left["title"], left["name"]) == ("[removed] [removed]", {"title": "[removed]"})


def test_a_hash_that_was_stored_before_goes_on_matching(path: Path) -> None:
    key = b"k" * 32
    old = ErasedTerm(TermKind.WORDS, 2, hmac.digest(key, b"words:bj\xc3\xb8rn li", "sha256"))
    redact = Redactor(PrivacyPolicy(marks=frozenset({old}), key=key))
    for served in ("Bj&oslash;rn Li", "Bj&amp;oslash;rn&shy; Li", "BJØRN <b>LI"):
        assert "[removed]" in redact(scripted_content(uuid_of(1), title=served)).raw


def test_the_word_that_stands_for_what_is_gone_cannot_be_erased(db: Path) -> None:
    result = run_command(db, "privacy", "erase", "[removed]", "--yes")
    assert (result.exit_code, "too short to identify a person" in result.stderr) == (2, True)


# Finding

OLD = ad(3, expires="2000-01-01T00:00:00Z", title="Kari N.", contactList=[])


@pytest.fixture
def db(path: Path) -> Path:
    return fill(path, ad(1, **KARI), ad(2), OLD)


def test_found_is_reported_with_ad_and_field_and_no_more(db: Path) -> None:
    assert answer(db, "privacy", "find", "kari  NORDMANN").splitlines() == [
        f"{uuid_of(1)}\tworkLocations[0].address\tKari Nordmann",
        f"{uuid_of(1)}\tcontactList[0].name\tKari Nordmann",
        f"{uuid_of(1)}\ttitle\tKari Nordmann",
        f"{uuid_of(1)}\tdescription\tKari</b>&nbsp;Nordmann",
        f"{uuid_of(1)}\temployer.name\tKARI NORDMANN",
        f"{uuid_of(1)}\tmadeUp.by[0]\tkari nordmann",
        f"{uuid_of(2)}\tcontactList[0].name\tKari Nordmann",
    ]


def test_ads_past_their_last_day_are_searched_as_long_as_they_are_stored(db: Path) -> None:
    assert answer(db, "privacy", "find", "Kari N").splitlines() == [f"{uuid_of(3)}\ttitle\tKari N"]


@pytest.mark.parametrize("number", ["22334455", "+47 22 33 44 55", "0047 2233 4455", "22-33-44-55"])
def test_a_number_is_found_by_its_digits(db: Path, number: str) -> None:
    found = json.loads(answer(db, "privacy", "find", number, "--format", "json"))
    assert [(one["field"], one["text"]) for one in found] == [
        ("contactList[0].phone", "4722334455"),
        ("description", "22&nbsp;33 44 55"),
    ]


def test_nothing_found_is_an_answer(db: Path) -> None:
    result = run_command(db, "privacy", "find", "Ola Dunk")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no stored ad contains it" in result.stderr
    assert answer(db, "privacy", "find", "Ola Dunk", "--format", "json") == "[]\n"


def test_hostile_text_is_harmless_where_it_is_shown(path: Path) -> None:
    db = fill(path, ad(1, title="Kari\x1b[31m Nordmann\u202e"))
    output = answer(db, "privacy", "find", "31m nordmann")
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_find_changes_no_ad(db: Path) -> None:
    with Store(db) as store:
        before = dict(store.iter_contents())
    answer(db, "privacy", "find", "Kari Nordmann")
    with Store(db) as store:
        assert dict(store.iter_contents()) == before
        assert store.privacy_policy() == PrivacyPolicy()


# The log, and the rest of the command


@time_machine.travel(NOW, tick=False)
def test_the_log_records_when_and_how_much_and_never_what(db: Path) -> None:
    answer(db, "privacy", "find", "Kari Nordmann")
    answer(db, "privacy", "erase", "Kari Nordmann")
    answer(db, "privacy", "find", "Kari Nordmann")
    assert answer(db, "privacy", "log").splitlines() == [
        "2026-11-21T12:00:00Z\tfind\t2\t7",
        "2026-11-21T12:00:00Z\terase\t2\t7",
        "2026-11-21T12:00:00Z\tfind\t0\t0",
    ]
    [first, *_] = json.loads(answer(db, "privacy", "log", "--format", "json"))
    assert first == {"at": "2026-11-21T12:00:00Z", "action": "find", "ads": 2, "places": 7}
    assert "ari nordmann" not in files(db).casefold()


def test_a_damaged_moment_in_the_log_is_none(db: Path) -> None:
    answer(db, "privacy", "find", "Kari Nordmann")
    rows(db, "UPDATE audit SET at = 'x'")
    assert answer(db, "privacy", "log") == "\tfind\t2\t7\n"


@pytest.mark.parametrize("command", ["find", "erase"])
@pytest.mark.parametrize("text", ["", "  ", "Li", "a.b", "--"])
def test_what_stands_everywhere_is_refused(db: Path, command: str, text: str) -> None:
    assert run_command(db, "privacy", command, text).exit_code == 2


@pytest.mark.parametrize("command", [["find", "Kari"], ["erase", "Kari"], ["log"]])
def test_without_a_store_there_is_nothing_to_query(path: Path, command: list[str]) -> None:
    result = run_command(path, "privacy", *command)
    assert result.exit_code == 7
    assert not path.exists()


def test_C1_an_erasure_waits_for_no_sync(db: Path) -> None:
    with store_lock(db):
        result = run_command(db, "privacy", "erase", "Kari Nordmann")
        assert result.exit_code == 75
        assert answer(db, "privacy", "find", "Kari Nordmann")  # finding does not need the lock
    assert run_command(db, "privacy", "erase", "Kari Nordmann").exit_code == 0


def test_the_text_can_come_from_stdin_and_is_shown_nowhere(db: Path) -> None:
    import subprocess

    for command in ("find", "erase"):
        ended = subprocess.run(
            navfeed_command("privacy", command, "-", "--db", str(db)),
            input="Kari Nordmann\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Nordmann" not in ended.stderr
    assert "erased in 7 places of 2 ads" in ended.stderr
    assert ended.stdout == ""


def test_find_reports_nothing_where_it_can_leave_no_line(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "note_find", full)
    result = run_command(db, "privacy", "find", "Kari Nordmann")
    assert (result.exit_code, result.stdout) == (7, "")


def on_terminal(db: Path, reply: str, *words: str) -> tuple[int, str]:
    """Run an erasure as a person would, who types a reply."""
    import subprocess

    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        navfeed_command("privacy", "erase", "Kari Nordmann", "--db", str(db),
         *words),
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        os.close(theirs)
        os.write(ours, reply.encode())
        _, err = running.communicate(timeout=60)
    os.close(ours)
    return running.returncode, err


@pytest.mark.parametrize(
    ("reply", "words", "code", "message"),
    [
        ("n\n", [], 3, "nothing was erased"),
        ("\x04", [], 3, "nothing was erased"),
        ("y\n", [], 0, "erased in 7 places of 2 ads"),
        ("", ["--yes"], 0, "erased in 7 places of 2 ads"),
    ],
)
def test_a_person_is_asked_to_confirm(
    db: Path, reply: str, words: list[str], code: int, message: str
) -> None:
    ended, err = on_terminal(db, reply, *words)
    assert (ended, message in err) == (code, True), err
    assert ("Erase it from 2 ads" in err) is (not words)


def test_on_a_terminal_what_is_found_is_a_table(db: Path) -> None:
    from cli.terminal import on_terminal as drawn

    code, out, _ = drawn(120, "privacy", "find", "22334455", "--db", str(db))
    assert code == 0
    assert "contactList[0].phone" in out
    assert "field" in out


def test_a_file_that_is_no_store_is_reported(path: Path) -> None:
    path.write_text("dear grandmother, " * 100)
    assert run_command(path, "privacy", "erase", "Kari").exit_code == 7
    with pytest.raises(StoreError):
        Store(path)


def test_as_a_process(db: Path) -> None:
    ended = process("privacy", "find", "Per Li", "--format", "json", "--db", str(db))
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert [one["field"] for one in json.loads(ended.stdout)] == ["contactList[1].name"]
