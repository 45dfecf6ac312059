"""Content with texts changed: all that was not changed stays to the letter."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from navfeed.model import Contact, Content
from navfeed.wire.detail import read_content
from navfeed.wire.rewrite import NO_PROSE, drop_contacts, iter_texts, rewrite_texts


def parse(raw: str) -> Content:
    return read_content(raw)


def upper(raw: str, *drops: str) -> str:
    def dropped(contact: Contact) -> bool:
        return contact.name in drops

    return rewrite_texts(parse(raw), lambda text: text.replace("kari", "OLA"), dropped).raw


def test_texts_change_wherever_people_write_them() -> None:
    raw = (
        '{"title":"kari","employer":{"name":"kari AS","orgnr":"1","description":"<p>kari</p>"},'
        '"workLocations":[{"address":"hos kari"}],"new":{"kari":["kari",["x kari"]]}}'
    )
    assert json.loads(upper(raw)) == {
        "title": "OLA",
        "employer": {"name": "OLA AS", "orgnr": "1", "description": "<p>OLA</p>"},
        "workLocations": [{"address": "hos OLA"}],
        "new": {"kari": ["OLA", ["x OLA"]]},  # names of members are no texts
    }


def test_columns_match_the_raw_content() -> None:
    before = parse('{"title":"kari","description":"kari","contactList":[{"name":"kari N"}]}')
    after = rewrite_texts(before, lambda text: text.replace("kari", ""), lambda _: True)
    assert (after.title, after.description, after.contacts) == ("", "", ())
    assert after == read_content(after.raw)


def test_the_rest_stays_to_the_letter() -> None:
    raw = (
        '{ "n" : 1.10,\r\n "big":123456789012345678901234567890, "e":1E400,'
        '"t":"\\u00d8 \\ud800\\/",'
        '\n"twice":1,"twice":"kari \\"q\\" \\\\", "esc":"\\u006bari" ,"a":[ ] }'
    )
    assert upper(raw) == raw.replace('"kari ', '"OLA ').replace("\\u006bari", "OLA")
    assert rewrite_texts(parse(raw), lambda text: text, lambda _: True).raw is raw


def test_codes_and_dates_are_not_shown_to_it() -> None:
    raw = (
        '{"uuid":"kari","published":"kari","updated":"kari","expires":"kari",'
        '"categoryList":[{"code":"kari"}],"occupationCategories":[{"level1":"kari"}]}'
    )
    assert upper(raw) == raw


def test_codes_and_names_of_members_are_shown_to_what_recodes() -> None:
    raw = (
        '{"uuid":"kari","published":"2026-03-03T08:00","expires":1,"categoryList":[{"code":"kari"}],'
        '"title":"kari","kari" : {"name":"kari","k\\u0061ri":["kari"]}}'
    )
    left = rewrite_texts(
        parse(raw), lambda text: text, lambda _: False, recode=lambda t: t.replace("kari", "OLA")
    )
    assert left.raw == (
        '{"uuid":"OLA","published":"2026-03-03T08:00","expires":1,"categoryList":[{"code":"OLA"}],'
        '"title":"kari","OLA" : {"name":"kari","OLA":["kari"]}}'
    )


def test_ids_and_moments_do_not_come_and_names_of_members_do_on_request() -> None:
    raw = (
        '{"uuid":"00000000-0000-4000-8000-000000000001","updated":"2026-03-03T08:00:00Z",'
        '"expires":"soon","x":{"kari":[1,"a"]}}'
    )
    assert list(iter_texts(raw, names=True)) == [
        ("", "x"),
        ("expires", "soon"),
        ("x", "kari"),
        ("x.kari[1]", "a"),
    ]


def test_contacts_go_one_by_one_and_those_that_stay_stay_to_the_letter() -> None:
    raw = (
        '{"contactList": [ {"name":"Per","phone":1.50} , {"name":"Ola"},{ "name":"Eva" } ],"x":[]}'
    )
    assert upper(raw, "Ola") == (
        '{"contactList": [{"name":"Per","phone":1.50},{ "name":"Eva" }],"x":[]}'
    )
    assert upper(raw) == raw
    assert upper(raw, "Per", "Ola", "Eva") == '{"contactList": [],"x":[]}'


def test_what_is_no_list_of_contacts_goes_as_a_whole() -> None:
    for odd in ('{"name":"Kari"}', '"Kari"', "22334455", '["Kari"]', "[[1]]", '[{"name":"x"}]'):
        assert drop_contacts(f'{{"contactList":{odd},"a":1}}') == '{"contactList":[],"a":1}'
    for empty in ("null", "[]", "[ ]"):
        raw = f'{{"contactList":{empty}}}'
        assert drop_contacts(raw) == raw


def test_every_list_of_contacts_goes_where_the_name_is_doubled() -> None:
    raw = '{"contactList":[{"name":"a"}],"contactLi\\u0073t":[{"name":"b"}]}'
    assert drop_contacts(raw) == '{"contactList":[],"contactLi\\u0073t":[]}'


def test_a_change_that_leaves_a_lone_surrogate_is_still_what_utf8_can_hold() -> None:
    after = upper('{"title":"\\ud800 kari \\u0000 ø"}')
    assert after.encode()
    assert json.loads(after) == {"title": "\ud800 OLA \0 ø"}


def test_texts_come_with_their_fields() -> None:
    raw = (
        '{"title":"a","title":"b","contactList":[{"name":"c","phone":1},"d"],'
        '"employer":{"name":"e","x":{"y":[[],["f"]]}},"z":null}'
    )
    assert list(iter_texts(raw)) == [
        ("title", "a"),
        ("title", "b"),
        ("contactList[0].name", "c"),
        ("contactList[1]", "d"),
        ("employer.name", "e"),
        ("employer.x.y[1][0]", "f"),
    ]


def test_deep_content_is_read_like_any_other() -> None:
    raw = '{"a":' + "[" * 300 + '"kari"' + "]" * 300 + "}"
    assert upper(raw) == raw.replace("kari", "OLA")
    assert [text for _, text in iter_texts(raw)] == ["kari"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.text(), values, max_size=6), st.booleans(), st.integers(0, 3))
def test_nothing_changed_is_nothing_changed(value: object, escaped: bool, indent: int) -> None:
    raw = json.dumps(value, ensure_ascii=escaped, indent=indent)
    raw.encode(errors="surrogatepass")
    assert rewrite_texts(parse(raw), lambda text: text, lambda _: True).raw == raw


@given(st.dictionaries(st.text(), values, max_size=6), st.booleans())
def test_every_text_comes_and_can_be_changed(value: dict[str, object], escaped: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped)
    emptied = rewrite_texts(parse(raw), lambda _: "", lambda _: False)
    left = [text for field, text in iter_texts(emptied.raw) if text and not is_no_prose(field)]
    assert left == []


def is_no_prose(field: str) -> bool:
    """Names and dates that no person writes are left alone (hypothesis finds `uuid` by itself)."""
    return re.split(r"[.[]", field)[0] in NO_PROSE
